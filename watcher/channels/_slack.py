"""Slack: a message as blocks of Slack's Block Kit, in which no text can be a mention, a link or markup.

Limits: https://docs.slack.dev/reference/block-kit/blocks. Escapes: https://docs.slack.dev/messaging/formatting-message-text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from html import escape
from types import MappingProxyType
from typing import Any

from apprise.common import OverflowMode

from watcher.domain.inert import is_address, shorten
from watcher.domain.message import Message, Urgency
from watcher.domain.shortening import fit

HEADER_LENGTH = 150
SECTION_LENGTH = 3_000
CONTEXT_LENGTH = 2_000
MOST_BLOCKS = 50

_MARKS: Mapping[Urgency, str] = MappingProxyType({
    Urgency.INFO: "",
    Urgency.WARNING: "🟠 ",
    Urgency.FAILURE: "🔴 ",
    Urgency.SUCCESS: "🟢 ",
})  # fmt: skip
"""blocks have no colour"""
_ADDRESSING = ("channel", "thread_ts", "username")
"""what Apprise puts beside the words; its own icon is left out, the workspace has chosen one"""

Block = dict[str, Any]


def is_slack(service: Any) -> bool:
    """Whether a service takes blocks: Slack's webhooks and bots, unless the URL names a template or a workflow."""
    return service.schema == "slack" and not service.template and not service.workflow_path


def payload_of(message: Message) -> dict[str, Any]:
    """Return what is posted: the blocks, and the text that notifications show in their place."""
    short = fit(message, lambda one: len(_blocks_of(one)) <= MOST_BLOCKS)
    return {"text": _escaped(_MARKS[message.urgency] + message.title), "blocks": _blocks_of(short)}


@contextmanager
def posting_blocks(service: Any, message: Message) -> Iterator[None]:
    """Have whatever Apprise posts for this service, until the end of the block, hold the message as blocks.

    So channels, threads and log-ins stay Apprise's. A service is used by one thread at a time.
    """
    post, overflow, payload = service._send, service.overflow_mode, payload_of(message)  # noqa: SLF001 — its one way out

    def post_blocks(url: str, written: dict[str, Any], **options: Any) -> Any:
        kept = {name: written[name] for name in _ADDRESSING if name in written}
        return post(url, {**payload, **kept}, **options)

    service._send, service.overflow_mode = post_blocks, OverflowMode.UPSTREAM  # noqa: SLF001 — once, not a time for each part
    try:
        yield
    finally:
        service._send, service.overflow_mode = post, overflow  # noqa: SLF001


def _blocks_of(message: Message) -> list[Block]:
    title = _MARKS[message.urgency] + message.title
    whole = [message.title] if len(title) > HEADER_LENGTH else []
    lines = [*whole, *message.body.splitlines(), *([message.link] if message.link else [])]
    footer = [_context(message.footer)] if message.footer else []
    return [_header(title), *_sections(lines), *footer]


def _header(title: str) -> Block:
    return {"type": "header", "text": _plain(shorten(title, HEADER_LENGTH))}


def _context(text: str) -> Block:
    return {"type": "context", "elements": [_plain(shorten(text, CONTEXT_LENGTH))]}


def _sections(lines: Sequence[str]) -> Iterator[Block]:
    """Lines of text in as few sections as may be, each address in one of its own."""
    held = ""
    for line in lines:
        link = f"<{_escaped(line)}>" if is_address(line) else ""
        is_link = 0 < len(link) <= SECTION_LENGTH
        if held and (is_link or len(held) + 1 + len(line) > SECTION_LENGTH):
            yield from _plain_sections(held)
            held = ""
        if is_link:
            yield _section({"type": "mrkdwn", "text": link, "verbatim": True})
        else:
            held = f"{held}\n{line}" if held else line
    yield from _plain_sections(held)


def _plain_sections(text: str) -> Iterator[Block]:
    """As many sections as a text needs; only a line that is longer than a section is broken."""
    for begin in range(0, len(text), SECTION_LENGTH):
        yield _section(_plain(text[begin : begin + SECTION_LENGTH]))


def _section(text: Block) -> Block:
    return {"type": "section", "text": text}


def _plain(text: str) -> Block:
    """Text in which Slack looks for nothing; without emoji, not even for names of emoji."""
    return {"type": "plain_text", "text": text, "emoji": False}


def _escaped(text: str) -> str:
    return escape(text, quote=False)
