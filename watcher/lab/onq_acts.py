"""Acts of the OnQ story: registration, users, questions, messages, start and end."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

from watcher.lab.act import Act, Turn, What, number, turn
from watcher.lab.names import course
from watcher.lab.rows import Row
from watcher.lab.world import iso

_SOON = (  # a few seconds before a usual lead, so that someone who watches sees it fire
    timedelta(seconds=6),
    timedelta(hours=1, seconds=4),
    timedelta(hours=24, seconds=5),
    timedelta(hours=5),
)


def ask(row: Row, chance: Random, _now: datetime) -> Turn:
    """One to three new questions."""
    return turn(What.QUESTIONS_NEW, "open_questions_count", number(row, "open_questions_count") + chance.randint(1, 3))


def hurry(row: Row, chance: Random, now: datetime) -> Turn:
    """Registration will now close soon, at another time than before."""
    close_on = chance.choice([now + ahead for ahead in _SOON if iso(now + ahead) != row.get("close_on")])
    start_on = iso(close_on + timedelta(days=2))
    return turn(What.REGISTRATION_RESCHEDULED, "close_on", iso(close_on), start_on=start_on)


def open_registration(_row: Row, chance: Random, now: datetime) -> Turn:
    """Registration opens, for some hours."""
    close_on = now + timedelta(hours=chance.randint(1, 30), seconds=chance.randint(5, 40))
    dates = {"start_register_on": iso(now), "close_on": iso(close_on), "start_on": iso(close_on + timedelta(days=1))}
    return turn(What.REGISTRATION_OPENED, "register_status", "open", **dates)


def start(_row: Row, chance: Random, now: datetime) -> Turn:
    """The conversation starts."""
    end_on = now + timedelta(hours=chance.choice((24, 48, 200)), seconds=8)
    dates = {"start_on": iso(now), "end_on": iso(end_on)}
    return turn(What.STARTED, "status", "started", **dates)


def _answer(row: Row, chance: Random, _now: datetime) -> Turn:
    left = max(0, number(row, "open_questions_count") - chance.randint(1, 4))
    return turn(What.QUESTIONS_ANSWERED if left else What.QUESTIONS_CLEARED, "open_questions_count", left)


def _write(row: Row, chance: Random, _now: datetime) -> Turn:
    return turn(What.MESSAGES_NEW, "to_facilitator_count", number(row, "to_facilitator_count") + chance.randint(1, 2))


def _read(_row: Row, _chance: Random, _now: datetime) -> Turn:
    return turn(What.MESSAGES_READ, "to_facilitator_count", 0)


def _join(row: Row, chance: Random, _now: datetime) -> Turn:
    seats, users = number(row, "max_user_count"), number(row, "registered_user_count")
    users += chance.randint(1, 5)
    if seats and users >= seats:
        return turn(What.REGISTRATION_FULL, "registered_user_count", seats)
    return turn(What.USERS_JOINED, "registered_user_count", users)


def _leave(row: Row, _chance: Random, _now: datetime) -> Turn:
    return turn(What.REGISTRATION_AVAILABLE, "registered_user_count", number(row, "registered_user_count") - 1)


def _close_registration(_row: Row, _chance: Random, _now: datetime) -> Turn:
    return turn(What.REGISTRATION_CLOSED, "register_status", "closed")


def _end(_row: Row, _chance: Random, now: datetime) -> Turn:
    return turn(What.ENDED, "status", "ended", end_on=iso(now), active=False, register_status="closed")


def _reopen(_row: Row, chance: Random, now: datetime) -> Turn:
    dates = open_registration(_row, chance, now).fields
    return turn(What.OPENED, "status", "open", active=True, end_on=iso(now + timedelta(days=20)), **dates)


def _rename(row: Row, chance: Random, _now: datetime) -> Turn:
    content, name = course(chance)
    while name == row.get("name"):
        content, name = course(chance)
    return turn(What.CHANGED, "name", name, content_name=content)


def _is_over(row: Row, _now: datetime) -> bool:
    return row.get("status") == "ended"


def _is_running(row: Row, _now: datetime) -> bool:
    return row.get("status") == "started"


def _is_enrolling(row: Row, _now: datetime) -> bool:
    return row.get("status") == "open" and row.get("register_status") == "open"


def _is_full(row: Row, now: datetime) -> bool:
    seats = number(row, "max_user_count")
    return _is_enrolling(row, now) and 0 < seats <= number(row, "registered_user_count")


def _is_past_closing(row: Row, now: datetime) -> bool:
    return _is_enrolling(row, now) and str(row.get("close_on") or "9") <= iso(now)


ONQ_ACTS = (
    Act(weight=9, fits=_is_running, play=ask),
    Act(weight=6, fits=lambda row, _: number(row, "open_questions_count") > 0, play=_answer),
    Act(weight=4, fits=_is_running, play=_write),
    Act(weight=5, fits=lambda row, _: number(row, "to_facilitator_count") > 0, play=_read),
    Act(weight=8, fits=lambda row, now: _is_enrolling(row, now) and not _is_full(row, now), play=_join),
    Act(weight=4, fits=_is_full, play=_leave),
    Act(weight=3, fits=_is_enrolling, play=hurry),
    Act(weight=2, fits=_is_enrolling, play=_close_registration),
    Act(weight=60, fits=_is_past_closing, play=_close_registration),
    Act(
        weight=6,
        fits=lambda row, _: row.get("register_status") == "available" and row.get("status") == "open",
        play=open_registration,
    ),
    Act(
        weight=6,
        fits=lambda row, _: row.get("status") == "open" and row.get("register_status") == "closed",
        play=start,
    ),
    Act(weight=1, fits=_is_running, play=_end),
    Act(weight=1, fits=_is_over, play=_reopen),
    Act(weight=1, fits=lambda _row, _now: True, play=_rename),
)
