"""A week of the lab's story under twenty rules gives exactly the messages that the reference computes."""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from pathlib import Path, PurePath
from typing import Any

import pytest

from tests import house
from tests.week.difference import differ
from tests.week.incidents import STORM, usual
from tests.week.record import BUILT_IN, Record, Told
from tests.week.reference import postman
from tests.week.reference.owed import Letter
from tests.week.reference.rules import OPERATOR, Rulebook, read
from tests.week.reference.week import compute, unfold
from tests.week.simulation import simulated

BEGINS = [
    datetime(2026, 10, 20, 22, tzinfo=UTC),  # Berlin's clock goes back on the fifth night
    datetime(2026, 3, 24, 23, tzinfo=UTC),  # … and forward
    datetime(2026, 10, 28, 4, tzinfo=UTC),  # New York's goes back
    datetime(2026, 3, 4, 5, tzinfo=UTC),  # … and forward
    datetime(2026, 9, 29, 14, tzinfo=UTC),  # Lord Howe's goes forward by half an hour
    datetime(2026, 3, 31, 13, tzinfo=UTC),  # … and back
]
WEEKS = int(os.environ.get("WATCHER_WEEKS", "1"))
DAYS = 7
SOONER = (1, 3)
"""days after which the messages are those of a week that ends then: nothing hangs on what comes later"""
FIVE_MINUTES = 300

pytestmark = [pytest.mark.slow, pytest.mark.timeout(FIVE_MINUTES)]


def spend(directory: Path, week: int) -> Record:
    """Let a week pass; each begins with another world, and on another day."""
    start = BEGINS[week % len(BEGINS)]
    with simulated(directory, usual(start), start, DAYS, seed=7 + week) as simulation:
        return simulation.run()


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Record:
    return spend(tmp_path_factory.mktemp("week"), 0)


@pytest.mark.parametrize("week", range(WEEKS))
def test_a_week_gives_exactly_the_messages_that_the_reference_computes(
    record: Record, tmp_path: Path, week: int
) -> None:
    found = spend(tmp_path, week) if week else record
    said = differ(found.told, compute(found))
    assert not said, "\n".join(["the messages are not those of the reference:", *said])


def test_so_do_its_first_days(record: Record) -> None:
    for days in SOONER:
        begun = _first(record, days)
        assert differ(begun.told, compute(begun)) == []


def test_the_week_has_what_the_rules_are_about(record: Record) -> None:
    book = read(record.config)
    assert len(book.plans) == 20 + 1
    told = Counter(told.rule for told in record.told)
    assert {plan.name for plan in book.plans} == told.keys()
    assert any(told.title == BUILT_IN for told in record.told)
    assert {told.stage.partition(" ")[0] for told in record.told} == {"first", "repeat", "escalation", "cleared"}
    assert any(
        told.rule == "the last day of registration" and told.channel == "far" for told in record.told
    )  # the backup
    assert len({event["type"] for event in record.events}) >= 25


def test_the_reference_knows_nothing_of_the_product() -> None:
    folder = Path(__file__).parent
    paths = [folder / "record.py", folder / "difference.py", *sorted((folder / "reference").glob("*.py"))]
    modules = [house.Module(path=PurePath(path), text=path.read_text(encoding="utf-8")) for path in paths]
    assert [found for module in modules for found in house.foreign_imports(module, allowed="tests.week")] == []
    assert len(modules) > 7


# --- The comparison bites ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Slip:
    """A reference that takes one thing of one rule differently; `without` names matchers that it forgets."""

    rule: str
    changed: Mapping[str, Any]
    without: str = ""

    def book(self, book: Rulebook) -> Rulebook:
        plans = [self._slip(plan) if plan.name == self.rule else plan for plan in book.plans]
        return replace(book, plans=plans)

    def _slip(self, plan: Any) -> Any:
        changed = {
            name: value(getattr(plan, name)) if callable(value) else value for name, value in self.changed.items()
        }
        where = {path: wanted for path, wanted in plan.where.items() if path != self.without}
        return replace(plan, **{"where": where, **changed})


def slip(rule: str, without: str = "", **changed: Any) -> Any:
    return pytest.param(
        Slip(rule=rule, changed=changed, without=without), id=f"{rule}: {without or next(iter(changed))}"
    )


def later(span: timedelta) -> timedelta:
    return span + timedelta(minutes=1)


def of_quiet(**changed: Any) -> Any:
    return lambda quiet: replace(quiet, **changed)


