"""The zone of this machine, by the name that a config takes."""

from __future__ import annotations

import os
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

LINK = Path("/etc/localtime")


def local_zone(link: Path = LINK) -> str:
    """Return the name of the machine's zone, `UTC` where it cannot be told."""
    target = str(link.resolve())
    for name in (os.environ.get("TZ", "").lstrip(":"), target.partition("zoneinfo/")[2]):
        if is_zone(name):
            return "UTC" if name == "Etc/UTC" else name
    return "UTC"


def is_zone(name: str) -> bool:
    """Return whether a name is one of the time zone database."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return bool(name)
