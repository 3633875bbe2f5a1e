"""Watch: the product's own sources, pipeline and store around a world, under the world's clock."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from torture.truth.knowledge import Leads, Told
from torture.truth.mischief import SHORT
from torture.truth.telling import told_of
from torture.truth.world import Scene, World
from watcher.domain.event import EventType
from watcher.domain.secret import Secret
from watcher.lab import OnqApi, OsnApi
from watcher.pipeline.deadlines import Bell, fire_due
from watcher.pipeline.plan import Plan
from watcher.pipeline.poll import PollReport, poll_source
from watcher.pipeline.ports import Source
from watcher.sources.registry import SOURCES
from watcher.sources.settings import SourceSettings
from watcher.store.alarms import SqliteAlarms
from watcher.store.database import FILE_NAME, Database
from watcher.store.rows import EVENT_COLUMNS, event_of
from watcher.store.snapshots import SqliteSnapshots

News = Mapping[str, Mapping[str, list[Told]]]
"""what is told, by source and conversation"""

EVERY = timedelta(minutes=5)
_PATIENCE = timedelta(seconds=30)
_PAGE_BYTES = 2**20
_PAGES = 120


class Watch:
    """Polls and rings when it is told to, and says what that told, by conversation."""

    def __init__(self, world: World, directory: Path, leads: Leads) -> None:
        self._world, self._path, self._leads = world, directory / FILE_NAME, leads
        self._open = ExitStack()
        self._seen = 0
        self.begin()

    def begin(self) -> None:
        """Start, or start again as after a stop: nothing is remembered but what is stored."""
        self._open.close()
        self._open = ExitStack()
        self._database = Database(self._path)
        self._open.callback(self._database.close)
        self._sources = {
            (name, is_hasty): self._build(name, scene, SHORT if is_hasty else _PATIENCE)
            for name, scene in self._world.scenes.items()
            for is_hasty in (False, True)
        }

    def close(self) -> None:
        self._open.close()

    def poll(self, name: str, *, is_hasty: bool) -> tuple[PollReport, News]:
        """Poll one source, and say what is told, by source; `is_hasty`: do not wait long for an answer."""
        source = self._sources[name, is_hasty]
        report = poll_source(source, SqliteSnapshots(self._database), self._plan(name), self._database.digest)
        return report, self._news()

    def ring(self) -> News:
        """Tell what is due by now, by source."""
        plan = self._plan("")
        apis = {name: source.api for (name, _), source in self._sources.items()}
        fire_due(
            SqliteAlarms(self._database), Bell(apis=apis, route=plan.route, ruleset="", now=plan.now, hold=plan.hold)
        )
        return self._news()

    def _plan(self, identity: str) -> Plan:
        leads = {EventType(kind): tuple(abs(lead) for lead in spans) for kind, spans in self._leads.items()}
        return Plan(
            identity=identity, interval=EVERY, leads=leads, route=lambda _: (), ruleset="", now=self._clock, zone="UTC"
        )

    def _clock(self) -> datetime:
        return self._world.now

    def _build(self, name: str, scene: Scene, patience: timedelta) -> Source:
        written, kind = _options(scene), SOURCES[scene.api.name]
        settings = SourceSettings(
            timezone=self._world.zone,
            now=self._clock,
            monotonic=time.monotonic,
            request_timeout=patience,
            page_bytes=_PAGE_BYTES,
            page_limit=_PAGES,
        )
        source = kind.build(name, kind.options.model_validate(written), settings, self._digest())
        self._open.callback(source.close)
        return source

    def _digest(self) -> Callable[[bytes | memoryview], bytes]:
        return self._database.digest

    def _news(self) -> News:
        query = f"SELECT {EVENT_COLUMNS} WHERE e.seq > ? ORDER BY e.seq"
        found = self._database.connection().execute(query, (self._seen,)).fetchall()
        self._seen = found[-1]["seq"] if found else self._seen
        news: dict[str, dict[str, list[Told]]] = defaultdict(lambda: defaultdict(list))
        for event in map(event_of, found):
            news[event.source][event.subject].append(told_of(event))
        return news


def _options(scene: Scene) -> dict[str, Any]:
    api = scene.api
    if isinstance(api, OnqApi):
        auth = {"kind": "jwt", "key": api.key, "secret": _secret(api.secret), "issuer": api.issuer}
        auth |= {"subject": api.subject, "audience": api.audience}
        form = "csv" if scene.is_csv else "json"
        return {"url": api.url, "auth": auth, "page_size": scene.page_size, "paging": scene.paging, "format": form}
    return {
        "url": api.url,
        "auth": _form(api),
        "page_size": scene.page_size,
        "filter_names": api.dialect.spelling.value,
    }


def _form(api: OsnApi) -> dict[str, Any]:
    return {"kind": "form", "username": api.username, "password": _secret(api.password)}


def _secret(text: str) -> Secret:
    return Secret("the trial", lambda: text)
