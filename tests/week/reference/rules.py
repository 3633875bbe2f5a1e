"""The rules as a reader of docs/rules.md takes them: plain values out of the TOML."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

MINUTES = {"s": 1 / 60, "m": 1, "h": 60, "d": 24 * 60, "w": 7 * 24 * 60}
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
OPERATOR = "operator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """When it is quiet: minutes of the day, days of the week (0 is Monday), by the clock of a zone."""

    start: int | None
    end: int | None
    days: frozenset[int]
    zone: str
    urgent: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One rule."""

    name: str
    events: Sequence[str]
    channels: Sequence[str]
    sources: Sequence[str] = ("*",)
    where: Mapping[str, Any] = field(default_factory=dict)
    stop: bool = False
    fallback: bool = False
    hold: timedelta | None = None
    digest_span: timedelta | None = None
    digest_at: Sequence[int] = ()
    digest_zone: str = ""
    group_by: Sequence[str] = ()
    throttle: tuple[int, timedelta] | None = None
    quiet: Quiet | None = None
    repeat: Sequence[timedelta] = ()
    escalate: Sequence[tuple[timedelta, Sequence[str]]] = ()

    @property
    def gathers(self) -> bool:
        return self.digest_span is not None or bool(self.digest_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rulebook:
    """A whole config, as far as it decides about messages."""

    plans: Sequence[Plan]
    storm: int
    backups: Mapping[str, str] = field(default_factory=dict)

    def plan(self, name: str) -> Plan:
        return next(plan for plan in self.plans if plan.name == name)


def read(config: str) -> Rulebook:
    """Return the rules of a config, the operator's own one last."""
    table = tomllib.loads(config)
    zone = table.get("timezone", "UTC")
    tagged = {name: channel.get("tags", []) for name, channel in table["channels"].items()}
    backups = {name: channel["backup"] for name, channel in table["channels"].items() if "backup" in channel}
    plans = [_plan(rule, zone, tagged) for rule in table.get("rules", [])]
    trouble = (
        "source.failing source.recovered source.suspect source.grown source.drift channel.failing channel.recovered"
    )
    plans.append(Plan(name=OPERATOR, events=trouble.split(), channels=table["operator"]))
    return Rulebook(plans=plans, storm=table.get("storm", 30), backups=backups)


def span(written: str) -> timedelta:
    """Read `90m`, `1h30m`."""
    parts = re.findall(r"(\d+(?:\.\d+)?)\s*([smhdw])", written)
    return timedelta(minutes=sum(float(number) * MINUTES[unit] for number, unit in parts))


def _plan(rule: Mapping[str, Any], zone: str, tagged: Mapping[str, Sequence[str]]) -> Plan:
    digest = rule.get("digest")
    at = digest.get("at", []) if isinstance(digest, dict) else []
    return Plan(
        name=rule["name"],
        events=rule["events"],
        channels=_all(rule["channels"], tagged),
        sources=rule.get("sources", ["*"]),
        where=rule.get("where", {}),
        stop=rule.get("stop", False),
        fallback=rule.get("fallback", False),
        hold=span(rule["hold"]) if "hold" in rule else None,
        digest_span=span(digest) if isinstance(digest, str) else None,
        digest_at=[_minute(each) for each in ([at] if isinstance(at, str) else at)],
        digest_zone=digest.get("timezone", zone) if isinstance(digest, dict) else zone,
        group_by=rule.get("group_by", []),
        throttle=_throttle(rule["throttle"]) if "throttle" in rule else None,
        quiet=_quiet(rule["quiet"], zone) if "quiet" in rule else None,
        repeat=_spans(rule.get("repeat", [])),
        escalate=sorted((span(step["after"]), _all(step["channels"], tagged)) for step in rule.get("escalate", [])),
    )


def _spans(written: str | Sequence[str]) -> list[timedelta]:
    return [span(each) for each in ([written] if isinstance(written, str) else written)]


def _all(channels: Sequence[str], tagged: Mapping[str, Sequence[str]]) -> list[str]:
    return [name for named in channels for name in _channels(named, tagged)]


def _channels(named: str, tagged: Mapping[str, Sequence[str]]) -> Sequence[str]:
    if not named.startswith("tag:"):
        return [named]
    return [name for name, tags in tagged.items() if named.removeprefix("tag:") in tags]


def _minute(written: str) -> int:
    hour, minute = written.split(":")
    return int(hour) * 60 + int(minute)


def _throttle(written: str) -> tuple[int, timedelta]:
    most, _, per = written.partition(" per ")
    return int(most), span(per)


def _quiet(written: Mapping[str, Any], zone: str) -> Quiet:
    start, _, end = written.get("hours", "").partition("-")
    return Quiet(
        start=_minute(start) if start else None,
        end=_minute(end) if end else None,
        days=frozenset(DAYS.index(day) for day in written.get("days", "").split(",") if day),
        zone=written.get("timezone", zone),
        urgent=written.get("urgent", []),
    )
