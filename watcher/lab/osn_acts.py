"""Acts of the OSN story: unread messages, followups, outsiders, closing, muting."""

from __future__ import annotations

from datetime import datetime
from random import Random

from watcher.lab.act import Act, Turn, What, number, turn
from watcher.lab.names import topic
from watcher.lab.rows import Row

_CLOSED = ("CLOSED_CHAINED", "CLOSED_DISABLED", "CLOSED_DROPPED", "CLOSED_RESOLVED", "CLOSED_RESOLVED")


def post(row: Row, chance: Random, _now: datetime) -> Turn:
    """One to four new messages that nobody has read."""
    new = chance.randint(1, 4)
    chats = {field: number(row, field) + new for field in ("nChats", "nMarkableChats")}
    return turn(What.UNREAD_NEW, "nUnread", max(0, number(row, "nUnread")) + new, isNew=True, **chats)


def flag(row: Row, _chance: Random, _now: datetime) -> Turn:
    """A followup is asked for."""
    return turn(What.FOLLOWUPS_NEW, "nFollowups", number(row, "nFollowups") + 1)


def _read(_row: Row, _chance: Random, _now: datetime) -> Turn:
    return turn(What.UNREAD_READ, "nUnread", 0, isNew=False)


def _done(_row: Row, _chance: Random, _now: datetime) -> Turn:
    return turn(What.FOLLOWUPS_DONE, "nFollowups", 0)


def _invite(row: Row, chance: Random, _now: datetime) -> Turn:
    return turn(What.OUTSIDERS_JOINED, "nOutsiders", number(row, "nOutsiders") + chance.randint(1, 2))


def _part(row: Row, _chance: Random, _now: datetime) -> Turn:
    return turn(What.OUTSIDERS_LEFT, "nOutsiders", number(row, "nOutsiders") - 1)


def _close(_row: Row, chance: Random, _now: datetime) -> Turn:
    return turn(What.ENDED, "state", chance.choice(_CLOSED))


def _reopen(_row: Row, _chance: Random, _now: datetime) -> Turn:
    return turn(What.OPENED, "state", "OPEN_ACTIVE")


def _mute(row: Row, _chance: Random, _now: datetime) -> Turn:
    return turn(What.CHANGED, "isMuted", not row.get("isMuted"))


def _rename(row: Row, chance: Random, _now: datetime) -> Turn:
    name = topic(chance)
    while name == row.get("name"):
        name = topic(chance)
    return turn(What.CHANGED, "name", name, displayName=name)


def _is_open(row: Row, _now: datetime) -> bool:
    return row.get("state") == "OPEN_ACTIVE"


OSN_ACTS = (
    Act(weight=12, fits=_is_open, play=post),
    Act(weight=7, fits=lambda row, _: number(row, "nUnread") > 0, play=_read),
    Act(weight=3, fits=_is_open, play=flag),
    Act(weight=3, fits=lambda row, _: number(row, "nFollowups") > 0, play=_done),
    Act(weight=2, fits=_is_open, play=_invite),
    Act(weight=2, fits=lambda row, _: number(row, "nOutsiders") > 0, play=_part),
    Act(weight=2, fits=_is_open, play=_close),
    Act(weight=2, fits=lambda row, _: not _is_open(row, _), play=_reopen),
    Act(weight=1, fits=lambda _row, _now: True, play=_mute),
    Act(weight=1, fits=lambda _row, _now: True, play=_rename),
)
