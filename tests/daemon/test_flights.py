from datetime import timedelta

import pytest

from tests.daemon.fakes_daemon import Clocks
from watcher.daemon.flights import AbandonedError, Flights

PATIENCE = timedelta(minutes=1)


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


@pytest.fixture
def flights(clocks: Clocks) -> Flights:
    return Flights(clocks.monotonic)


def test_a_flight_that_gives_signs_of_life_is_not_stalled(flights: Flights, clocks: Clocks) -> None:
    with flights.open("campus", PATIENCE) as flight:
        for _ in range(3):
            clocks.pass_by(PATIENCE)
            assert flights.stalled() == []
            flight.check()
        clocks.pass_by(2 * PATIENCE)
        assert flights.stalled() == ["campus"]
    assert flights.stalled() == []


def test_an_abandoned_flight_ends_at_its_next_step(flights: Flights) -> None:
    with flights.open("campus", PATIENCE) as campus, flights.open("staff", PATIENCE) as staff:
        flights.abandon("campus")
        staff.check()
        with pytest.raises(AbandonedError):
            campus.check()


def test_none_begins_after_the_close(flights: Flights) -> None:
    flights.close()
    with pytest.raises(AbandonedError), flights.open("campus", PATIENCE):
        pass


def test_a_step_that_waits_for_the_end_is_done_then_and_not_kept_without_a_flight(flights: Flights) -> None:
    done: list[str] = []
    with flights.open("campus", PATIENCE):
        assert flights.when_idle("campus", lambda: done.append("closed"))
        assert not flights.when_idle("staff", lambda: done.append("never"))
        assert done == []
    assert done == ["closed"]


def test_the_wait_is_over_when_nothing_is_under_way(flights: Flights) -> None:
    assert flights.wait(timedelta())
    with flights.open("campus", PATIENCE):
        assert not flights.wait(timedelta())
    assert flights.wait(timedelta())
