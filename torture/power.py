"""Power: what is on the disk when the power is cut, while the daemon is at work."""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from torture.daemon import audience, daemon_process, sources, wait_until
from torture.machine import require_debian, require_root, run
from torture.scene import Scene, check, scene, scratch
from torture.trial import Form, Trial, TrialError, command_of, exactly, none_of
from watcher.domain.errors import StateError
from watcher.lab import Receiver
from watcher.store.database import FILE_NAME, open_read_only

_CUTS, _QUICK_CUTS = 300, 20
_RESTART_EVERY, _QUICK_RESTART_EVERY = 30, 10
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


def try_power(form: Form) -> Trial:
    """The power is cut."""
    require_root()
    require_debian("mkfs.xfs", package="xfsprogs")
    require_debian("mkfs.ext4", package="e2fsprogs")
    damages: list[str] = []
    lost: list[str] = []
    unfit: list[str] = []
    with _platter() as platter, _disk(platter) as disk, scene(state=disk / "state", speed=_SPEED) as stage:
        stage.begin()
        stage.lab.story.run()
        cuts = list(_cuts(stage, platter, form))
        stage.lab.story.stop()
        stage.daemon.kill()
        for number, cut in enumerate(cuts):
            with _mounted(cut.image, platter / "seen") as seen:
                damages += _named(number, [found] if (found := check(seen / "state" / FILE_NAME)) else [])
                lost += _named(number, _lost(seen / "state" / FILE_NAME, cut))
                if number % form.pick(full=_RESTART_EVERY, quick=_QUICK_RESTART_EVERY) == 0:
                    unfit += _named(number, _restarted(stage, seen / "state"))
            cut.image.unlink()
    return Trial(
        key="R3",
        title="The power is cut",
        about="The state lies on an ext4 disk whose image is copied in one instant (a reflink of XFS) while the daemon"
        " polls and sends; each copy is what the disk held at that moment. It is mounted, its journal replayed, and"
        " checked: every message that had arrived, every delivery and every poll that the daemon had called done must"
        " be in it. On some of them the daemon is started anew and must send all that is owed.",
        command=command_of("R3"),
        figures=[
            exactly("power cuts", len(cuts), form.pick(full=_CUTS, quick=_QUICK_CUTS)),
            none_of("databases damaged", damages, of=len(cuts)),
            none_of("acknowledged commits lost", lost, of=sum(_acknowledged(cut) for cut in cuts)),
            none_of("daemons that did not go on", unfit),
        ],
        notes=["A disk that loses what it said it had written is not played; no program can promise anything on one."],
    )


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
    """Start a daemon on a picture, and yield what is wrong with that."""
    with scratch() as folder, Receiver() as receiver, daemon_process(folder, state=state) as daemon:
        daemon.configure(sources(stage.lab) + audience(json=receiver))
        daemon.start()
        try:
            wait_until(receiver, lambda: daemon.rows(_UNDELIVERED) == [(0,)] and daemon.rows(_NEW_POLLS)[0][0] > 0)
        except TimeoutError:
            yield f"{daemon.rows(_UNDELIVERED)[0][0]} messages still wait: {daemon.log()[-300:]}"
        if "daemon.unexpected" in daemon.log():
            yield daemon.log()[-500:]
        daemon.stop()


def _named(number: int, found: Sequence[str] | Iterator[str]) -> list[str]:
    return [f"cut {number}: {one}" for one in found]


def _acknowledged(cut: Cut) -> int:
    return len(cut.arrived) + len(cut.settled) + cut.polls


_UNDELIVERED = "SELECT COUNT(*) FROM deliveries WHERE state <> 'delivered'"
_NEW_POLLS = "SELECT COUNT(*) FROM polls"


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
