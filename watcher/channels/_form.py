"""The form: a message's title and body as one of the markups that services take, every text of it escaped."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from html import escape
from types import MappingProxyType

from watcher.domain.inert import is_address
from watcher.domain.message import Form, Message

_MARKDOWN_SIGN = re.compile(r"[\\_*\[\]()~`<>#+=|{}.!-]|&(?=#?\w{1,32};)")
"""what may mean something somewhere; CommonMark takes a backslash before any of ASCII's punctuation (2.4)"""


def write_title(message: Message, form: Form) -> str:
    """Return the title for a service that has no title of its own and shows it as the first line."""
    return _ESCAPES[form](message.title)


def write_body(message: Message, form: Form) -> str:
    """Return everything after the title."""
    return _BREAKS[form].join(_write_line(line, form) for line in message.lines)


def _write_line(line: str, form: Form) -> str:
    return _LINKS[form](line) if is_address(line) else _ESCAPES[form](line)


def _plain(text: str) -> str:
    return text


def _markdown(text: str) -> str:
    return _MARKDOWN_SIGN.sub(r"\\\g<0>", text)


def _html_link(address: str) -> str:
    return f'<a href="{escape(address)}">{escape(address)}</a>'


_ESCAPES: Mapping[Form, Callable[[str], str]] = MappingProxyType({
    Form.TEXT: _plain,
    Form.MARKDOWN: _markdown,
    Form.HTML: escape,
})  # fmt: skip
_LINKS: Mapping[Form, Callable[[str], str]] = MappingProxyType({
    Form.TEXT: _plain,
    Form.MARKDOWN: lambda address: f"<{address}>",
    Form.HTML: _html_link,
})  # fmt: skip
_BREAKS: Mapping[Form, str] = MappingProxyType({
    Form.TEXT: "\n",
    Form.MARKDOWN: "  \n",
    Form.HTML: "<br />\n",
})  # fmt: skip
