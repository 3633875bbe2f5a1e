"""The service: what one service of Apprise's takes, and a message sent to it in the best form that it has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from apprise.common import NotifyFormat, OverflowMode
from apprise.conversion import convert_between

from watcher.channels import _slack
from watcher.channels._form import write_body, write_title
from watcher.domain.message import Form, Message
from watcher.domain.shortening import fit, fit_title

_TAKES_MARKDOWN = frozenset(
    "bark barks fluxer fluxers gotify gotifys mmost mmosts ntfy ntfys pushme revolt signal signals".split()
)
"""services that take Markdown where Apprise says that they take text"""
_MAIL = frozenset({"mailto", "mailtos"})
_NO_PGP = "no"
_BLENDING = len("<b></b><br />\r\n")
"""what Apprise puts around a title that it writes into the body"""

Notify = Callable[[str, str, NotifyFormat], Any]
"""Apprise's own way to send: title, body and the form of both; true where the service took it"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What became of a message: whether it was taken, and what Apprise logged meanwhile."""

    is_taken: bool
    log: tuple[str, ...] = ()


def forms_of(service: Any) -> tuple[Form, ...]:
    """Return the forms that may be asked of a service."""
    forms = [Form(each.value) for each in service._formats()]  # noqa: SLF001 — an URL's format= is in no public place
    more = [Form.MARKDOWN] if service.schema in _TAKES_MARKDOWN else []
    return tuple(form for form in Form if form in {Form.TEXT, *forms, *more})


def ask_for(service: Any, form: Form | None) -> None:
    """Have a service take a form, as format= in its URL does; text where it does not take that one."""
    if form is None:
        return
    wanted = NotifyFormat(form.value)
    declared = service._formats()  # noqa: SLF001 — same
    if len(declared) > 1:
        service._format_override = wanted if wanted in declared else None  # noqa: SLF001 — same
    elif form in forms_of(service) and form is not Form.TEXT:
        service.notify_format = wanted


def send(service: Any, message: Message, delivery_id: str, form: Form | None, notify: Notify) -> Sent:
    """Send a message once; `form` is the one asked for, None for what suits the service best."""
    if service.schema in _MAIL and service.pgp_mode == _NO_PGP:  # what PGP signs or encrypts is Apprise's own
        from watcher.channels import _mail

        return Sent(is_taken=_mail.send(service, message, delivery_id))
    if form is None and _slack.is_slack(service):
        with _slack.posting_blocks(service, message):
            return _sent(notify(message.title, message.text, NotifyFormat.TEXT))
    wanted = form if form in forms_of(service) else Form.TEXT
    return _sent(notify(*_written(service, message, wanted), NotifyFormat(wanted.value)))


def _sent(result: Any) -> Sent:
    lines = [entry.message for sent in result for attempt in sent.attempts for entry in attempt.logs]
    return Sent(is_taken=bool(result), log=tuple(lines))


def _written(service: Any, message: Message, form: Form) -> tuple[str, str]:
    """Title and body, with no more of them than the service takes."""
    if service.overflow_mode is not OverflowMode.SPLIT:  # the URL's overflow=split: it comes in parts
        message = fit_title(message, service.title_maxlen) if service.title_maxlen > 0 else message
        message = fit(message, lambda short: _is_small(service, short, form))
    is_blended = service.title_maxlen <= 0
    return write_title(message, form) if is_blended else message.title, write_body(message, form)


def _is_small(service: Any, message: Message, form: Form) -> bool:
    """Whether Apprise would neither cut a message nor leave that to the service, once it is converted."""
    source = NotifyFormat(form.value)
    target = service.resolve_format(source)
    body = _converted(source, target, write_body(message, form))
    lines, room = len(message.lines), service.body_maxlen
    if service.title_maxlen <= 0:
        lines += 1
        room -= len(_converted(source, target, write_title(message, form))) + _BLENDING
    elif service.overflow_amalgamate_title:
        room -= len(message.title) + _BLENDING
    most_lines = service.body_max_line_count or lines
    return lines <= most_lines and max(len(body), len(service.dialect_convert(body, target))) <= room


def _converted(source: NotifyFormat, target: NotifyFormat, text: str) -> str:
    return str(convert_between(source, target, text))  # type: ignore[no-untyped-call]
