"""The end of a lapse beside the health of its channel: whoever heard that it fails hears once that it works again."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.pipeline.fakes_outbox import ScriptedChannel
from tests.pipeline.station import Station
from watcher.domain.errors import ChannelError
from watcher.domain.event import EventType
from watcher.domain.lapse import LapseKind
from watcher.pipeline.dispatch import LEASE
from watcher.store.database import FILE_NAME, Database

REFUSAL = ChannelError("503", status=503)


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    """One whose worker for mail hung until that was told."""
    database = Database(tmp_path / FILE_NAME)
    station = Station(database)
    station.happen()
    station.deliver("chat")
    assert station.outbox.claim_due("mail", station.now, LEASE, "hangs") is not None
    assert [lapse.kind for lapse in station.look(looks=16).open] == [LapseKind.STUCK]
    yield station
    database.close()


def _try(station: Station) -> None:
    """Let the next attempt be made when it is due, and look."""
    due_at = station.outbox.next_due("mail")
    assert due_at is not None
    station.look(after=max(due_at - station.now, timedelta(seconds=1)))
    station.deliver("mail")
    station.look(after=timedelta(seconds=1))


def test_a_channel_that_moves_again_and_fails_has_not_recovered(station: Station) -> None:
    station.channels["mail"] = ScriptedChannel("mail", REFUSAL, REFUSAL, REFUSAL, None)
    for attempts in (1, 2):
        _try(station)
        assert station.told == ["begun stuck"], f"{attempts} attempts have failed: neither well nor failing"
    _try(station)
    assert station.told == ["begun stuck", "ended stuck"]
    assert station.events(EventType.CHANNEL_RECOVERED) == []
    _try(station)
    assert station.events(EventType.CHANNEL_RECOVERED) == [("mail", "ops")], "as its health says"


def test_a_channel_that_fails_for_good_has_not_recovered_though_nothing_waits(station: Station) -> None:
    station.channels["mail"] = ScriptedChannel("mail", ChannelError("401", status=401, is_permanent=True))
    station.deliver("mail")
    station.look()
    assert station.outbox.next_due("mail") is None
    assert station.told == ["begun stuck", "ended stuck"]
    assert station.events(EventType.CHANNEL_RECOVERED) == []


def test_a_channel_that_fails_for_a_moment_before_it_sends_recovers_once(station: Station) -> None:
    station.channels["mail"] = ScriptedChannel("mail", REFUSAL, None)
    _try(station)
    _try(station)
    assert station.told == ["begun stuck", "ended stuck"]
    assert station.events(EventType.CHANNEL_RECOVERED) == [("mail", "ops")]
