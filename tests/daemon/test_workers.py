import itertools
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from tests.daemon.fakes_daemon import CLAIM, NOW, WAIT_S, Clocks
from watcher.daemon.scheduler import Guard
from watcher.daemon.trouble import Trouble
from watcher.daemon.workers import PATIENCE, Workers
from watcher.domain.delivery import DeliveryState, Outcome
from watcher.pipeline.dispatch import Turn
from watcher.pipeline.outbox import Claim

HOUR = timedelta(hours=1)


class Outbox:
    """Counts the turns of each channel; `deliver` may be replaced."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.turns: list[str] = []
        self.given: list[tuple[Claim | None, bool]] = []
        """what was ahead at each turn, and whether the worker was to go on"""
        self.deliver: Callable[[str], Turn] = lambda _channel: Turn(next_at=NOW + HOUR)

    def take_turn(self, channel: str, ahead: Claim | None, goes_on: Callable[[], bool]) -> Turn:
        with self.changed:
            self.turns.append(channel)
            self.given.append((ahead, goes_on()))
            self.changed.notify_all()
        return self.deliver(channel)

    def wait_for(self, channel: str, turns: int) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: self.turns.count(channel) >= turns, WAIT_S)


@pytest.fixture
def outbox() -> Outbox:
    return Outbox()


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


@pytest.fixture
def workers(outbox: Outbox, clocks: Clocks) -> Iterator[Workers]:
    team = Workers(
        outbox.take_turn,
        lambda _channel, _turn: None,
        lambda _channel: timedelta(),
        Guard(Trouble(lambda: 0.0)),
        now=clocks.now,
        monotonic=clocks.monotonic,
    )
    yield team
    team.stop()
    assert team.join(clocks.monotonic() + WAIT_S) == []


def test_a_chronicle_that_fails_ends_no_worker(outbox: Outbox, clocks: Clocks) -> None:
    def fail(_channel: str, _turn: Turn) -> None:
        raise RuntimeError("the log is full")

    team = Workers(
        outbox.take_turn,
        fail,
        lambda _channel: timedelta(),
        Guard(Trouble(lambda: 0.0)),
        now=clocks.now,
        monotonic=clocks.monotonic,
    )
    outbox.deliver = lambda _channel: Turn(claim=CLAIM, next_at=NOW - HOUR)
    team.serve(["mail"])
    outbox.wait_for("mail", 3)
    team.stop()
    assert team.join(clocks.monotonic() + WAIT_S) == []


def test_each_channel_looks_at_the_outbox_at_once_and_when_it_is_woken(workers: Workers, outbox: Outbox) -> None:
    workers.serve(["mail", "chat"])
    for channel in ("mail", "chat"):
        outbox.wait_for(channel, 1)
    workers.wake(["mail"])
    outbox.wait_for("mail", 2)
    workers.wake()
    outbox.wait_for("mail", 3)
    outbox.wait_for("chat", 2)


def test_what_is_due_at_once_is_not_waited_for(workers: Workers, outbox: Outbox) -> None:
    left = iter([NOW, NOW - HOUR, NOW + HOUR])
    outbox.deliver = lambda _channel: Turn(next_at=next(left))
    workers.serve(["mail"])
    outbox.wait_for("mail", 3)


def test_what_a_turn_claimed_ahead_is_given_to_the_next(workers: Workers, outbox: Outbox) -> None:
    turns = iter([Turn(claim=CLAIM, ahead=CLAIM, next_at=NOW), Turn(claim=CLAIM, next_at=NOW + HOUR)])
    outbox.deliver = lambda _channel: next(turns)
    workers.serve(["mail"])
    outbox.wait_for("mail", 2)
    assert outbox.given == [(None, True), (CLAIM, True)]


def test_a_worker_that_stops_takes_a_last_turn_for_what_is_ahead(workers: Workers, outbox: Outbox) -> None:
    def send_and_be_stopped(_channel: str) -> Turn:
        workers.stop()
        return Turn(claim=CLAIM, ahead=CLAIM, next_at=NOW) if len(outbox.turns) == 1 else Turn()

    outbox.deliver = send_and_be_stopped
    workers.serve(["mail"])
    outbox.wait_for("mail", 2)
    assert outbox.given == [(None, True), (CLAIM, False)]


def test_a_turn_that_crashed_leaves_what_it_was_given_to_the_lease(workers: Workers, outbox: Outbox) -> None:
    def crash_once(_channel: str) -> Turn:
        if len(outbox.turns) == 1:
            return Turn(claim=CLAIM, ahead=CLAIM, next_at=NOW)
        if len(outbox.turns) == 2:
            raise ZeroDivisionError
        return Turn(next_at=NOW + HOUR)

    outbox.deliver = crash_once
    workers.serve(["mail"])
    outbox.wait_for("mail", 3)
    assert [ahead for ahead, _ in outbox.given] == [None, CLAIM, None]


def test_a_wake_up_during_a_turn_is_not_lost(workers: Workers, outbox: Outbox) -> None:
    inside, release = threading.Event(), threading.Event()

    def slow(_channel: str) -> Turn:
        inside.set()
        release.wait(WAIT_S)
        return Turn()

    outbox.deliver = slow
    workers.serve(["mail"])
    assert inside.wait(WAIT_S)
    workers.wake()
    release.set()
    outbox.wait_for("mail", 2)


def test_a_channel_that_hangs_holds_up_no_other_and_is_named(workers: Workers, outbox: Outbox, clocks: Clocks) -> None:
    release = threading.Event()

    def send(channel: str) -> Turn:
        if channel == "slow":
            release.wait(WAIT_S)
        return Turn(next_at=NOW)

    outbox.deliver = send
    workers.serve(["slow", "quick"])
    outbox.wait_for("slow", 1)
    outbox.wait_for("quick", 5)
    clocks.monotonic_s += PATIENCE.total_seconds() + 1
    assert "channel slow" in workers.stalled()
    release.set()


def test_an_unexpected_error_ends_no_worker(outbox: Outbox, clocks: Clocks, caplog: pytest.LogCaptureFixture) -> None:
    guard = Guard(Trouble(lambda: 0.0))

    def fail(_channel: str) -> Turn:
        raise ZeroDivisionError

    outbox.deliver = fail
    team = Workers(
        outbox.take_turn,
        lambda _channel, _turn: None,
        lambda _channel: timedelta(),
        guard,
        now=clocks.now,
        monotonic=clocks.monotonic,
    )
    team.serve(["mail"])
    outbox.wait_for("mail", 2)
    assert guard.errors >= 1
    assert team.stalled() == []
    assert "sending to mail" in caplog.text
    team.stop()
    assert team.join(clocks.monotonic() + WAIT_S) == []


def test_a_channel_that_is_gone_has_no_worker_and_the_others_keep_theirs(workers: Workers, outbox: Outbox) -> None:
    workers.serve(["mail", "chat"])
    outbox.wait_for("mail", 1)
    outbox.wait_for("chat", 1)
    workers.serve(["mail", "new"])
    outbox.wait_for("new", 1)
    assert outbox.turns.count("mail") == 1
    workers.wake(["chat"])
    workers.wake(["mail"])
    outbox.wait_for("mail", 2)
    assert outbox.turns.count("chat") <= 1


@pytest.mark.parametrize("state", [DeliveryState.FAILED, DeliveryState.DEAD])
def test_a_channel_that_fails_in_a_row_lets_the_others_go_first(
    outbox: Outbox, workers: Workers, monkeypatch: pytest.MonkeyPatch, state: DeliveryState
) -> None:
    monkeypatch.setattr("watcher.daemon.workers.TROUBLED_REST", HOUR)
    failed = Outcome(state=state, due_at=NOW, reason="refused")
    sent = Outcome(state=DeliveryState.DELIVERED, due_at=None, reason="")
    outbox.deliver = lambda channel: Turn(
        claim=CLAIM, outcome=failed if channel == "dead" else sent, next_at=NOW - HOUR
    )
    workers.serve(["dead", "mail"])
    outbox.wait_for("mail", 50)
    outbox.wait_for("dead", 3)
    outbox.wait_for("mail", 100)
    assert outbox.turns.count("dead") == 3  # and its rest ends when it is told to stop


def test_a_channel_that_fails_now_and_then_goes_on_at_once(
    outbox: Outbox, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("watcher.daemon.workers.TROUBLED_REST", HOUR)
    outcomes = itertools.cycle([DeliveryState.FAILED, DeliveryState.FAILED, DeliveryState.DELIVERED])
    outbox.deliver = lambda _: Turn(
        claim=CLAIM, outcome=Outcome(state=next(outcomes), due_at=None, reason=""), next_at=NOW - HOUR
    )
    workers.serve(["mail"])
    outbox.wait_for("mail", 50)
