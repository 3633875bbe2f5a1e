"""Scenarios: what happens to each recipe of docs/cookbook.md, by its heading."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from tests.cookbook.kitchen import Kitchen

Scenario = Callable[[Kitchen], None]
CHANGE, TALKS = "Leading Change", "Negotiation in Practice"


def _by_day_and_night(kitchen: Kitchen) -> None:
    kitchen.course(1017, CHANGE, status="started", open_questions_count=2, close_on="2026-11-25T06:30:00Z")
    kitchen.course(1018, TALKS, status="started")
    kitchen.poll()
    kitchen.notice("14:15", lambda: kitchen.course(1017, CHANGE, open_questions_count=5))
    kitchen.notice("23:10", lambda: kitchen.course(1018, TALKS, open_questions_count=1))
    kitchen.notice("02:40", lambda: kitchen.course(1018, TALKS, open_questions_count=3))
    kitchen.at("09:00")


def _morning(kitchen: Kitchen) -> None:
    kitchen.course(1017, CHANGE, start_on="2026-11-23T19:00:00Z", register_status="closed")
    kitchen.course(1018, TALKS, status="started", register_status="closed")
    kitchen.poll()
    kitchen.notice("10:30", lambda: kitchen.course(1019, "Coaching Skills", start_on="2026-12-01T09:00:00Z"))
    kitchen.notice("20:05", lambda: kitchen.course(1017, CHANGE, status="started"))
    kitchen.notice("21:05", lambda: kitchen.course(1018, TALKS, status="ended"))
    kitchen.at("09:00")


def _escalation(kitchen: Kitchen) -> None:
    kitchen.course(1017, CHANGE, status="started", register_status="closed")
    kitchen.poll()
    kitchen.notice("14:15", lambda: kitchen.course(1017, CHANGE, open_questions_count=2))
    kitchen.at("15:00 Tue")


def _large(kitchen: Kitchen) -> None:
    kitchen.course(1017, CHANGE, status="started", register_status="closed", max_user_count=40)
    kitchen.course(1018, TALKS, status="started", register_status="closed", max_user_count=12)
    kitchen.poll()

    def ask() -> None:
        kitchen.course(1017, CHANGE, open_questions_count=4)
        kitchen.course(1018, TALKS, open_questions_count=4)

    kitchen.notice("14:15", ask)


def _every_day(kitchen: Kitchen) -> None:
    kitchen.course(1017, CHANGE, status="started", register_status="closed")
    kitchen.poll()
    kitchen.notice("14:15", lambda: kitchen.course(1017, CHANGE, open_questions_count=2))
    kitchen.at("15:00 Tue")
    kitchen.at("15:00 Wed")
    kitchen.notice("17:45", lambda: kitchen.course(1017, CHANGE, open_questions_count=0))
    kitchen.at("15:00 Thu")


def _closing(kitchen: Kitchen) -> None:
    kitchen.course(
        1017, CHANGE, close_on="2026-11-24T17:00:00Z", max_user_count=25, registered_user_count=18, external_code="LC-7"
    )
    kitchen.poll()
    kitchen.at("19:00 Tue")


def _flaps(kitchen: Kitchen) -> None:
    kitchen.course(1017, CHANGE, status="started", register_status="closed")
    kitchen.course(1018, TALKS, status="started", register_status="closed")
    kitchen.poll()

    def ask() -> None:
        kitchen.course(1017, CHANGE, open_questions_count=1)
        kitchen.course(1018, TALKS, open_questions_count=2)

    kitchen.notice("14:15", ask)
    kitchen.notice("14:25", lambda: kitchen.course(1017, CHANGE, open_questions_count=0))
    kitchen.at("15:00")


def _too_much(kitchen: Kitchen) -> None:
    for number in range(5):
        kitchen.talk(689001 + number, f"Launch checklist {number + 1}")
    kitchen.poll()
    for minute, numbers in ((15, (0, 1)), (25, (2,)), (35, (3, 4))):
        kitchen.notice(f"14:{minute}", partial(_post, kitchen, numbers))
    kitchen.at("16:00")


def _post(kitchen: Kitchen, numbers: Sequence[int]) -> None:
    for number in numbers:
        kitchen.talk(689001 + number, f"Launch checklist {number + 1}", nUnread=number + 1)


def _catch_all(kitchen: Kitchen) -> None:
    kitchen.course(1017, CHANGE, status="started", register_status="closed")
    kitchen.course(1018, TALKS, status="started", register_status="closed")
    kitchen.talk(689001, "Office move")
    kitchen.poll()

    def happen() -> None:
        kitchen.course(1017, CHANGE, open_questions_count=1, visible=False)
        kitchen.course(1018, TALKS, status="ended")

    kitchen.notice("14:15", happen)
    kitchen.at("19:00")


def _joined(kitchen: Kitchen) -> None:
    kitchen.course(1017, CHANGE, status="started", register_status="closed", external_code="LC-7")
    kitchen.talk(689001, "Leading Change, the facilitators", externalID="LC-7")
    kitchen.talk(689002, "Office move")
    kitchen.poll()
    kitchen.notice("10:30", lambda: kitchen.course(1017, CHANGE, open_questions_count=3))
    kitchen.notice("11:15", lambda: kitchen.talk(689001, "Leading Change, the facilitators", nUnread=4))
    kitchen.notice("11:40", lambda: kitchen.talk(689002, "Office move", nUnread=1))
    kitchen.at("13:00")


def _backup(kitchen: Kitchen) -> None:
    kitchen.course(1017, CHANGE)
    kitchen.poll()
    kitchen.lab.onq.faults.add("status", status=503)
    kitchen.dishes["pager"].is_broken = True
    for when in ("14:10", "14:15", "14:20"):
        kitchen.at(when)
        kitchen.poll()
    kitchen.lab.onq.faults.clear()
    kitchen.dishes["pager"].is_broken = False
    kitchen.at("14:40")
    kitchen.poll()


def _ten(kitchen: Kitchen) -> None:
    kitchen.course(1017, CHANGE, status="started", register_status="closed", open_questions_count=4)
    kitchen.poll()
    kitchen.notice("10:30", lambda: kitchen.course(1017, CHANGE, open_questions_count=9))
    kitchen.notice("14:15", lambda: kitchen.course(1017, CHANGE, open_questions_count=12))
    kitchen.notice("16:40", lambda: kitchen.course(1017, CHANGE, open_questions_count=15))


SCENARIOS: Mapping[str, Scenario] = {
    "Questions by day, and those of the night in the morning": _by_day_and_night,
    "A digest every morning": _morning,
    "Unanswered for a day: to the lead": _escalation,
    "Only large courses": _large,
    "Every day until it is answered": _every_day,
    "Registration closes in a day": _closing,
    "What goes to and fro is not told": _flaps,
    "Not more than two an hour": _too_much,
    "Everything that nobody asked for": _catch_all,
    "One digest for a course in both systems": _joined,
    "Trouble, and another way to hear of it": _backup,
    "When ten are reached": _ten,
}
