"""The pace: how long a service wants to be left alone between two messages, as far as it says so."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType

PACES: Mapping[str, timedelta] = MappingProxyType({
    # "no more than one message per second": https://docs.slack.dev/apis/web-api/rate-limits
    "slack": timedelta(seconds=1),
    # "avoid sending more than one message per second" in a chat: https://core.telegram.org/bots/faq
    "tgram": timedelta(seconds=1),
    # 60 writes a minute in a space, from all apps: https://developers.google.com/workspace/chat/limits
    "gchat": timedelta(seconds=1),
    # 5 in 2 seconds for a webhook: https://birdie0.github.io/discord-webhooks-guide/other/rate_limits.html
    "discord": timedelta(milliseconds=400),
    # four requests a second: https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using
    "msteams": timedelta(milliseconds=250),
    "workflow": timedelta(milliseconds=250),
    "workflows": timedelta(milliseconds=250),
})  # fmt: skip
"""Apprise's own pauses (5.5 s a mail) are switched off; a service without an entry says 429 when it is too much"""


def pace_of(scheme: str) -> timedelta:
    """Return the least time from one send to the next for a kind of channel."""
    return PACES.get(scheme.lower(), timedelta())
