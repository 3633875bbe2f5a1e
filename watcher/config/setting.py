"""The kinds of setting that only the config itself has: zones, files, cron expressions, bounded spans."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import AfterValidator, BeforeValidator, InstanceOf, StringConstraints, ValidationInfo

from watcher.config.cron import Cron, parse_cron
from watcher.config.places import resolve
from watcher.domain.duration import parse_duration
from watcher.domain.nearness import near

FOLDER = "folder"
"""the key under which the loader puts the config's folder into pydantic's validation context"""


def bounded(low: str, high: str) -> AfterValidator:
    """Return the check that a duration lies between two bounds, both included."""
    bounds = parse_duration(low), parse_duration(high)

    def check(span: timedelta) -> timedelta:
        if not bounds[0] <= span <= bounds[1]:
            raise ValueError(f"is out of bounds; write a duration from {low} to {high}")
        return span

    return AfterValidator(check)


def _read_zone(written: Any) -> Any:
    if not isinstance(written, str):
        return written
    try:
        return ZoneInfo(written)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        hint = near(written, _near_zones(written)) or "write it like Europe/Berlin"
        raise ValueError(f"{written[:80]!r} is no time zone; {hint}") from None


def _near_zones(written: str) -> dict[str, str]:
    """Return the zones to hint at: a city alone finds its zone, too."""
    place = written.rpartition("/")[2].lower()
    zones = available_timezones()
    return {zone: zone for zone in zones if zone.lower().rpartition("/")[2] == place} or {
        zone: zone for zone in zones if zone.lower()[:3] == written.lower()[:3]
    }


def _read_cron(written: Any) -> Any:
    return parse_cron(written) if isinstance(written, str) else written


def _read_file(written: Any, info: ValidationInfo) -> Any:
    if not isinstance(written, str) or not info.context:
        return written
    path = resolve(info.context[FOLDER], written)
    try:
        with path.open("rb"):
            return path
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or "not a valid path"
        raise ValueError(f"{path} cannot be read ({said}); name a readable file") from None


Text = Annotated[str, StringConstraints(min_length=1, max_length=200)]
ZoneSetting = Annotated[InstanceOf[ZoneInfo], BeforeValidator(_read_zone)]
CronSetting = Annotated[InstanceOf[Cron], BeforeValidator(_read_cron)]
FileSetting = Annotated[InstanceOf[Path], BeforeValidator(_read_file)]
