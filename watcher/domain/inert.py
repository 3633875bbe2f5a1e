"""Inert text: what came from an API, made harmless for every service that a message may go through.

Two means, both visible and without invisible characters: what could be read as a mention, link, command or entity is
broken by a space (`@everyone` → `@ everyone`, `https://x.io` → `https: //x. io`), and the signs of markup become a
look-alike (`<b>` → `‹b›`, `*` → `∗`). Look-alikes of `@` and `.` would not do: some services read them as the real
ones.
"""

from __future__ import annotations

import re
import unicodedata

NAME_LENGTH = 120
TEXT_LENGTH = 300

_LOOKALIKES = str.maketrans({
    "<": "‹", ">": "›", "＜": "‹", "＞": "›", "﹤": "‹", "﹥": "›",
    "*": "∗", "＊": "∗", "`": "ˋ", "~": "∼", "|": "∣", "\\": "∖",
    "\u115f": " ", "\u1160": " ", "\u3164": " ", "\uffa0": " ", "\u2800": " ", "\u034f": None,
})  # fmt: skip
"""markup of Slack, Discord, Markdown and HTML; the last row looks like nothing, though Unicode calls it letters"""

_BREAKS = tuple(
    (re.compile(pattern), put)
    for pattern, put in (
        (r"(?<![^\W_])_|_(?![^\W_])", "＿"),  # emphasis: an underscore that is not inside a word
        (r"([@＠﹫])(?=\S)", r"\1 "),  # mentions, mail addresses
        (r":(?=//|／／)", ": "),  # any scheme://
        (r"(?<=\w)([.．])(?=[^\W\d_]{2})", r"\1 "),  # bare domains: x.io
        (r"(?<=\w)([。｡])(?=[A-Za-z]{2})", r"\1 "),  # as good as a dot in them (UTS 46), though a full stop elsewhere
        (r"(?i)\b(mailto|tel|sms|data|javascript|magnet|xmpp|matrix):(?=\S)", r"\1: "),  # schemes without slashes
        (r"(?<![\w/])/(?=\w)", "/ "),  # Telegram's commands
        (r"([#＃])(?=[^\W\d])", r"\1 "),  # hash tags, rooms
        (r"!(?=\[)", "! "),  # images
        (r"\](?=[(\[:])", "] "),  # Markdown links
        (r"\[(?=\[)", "[ "),  # wiki links
        (r"&(?=#?\w{1,32};)", "& "),  # entities
        (r":(?=[\w+-]{1,64}:)", ": "),  # emoji names
        (r"\b([wW]{3})([.．。｡])(?=\S)", r"\1\2 "),
    )
)

_HARMLESS = re.compile(r"(?:[A-Za-zÀ-ÖØ-öø-ÿ0-9 ,;?()'+-]|[.:!&](?= ))*")
"""what nothing of the above concerns, alone or beside each other: most texts, told apart at a glance"""

_ADDRESS = re.compile(r"(?i:https?)://[\w.:\[\]@%~-]+(?:[/?#](?:[A-Za-z0-9/?#=%+.,;:_~!$-]|&(?!#?\w{1,32};))*)?")

_REMOVED = frozenset({"Cf"})
_BLANKED = frozenset({"Cc", "Zl", "Zp", "Zs"})
_REPLACED = frozenset({"Cs", "Co"})
_MARKS = frozenset({"Mn", "Me"})
_MARKS_IN_A_ROW = 4
"""no script needs more; some names try to paint over the lines around them"""


def inert(text: str, *, length: int = TEXT_LENGTH) -> str:
    """Return one line of harmless text, at most `length` characters, cut with an ellipsis."""
    # Far more than can be shown is cut first, so that a huge name costs nothing.
    start = text[: length * 8]
    return shorten(" ".join(start.split()) if _HARMLESS.fullmatch(start) else _broken(start), length)


def inert_name(name: str) -> str:
    """Return a name in quotes, or words for an empty one."""
    plain = inert(name, length=NAME_LENGTH)
    return f"“{plain.replace('“', '‘').replace('”', '’')}”" if plain else "a conversation without a name"


def inert_url(url: str) -> str:
    """Return an http(s) address that ends where it should and holds no mention or entity, empty for anything else."""
    parts = re.fullmatch(r"(?is)(https?://)([^/?#\s]+)([/?#].*|)", url.strip())
    if not parts or len(url) > 2 * TEXT_LENGTH + NAME_LENGTH or re.search(r"[^\w.:\[\]@%~-]", parts[2]):
        return ""
    return parts[1] + parts[2] + re.sub(r"[^A-Za-z0-9/?#=&%+.,;:_~!$-]|&(?=#?\w{1,32};)", _percent, parts[3])


def is_address(line: str) -> bool:
    """Whether a line is an address as inert_url makes them, and nothing else; inert breaks those in a text."""
    return _ADDRESS.fullmatch(line) is not None


def shorten(text: str, length: int) -> str:
    """Return text of at most `length` characters; what was cut is an ellipsis."""
    return text if len(text) <= length else beginning(text, length - 1) + "…"


def beginning(text: str, length: int) -> str:
    """Return at most `length` characters of a text, without a sign at the end that whatever follows would complete."""
    return text[:length].rstrip(" @＠﹫:#＃/.!&[\n")


def _broken(text: str) -> str:
    """One line in which nothing is left that a service could act on."""
    plain = _printable(text)
    for pattern, put in _BREAKS:
        plain = pattern.sub(put, plain)
    return plain


def _printable(text: str) -> str:
    """One line without control characters, direction marks and invisible ones."""
    kept: list[str] = []
    marks = 0
    for sign in text.translate(_LOOKALIKES):
        category = unicodedata.category(sign)
        marks = marks + 1 if category in _MARKS else 0
        if category in _REMOVED or marks > _MARKS_IN_A_ROW:
            continue
        kept.append(" " if category in _BLANKED else "\ufffd" if category in _REPLACED else sign)
    return " ".join("".join(kept).split())


def _percent(sign: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in sign[0].encode("utf-8", "replace"))
