"""Power: what is on the disk when the power is cut, while the daemon is at work."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

from torture.daemon import DaemonProcess, audience, daemon_process, sources, wait_until
from torture.machine import require_debian, require_root, run
from torture.scene import Scene, copied, inspect, scene, scratch
from torture.trial import Form, Trial, TrialError, command_of, exactly, none_of, reported
from torture.witness import SOURCES
from watcher.domain.errors import StateError
from watcher.lab import Receiver
from watcher.store.database import FILE_NAME, open_read_only

_CUTS, _QUICK_CUTS = 300, 20
_RESTART_EVERY, _QUICK_RESTART_EVERY = 30, 10
_RESTARTS, _QUICK_RESTARTS = _CUTS // _RESTART_EVERY, _QUICK_CUTS // _QUICK_RESTART_EVERY
_LATEST_S = 0.25
"""from one cut to the next, at most: some ten commits"""
_DISK, _PLATTER = "96M", "6G"
_SPEED = 600.0
_DELIVERED = re.compile(r"delivery\.delivered .*?delivery=(\w+)")
_POLLED = re.compile(r"poll\.done ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A picture of the disk, and what had been acknowledged before it was taken."""

    image: Path
    arrived: Collection[str]
    settled: Collection[str]
    polls: int


@dataclass(slots=True)
class Harm:
    """What was lost or broken. `started`: pictures that a daemon was started on."""

    damages: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    unfit: list[str] = field(default_factory=list)
    started: int = 0


def try_power(form: Form) -> Trial:
    """The power is cut."""
    require_root()
    require_debian("mkfs.xfs", package="xfsprogs")
    require_debian("mkfs.ext4", package="e2fsprogs")
    harm, every = Harm(), form.pick(full=_RESTART_EVERY, quick=_QUICK_RESTART_EVERY)
    with _platter() as platter, _disk(platter) as disk, scene(state=disk / "state", speed=_SPEED) as stage:
        stage.begin()
        stage.lab.story.run()
        cuts = list(_cuts(stage, platter, form))
        stage.lab.story.stop()
        stage.daemon.kill()
        for number, cut in enumerate(cuts):
            with _mounted(cut.image, platter / "seen") as seen:
                _judge(stage, seen / "state", cut, harm, f"cut {number}", is_started=number % every == 0)
            cut.image.unlink()
    return Trial(
        key="R3",
        title="The power is cut",
        about="The state lies on an ext4 disk whose image is copied in one instant (a reflink of XFS) while the daemon"
        " polls and sends; each copy is what the disk held at that moment. It is mounted, its journal replayed, and"
        " checked: every message that had arrived, every delivery and every poll that the daemon had called done must"
        " be in it: each is looked for in every later copy. On some of them, before anything else opens the database,"
        " the daemon is started anew: it must read both sources, send all that is owed, and then tell of one more"
        " question.",
        command=command_of("R3"),
        figures=[
            exactly("power cuts", len(cuts), form.pick(full=_CUTS, quick=_QUICK_CUTS)),
            none_of("databases damaged", harm.damages, of=len(cuts)),
            none_of("acknowledged commits missed", harm.lost, of=sum(_acknowledged(cut) for cut in cuts)),
            reported("… of which there were in the end", f"{max(map(_acknowledged, cuts)):,}"),
            exactly("daemons started anew", harm.started, form.pick(full=_RESTARTS, quick=_QUICK_RESTARTS)),
            none_of("daemons that did not go on", harm.unfit, of=harm.started),
        ],
        notes=[
            "A disk that loses what it said it had written is not played; no program can promise anything on one.",
            "Nor is one that loses what it was not yet asked to keep: a copy has all that was written to the image.",
        ],
    )


def _judge(stage: Scene, state: Path, cut: Cut, harm: Harm, name: str, *, is_started: bool) -> None:
    """Look at a picture. The daemon is started before anybody else opens it: what is left of a WAL is its to mend."""
    found = [inspect(state)]
    if is_started:
        harm.started += 1
        harm.unfit += [f"{name}: {one}" for one in _restarted(stage, state)]
        found.append(inspect(state))
    harm.damages += [f"{name}: {one}" for one in found if one]
    harm.lost += [f"{name}: {one}" for one in _lost(state / FILE_NAME, cut)]


def _cuts(stage: Scene, platter: Path, form: Form) -> Iterator[Cut]:
    """Take picture after picture; what is acknowledged is noted before each."""
    chance, rest = form.chance("power"), Event()
    for number in range(form.pick(full=_CUTS, quick=_QUICK_CUTS)):
        rest.wait(chance.uniform(0.0, _LATEST_S))
        said = stage.daemon.log()
        said = said[: said.rfind("\n") + 1]
        arrived, image = set(stage.keys()), platter / f"cut-{number}.img"
        run(["cp", "--reflink=always", str(platter / "disk.img"), str(image)])
        settled = set(_DELIVERED.findall(said))
        yield Cut(image=image, arrived=arrived, settled=settled, polls=len(_POLLED.findall(said)))


