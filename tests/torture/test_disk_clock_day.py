"""The trials of the disk, the clock and the day see what they are for, where it is planted."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from torture import clocks, day, faults, storage
from torture.daemon import ROOT, WATCHDOG_S, wait_until
from torture.gauge import Gauge, Seen, watched
from torture.loudness import most_at_once
from torture.trial import TrialError
from watcher.lab import Receiver

TOLD = [(0, 1, "a"), (1, 3, "b"), (3, 4, "c")]


def test_the_trials_have_the_watchdog_of_the_unit() -> None:
    unit = (ROOT / "systemd" / "watcher.service").read_text(encoding="utf-8")
    assert f"\nWatchdogSec={WATCHDOG_S}s\n" in unit


def test_questions_that_are_all_told_leave_no_gap() -> None:
    assert list(storage.gaps_in(TOLD, 0, 4, {"a", "b", "c"})) == []


@pytest.mark.parametrize("lost", [0, 1, 2])
def test_an_event_that_is_lost_is_a_gap_wherever_it_stood(lost: int) -> None:
    told = [one for number, one in enumerate(TOLD) if number != lost]
    assert len(list(storage.gaps_in(told, 0, 4, {"a", "b", "c"}))) == 1


def test_a_baseline_that_is_read_anew_may_begin_anywhere_but_must_end_at_the_last() -> None:
    assert list(storage.gaps_in(TOLD[1:], None, 4, {"b", "c"})) == []
    assert len(list(storage.gaps_in(TOLD[1:], None, 5, {"b", "c"}))) == 1


@pytest.mark.parametrize("delivery", ["b", None])
def test_an_event_whose_message_did_not_arrive_is_seen(delivery: str | None) -> None:
    assert list(storage.gaps_in([(0, 1, delivery)], 0, 1, {"a"})) == ["the message of 0 to 1 did not arrive"]


@pytest.mark.parametrize(
    ("record", "has_come"),
    [
        ("7 pread64(4, 0x0, 4, 0) = -1 EIO (Input/output error) (INJECTED)\n", True),
        ("7 +++ killed by SIGKILL +++\n", True),
        ("7 pread64(4, 0x0, 4, 0) = 4\n", False),
        ("", False),
    ],
)
def test_a_fault_that_strace_did_not_play_is_seen(tmp_path: Path, record: str, has_come: bool) -> None:
    (tmp_path / "strace").write_text(record, encoding="utf-8")
    assert faults.has_come(tmp_path / "strace") is has_come


def test_a_case_that_did_not_come_or_was_not_played_decides() -> None:
    cases = storage.CASES[:2]
    well = storage.Findings(played=["a fault", "another"], loud=[(1, "a fault"), (0, "another")])
    ill = storage.Findings(played=["a fault"], absent=["a fault"], loud=[(2, "a fault")])
    assert [figure.is_met for figure in storage._figures(cases, well)].count(False) == 0
    assert [figure.is_met for figure in storage._figures(cases, ill)].count(False) == 3


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("1 new open question in “A (2 open)” (1 open)", {2: 1}),
        ("1 new open question in “A” (1 open)", {1: 1}),
        ("2 new open questions in “A” (3 open)", {2: 1, 3: 1}),
        ("1 new open question in “A” (1 open)\n2 new open questions in “A” (2 open)", {1: 2, 2: 1}),
        ("Registration for “A” is closed", {}),
    ],
)
def test_a_digest_says_which_questions_stand_in_it(text: str, numbers: dict[int, int]) -> None:
    assert clocks.questions_in(text) == Counter(numbers)


def _utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]  # year to second


@pytest.mark.parametrize(
    ("after", "at", "due"),
    [
        (_utc(2027, 2, 3, 6, 59), "08:00", _utc(2027, 2, 3, 7)),
        (_utc(2027, 2, 3, 7, 0), "08:00", _utc(2027, 2, 4, 7)),
        (_utc(2027, 3, 28, 0, 59), "02:30", _utc(2027, 3, 28, 1)),
        (_utc(2027, 3, 28, 1, 1), "02:30", _utc(2027, 3, 29, 0, 30)),
        (_utc(2027, 10, 31, 0, 29), "02:30", _utc(2027, 10, 31, 0, 30)),
        (_utc(2027, 10, 31, 0, 31), "02:30", _utc(2027, 11, 1, 1, 30)),
    ],
)
def test_a_digest_is_due_once_a_day_by_the_clocks_of_berlin(after: datetime, at: str, due: datetime) -> None:
    assert clocks.digest_after(after, at) == due


def _process(folder: Path, memory_kb: int, descriptors: int) -> None:
    files = folder / "1" / "fd"
    files.mkdir(parents=True, exist_ok=True)
    for number in range(10):
        (files / str(number)).unlink(missing_ok=True)
    for number in range(descriptors):
        (files / str(number)).touch()
    (folder / "1" / "status").write_text(f"Name:\tx\nRssAnon:\t{memory_kb} kB\nThreads:\t3\n", encoding="ascii")


def test_of_memory_and_descriptors_the_least_is_seen_and_of_the_wal_the_most(tmp_path: Path) -> None:
    wal = tmp_path / "wal"
    gauge = Gauge(1, wal, tmp_path)
    for memory_kb, descriptors, size in ((4096, 7, 0), (2048, 9, 2**21), (8192, 5, 2**20)):
        _process(tmp_path, memory_kb, descriptors)
        wal.write_bytes(bytes(size))
        gauge.look()
    assert gauge.take() == Seen(memory_mb=2, most_mb=8, descriptors=5, wal_mb=2)
    assert gauge.take() == Seen(memory_mb=8, most_mb=8, descriptors=5, wal_mb=1), "what was seen before is forgotten"


def test_what_happens_between_two_questions_is_seen(tmp_path: Path) -> None:
    _process(tmp_path, 4096, 7)
    wal = tmp_path / "wal"
    with watched(Gauge(1, wal, tmp_path)) as gauge, Receiver() as receiver:
        wal.write_bytes(bytes(2**20))
        wait_until(receiver, lambda: gauge._seen is not None and gauge._seen.wal_mb == 1)
        wal.unlink()
        assert gauge.take().wal_mb == 1
        assert gauge.take().wal_mb == 0


def test_a_process_that_is_gone_is_no_measurement(tmp_path: Path) -> None:
    with pytest.raises(TrialError):
        Gauge(1, tmp_path / "wal", tmp_path).take()


def test_a_process_that_is_dead_and_not_buried_is_none_either(tmp_path: Path) -> None:
    _process(tmp_path, 4096, 7)
    (tmp_path / "1" / "status").write_text("Name:\tx\nState:\tZ (zombie)\n", encoding="ascii")
    with pytest.raises(TrialError):
        Gauge(1, tmp_path / "wal", tmp_path).take()


def test_a_slow_leak_shows_in_the_slope_of_the_least() -> None:
    assert day.slope_of([(hour, 50 + hour / 12) for hour in range(12)]) * 24 == pytest.approx(2)


def test_the_lines_of_any_half_minute_are_counted() -> None:
    said = [f"2026-11-24T12:00:{second:02}.000Z error state.failed" for second in (0, 31, 45)]
    assert most_at_once(said[:2]) == 1
    assert most_at_once(said) == 2
    assert most_at_once([said[0], "Traceback", "ValueError"]) == 3
    assert most_at_once([]) == 0
