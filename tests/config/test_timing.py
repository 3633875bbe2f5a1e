"""The timing of a rule: every way to write it, and each mistake with what would be right."""

import tomllib
from datetime import time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.config.written import ENVIRON
from watcher.config.document import read_document
from watcher.config.reading import Reading
from watcher.config.secrets import SecretShelf
from watcher.config.timing import TimingSettings, read_timing, write_timing
from watcher.domain.digest import Digest
from watcher.domain.quiet import QuietHours
from watcher.domain.throttle import Throttle
from watcher.domain.timing import Escalation, Grouping, Timing

BERLIN, TOKYO = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Tokyo")
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
WEEKEND = frozenset({5, 6})


def quiet(hours: str = "", days: frozenset[int] = frozenset(), **other: Any) -> QuietHours:
    start, end = (time.fromisoformat(part) for part in hours.split("-")) if hours else (None, None)
    return QuietHours(**{"start": start, "end": end, "days": days, "zone": BERLIN, **other})


def at(*times: str, zone: ZoneInfo = BERLIN) -> Digest:
    return Digest(span=None, at=tuple(map(time.fromisoformat, times)), zone=zone)


def step(after: timedelta, *channels: str) -> Escalation:
    return Escalation(after=after, channels=channels)


def timing_of(text: str) -> Timing:
    return TimingSettings.model_validate(tomllib.loads(text)).timing(BERLIN)


RIGHT: list[tuple[str, Timing]] = [
    ("", Timing()),  # nothing is written
    ("digest = '15m'", Timing(digest=Digest(span=15 * MINUTE, at=(), zone=BERLIN))),
    ("digest = { span = '15m' }", Timing(digest=Digest(span=15 * MINUTE, at=(), zone=BERLIN))),
    ("digest = { at = '08:00' }", Timing(digest=at("08:00"))),
    ("digest = { at = ['16:00', '8:00', '08:00'] }", Timing(digest=at("08:00", "16:00"))),  # in order, each once
    ("digest = { at = 08:00:00 }", Timing(digest=at("08:00"))),  # TOML's own time
    ("digest = { at = [08:00:00] }", Timing(digest=at("08:00"))),
    ("digest = { at = '08:00', timezone = 'Asia/Tokyo' }", Timing(digest=at("08:00", zone=TOKYO))),
    (
        "group_by = ['conversation', 'type', 'type']",
        Timing(group_by=(Grouping.CONVERSATION, Grouping.TYPE)),
    ),
    ("quiet = { hours = '22:00-08:00' }", Timing(quiet=quiet("22:00-08:00"))),
    (
        "quiet = { hours = '18:00 - 24:00' }",
        Timing(quiet=quiet("18:00-00:00")),
    ),  # 24:00 is the midnight that ends a day
    ("quiet = { hours = '24:00-6:00' }", Timing(quiet=quiet("00:00-06:00"))),
    ("quiet = { days = 'sat,sun' }", Timing(quiet=quiet(days=WEEKEND))),
    ("quiet = { days = ['Sat', ' sun'] }", Timing(quiet=quiet(days=WEEKEND))),
    ("quiet = { days = 'fri-mon' }", Timing(quiet=quiet(days=frozenset({4, 5, 6, 0})))),  # past the end of the week
    ("quiet = { days = 'mon-tue, sat' }", Timing(quiet=quiet(days=frozenset({0, 1, 5})))),
    (
        "quiet = { hours = '22:00-08:00', days = 'sat,sun', timezone = 'Asia/Tokyo', urgent = ['registration.cl*'] }",
        Timing(quiet=quiet("22:00-08:00", WEEKEND, zone=TOKYO, urgent=("registration.cl*",))),
    ),
    ("throttle = { most = 10, per = '1h' }", Timing(throttle=Throttle(most=10, span=HOUR))),
    ("throttle = '10 per 1h'", Timing(throttle=Throttle(most=10, span=HOUR))),
    ("throttle = '1 Per 1h30m'", Timing(throttle=Throttle(most=1, span=90 * MINUTE))),
    ("hold = '10m'", Timing(hold=10 * MINUTE)),
    ("stop = true", Timing(stop=True)),
    ("fallback = true", Timing(is_fallback=True)),
    ("repeat = '4h'", Timing(repeat=(4 * HOUR,))),
    ("repeat = ['4h', '1d']", Timing(repeat=(4 * HOUR, DAY))),
    ("escalate = [{ after = '24h', channels = ['leads'] }]", Timing(escalate=(step(DAY, "leads"),))),
    (
        "escalate = [{ after = '2d', channels = ['boss'] }, { after = '1h', channels = ['a', 'b'] }]",
        Timing(escalate=(step(HOUR, "a", "b"), step(2 * DAY, "boss"))),  # by their time
    ),
]