SLIPS = [
    slip("private ones go to the auditors alone", stop=False),
    slip("private ones go to the auditors alone", without="conversation.fields.sub_type"),
    slip("questions to those who teach", without="conversation.fields.type"),
    slip("questions to those who teach", without="change.delta"),
    slip("questions to those who teach", without="conversation.name"),
    slip("the third and the fifth question", throttle=lambda rate: (rate[0] - 1, rate[1])),
    slip("the third and the fifth question", throttle=lambda rate: (rate[0], later(rate[1]))),
    slip("the third and the fifth question", where={"change.crosses": [3, 6]}),
    slip("the last day of registration", without="deadline.seconds_left"),
    slip("the last day of registration", quiet=of_quiet(urgent=())),
    slip("registration by day", quiet=of_quiet(days=frozenset({6}))),
    slip("registration by day", quiet=of_quiet(zone="Etc/GMT-2")),
    slip("registration by day", quiet=of_quiet(end=8 * 60 + 1)),
    slip("what does not flap", hold=later),
    slip("what does not flap", hold=None),
    slip("what is still unread after a while, gathered", hold=None),
    slip("what is still unread after a while, gathered", digest_span=later),
    slip("each conversation by itself", group_by=["source"]),
    slip("each conversation by itself", sources=["*"], events=["unread.new"]),
    slip("the courses of the day", digest_at=[8 * 60]),
    slip("the courses of the day", digest_zone="Etc/GMT-2"),
    slip("the courses of the day", group_by=[]),
    slip("what is gone is told at once", digest_span=timedelta(minutes=1)),
    slip("one night on the other side of the world", quiet=of_quiet(zone="Europe/Berlin")),
    slip("one night on the other side of the world", quiet=None),
    slip("new dates before winter", without="change.after"),
    slip("new dates before winter", digest_zone="Europe/Berlin"),
    slip("large courses", without="conversation.fields.max_user_count"),
    slip("large courses", throttle=lambda rate: (rate[0] + 1, rate[1])),
    slip("large courses", quiet=of_quiet(days=frozenset())),
    slip("closed talks", without="reason"),
    slip("organisation twelve", without="conversation.fields.org_id"),
    slip("organisation twelve", quiet=of_quiet(start=60)),
    slip("organisation twelve", group_by=["type"], sources=["*"], events=["messages.new"]),
    slip("renamed", hold=timedelta(hours=1)),
    slip("late warnings and alarms", without="severity"),
    slip("late warnings and alarms", throttle=lambda rate: (rate[0], later(rate[1]))),
    slip("what does not flap", repeat=[timedelta(hours=3), timedelta(hours=9)]),
    slip("what does not flap", repeat=[]),
    slip("each conversation by itself", repeat=lambda spans: [later(span) for span in spans]),
    slip("large courses", escalate=lambda steps: [(later(after), channels) for after, channels in steps]),
    slip("large courses", escalate=lambda steps: steps[:1]),
    slip("late warnings and alarms", escalate=[]),
    slip("trouble that lasts", escalate=[]),
    slip("trouble that lasts", sources=["*"]),
    slip("trouble that lasts", hold=None),
    slip("channels and sources in the evening", digest_at=[18 * 60 + 1]),
    slip("everything else", fallback=False),
    slip(OPERATOR, events=["source.failing"]),
]


@pytest.mark.parametrize("slip", SLIPS)
def test_a_reference_that_takes_one_rule_differently_is_found_out(record: Record, slip: Slip) -> None:
    assert is_found_out(record, slip.book(read(record.config)))


def test_one_that_takes_everything_as_it_is_is_not(record: Record) -> None:
    assert not is_found_out(record)


@pytest.mark.parametrize("storm", [-1, 1])
def test_so_is_one_that_counts_a_storm_differently(record: Record, storm: int) -> None:
    book = read(record.config)
    assert book.storm == STORM
    assert is_found_out(record, replace(book, storm=STORM + storm))


def test_so_is_one_that_knows_of_no_backup(record: Record) -> None:
    assert is_found_out(record, replace(read(record.config), backups={}))


@pytest.mark.parametrize("place", range(4))
def test_so_is_one_that_overlooks_a_silence(record: Record, place: int) -> None:
    silences = [silence for number, silence in enumerate(record.silences) if number != place]
    assert is_found_out(replace(record, silences=silences))


@pytest.mark.parametrize("place", range(3))
def test_so_is_one_that_overlooks_an_outage(record: Record, place: int) -> None:
    outages = [outage for number, outage in enumerate(record.outages) if number != place]
    assert is_found_out(replace(record, outages=outages))


def test_so_is_one_that_tries_what_was_refused_after_what_came_since(
    record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    def longest_due(letters: Sequence[Letter], now: datetime) -> Letter | None:
        due = [letter for letter in letters if letter.due <= now]
        return min(due, key=lambda letter: (letter.due, letter.place), default=None)

    monkeypatch.setattr(postman, "_next", longest_due)
    assert is_found_out(record)


def test_so_is_one_that_leaves_what_is_overdue_as_it_was_put_together(
    record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postman, "_is_quiet", lambda *_: True)
    assert is_found_out(record)


def is_found_out(record: Record, book: Rulebook | None = None) -> bool:
    """Whether the messages that follow differ from those that were sent; it ends with the first day that differs."""
    days = groupby(unfold(record, book), key=lambda minute: minute[0].date())
    found = {told.at.date() for told in record.told}
    for day, minutes in days:
        if differ(of_day(record, day), [told for _, of_a_minute in minutes for told in of_a_minute]):
            return True
        found.discard(day)
    return bool(found)


def of_day(record: Record, day: date) -> list[Told]:
    return [told for told in record.told if told.at.date() == day]


def _first(record: Record, days: int) -> Record:
    ends = record.minutes[0] + timedelta(days=days)
    minutes = [minute for minute in record.minutes if minute < ends]
    return replace(record, minutes=minutes, told=[told for told in record.told if told.at < ends])


def test_a_difference_is_told_for_people() -> None:
    at = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    one = Told(at=at, channel="chat", rule="r", lines=("questions.new campus/1 [ab]",), title="Two")
    assert differ([one, one], [replace(one, title="")]) == [
        "only expected: Sun 25 Oct 01:30 UTC, chat, by 'r'\n        questions.new campus/1 [ab]",
        *["only sent: Sun 25 Oct 01:30 UTC, chat, by 'r' 'Two'\n        questions.new campus/1 [ab]"] * 2,
    ]
    assert differ([one], [one]) == []
