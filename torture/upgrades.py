"""Upgrades: a database of each earlier schema, of a later one, and of a month ago."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Any

from torture.daemon import PATIENCE_S
from torture.machine import require_debian, run
from torture.scene import Scene, scene
from torture.schemas import SENT, TOLD, Told, armed, make_earlier, named, seen, surprises, told_by, untold
from torture.trial import Figure, Form, Trial, at_least, at_most, command_of, exactly, none_of, reported
from torture.witness import SOURCES, Verdict, hear
from watcher.config.model import GeneralSettings
from watcher.store.database import FILE_NAME
from watcher.store.steps import STEPS

_BEATS, _BEATS_OF_A_MONTH = 30, 500
_CALLS = "pwrite64,fdatasync"
_FIRST, _QUICK_FIRST = 1, 14
_STRIDE, _QUICK_STRIDE = 1, 70
_MONTH = timedelta(days=30)
_CROWD = 400
"""conversations of each API that is restored: so many that each kind of news would be a storm by itself"""
_STORM = int(GeneralSettings().storm)
"""what a daemon tells one by one of one cause, at most, where nothing else is configured"""
_OWED = 400
"""events that what happened in that month owes for certain, at least; the story is the same each time"""
_LAST = "SELECT max(seq) FROM events"
_LATER = "m999_of_a_later_version"
_SIDE_FILES = ("-wal", "-shm")
ABOUT = f"""A database with some life in it is put back to each earlier schema. Its upgrade is killed before the N-th
write of a start, for every N (in the quick form the {_QUICK_FIRST}th and each {_QUICK_STRIDE}th after it),
and within each of its steps, when that has done its work and is not recorded; then it is let through:
nothing may be told but leads of deadlines that were armed before and fell due, each once, and a new question must
arrive, once. A database of a later version must be refused and stay as it is. A backup of a month ago with {_CROWD}
conversations an API is restored under a daemon whose APIs have lived on for {_BEATS_OF_A_MONTH} beats. Its
`storm` is the default ({_STORM}): of all that has piled up in a source it may tell so many messages, and
besides only what falls due from then on. What certainly happened meanwhile must be stored as events, and each
event, all of which a rule sends, must be told by a message that arrived: its own, or one that it was put into."""


@dataclass(slots=True)
class Findings:
    """What was done, and what went wrong. `midway`: schemas killed with part of the upgrade in the WAL."""

    kills: int = 0
    midway: set[str] = field(default_factory=set)
    steps: int = 0
    damaged: list[str] = field(default_factory=list)
    told_anew: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What a daemon made of a month-old backup.

    `due`: leads that fell due only after it had been started. `piled`: messages about what had piled up before, by
    source. `untold`: those of the `events` since the backup that no message tells. `owed`: events that what happened
    since then certainly owed, and `lost`, those of them that were not stored.
    """

    messages: int = 0
    events: int = 0
    due: int = 0
    piled: Counter[str] = field(default_factory=Counter)
    untold: Sequence[str] = ()
    owed: int = 0
    lost: Sequence[str] = ()
    stuck: Sequence[str] = ()


def try_upgrades(form: Form) -> Trial:
    """Upgrades, downgrades, old backups."""
    strace = require_debian("strace", package="strace")
    require_debian("faketime", package="faketime")
    found = Findings()
    earlier = range(1, len(STEPS))
    with scene() as stage:
        _live(stage)
        today = stage.folder / "today.db"
        shutil.copyfile(stage.daemon.database, today)
        for steps in earlier:
            make_earlier(today, stage.folder / f"{steps}.db", steps)
            _upgrade(stage, strace, steps, form, found)
            _go_on(stage, today, steps, found)
        unrefused = list(_downgrade(stage))
    return Trial(
        key="R10",
        title="Upgrades, downgrades, old backups",
        about=ABOUT.replace("\n", " "),
        command=command_of("R10"),
        figures=[*_figures(found, unrefused), *_figures_of_restored(_restore_old_backup())],
    )