WRONG: list[tuple[str, str]] = [
    ("digest = 15", 'digest: is neither a duration nor a table; write it like "15m", { at = "08:00" } or'),
    ("digest = ['15m']", "digest: is neither a duration nor a table; write it like"),
    ("digest = '15 minutes'", "digest: '15 minutes' is not a duration; write it like 90s, 15m, 24h"),
    ("digest = '0s'", "digest: is out of bounds; write a duration from 1s to 31d"),
    ("digest = { span = '40d' }", "digest.span: is out of bounds; write a duration from 1s to 31d"),
    ("digest = {}", "digest: does not say when it closes; write it like"),
    ("digest = { timezone = 'UTC' }", "digest: does not say when it closes; write it like"),
    ("digest = { span = '1h', at = '08:00' }", "digest: has both span and at; leave one of them out"),
    ("digest = { att = '08:00' }", "digest.att: is not a known key; did you mean 'at'?"),
    ("digest = { at = '8' }", "digest.at: '8' is no time of day; write it like 08:00, from 00:00 to 23:59"),
    ("digest = { at = '24:00' }", "digest.at: '24:00' is no time of day; write it like 08:00, from 00:00 to 23:59"),
    ("digest = { at = ['08:00', '8 am'] }", "digest.at[2]: '8 am' is no time of day; write it like 08:00"),
    ("digest = { at = [8] }", 'digest.at[1]: is no time of day; write it in quotes, like "08:00"'),
    ("digest = { at = 8 }", "digest.at: is not a list; write it in brackets"),
    ("digest = { at = 08:00:30 }", "digest.at: 08:00:30 is not a whole minute; write it like 08:00"),
    ("digest = { at = [] }", "digest.at: is too short"),
    ("digest = { at = '08:00', timezone = 'Berlin' }", "digest.timezone: 'Berlin' is no time zone; there are: Europe/"),
    ("group_by = 'type'", "group_by: is not a list; write it in brackets"),
    ("group_by = ['kind']", "group_by[1]: is not one of the values there are; it should be 'conversation', 'source'"),
    ("quiet = '22:00-08:00'", "quiet: is not a table; write it in braces"),
    ("quiet = {}", 'quiet: does not say when; add hours = "22:00-08:00" or days = "sat,sun"'),
    ("quiet = { hour = '22:00-08:00' }", "quiet.hour: is not a known key; did you mean 'hours'?"),
    ("quiet = { hours = '22-8' }", "quiet.hours: '22-8' is no span of hours; write it like 22:00-08:00"),
    ("quiet = { hours = '22:00' }", "quiet.hours: '22:00' is no span of hours; write it like 22:00-08:00"),
    ("quiet = { hours = '22:00-25:00' }", "quiet.hours: '22:00-25:00' is no span of hours; write it like 22:00-08:00"),
    ("quiet = { hours = 22 }", 'quiet.hours: is no span of hours; write it in quotes, like "22:00-08:00"'),
    ("quiet = { hours = '08:00-08:00' }", "quiet.hours: '08:00-08:00' ends when it starts; write it like 22:00-08:00"),
    ("quiet = { hours = '00:00-24:00' }", "quiet.hours: '00:00-24:00' ends when it starts; write it like"),
    ("quiet = { days = 'sat,sunn' }", "quiet.days: 'sunn' is no weekday; did you mean 'sun'?"),
    ("quiet = { days = 'sat,' }", "quiet.days: '' is no weekday; write it like sat,sun or mon-fri"),
    ("quiet = { days = 'mon-wed-fri' }", "quiet.days: 'mon-wed-fri' is no range of weekdays; write it like sat,sun"),
    ("quiet = { days = 6 }", 'quiet.days: is no list of weekdays; write it in quotes, like "sat,sun"'),
    ("quiet = { days = [6] }", 'quiet.days: is no list of weekdays; write it in quotes, like "sat,sun"'),
    ("quiet = { days = 'mon-sun' }", "quiet.days: names every day of the week; leave one out"),
    ("quiet = { days = 'sat', timezone = 'Mars' }", "quiet.timezone: 'Mars' is no time zone"),
    (
        "quiet = { days = 'sat', urgent = ['*', 'registration.closin'] }",
        "quiet.urgent[2]: 'registration.closin' matches no type of event; did you mean 'registration.closing'",
    ),
    ("quiet = { days = 'sat', urgent = 'x' }", "quiet.urgent: is not a list; write it in brackets"),
    ("throttle = 10", 'throttle: says neither how many nor in which time; write it like "10 per 1h" or { most = 10'),
    ("throttle = '10/h'", 'throttle: says neither how many nor in which time; write it like "10 per 1h"'),
    ("throttle = '10 per hour'", "throttle: 'hour' is not a duration; write it like 90s, 15m, 24h"),
    ("throttle = '10 per 400d'", "throttle: is out of bounds; write a duration from 1s to 31d"),
    ("throttle = '0 per 1h'", "throttle: is out of bounds; write a number from 1 to 100000 before per"),
    ("throttle = '200000 per 1h'", "throttle: is out of bounds; write a number from 1 to 100000 before per"),
    ("throttle = { most = 0, per = '1h' }", "throttle.most: is out of bounds; write at least 1"),
    ("throttle = { most = 1.5, per = '1h' }", "throttle.most: is not a whole number"),
    ("throttle = { most = 10 }", "throttle.per: is missing; add it"),
    ("throttle = { most = 10, pr = '1h', per = '1h' }", "throttle.pr: is not a known key; did you mean 'per'?"),
    ("hold = 10", "hold: 10 has no unit; write it like 90s, 15m, 24h or 7d"),
    ("hold = '0s'", "hold: is out of bounds; write a duration from 1s to 31d"),
    ("stop = 'yes'", "stop: is neither true nor false"),
    ("fallback = 1", "fallback: is neither true nor false"),
    ("repeat = 4", 'repeat: is neither a duration nor a list of them; write it like "4h" or ["4h", "1d"]'),
    ("repeat = [4]", "repeat[1]: 4 has no unit; write it like 90s, 15m, 24h or 7d"),
    ("repeat = '30s'", "repeat[1]: is out of bounds; write a duration from 1m to 31d"),
    ("repeat = ['4h', '32d']", "repeat[2]: is out of bounds; write a duration from 1m to 31d"),
    ("repeat = []", "repeat: has 0 entries; write 1 to 10"),
    (f"repeat = {['1h'] * 11}", "repeat: has 11 entries; write 1 to 10"),
    ("escalate = '24h'", "escalate: is not a list; write it in brackets"),
    ("escalate = ['24h']", "escalate[1]: is not a table; write it in braces"),
    ("escalate = []", "escalate: has 0 entries; write 1 to 10"),
    ("escalate = [{ after = '24h' }]", "escalate[1].channels: is missing; add it"),
    ("escalate = [{ after = '24h', channels = [] }]", "escalate[1].channels: is too short"),
    (
        "escalate = [{ after = '0s', channels = ['a'] }]",
        "escalate[1].after: is out of bounds; write a duration from 1s",
    ),
    (
        "escalate = [{ after = '1h', channel = ['a'], channels = ['a'] }]",
        "escalate[1].channel: is not a known key; did you mean 'channels'?",
    ),
    (
        "escalate = [{ after = '1h', channels = ['a'] }, { after = '60m', channels = ['b'] }]",
        "escalate: has 1h twice; name all of its channels in one step",
    ),
    ("fall_back = true", "fall_back: is not a known key; did you mean 'fallback'?"),
]


