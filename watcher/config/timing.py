"""The timing of a rule as it is written: digest, quiet hours, throttle, hold, and what follows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, timedelta, tzinfo
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, StrictBool, StrictInt, model_validator

from watcher.config.clock_setting import WEEKDAYS, DaysSetting, HoursSetting, TimesSetting, write_hours, write_time
from watcher.config.follow_up import Escalations, Repeats, escalations
from watcher.config.setting import Text, ZoneSetting, bounded
from watcher.domain.digest import Digest
from watcher.domain.duration import parse_duration, write_duration
from watcher.domain.event import EventType
from watcher.domain.nearness import near
from watcher.domain.quiet import QuietHours
from watcher.domain.sight import matching
from watcher.domain.throttle import Throttle
from watcher.domain.timing import Grouping, Timing
from watcher.pipeline.settings import DurationSetting, Options

GATHERED_FOR = ("1s", "31d")
MOST_LIMIT = 100_000
_DIGEST_EXAMPLE = 'write it like "15m", { at = "08:00" } or { at = ["08:00", "16:00"] }'
_THROTTLE_EXAMPLE = 'write it like "10 per 1h" or { most = 10, per = "1h" }'
_AS_WRITTEN: Mapping[int, tuple[str, ...]] = MappingProxyType({})
_RATE = re.compile(r"\s*(\d{1,9})\s*per\s+(\S.*)", re.IGNORECASE)


def _names_types(glob: str) -> str:
    known = tuple(kind.value for kind in EventType)
    if not matching([glob], known):
        raise ValueError(f"{glob!r} matches no type of event; {near(glob, known)}")
    return glob


TypeGlob = Annotated[Text, AfterValidator(_names_types)]
Span = Annotated[DurationSetting, bounded(*GATHERED_FOR)]


class DigestSettings(Options):
    """How long a rule's events are gathered: for a span from the first on, or up to the next of some local times."""

    span: Span | None = None
    at: Annotated[TimesSetting, Field(min_length=1, max_length=48)] | None = None
    timezone: ZoneSetting | None = None

    @model_validator(mode="after")
    def _closes_one_way(self) -> DigestSettings:
        if self.span is None and self.at is None:
            raise ValueError(f"does not say when it closes; {_DIGEST_EXAMPLE}")
        if self.span is not None and self.at is not None:
            raise ValueError("has both span and at; leave one of them out")
        return self

    def digest(self, zone: tzinfo) -> Digest:
        """Return the domain's value; `zone` where none is written."""
        return Digest(span=self.span, at=tuple(sorted(set(self.at or ()))), zone=self.timezone or zone)


class QuietSettings(Options):
    """When a rule's readers want to hear of nothing but what is urgent; `urgent` are globs of event types."""

    hours: HoursSetting | None = None
    days: DaysSetting = frozenset()
    timezone: ZoneSetting | None = None
    urgent: tuple[TypeGlob, ...] = ()

    @model_validator(mode="after")
    def _says_when(self) -> QuietSettings:
        if self.hours is None and not self.days:
            raise ValueError('does not say when; add hours = "22:00-08:00" or days = "sat,sun"')
        return self

    def quiet(self, zone: tzinfo) -> QuietHours:
        """Return the domain's value; `zone` where none is written."""
        start, end = self.hours or (None, None)
        return QuietHours(start=start, end=end, days=self.days, zone=self.timezone or zone, urgent=self.urgent)


class ThrottleSettings(Options):
    """How many of a rule's messages a channel is sent in a span at most."""

    most: Annotated[StrictInt, Field(ge=1, le=MOST_LIMIT)]
    per: Span


def _read_digest(written: Any) -> Any:
    if isinstance(written, dict | DigestSettings):
        return written
    if not isinstance(written, str):
        raise ValueError(f"is neither a duration nor a table; {_DIGEST_EXAMPLE}")  # noqa: TRY004  # pydantic's way
    return DigestSettings(span=_check_span(parse_duration(written)))


