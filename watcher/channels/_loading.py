"""Loading: as few of Apprise's services as a URL needs.

Apprise loads its 180 services with the first URL it sees: a fifth of a second and 15 MB, most of it for libraries that
a single service needs.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import Any

MODULES = {
    "bark": "bark",
    "barks": "bark",
    "discord": "discord",
    "form": "custom_form",
    "forms": "custom_form",
    "gchat": "google_chat",
    "gotify": "gotify",
    "gotifys": "gotify",
    "json": "custom_json",
    "jsons": "custom_json",
    "mailto": "email",
    "mailtos": "email",
    "matrix": "matrix",
    "matrixs": "matrix",
    "mmost": "mattermost",
    "mmosts": "mattermost",
    "mqtt": "mqtt",
    "mqtts": "mqtt",
    "nctalk": "nextcloudtalk",
    "nctalks": "nextcloudtalk",
    "ntfy": "ntfy",
    "ntfys": "ntfy",
    "opsgenie": "opsgenie",
    "pagerduty": "pagerduty",
    "pover": "pushover",
    "rocket": "rocketchat",
    "rockets": "rocketchat",
    "signal": "signal_api",
    "signals": "signal_api",
    "slack": "slack",
    "tgram": "telegram",
    "twilio": "twilio",
    "webex": "webexteams",
    "workflow": "workflows",
    "workflows": "workflows",
    "wxteams": "webexteams",
    "xml": "custom_xml",
    "xmls": "custom_xml",
    "xmpp": "xmpp",
    "xmpps": "xmpp",
    "zulip": "zulip",
}
"""the schemes that are asked for most, each with its module in apprise.plugins; for any other all are loaded"""
_PACKAGE = "apprise.plugins"
_loading = Lock()


def load_service(scheme: str) -> None:
    """Have Apprise know the service of a scheme, and of the rest as little as can be."""
    services, module = _services(), MODULES.get(scheme)
    with _loading:
        if module is not None and not (services and scheme in services):
            _load_one(services, module)
        if not (services and scheme in services):
            services.load_modules()


def load_all_services() -> None:
    """Have Apprise know every service, for URLs that only it can read."""
    with _loading:
        _services().load_modules()


def _services() -> Any:
    """What Apprise knows, once a process; to look into it while it is false, which is at first, loads everything."""
    from apprise.manager_plugins import NotificationManager  # noqa: PLC0415 - only who sends pays for it

    found: Any = NotificationManager
    return found()


def _load_one(services: Any, module: str) -> None:
    """Let Apprise load one module: it loads what a directory names, from the package that it is told."""
    with suppress(OSError), TemporaryDirectory(prefix="watcher-") as names:
        (Path(names) / f"{module}.py").touch()
        services.load_modules(path=names, name=_PACKAGE)
