"""World: both simulated APIs in some dialect, in which anything happens that can, and what was so at each moment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

from torture.truth.dialects import onq_dialect, osn_dialect, retell
from torture.truth.meaning import ONQ, OSN, Meaning, Values
from watcher.lab import Kind, Lab, OnqApi, OsnApi, Row
from watcher.lab.osn_acts import OSN_ACTS
from watcher.lab.world import iso, onq_plausible, osn_plausible

START = datetime(2026, 3, 28, 20, 0, tzinfo=UTC)
"""the clock in Berlin is set forward in the first night"""

_SOON = (-3, 4, 11, 31, 58, 62, 118, 127, 300)
_SPANS = tuple(timedelta(minutes=minutes) for minutes in _SOON)
_DATES = ("close_on", "start_register_on", "start_on", "end_on")
_STRANGE = (("open_questions_count", "many"), ("close_on", "soon"), ("status", "paused"), ("max_count", "lots"))


@dataclass(slots=True, kw_only=True)
class Scene:
    """One of the two APIs: how its rows are to be read, and what was so while it was read last.

    `moves`: how often something moved under that read.
    """

    api: OnqApi | OsnApi
    meaning: Meaning
    page_size: int
    is_csv: bool = False
    paging: str = "auto"
    window: dict[str, list[Values | None]] = field(default_factory=dict)
    moves: int = 0
    last_page: int = 0
    _read: dict[str, tuple[Row, Values]] = field(default_factory=dict)

    @property
    def is_calm(self) -> bool:
        """Whether nothing moved while it was read last."""
        return self.moves == 0

    def said(self) -> dict[str, Values]:
        """Return what every row says that can be had now."""
        dates = getattr(self.api.dialect, "dates", None) == "date_only"
        unread = bool(getattr(self.api.dialect, "unread_unknown", False))
        for row in self.api.rows:
            identity = str(row["id"])
            if identity not in self._read or self._read[identity][0] != row:
                self._read[identity] = row, self.meaning.read(row, dates_only=dates, unread_unknown=unread)
        return {identity: self._read[identity][1] for identity in self.api.rows.ids()}

    def begin_read(self) -> None:
        """Look at everything before it is read."""
        self.window = {identity: [values] for identity, values in self.said().items()}
        self.moves, self.last_page = 0, 0

    def note(self) -> bool:
        """Look again while it is read; return whether a row has changed, come or gone."""
        has_moved = False
        for identity, values in self.said().items():
            versions = self.window.setdefault(identity, [None])
            if versions[-1] != values:
                versions.append(values)
                has_moved = True
        for identity, versions in self.window.items():
            if versions[-1] is not None and identity not in self.api.rows:
                versions.append(None)
                has_moved = True
        return has_moved


class World:
    """A lab under a clock of its own; everything in it follows from the seed."""

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)
        self.now = START + timedelta(minutes=self.chance.randrange(0, 60 * 24))
        self.conversations = self.chance.choice((2, 5, 9, 14, 20, 30))
        self.lab = Lab(seed=seed, conversations=self.conversations, story=False, clock=lambda: self.now)
        self.zone = UTC
        self.restlessness = self.chance.choice((0.0, 0.0, 0.1, 0.4))
        self._gone: dict[str, list[Row]] = {"onq": [], "osn": []}
        self._newest = 5_000_000
        self.lab.onq.dialect, self.lab.osn.dialect = onq_dialect(self.chance), osn_dialect(self.chance)
        self.scenes = {"campus": self._onq_scene(), "staff": self._osn_scene()}

    def pass_time(self, span: timedelta) -> None:
        """Let a while pass in which this and that happens."""
        self.now += span
        if self.chance.random() < 0.25:
            self.lab.story.step()
        for scene in self.scenes.values():
            if self.chance.random() < 0.3:
                self.act(scene)
        if self.chance.random() < 0.01:
            retell(self.lab, self.chance)

    def act(self, scene: Scene) -> None:
        """Do one thing to one of the APIs."""
        acts: list[Callable[[Scene], None]] = [self._arrive, self._depart, self._come_back, self._move, self._swap]
        acts += [self._change] * 12 if scene.meaning is ONQ else [self._osn_change] * 6
        acts += [self._flood] if not self.restlessness and self.chance.random() < 0.05 else []
        with scene.api.rows.lock:
            self.chance.choice(acts)(scene)

    def disturb(self, scene: Scene, page: int) -> None:
        """Before a page is answered: perhaps the list shifts under the reader."""
        scene.last_page = max(scene.last_page, page)
        if page and self.chance.random() < self.restlessness:
            order = scene.api.rows.ids()
            self.act(scene)
            has_moved = scene.note()
            scene.moves += has_moved or scene.api.rows.ids() != order

    def _onq_scene(self) -> Scene:
        api, chance = self.lab.onq, self.chance
        is_paged = api.dialect.paging != "ignored"
        size = self.conversations // chance.randint(1, 4) + chance.randint(1, 3) if is_paged else 1000
        paging = chance.choice(("auto", "auto", str(api.dialect.paging))) if is_paged else "auto"
        is_csv = chance.random() < 0.3
        scene = Scene(api=api, meaning=ONQ, page_size=max(size, 2), is_csv=is_csv, paging=paging)
        api.before_page = lambda page: self.disturb(scene, page)
        return scene

    def _osn_scene(self) -> Scene:
        api = self.lab.osn
        size = self.conversations // self.chance.randint(1, 4) + self.chance.randint(1, 3)
        scene = Scene(api=api, meaning=OSN, page_size=max(size, 3))
        api.before_page = lambda page: self.disturb(scene, page)
        return scene

    def _some(self, scene: Scene) -> Row | None:
        ids = scene.api.rows.ids()
        return scene.api.rows.get(self.chance.choice(ids)) if ids else None

    def _arrive(self, scene: Scene) -> None:
        rows = scene.api.rows
        if len(rows) < self.conversations * 2 + 5:
            self._newest += 1
            make = onq_plausible if scene.meaning is ONQ else osn_plausible
            rows.insert(self.chance.randint(0, len(rows)), make(self._newest, self.chance, self.now))

    def _depart(self, scene: Scene) -> None:
        row = self._some(scene)
        if row is not None and len(scene.api.rows) > 1:
            self._gone[scene.api.name].append(scene.api.rows.remove(row["id"]))

    def _come_back(self, scene: Scene) -> None:
        gone = self._gone[scene.api.name]
        if gone:
            scene.api.rows.insert(self.chance.randint(0, len(scene.api.rows)), gone.pop(0))

    def _move(self, scene: Scene) -> None:
        row = self._some(scene)
        if row is not None:
            scene.api.rows.move(row["id"], self.chance.randrange(len(scene.api.rows)))

    def _swap(self, scene: Scene) -> None:
        """One leaves and another comes in the same moment, so that no total shows it."""
        self._depart(scene)
        self._arrive(scene)

    def _flood(self, scene: Scene) -> None:
        """More comes at once than is told one by one, or more leaves than is believed."""
        if self.chance.random() < 0.5:
            self.conversations += 20
            for _ in range(45):
                self._arrive(scene)
        else:
            for _ in range(30 if len(scene.api.rows) > 35 else 0):
                self._depart(scene)

    def _change(self, scene: Scene) -> None:
        row = self._some(scene)
        if row is not None:
            scene.api.rows.update(row["id"], **self._onq_change())

    def _onq_change(self) -> Row:
        chance = self.chance
        at = iso(self.now + chance.choice(_SPANS)) if chance.random() < 0.9 else None
        changes: list[Row] = [
            {chance.choice(_DATES): at},
            {chance.choice(_DATES): at},
            {"open_questions_count": chance.choice((0, 0, 1, 3, 9))},
            {"to_facilitator_count": chance.choice((0, 0, 1, 3, 9))},
            {"status": chance.choice(("open", "started", "ended"))},
            {"register_status": chance.choice(("available", "open", "closed"))},
            {"registered_user_count": chance.choice((0, 11, 12, 13)), "max_user_count": chance.choice((0, 12, 12, 20))},
            {"max_count": chance.choice((0, 13, 40)), "registered_facilitator_count": chance.choice((0, 1, 2))},
            {"name": f"Course {chance.randrange(99)}", "visible": chance.random() < 0.5},
            {"status": "started", "register_status": "closed", "open_questions_count": 2, "close_on": at},
        ]
        if chance.random() < 0.1:
            changes = [dict([chance.choice(_STRANGE)])]
        return chance.choice(changes)

    def _osn_change(self, scene: Scene) -> None:
        row = self._some(scene)
        if row is None:
            return
        fitting = [act for act in OSN_ACTS if act.fits(row, self.now)]
        done = self.chance.choice(fitting).play(row, self.chance, self.now)
        scene.api.rows.update(row["id"], **done.fields)


def is_single_page(scene: Scene) -> bool:
    """Whether nobody asked for a second page: then nothing could be skipped between two."""
    listed = scene.api.requests.all(Kind.LISTING)
    return scene.last_page == 0 and all(not served.page for served in listed)