def _lost(database: Path, cut: Cut) -> Iterator[str]:
    """Yield what was acknowledged and is not there."""
    try:
        with open_read_only(database) as connection:
            states = dict(connection.execute("SELECT id, state FROM deliveries").fetchall())
            polls = connection.execute("SELECT COUNT(*) FROM polls").fetchone()[0]
    except StateError as error:
        yield f"everything: {error}"
        return
    yield from (f"message {key} had arrived" for key in cut.arrived if key not in states)
    yield from (f"delivery {key} was done" for key in cut.settled if states.get(key) != "delivered")
    if polls < cut.polls:
        yield f"{cut.polls - polls} polls were done"


def _restarted(stage: Scene, state: Path) -> Iterator[str]:
    """Start a daemon on a picture that nothing has mended, and yield what is wrong with that.

    Once it has learnt what happened since the picture was taken, a question is asked.
    """
    before = _polls_of_copy(state)
    with scratch() as folder, Receiver() as receiver, daemon_process(folder, state=state) as daemon:
        daemon.configure(sources(stage.lab) + audience(json=receiver))
        daemon.start()
        try:
            wait_until(receiver, lambda: not list(_amiss(daemon, before)))
            known = {key for key, _ in daemon.rows(_QUESTIONS)}
            asked = stage.ask()
            wait_until(receiver, lambda: _has_come(daemon, receiver, asked, known))
        except TimeoutError:
            wrong = [*_amiss(daemon, before), "or the new question has not arrived"]
            yield f"{'; '.join(wrong)}: {daemon.log()[-300:]}"
        if daemon.unexpected():
            yield daemon.log()[-500:]
        daemon.stop()


def _amiss(daemon: DaemonProcess, before: Mapping[str, int]) -> Iterator[str]:
    """Yield what a daemon has still to do that was started on a picture."""
    waiting, polls = daemon.rows(_UNDELIVERED)[0][0], dict(daemon.rows(_POLLS))
    if waiting:
        yield f"{waiting} messages still wait"
    yield from (f"{name} was not polled" for name in SOURCES.values() if polls.get(name, 0) <= before.get(name, 0))


def _has_come(daemon: DaemonProcess, receiver: Receiver, asked: str, known: Collection[str]) -> bool:
    """Whether a message has come about the questions of a conversation that is none of the known ones."""
    new = {key for key, subject in daemon.rows(_QUESTIONS) if subject == asked and key not in known}
    return any(arrival.headers["idempotency-key"] in new for arrival in receiver.arrivals())


def _polls_of_copy(state: Path) -> dict[str, int]:
    """Return how often each source had been read completely, as a copy of the picture says."""
    with copied(state) as database, closing(sqlite3.connect(database)) as connection:
        return dict(connection.execute(_POLLS).fetchall())


def _acknowledged(cut: Cut) -> int:
    return len(cut.arrived) + len(cut.settled) + cut.polls


_UNDELIVERED = "SELECT COUNT(*) FROM deliveries WHERE state <> 'delivered'"
_POLLS = """SELECT s.name, COUNT(*) FROM polls p JOIN sources s ON s.key = p.source WHERE p.outcome = 'complete'
    GROUP BY s.name"""
_QUESTIONS = "SELECT d.id, e.subject FROM deliveries d JOIN events e ON e.seq = d.event WHERE e.type = 'questions.new'"


@contextmanager
def _platter() -> Iterator[Path]:
    """Give a file system whose files can be copied in one instant."""
    with scratch() as folder:
        image = folder / "platter.img"
        run(["truncate", "-s", _PLATTER, str(image)])
        run(["mkfs.xfs", "-q", "-m", "reflink=1", str(image)])
        with _mounted(image, folder / "platter") as platter:
            yield platter


@contextmanager
def _disk(platter: Path) -> Iterator[Path]:
    """Give the disk that the state lies on."""
    image = platter / "disk.img"
    run(["truncate", "-s", _DISK, str(image)])
    run(["mkfs.ext4", "-q", str(image)])
    with _mounted(image, platter / "disk") as disk:
        yield disk


@contextmanager
def _mounted(image: Path, where: Path) -> Iterator[Path]:
    where.mkdir(exist_ok=True)
    run(["mount", "-o", "loop", str(image), str(where)])
    try:
        yield where
    finally:
        _unmount(where)


def _unmount(where: Path) -> None:
    """Unmount; a process that was just killed may hold it a moment longer."""
    until_s = time.monotonic() + 10
    while True:
        try:
            run(["umount", str(where)])
        except TrialError:
            if time.monotonic() > until_s:
                raise
            Event().wait(0.1)
        else:
            return
