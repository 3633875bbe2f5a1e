"""A message: the words that one delivery carries."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Urgency(StrEnum):
    """How a receiver should mark a message; services show it as a colour or an icon."""

    INFO = "info"
    WARNING = "warning"
    FAILURE = "failure"
    SUCCESS = "success"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Plain text, ready to be escaped for a service; API text in it is already inert.

    `title` is one line that alone is enough on a phone's lock screen; `body` holds the lines after it.
    """

    title: str
    body: str
    urgency: Urgency = Urgency.INFO
