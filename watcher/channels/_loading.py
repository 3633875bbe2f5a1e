"""Loading: as few of Apprise's services as a URL needs.

Apprise loads its 180 services with the first URL it sees: a fifth of a second and 15 MB, most of it for libraries that
a single service needs.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import Any

from watcher.channels._schemes import NATIVE, SCHEMES

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


@cache
def load_apprise() -> Any:
    """Return Apprise, with its loggers kept from everybody's ears: below WARNING they tell whole tokens.

    urllib3's warnings name whole URLs, and those hold tokens too.
    """
    import apprise  # noqa: PLC0415 - only who sends pays for it

    log = logging.getLogger("apprise")
    log.setLevel(logging.WARNING)
    log.propagate = False
    log.addHandler(logging.NullHandler())
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    return apprise


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


def find_unknown_scheme(scheme: str) -> str:
    """Return what is wrong with a scheme that no service has, empty where one has it, or the whole URL says which.

    Of those that are known to be there Apprise is not asked; for any other all of it is loaded.
    """
    if scheme in SCHEMES or scheme in NATIVE:
        return ""
    load_apprise()
    load_all_services()
    known = sorted(_services().schemas())
    if scheme in known:
        return ""
    near = get_close_matches(scheme, known, n=1)
    return f"no service has the scheme {scheme}://" + (f"; did you mean {near[0]}://?" if near else "")


def complain_of(scheme: str) -> str:
    """Return why Apprise makes no service of a URL with a scheme."""
    if unknown := find_unknown_scheme(scheme):
        return unknown
    if scheme in NATIVE:
        return f"Apprise knows no service by this {scheme}:// url; write json://… or webhook(s)://… for one of your own"
    service = _services()[scheme]
    if not service.enabled:
        wanted = ", ".join(service.requirements.get("packages_required") or ())
        return f"{scheme}:// needs a package that is not installed" + (f" ({wanted})" if wanted else "")
    return f"Apprise cannot use this {scheme}:// url, a part is missing or malformed"


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
