"""Another list under the same name: what is stored stays until the other one was read, and then makes room."""

from collections.abc import Sequence
from datetime import UTC, timedelta, tzinfo
from zoneinfo import ZoneInfo

from tests.pipeline.fakes_source import Script, ScriptedSource, pages, row
from tests.pipeline.stage import START, Stage, types
from watcher.domain.conversation import Reading
from watcher.domain.errors import SourceError
from watcher.domain.event import EventType
from watcher.domain.plain import Values
from watcher.sources._tolerant import TolerantReader

DOWN: Script = [SourceError("no such host")]
CLOSES = (START + timedelta(hours=30)).isoformat()
LEADS = {EventType.REGISTRATION_CLOSING: (timedelta(hours=24),)}
LIST = pages([row("1", close_on=CLOSES), row("2")])
OTHER = "another address"


def learnt(stage: Stage) -> ScriptedSource:
    source = ScriptedSource([LIST])
    stage.poll(source, leads=LEADS)
    return source


def test_a_mistyped_address_costs_nothing_that_is_known(stage: Stage) -> None:
    source = learnt(stage)
    before = stage.rows()
    source.scripts = [DOWN]
    assert stage.poll(source, identity=OTHER, leads=LEADS) == []
    assert stage.rows() == before
    source.scripts = [LIST]
    assert stage.poll(source, leads=LEADS) == []


def test_a_broken_off_read_of_another_list_changes_nothing(stage: Stage) -> None:
    source = learnt(stage)
    before = stage.rows()
    source.scripts = [[*pages([row("1", status="ended")]), SourceError("503")]]
    assert stage.poll(source, identity=OTHER, leads=LEADS) == []
    assert stage.rows() == before


def test_deadlines_fire_while_another_list_cannot_be_read(stage: Stage) -> None:
    source = learnt(stage)
    source.scripts = [DOWN]
    stage.poll(source, identity=OTHER, leads=LEADS)
    assert types(stage.ring(timedelta(hours=7))) == ["registration.closing"]


def test_a_source_whose_other_list_cannot_be_read_is_failing(stage: Stage) -> None:
    source = learnt(stage)
    source.scripts = [DOWN]
    told = [types(stage.poll(source, identity=OTHER, leads=LEADS)) for _ in range(3)]
    assert told == [[], [], ["source.failing"]]
    source.scripts = [pages([row("7")])]
    assert types(stage.poll(source, identity=OTHER, leads=LEADS)) == ["source.recovered", "source.baseline"]


def test_the_first_complete_read_of_another_list_is_a_silent_baseline(stage: Stage) -> None:
    source = learnt(stage)
    source.scripts = [pages([row("2", status="ended"), row("3")])]
    assert types(stage.poll(source, identity=OTHER, leads=LEADS)) == ["source.baseline"]
    assert sorted(stage.rows()) == ["2", "3"]
    assert not stage.deadlines("1")
    assert stage.poll(source, identity=OTHER, leads=LEADS) == []


def test_a_baseline_is_silent_about_drift_and_the_next_poll_is_not(stage: Stage) -> None:
    source = ScriptedSource([pages([row("1", status="paused")])])
    told = [types(stage.poll(source)) for _ in range(3)]
    assert told == [["source.baseline"], ["source.drift"], []]


class Zoned(ScriptedSource):
    """Reads dates without a zone in one of its own."""

    zone: tzinfo = UTC

    def interpret(self, body: bytes) -> Reading:
        return TolerantReader(self.api, self.zone, {}).read(body)

    def interpret_plain(self, bodies: Sequence[bytes]) -> Sequence[Values | None]:
        return TolerantReader(self.api, self.zone, {}).read_plain(bodies)


def test_instants_that_move_with_the_configured_zone_are_no_news(stage: Stage) -> None:
    naive = (START + timedelta(hours=30)).strftime("%Y-%m-%d %H:%M:%S")
    source = Zoned([pages([row("1", close_on=naive), row("2")])])
    stage.poll(source, leads=LEADS, zone="UTC")
    source.zone = ZoneInfo("America/New_York")
    source.scripts = [pages([row("1", close_on=naive), row("2", status="ended")])]
    assert types(stage.poll(source, leads=LEADS, zone="America/New_York")) == ["conversation.ended"]
    assert stage.conversation("1").fields["close_on"] == "2026-11-24T19:00:00Z"
    assert stage.ring(timedelta(hours=6)) == []
    assert types(stage.ring(timedelta(hours=5))) == ["registration.closing"]
    assert stage.poll(source, leads=LEADS, zone="America/New_York") == []
