"""The oracle agrees with the lab's own truth, and sees what a product with a fault tells."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest

from torture.truth.knowledge import Knowledge, Reader
from torture.truth.ledger import Ledger
from torture.truth.meaning import ONQ, OSN, Values
from torture.truth.oracle import Oracle, Read
from torture.truth.run import LEADS, Outcome, run_world
from torture.truth.trial import _reads
from torture.truth.world import START
from watcher.domain import absence
from watcher.domain.derive import derive_facts
from watcher.domain.event import EventType
from watcher.domain.sighting import Fact, Sighting
from watcher.lab import Lab, OnqApi, OsnApi
from watcher.pipeline import reading, sightings

STORY = {kind.value for kind in EventType}
RESTLESS_WORLD = 327
ONCE, AT_ALL = "… once, and that were not taken as complete", "… at all, and that were taken as complete"


def test_the_oracle_says_what_the_lab_says_that_truly_happened() -> None:
    """One change a conversation and beat, so that each is told as what it is."""
    readers = {"onq": Reader(meaning=ONQ, leads=LEADS), "osn": Reader(meaning=OSN, leads=LEADS)}
    agreed = 0
    with Lab(story=False, conversations=30, clock=lambda: START) as lab:
        apis: dict[str, OnqApi | OsnApi] = {"onq": lab.onq, "osn": lab.osn}
        for _ in range(300):
            before = {name: {str(row["id"]): row for row in api.rows} for name, api in apis.items()}
            happened = lab.story.step()
            for truth in happened:
                old, new = before[truth.api].get(truth.id), apis[truth.api].rows.get(truth.id)
                if old is None or new is None or sum(other.id == truth.id for other in happened) > 1:
                    continue
                reader = readers[truth.api]
                known, _ = reader.see(Knowledge(), reader.meaning.read(old), START, is_silent=True)
                _, told = reader.see(known, reader.meaning.read(new), START + timedelta(minutes=5), is_silent=False)
                types = {fact[0] for fact in told}
                if truth.what.value in STORY:
                    assert truth.what.value in types or truth.what == "registration.closed", truth
                    agreed += 1
    assert agreed > 100


def _deaf(derive: Callable[[Sighting], tuple[Fact, ...]]) -> Callable[[Sighting], tuple[Fact, ...]]:
    return lambda sighting: tuple(fact for fact in derive(sighting) if fact.type is not EventType.QUESTIONS_NEW)


@pytest.fixture
def faulty(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ledger]:
    def watch(module: Any, name: str, value: Any) -> Ledger:
        monkeypatch.setattr(module, name, value)
        return run_world(seed=2, polls=25).ledger

    return watch


def test_a_sound_product_tells_what_is_true() -> None:
    ledger = run_world(seed=2, polls=25).ledger
    assert (ledger.precision, ledger.recall) == (1, 1)
    assert ledger.right.total() > 50


def test_a_product_that_is_deaf_to_one_type_of_event_is_seen(faulty: Callable[..., Ledger]) -> None:
    ledger = faulty(sightings, "derive_facts", _deaf(derive_facts))
    assert ledger.missed["questions.new"] > 0
    assert (ledger.precision, ledger.recall) == (1, 0)


def test_a_product_that_takes_one_absence_for_gone_is_seen(faulty: Callable[..., Ledger]) -> None:
    ledger = faulty(absence, "SIGHTINGS_FOR_GONE", 1)
    assert ledger.false["conversation.removed"] > 0
    assert ledger.precision < 1


def test_a_product_that_reads_a_list_once_that_moves_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """It owes nothing, and so misses nothing."""
    sound = run_world(seed=RESTLESS_WORLD, polls=20)
    monkeypatch.setattr(reading, "_read_twice", reading._read)
    faulty = run_world(seed=RESTLESS_WORLD, polls=20)
    assert faulty.ledger.recall == 1
    assert _short(sound, is_full=False) == []
    assert _short(faulty, is_full=False) == [ONCE]


def test_a_product_that_gives_up_where_a_list_moves_at_each_try_is_seen() -> None:
    """In the full form: a few worlds say nothing of that."""
    some, many = (Outcome(faultless=Counter({(0, True): 9, (1, True): 70, (2, False): n})) for n in (20, 30))
    assert [_short(outcome, is_full=True) for outcome in (some, many)] == [[], [AT_ALL]]
    assert _short(many, is_full=False) == []


def test_what_is_incomplete_in_a_row_is_counted_for_each_source() -> None:
    outcome = Outcome()
    for name, is_complete, is_faultless in (
        ("campus", False, True),
        ("staff", True, True),
        ("campus", False, False),
        ("campus", False, True),
        ("campus", True, True),
        ("campus", False, True),
    ):
        outcome.count(name, 1, is_complete=is_complete, is_faultless=is_faultless)
    assert outcome.longest_run == 2
    assert outcome.restless == 6
    assert outcome.reads(1) == (2, 5)


def _short(outcome: Outcome, *, is_full: bool) -> list[str]:
    return [figure.name for figure in _reads(outcome, is_full=is_full) if not figure.is_met]


@pytest.mark.parametrize(
    ("absent", "is_calm", "is_told", "is_right"),
    [
        (25, True, True, True),
        (25, True, False, False),
        (20, True, True, False),  # a fifth of a hundred is not more than a fifth
        (20, False, True, True),  # but where one moved the reader may have missed one more
        (20, False, False, True),
        (19, False, True, False),
        (22, False, False, False),
    ],
)
def test_a_threshold_is_exact_but_for_what_moved_meanwhile(
    absent: int, is_calm: bool, is_told: bool, is_right: bool
) -> None:
    reader, ledger = Reader(meaning=ONQ, leads=LEADS), Ledger()
    with Lab(story=False, conversations=100, clock=lambda: START) as lab:
        seen = {str(row["id"]): reader.meaning.read(row) for row in lab.onq.rows}
    oracle = Oracle(name="campus", reader=reader, ledger=ledger)
    first = {identity: [values] for identity, values in seen.items()}
    oracle.take_poll(_read(first, is_calm=True), {"campus": [("source.baseline",)]})
    left = {identity: [None] if place < absent else [seen[identity]] for place, identity in enumerate(sorted(seen))}
    moved = max(seen)
    left[moved] = left[moved] if is_calm else [seen[moved], seen[moved]]
    oracle.take_poll(_read(left, is_calm=is_calm), {"campus": [("source.suspect",)]} if is_told else {})
    wrong = ledger.false.total() + ledger.missed.total()
    assert (wrong == 0) is is_right, ledger.notes


def _read(window: Mapping[str, Sequence[Values | None]], *, is_calm: bool) -> Read:
    return Read(now=START, outcome="complete", window=window, is_calm=is_calm, is_one_page=False)
