"""The Apprise channel: one Apprise URL, or one tag of its config files, sent to once and watched on the wire.

Apprise is loaded by the first use, and of its services those alone that are asked for (see `_loading`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from watcher.channels._loading import complain_of, load_all_services, load_apprise, load_service
from watcher.channels.pace import pace_of
from watcher.domain.errors import ChannelError, ConfigError
from watcher.domain.message import Form, Message
from watcher.domain.secret import Secret
from watcher.pipeline.ports import Receipt

if TYPE_CHECKING:
    from watcher.channels._line import Line

IDEMPOTENCY_HEADER = "Idempotency-Key"
"""draft-ietf-httpapi-idempotency-key-header; each repetition of a delivery carries the same"""
_TAKES_HEADERS = frozenset("json jsons xml xmls form forms".split())
_CANNOT_CONFIRM = frozenset("xmpp xmpps irc ircs syslog rsyslog aprs growl".split())
_MQTT = frozenset({"mqtt", "mqtts"})
_FAULTS_OF_SERVICES = (AttributeError, LookupError, TypeError, ValueError)
"""what some raise over a URL such as kde://[, though they are asked not to"""


class FormError(ConfigError):
    """A service does not take the form that is asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One Apprise service, what sends to it alone, and the URLs it was made from, whose pieces nobody may see."""

    service: Any
    sender: Any
    urls: tuple[str, ...]


Load = Callable[[], Sequence[Target]]
"""makes the targets that a channel sends to; raises ConfigError"""


class AppriseChannel:
    """A channel whose services Apprise knows; used by one thread at a time."""

    def __init__(self, name: str, scheme: str, load: Load, form: Form | None = None) -> None:
        self.name = name
        self.pace: timedelta = pace_of(scheme)
        self._load = load
        self._line: Line | None = None
        self._form = form

    def verify(self) -> None:
        """Raise ConfigError where no message could ever be sent, FormError where it could, but not in that form."""
        from watcher.channels._service import forms_of

        for service in [target.service for target in self._load()]:
            forms = forms_of(service)
            if self._form is not None and self._form not in forms:
                text = f"channel {self.name}: {service.schema}:// does not take {self._form.value}"
                raise FormError(text, remedy=f"set format to {' or '.join(forms)}, or leave it out")

    def send(self, message: Message, delivery_id: str) -> Receipt:
        """Send once to each service of the channel. Raises ChannelError when one of them did not take it.

        With several services (a tag) a repetition goes to all of them: at least once, not exactly once.
        """
        try:
            targets = self._load()
        except ConfigError as error:
            # An edit mends it, and then what waited should still go out: not permanent.
            raise ChannelError(error.text, remedy=error.remedy) from None
        self.pace = max(pace_of(target.service.schema) for target in targets)
        line = self._line = self._line or _new_line()
        outcomes = [_send_to(target, message, delivery_id, self._form, line) for target in targets]
        failures = [outcome for outcome in outcomes if isinstance(outcome, ChannelError)]
        if failures:
            raise _joined(failures)
        receipts = [outcome for outcome in outcomes if isinstance(outcome, Receipt)]
        return Receipt(status=receipts[0].status, is_confirmed=all(receipt.is_confirmed for receipt in receipts))

    def close(self) -> None:
        """Let go of what is kept for the next message; it may be sent all the same."""
        if self._line is not None:
            self._line.close()


def for_url(name: str, url: Secret, form: Form | None = None) -> AppriseChannel:
    """Return the channel for an Apprise URL, which is read anew for each send (a rotated secret is picked up).

    `form` is how messages are written, None for what suits the service best.
    """
    remembered: dict[str, Target] = {}

    def load() -> Sequence[Target]:
        text = url.reveal().strip()
        if text not in remembered:
            target = _target(_instantiate(name, text, url.origin, form), text)
            remembered.clear()
            remembered[text] = target
        return [remembered[text]]

    return AppriseChannel(name, scheme_of(url.reveal()), load, form)


def for_tag(tag: str, paths: Sequence[Path]) -> AppriseChannel:
    """Return the channel `tag:NAME` for the services of Apprise config files that carry a tag."""

    def load() -> Sequence[Target]:
        services = [service for service in _included(paths) if tag in {str(own) for own in service.tags}]
        if not services:
            raise ConfigError(f"no service of {_names(paths)} has the tag {tag}", remedy=_known_tags(paths))
        return [_target(service) for service in services]

    return AppriseChannel(f"tag:{tag}", "", load)


