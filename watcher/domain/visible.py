"""Visible text: signs that a terminal would obey rather than show, written out."""

from __future__ import annotations

import json
import re

_OBEYED = re.compile(
    "[\x00-\x1f\x7f-\x9f"  # controls, the C1 ones too: 9b begins an escape sequence in some terminals
    "\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # direction, separators, nothing to see
    "\ud800-\udfff\U000e0000-\U000e007f]"  # halves of characters, invisible tags
)


def visible(text: str) -> str:
    r"""Return text on one line, in which each sign that a terminal might obey is written out, as in `\x1b`."""
    return _OBEYED.sub(lambda sign: sign[0].encode("unicode_escape").decode("ascii"), text)


def visible_json(text: str) -> str:
    """Return JSON without signs that a terminal might obey, as the same JSON: they stand in its strings only."""
    return _OBEYED.sub(_escape, text)


def _escape(sign: re.Match[str]) -> str:
    """Write a sign as JSON does (RFC 8259, 7); line ends between values stay."""
    if sign[0] in "\n\t\r":
        return sign[0]
    return f"\\u{ord(sign[0]):04x}" if sign[0] < "\x80" else json.dumps(sign[0]).strip('"')
