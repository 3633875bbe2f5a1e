"""Run: one world from its beginning to its end, watched by the product and by the oracle."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from math import inf
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
    """What came of some worlds.

    `restless`: reads under which the list moved. `faultless`: reads without a fault, by how often it moved under them
    and whether they were taken as complete. `spoilt`: those of them that were not, though nothing moved; `given_up`:
    though the list moved but once, as it did under `once` of them.
    `runs`: the incomplete ones in a row by now, of each source, and `longest_run` the most there were; a read under
    a fault that is incomplete neither adds to them nor ends them.
    """

    ledger: Ledger = field(default_factory=Ledger)
    polls: Counter[str] = field(default_factory=Counter)
    mischief: Counter[str] = field(default_factory=Counter)
    restless: int = 0
    faultless: Counter[tuple[int, bool]] = field(default_factory=Counter)
    spoilt: list[str] = field(default_factory=list)
    once: int = 0
    given_up: list[str] = field(default_factory=list)
    runs: Counter[str] = field(default_factory=Counter)
    longest_run: int = 0

    def add(self, other: Outcome) -> None:
        self.ledger.add(other.ledger)
        self.polls.update(other.polls)
        self.mischief.update(other.mischief)
        self.restless += other.restless
        self.faultless.update(other.faultless)
        self.spoilt += other.spoilt
        self.once += other.once
        self.given_up += other.given_up
        self.longest_run = max(self.longest_run, other.longest_run)

    def count(self, name: str, moves: int, *, is_complete: bool, is_faultless: bool) -> None:
        """Enter how one read of a source ended."""
        self.restless += moves > 0
        if is_faultless:
            self.faultless[moves, is_complete] += 1
            self.runs[name] += 1
        if is_complete:
            self.runs[name] = 0
        self.longest_run = max(self.longest_run, self.runs[name])

    def reads(self, fewest: int, most: float = inf) -> tuple[int, int]:
        """Return how many faultless reads were complete, of how many, under which the list moved so often."""
        fitting = {key: count for key, count in self.faultless.items() if fewest <= key[0] <= most}
        return sum(count for (_, is_complete), count in fitting.items() if is_complete), sum(fitting.values())


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
    for found in (outcome.spoilt, outcome.given_up):
        found[:] = [f"world {seed}: {what}" for what in found]
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
    is_complete = read.outcome == "complete"
    outcome.polls[read.outcome] += 1
    outcome.count(name, scene.moves, is_complete=is_complete, is_faultless=mischief is None)
    if mischief is not None:
        outcome.mischief[mischief.kind.value] += 1
        return
    found = [] if is_complete else [f"{name} {world.now:%d %H:%M:%S}: {read.outcome}: {report.record.error}"]
    if scene.is_calm:
        outcome.spoilt += found
    elif scene.moves == 1:
        outcome.once += 1
        outcome.given_up += found


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