def tags_of(paths: Sequence[Path]) -> set[str]:
    """Return the tags of Apprise config files. Raises ConfigError for a file that Apprise cannot use."""
    return {str(tag) for service in _included(paths) for tag in service.tags}


def scheme_of(url: str) -> str:
    """Return the kind of a URL, `slack` of `slack://…`; empty where it has none."""
    scheme, separator, _ = url.strip().partition("://")
    return scheme.lower() if separator and scheme.replace("+", "").replace("-", "").isalnum() else ""


@cache
def _asset() -> Any:
    """Settings that differ from Apprise's own: no redirects, no pool of threads, hence no time-out; no keys made."""
    return load_apprise().AppriseAsset(
        app_id="watcher",
        app_desc="watcher",
        async_mode=False,
        http_redirects=False,
        service_timeout=0,
        pgp_autogen=False,
        pem_autogen=False,
    )


def _instantiate(name: str, url: str, origin: str, form: Form | None) -> Any:
    apprise = load_apprise()
    load_service(scheme_of(url))
    from watcher.channels._service import ask_for

    try:
        service = apprise.Apprise.instantiate(url, asset=_asset(), suppress_exceptions=True)
    except _FAULTS_OF_SERVICES:
        service = None
    if service is None:
        raise ConfigError(f"channel {name}: {_what_is_wrong(url)}", remedy=f"correct the url ({origin})")
    ask_for(service, form)
    return _tamed(service)


def _what_is_wrong(url: str) -> str:
    scheme = scheme_of(url)
    return complain_of(scheme) if scheme else "its url has no scheme such as slack:// or mailto://"


def _tamed(service: Any) -> Any:
    """One try, no redirect, no sleep inside a send and no failure that counts for success, even where the URL asks."""
    service.retry = 0
    service.redirects = False
    service.optional = False
    service.throttle = lambda *_args, **_kwargs: None
    return service


def _target(service: Any, *urls: str) -> Target:
    sender = load_apprise().Apprise(asset=_asset())
    sender.add(service)
    return Target(service=service, sender=sender, urls=(*urls, service.url(privacy=False)))


def _included(paths: Sequence[Path]) -> list[Any]:
    services: list[Any] = []
    for path in paths:
        if not path.is_file():
            raise ConfigError(f"{path}: there is no such Apprise config", remedy="correct [apprise] include")
        apprise = load_apprise()
        load_all_services()
        found = apprise.AppriseConfig(paths=[str(path)], asset=_asset()).services()
        if not found:
            raise ConfigError(f"{path}: Apprise finds no service in it", remedy="see apprise's own config format")
        services += map(_tamed, found)
    return services


def _names(paths: Sequence[Path]) -> str:
    return ", ".join(path.name for path in paths) or "the included Apprise configs (there are none)"


def _known_tags(paths: Sequence[Path]) -> str:
    known = sorted(tags_of(paths))
    return f"known tags: {', '.join(known)}" if known else "give a service that tag"


def _new_line() -> Line:
    from watcher.channels._line import Line

    return Line()


def _send_to(
    target: Target, message: Message, delivery_id: str, form: Form | None, line: Line
) -> Receipt | ChannelError:
    from watcher.channels._service import send
    from watcher.channels._verdict import is_refused, verdict
    from watcher.channels._wire import watch

    service = target.service
    headers = {IDEMPOTENCY_HEADER: delivery_id} if service.schema in _TAKES_HEADERS else {}

    def notify(title: str, body: str, body_format: Any) -> Any:
        kind = message.urgency.value
        return target.sender.notify(title=title, body=body, notify_type=kind, body_format=body_format)

    with watch(headers, line=line) as exchange:
        sent = send(service, message, delivery_id, form, notify)
    if not sent.is_taken or is_refused(exchange):
        return verdict(exchange, sent.log, *target.urls)
    status = exchange.response.status_code if exchange.response is not None else None
    return Receipt(status=status, is_confirmed=_can_confirm(service))


def _can_confirm(service: Any) -> bool:
    """MQTT acknowledges from quality of service 1 on; the others named have no acknowledgement at all."""
    if service.schema in _MQTT:
        return bool(service.qos)
    return service.schema not in _CANNOT_CONFIRM


def _joined(failures: Sequence[ChannelError]) -> ChannelError:
    """One error for several services: a repetition can help as long as it can help one of them."""
    first = failures[0]
    waits = [failure.retry_after for failure in failures if failure.retry_after is not None]
    return ChannelError(
        "; ".join(dict.fromkeys(failure.text for failure in failures)),
        remedy=first.remedy,
        status=first.status,
        retry_after=max(waits, default=None),
        is_permanent=all(failure.is_permanent for failure in failures),
    )
