"""Run: one world from its beginning to its end, watched by the product and by the oracle."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from torture.truth.knowledge import Leads, Reader
from torture.truth.ledger import Ledger
from torture.truth.mischief import Mischief, play
from torture.truth.oracle import Oracle, Read
from torture.truth.watch import News, Watch
from torture.truth.world import Scene, World, is_single_page

LEADS: Leads = {
    "registration.closing": (timedelta(hours=2), timedelta(hours=1), timedelta(minutes=10)),
    "registration.opening": (timedelta(hours=1),),
    "conversation.ending": (timedelta(hours=1), timedelta(minutes=30)),
    "conversation.starting": (timedelta(minutes=30),),
    "questions.waiting": (-timedelta(minutes=45),),
}
_TICKS = 3
_TICK = timedelta(seconds=100)
_MEMORY = Path("/dev/shm")


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What came of some worlds."""

    ledger: Ledger = field(default_factory=Ledger)
    polls: Counter[str] = field(default_factory=Counter)
    mischief: Counter[str] = field(default_factory=Counter)
    restless: int = 0
    spoilt: list[str] = field(default_factory=list)

    def add(self, other: Outcome) -> None:
        self.ledger.add(other.ledger)
        self.polls.update(other.polls)
        self.mischief.update(other.mischief)
        self.restless += other.restless
        self.spoilt += other.spoilt


def run_world(seed: int, polls: int) -> Outcome:
    """Let one world go by, and return what was told of it and what should have been."""
    world, outcome = World(seed), Outcome()
    with TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None) as directory, world.lab:
        watch = Watch(world, Path(directory), LEADS)
        oracles = {
            name: Oracle(name=name, reader=Reader(meaning=scene.meaning, leads=LEADS), ledger=outcome.ledger)
            for name, scene in world.scenes.items()
        }
        try:
            for _ in range(polls):
                _one_interval(world, watch, oracles, outcome)
        finally:
            watch.close()
    outcome.ledger.notes[:] = [f"world {seed}: {note}" for note in outcome.ledger.notes]
    outcome.spoilt[:] = [f"world {seed}: {what}" for what in outcome.spoilt]
    return outcome


def _one_interval(world: World, watch: Watch, oracles: Mapping[str, Oracle], outcome: Outcome) -> None:
    for _ in range(_TICKS):
        world.pass_time(_TICK)
        _ring(world, watch, oracles)
    if world.chance.random() < 0.02:
        watch.begin()
    for name, scene in world.scenes.items():
        _poll(world, watch, name, scene, oracles, outcome)
        _ring(world, watch, oracles)


def _ring(world: World, watch: Watch, oracles: Mapping[str, Oracle]) -> None:
    told = watch.ring()
    for name, oracle in oracles.items():
        oracle.take_ring(world.now, told.get(name, {}))
    _deny_others(world, oracles, told, oracles.keys())


def _deny_others(world: World, oracles: Mapping[str, Oracle], told: News, asked: Collection[str]) -> None:
    """Compare what is told of a source that was not asked: there must be nothing, nor may there be such a source."""
    for name in sorted(told.keys() - set(asked)):
        oracle = oracles.get(name) or next(iter(oracles.values()))
        oracle.deny(world.now, {f"{name} {subject}": said for subject, said in told[name].items()})


def _poll(world: World, watch: Watch, name: str, scene: Scene, oracles: Mapping[str, Oracle], outcome: Outcome) -> None:
    oracle = oracles[name]
    mischief = play(scene, world.chance, is_first=not oracle.has_baseline) if world.chance.random() < 0.2 else None
    scene.api.requests.clear()
    scene.begin_read()
    report, told = watch.poll(name, is_hasty=mischief is not None and mischief.is_slow)
    scene.api.faults.clear()
    read = _read(world, scene, report.record.outcome.value, mischief)
    oracle.take_poll(read, told.get(name, {}))
    _deny_others(world, oracles, told, {name})
    outcome.polls[read.outcome] += 1
    outcome.restless += not scene.is_calm
    if mischief is not None:
        outcome.mischief[mischief.kind.value] += 1
    elif scene.is_calm and read.outcome != "complete":
        outcome.spoilt.append(f"{name} {world.now:%d %H:%M:%S}: {read.outcome}: {report.record.error}")


def _read(world: World, scene: Scene, outcome: str, mischief: Mischief | None) -> Read:
    is_blank = mischief is not None and mischief.is_blank and outcome == "complete"
    window = scene.window
    if is_blank and not scene.meaning.explains_absence:
        window = {identity: [None] for identity in window}
    return Read(
        now=world.now,
        outcome=outcome,
        window=window,
        is_calm=scene.is_calm,
        is_one_page=is_single_page(scene),
        is_answered=mischief is None or not mischief.hits_lookups,
        is_blank=is_blank,
    )