@pytest.mark.parametrize("text, timing", RIGHT)
def test_a_timing_is_written_in_several_ways(text: str, timing: Timing) -> None:
    assert timing_of(text) == timing


@pytest.mark.parametrize("text, said", WRONG)
def test_a_mistake_in_a_timing_is_named_with_its_place_and_remedy(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "config.toml"
    path.write_text(f"[[rules]]\n{text}\n", encoding="utf-8")
    document = read_document(path)
    reading = Reading(document=document, secrets=SecretShelf(tmp_path, ENVIRON))
    reading.model(TimingSettings, ("rules", 0), document.table["rules"][0])
    (found,) = map(str, reading.errors)
    assert found.startswith(f"config.toml:2: rules[1].{said}")


@pytest.mark.parametrize("text, timing", RIGHT)
def test_a_timing_on_record_is_read_back(text: str, timing: Timing) -> None:
    assert read_timing(write_timing(timing)) == timing


def test_what_a_rule_does_not_say_is_not_on_record() -> None:
    assert write_timing(Timing()) == {}
    assert write_timing(timing_of("digest = '15m'\nstop = true")) == {
        "digest": {"span": "15m", "timezone": "Europe/Berlin"},
        "stop": True,
    }


spans = st.integers(60_000, 2_678_400_000).map(lambda ms: timedelta(milliseconds=ms))


steps = st.lists(st.builds(step, spans, st.just("leads")), max_size=3, unique_by=lambda one: one.after)


@given(hold=spans, most=st.integers(1, 100_000), per=spans, again=st.lists(spans, max_size=10), later=steps)
def test_whatever_its_spans_a_timing_on_record_is_read_back(
    hold: timedelta, most: int, per: timedelta, again: list[timedelta], later: list[Escalation]
) -> None:
    timing = Timing(
        hold=hold,
        throttle=Throttle(most=most, span=per),
        repeat=tuple(again),
        escalate=tuple(sorted(later, key=lambda one: one.after)),
    )
    assert read_timing(write_timing(timing)) == timing
