"""A real mail server on loopback that answers as it is told."""

from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import Message
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller


class Mailbox:
    """Keeps what arrives; `answer` is the reply to each mail, `rcpt` to each recipient."""

    def __init__(self, answer: str = "250 taken", rcpt: str = "250 yes") -> None:
        self.answer = answer
        self.rcpt = rcpt
        self.mails: list[Message] = []
        self.recipients: list[list[str]] = []
        self.port = 0

    @property
    def url(self) -> str:
        return f"mailto://127.0.0.1:{self.port}/?from=watcher@example.org&to=ops-team@example.org&mode=insecure"

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802 — aiosmtpd's name
        if self.rcpt.startswith("2"):
            envelope.rcpt_tos.append(address)
        return self.rcpt

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 — same
        if self.answer.startswith("2"):
            self.mails.append(message_from_bytes(envelope.content, policy=default))
            self.recipients.append(envelope.rcpt_tos)
        return self.answer


class AnyPortController(Controller):
    """Knows its port once it listens; the library's own would connect to port 0."""

    def _trigger_server(self) -> None:
        server: Any = self.server
        self.port = server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]


@contextmanager
def mail_server(answer: str = "250 taken", rcpt: str = "250 yes") -> Iterator[Mailbox]:
    mailbox = Mailbox(answer, rcpt)
    controller = AnyPortController(mailbox, hostname="127.0.0.1", port=0)
    controller.start()
    mailbox.port = controller.port
    try:
        yield mailbox
    finally:
        controller.stop()
