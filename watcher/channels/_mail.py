"""Mail: a message as a mail of two parts, text and HTML, that threads by conversation and is known when it is repeated.

Apprise reads the URL and speaks SMTP; its own mails have a new Message-ID at each repetition and no thread.
"""

from __future__ import annotations

import re
import smtplib
from email.charset import QP, Charset
from email.header import Header
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import format_datetime, formataddr, localtime
from hashlib import blake2b
from typing import Any

from apprise.common import NotifyFormat
from apprise.exception import AppriseImproperlyConfigured
from apprise.plugins.email.smtp import AppriseSMTPController

from watcher.channels._form import write_body
from watcher.domain.message import Form, Message

_HEADER_LINE = 78
"""signs of a line of the header (RFC 5322, 2.1.1); the library would not fold at all"""
_FAULTS = (OSError, smtplib.SMTPException, RuntimeError, AppriseImproperlyConfigured)
"""what an attempt to send may end with; the wire has noted the reason"""


def send(service: Any, message: Message, delivery_id: str) -> bool:
    """Send a mail to each recipient of the URL, over one connection; False where one of them was not taken."""
    everyone = [*service.cc, *service.bcc]
    taken = []
    try:
        with _connect(service) as smtp:
            for to in service.targets:  # each of them, also when one is refused
                addresses = [to[1], *(address for address in everyone if address != to[1])]
                mail = write_mail(service, message, delivery_id, to)
                taken.append(smtp.sendmail(service.from_addr[1], addresses, mail))
    except _FAULTS:
        return False
    return bool(taken) and all(taken)


def write_mail(service: Any, message: Message, delivery_id: str, to: tuple[str | bool, str]) -> str:
    """Return a mail to one recipient, `to` with his name (False: none) and address, in ASCII.

    Each repetition of a delivery has the same Message-ID. Every mail about a conversation answers the same root, which
    nobody ever sent (RFC 5322, 3.6.4): readers show them as one thread. Auto-Submitted keeps away the answers of other
    machines (RFC 3834, 5).
    """
    mail = _parts_of(service, message)
    domain = _domain_of(service.from_addr[1])
    headers = {
        "Subject": Header(" ".join(message.title.split()), "utf-8" if not message.title.isascii() else None),
        "From": _address(service.from_addr),
        "To": _address(to),
        "Cc": ", ".join(_address((service.names.get(each), each)) for each in sorted(service.cc - {to[1]})),
        "Reply-To": ", ".join(_address((service.names.get(each), each)) for each in sorted(service.reply_to)),
        "Date": format_datetime(localtime()),
        "Message-ID": f"<{_word(delivery_id)}@{domain}>",
        "In-Reply-To": _root_of(message, domain),
        "References": _root_of(message, domain),
        "Auto-Submitted": "auto-generated",
        "X-Application": service.app_id,
    }
    own = {name.title() for name in headers}
    foreign = {name: Header(value) for name, value in service.headers.items() if name.strip().title() not in own}
    for name, value in {**headers, **foreign}.items():
        if value:
            mail[name] = value
    return mail.as_string(maxheaderlen=_HEADER_LINE)


def _connect(service: Any) -> AppriseSMTPController:
    return AppriseSMTPController(
        host=service.smtp_host,
        port=service.port,
        secure_mode=service.secure_mode,
        user=service.user,
        password=service.password,
        verify_certificate=service.verify_certificate,
        socket_connect_timeout=service.socket_connect_timeout,
    )


def _parts_of(service: Any, message: Message) -> MIMEText | MIMEMultipart:
    """Text and HTML that say the same, the better one last (RFC 2046, 5.1.4); text alone where that is asked for."""
    text = MIMEText(message.text, "plain", _quoted_printable())  # type: ignore[arg-type]  # a Charset does as well
    if service._format_override is NotifyFormat.TEXT:  # noqa: SLF001 — an URL's format= is in no public place
        return text
    mail = MIMEMultipart("alternative")
    mail.attach(text)
    html = f"<!DOCTYPE html>\n<html><body>\n<p>{write_body(message, Form.HTML)}</p>\n</body></html>"
    mail.attach(MIMEText(html, "html", _quoted_printable()))  # type: ignore[arg-type]
    return mail


def _quoted_printable() -> Charset:
    """UTF-8 that can be read in the raw mail, and whose lines are short whatever the text's are."""
    charset = Charset("utf-8")
    charset.body_encoding = QP
    return charset


def _root_of(message: Message, domain: str) -> str:
    if message.conversation is None:
        return ""
    digest = blake2b(message.conversation.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    return f"<conversation.{digest}@{domain}>"


def _domain_of(address: str) -> str:
    domain = address.rpartition("@")[2]
    return domain if re.fullmatch(r"[A-Za-z0-9.-]+", domain) else "watcher.invalid"


def _word(delivery_id: str) -> str:
    """An id as it may stand in a Message-ID."""
    return re.sub(r"[^A-Za-z0-9.-]", lambda sign: f"_{ord(sign[0]):x}", delivery_id)


def _address(pair: Any) -> str:
    return formataddr((pair[0] or None, pair[1]), charset="utf-8")
