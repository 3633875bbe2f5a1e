"""Source settings: what every source is given from outside — its clocks, its zone and its caps."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSettings:
    """What a source gets beside its options.

    `timezone` is for dates that carry no zone. `request_timeout` is for a whole request, its body included.
    `page_bytes` counts decoded bytes. `tls` replaces the trusted authorities (None: the system's and certifi's).
    """

    timezone: tzinfo
    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    request_timeout: timedelta = timedelta(seconds=30)
    page_bytes: int = 16 * 2**20
    page_limit: int = 10_000
    user_agent: str = "watcher"
    proxy: str | None = None
    tls: ssl.SSLContext | None = None