def _figures(found: Findings, unrefused: Sequence[str]) -> Iterator[Figure]:
    earlier = len(STEPS) - 1
    yield exactly("earlier schemas whose upgrade was killed half written", len(found.midway), earlier, of=earlier)
    yield exactly("steps of an upgrade killed before they were recorded", found.steps, sum(range(1, len(STEPS))))
    yield reported("starts killed at a write", f"{found.kills}")
    yield none_of("databases damaged or half upgraded", found.damaged, of=found.kills + found.steps)
    yield none_of("messages that an upgrade told anew", found.told_anew)
    yield none_of("upgraded daemons that did not go on", found.stuck)
    yield none_of("later databases that were not refused with a message, or were changed", unrefused)


def _figures_of_restored(restored: Restored) -> Iterator[Figure]:
    yield reported("events since a month-old backup", f"{restored.events}")
    yield at_most("messages about them", restored.messages, len(SOURCES) * _STORM + restored.due)
    yield reported("… of deadlines that fell due only after the start", f"{restored.due}")
    yield at_most("… of what had piled up in one source, at most", max(restored.piled.values(), default=0), _STORM)
    yield at_least("… and of each source, at least", min(restored.piled[name] for name in SOURCES.values()), 1)
    yield none_of("events since then that no message tells", restored.untold, of=restored.events)
    yield at_least("events that what happened since then certainly owed", restored.owed, _OWED)
    yield none_of("… lost", restored.lost, of=restored.owed)
    yield none_of("restored daemons that did not go on", restored.stuck)


def _live(stage: Scene) -> None:
    """Let something be known, told and planned, and end in order."""
    stage.begin()
    for _ in range(_BEATS):
        stage.lab.story.step()
    stage.settle()
    stage.daemon.stop()


def _restore(stage: Scene, backup: Path) -> None:
    """Put a backup in the place of the database, as the handbook says."""
    for suffix in _SIDE_FILES:
        stage.daemon.database.with_name(FILE_NAME + suffix).unlink(missing_ok=True)
    shutil.copyfile(backup, stage.daemon.database)


def _upgrade(stage: Scene, strace: str, steps: int, form: Form, found: Findings) -> None:
    """Kill the upgrade at write after write of a start, then in each of its steps."""
    files = [part for suffix in ("", *_SIDE_FILES) for part in ("-P", f"{stage.daemon.database}{suffix}")]
    trace = [strace, "-f", "-qq", "-o", "/dev/null", *files, "-e", f"trace={_CALLS}"]
    backup, number = stage.folder / f"{steps}.db", form.pick(full=_FIRST, quick=_QUICK_FIRST)
    _restore(stage, backup)
    while _is_killed(stage, [*trace, "-e", f"inject={_CALLS}:signal=KILL:when={number}"]):
        found.kills += 1
        wal_bytes = _wal_bytes(stage)
        applied, wrong = seen(stage.daemon.state)
        found.damaged += named(f"{STEPS[steps - 1]}, write {number}", applied, wrong, (steps, len(STEPS)))
        if applied == len(STEPS):
            _restore(stage, backup)  # else the next start would have nothing to upgrade
        elif wal_bytes:
            found.midway.add(STEPS[steps - 1])
        number += form.pick(full=_STRIDE, quick=_QUICK_STRIDE)
    _restore(stage, backup)
    for step in STEPS[steps:]:
        found.steps += _is_killed(stage, [sys.executable, "-m", "torture.schemas", step])
        found.damaged += named(f"{STEPS[steps - 1]}, in {step}", *seen(stage.daemon.state), (steps,))


def _go_on(stage: Scene, today: Path, steps: int, found: Findings) -> None:
    """Let the killed upgrade through, and see what it tells, and whether it hears of something new."""
    stage.daemon.under = ()
    stage.receiver.clear()
    stage.daemon.start()
    asked = stage.ask()
    stage.settle()
    news = ("questions.new", asked)
    told = _told(stage)
    found.told_anew += surprises(told, armed(today), news)
    if not any(one and (one.type, one.subject) == news for one in told):
        found.stuck.append(STEPS[steps - 1])
    stage.daemon.stop()
    stage.answer(asked)  # the next schema begins from the same
    found.damaged += named(f"{STEPS[steps - 1]}, upgraded", *seen(stage.daemon.state), (len(STEPS),))


def _is_killed(stage: Scene, under: list[str]) -> bool:
    """Whether it dies before it is ready; one that gets ready is killed now, in the midst of its work."""
    stage.daemon.under = under
    stage.daemon.spawn()
    until_s, rest = time.monotonic() + PATIENCE_S, Event()
    while time.monotonic() < until_s:
        if "READY=1" in stage.daemon.told():
            stage.daemon.kill()
            return False
        if stage.daemon.child.poll() is not None:
            return stage.daemon.child.returncode == -signal.SIGKILL
        rest.wait(0.05)
    raise TimeoutError("the upgrade came to no end")


