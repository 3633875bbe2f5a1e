"""The simulated APIs as sources of a config."""

from __future__ import annotations

from watcher.lab import Lab


def write_sources(lab: Lab, every: str) -> str:
    """Return the tables `[sources.campus]` and `[sources.staff]` for a running lab, with its accounts."""
    onq, osn = lab.onq, lab.osn
    return f"""\
[sources.campus]
api = "onq"
url = "{onq.url}"
every = "{every}"
link = "{onq.audience}/c/{{id}}"
[sources.campus.auth]
kind = "jwt"
key = "{onq.key}"
secret = "{onq.secret}"
issuer = "{onq.issuer}"
subject = "{onq.subject}"
audience = "{onq.audience}"

[sources.staff]
api = "osn"
url = "{osn.url}"
every = "{every}"
auth = {{ kind = "form", username = "{osn.username}", password = "{osn.password}" }}
"""