def _read_throttle(written: Any) -> Any:
    if isinstance(written, dict | ThrottleSettings):
        return written
    rate = _RATE.fullmatch(written) if isinstance(written, str) else None
    if rate is None:
        raise ValueError(f"says neither how many nor in which time; {_THROTTLE_EXAMPLE}")
    if not 1 <= int(rate[1]) <= MOST_LIMIT:
        raise ValueError(f"is out of bounds; write a number from 1 to {MOST_LIMIT} before per")
    return ThrottleSettings(most=int(rate[1]), per=_check_span(parse_duration(rate[2])))


def _check_span(span: timedelta) -> timedelta:
    low, high = map(parse_duration, GATHERED_FOR)
    if not low <= span <= high:
        raise ValueError(f"is out of bounds; write a duration from {GATHERED_FOR[0]} to {GATHERED_FOR[1]}")
    return span


class TimingSettings(Options):
    """What a rule says about time; see domain.timing for what it means."""

    digest: Annotated[DigestSettings, BeforeValidator(_read_digest)] | None = None
    group_by: tuple[Grouping, ...] = ()
    quiet: QuietSettings | None = None
    throttle: Annotated[ThrottleSettings, BeforeValidator(_read_throttle)] | None = None
    hold: Span | None = None
    stop: StrictBool = False
    fallback: StrictBool = False
    repeat: Repeats | None = None
    escalate: Escalations | None = None

    def timing(self, zone: tzinfo, escalation_channels: Mapping[int, tuple[str, ...]] = _AS_WRITTEN) -> Timing:
        """Return the domain's value; `zone` is the reader's, where none is written.

        `escalation_channels`: by the place of each step of `escalate`, whom it means; those it names, if left out.
        """
        return Timing(
            digest=self.digest.digest(zone) if self.digest else None,
            group_by=tuple(dict.fromkeys(self.group_by)),
            quiet=self.quiet.quiet(zone) if self.quiet else None,
            throttle=Throttle(most=self.throttle.most, span=self.throttle.per) if self.throttle else None,
            hold=self.hold,
            stop=self.stop,
            is_fallback=self.fallback,
            repeat=self.repeat or (),
            escalate=escalations(self.escalate or (), escalation_channels),
        )


def write_timing(timing: Timing) -> dict[str, Any]:
    """Return a timing as the keys of a rule, with its zones, for the record; what is the default is left out."""
    written = {
        "digest": _write_digest(timing.digest) if timing.digest else None,
        "group_by": [by.value for by in timing.group_by],
        "quiet": _write_quiet(timing.quiet) if timing.quiet else None,
        "throttle": {"most": timing.throttle.most, "per": _write(timing.throttle.span)} if timing.throttle else None,
        "hold": _write(timing.hold) if timing.hold else None,
        "stop": timing.stop,
        "fallback": timing.is_fallback,
        "repeat": [_write(span) for span in timing.repeat],
        "escalate": [{"after": _write(step.after), "channels": list(step.channels)} for step in timing.escalate],
    }
    return {key: value for key, value in written.items() if value}


def read_timing(written: Mapping[str, Any]) -> Timing:
    """Return the timing that `write_timing` wrote."""
    return TimingSettings.model_validate(written).timing(UTC)


def _write_digest(digest: Digest) -> dict[str, Any]:
    when = {"span": _write(digest.span)} if digest.span else {"at": [write_time(at) for at in digest.at]}
    return {**when, "timezone": str(digest.zone)}


def _write_quiet(quiet: QuietHours) -> dict[str, Any]:
    written = {
        "hours": write_hours((quiet.start, quiet.end)) if quiet.start is not None and quiet.end is not None else None,
        "days": [WEEKDAYS[day] for day in sorted(quiet.days)],
        "urgent": list(quiet.urgent),
    }
    return {**{key: value for key, value in written.items() if value}, "timezone": str(quiet.zone)}


def _write(span: timedelta) -> str:
    return write_duration(span) if not span.microseconds else f"{span.total_seconds()}s"