def _wal_bytes(stage: Scene) -> int:
    wal = stage.daemon.database.with_name(FILE_NAME + "-wal")
    return wal.stat().st_size if wal.exists() else 0


def _told(stage: Scene) -> list[Told | None]:
    """Return what each message that has arrived tells of; None where the database knows no such message."""
    known = told_by(stage.daemon.rows(TOLD))
    return list(map(known.get, stage.keys()))


def _downgrade(stage: Scene) -> Iterator[str]:
    """Start on a database of a later version."""
    with closing(sqlite3.connect(stage.daemon.database)) as connection:
        columns = "migration_set, name, applied_at"
        connection.execute(f"INSERT INTO _sqlite_migrations({columns}) VALUES('watcher', ?, 'later')", (_LATER,))
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before, mark = _digest(stage), len(stage.daemon.log())
    stage.daemon.spawn()
    status = stage.daemon.child.wait(PATIENCE_S)
    said = stage.daemon.log()[mark:]
    if status == 0 or "newer version" not in said or _LATER not in said:
        yield f"status {status}: {said[-200:]}"
    if _digest(stage) != before:
        yield "the file was changed"


def _digest(stage: Scene) -> str:
    return hashlib.sha256(stage.daemon.database.read_bytes()).hexdigest()


def _restore_old_backup() -> Restored:
    """Let a daemon find a month of changes at once; each message that it makes of them is counted."""
    with scene(conversations=_CROWD, storm=_STORM) as stage:
        for api in (stage.lab.onq, stage.lab.osn):
            api.skew = -_MONTH
        stage.daemon.environ = _month_ago()
        _live(stage)
        backup = stage.folder / "backup.db"
        run([sys.executable, "-m", "watcher", "--config", str(stage.daemon.config), "backup", str(backup)])
        for api in (stage.lab.onq, stage.lab.osn):
            api.skew = timedelta()
        happened = [one for _ in range(_BEATS_OF_A_MONTH) for one in stage.lab.story.step()]
        _restore(stage, backup)
        stage.daemon.environ = {}
        stage.receiver.clear()
        (before,), from_s = stage.daemon.rows(_LAST)[0], time.time()
        try:
            stage.daemon.start()
            stage.settle()
            messages = len(stage.receiver.arrivals())
            asked = stage.ask()
            ((last,),) = stage.daemon.rows(_LAST)  # what is stored later may be on its way when it has settled
            stage.settle()
        except (TimeoutError, subprocess.SubprocessError) as error:
            return Restored(stuck=[f"{type(error).__name__}: {stage.daemon.log()[-300:]}"])
        sent = stage.daemon.rows(SENT.format(after=before, last=last))
        return _count(stage, messages, from_s, ("questions.new", asked), sent, hear(happened, stage.daemon.rows))


def _count(
    stage: Scene, messages: int, from_s: float, news: tuple[str, str], sent: Sequence[Sequence[Any]], verdict: Verdict
) -> Restored:
    """Count what arrived after the restart; a message that nothing is known of counts as piled up, too."""
    told = _told(stage)
    due = {one.alarm for one in told[:messages] if one and one.is_due_since(from_s)}
    piled = Counter(one.source if one else "" for one in told[:messages] if not (one and one.is_due_since(from_s)))
    is_heard = any(one and (one.type, one.subject) == news for one in told[messages:])
    accepted = {arrival.headers["idempotency-key"] for arrival in stage.receiver.accepted()}
    return Restored(
        messages=messages,
        events=len({seq for seq, *_ in sent}),
        due=len(due),
        piled=piled,
        untold=list(untold(sent, accepted)),
        owed=verdict.judged,
        lost=verdict.lost,
        stuck=[] if is_heard else ["a new question was not told"],
    )


def _month_ago() -> dict[str, str]:
    """Return the environment in which it is a month earlier; waits of threads need the monotonic clock as it is."""
    library = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    return {
        "LD_PRELOAD": os.fspath(library),
        "FAKETIME": f"-{_MONTH.days}d",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_FORCE_MONOTONIC_FIX": "0",
    }
