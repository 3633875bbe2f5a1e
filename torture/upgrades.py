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

from torture.daemon import PATIENCE_S, audience, sources
from torture.machine import require_debian, run
from torture.scene import Scene, inspect, scene
from torture.schemas import make_earlier
from torture.trial import Form, Trial, at_most, command_of, exactly, none_of, reported
from watcher.store.database import FILE_NAME
from watcher.store.steps import STEPS

_BEATS, _BEATS_OF_A_MONTH = 30, 500
_CALLS = "pwrite64,fdatasync"
_STRIDE, _QUICK_STRIDE = 4, 100
_MONTH = timedelta(days=30)
_STORM = 30
"""what the daemon is configured to tell one by one of one cause, at most; it is the default"""
_LATER = "m999_of_a_later_version"
_LEADS = ("registration.", "conversation.starting", "conversation.ending", "questions.waiting")
_SIDE_FILES = ("-wal", "-shm")


@dataclass(slots=True)
class Findings:
    """What went wrong."""

    kills: int = 0
    damaged: list[str] = field(default_factory=list)
    told_anew: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What a daemon made of a month-old backup."""

    told: str
    most: int
    stuck: Sequence[str]


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
            _restore(stage, stage.folder / f"{steps}.db")
            _upgrade(stage, strace, steps, form, found)
        unrefused = list(_downgrade(stage))
    restored = _restore_old_backup()
    return Trial(
        key="R10",
        title="Upgrades, downgrades, old backups",
        about="A database with some life in it is put back to each earlier schema; its upgrade is killed before the"
        " N-th write, again and again, then let through: nothing may be told anew, and a new question must arrive. A"
        " database of a later version must be refused and stay as it is. A backup of a month ago is restored under a"
        f" daemon whose APIs have lived on for {_BEATS_OF_A_MONTH} beats.",
        command=command_of("R10"),
        figures=[
            exactly("earlier schemas upgraded", len(earlier), len(STEPS) - 1),
            reported("upgrades killed", f"{found.kills}"),
            none_of("databases damaged or half upgraded", found.damaged, of=found.kills),
            none_of("messages that an upgrade told anew", found.told_anew),
            none_of("upgraded daemons that did not go on", found.stuck),
            none_of("later databases that were not refused with a message, or were changed", unrefused),
            reported("messages about all that happened since a month-old backup", restored.told),
            at_most("… most of them of one cause", restored.most, _STORM),
            none_of("restored daemons that did not go on", restored.stuck),
        ],
    )


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
    """Kill the upgrade at write after write until it gets through, then see what it has told."""
    files = [part for suffix in ("", *_SIDE_FILES) for part in ("-P", f"{stage.daemon.database}{suffix}")]
    trace = [strace, "-f", "-qq", "-o", "/dev/null", *files, "-e", f"trace={_CALLS}"]
    number = 1
    while _is_killed(stage, [*trace, "-e", f"inject={_CALLS}:signal=KILL:when={number}"]):
        found.kills += 1
        found.damaged += [f"{STEPS[steps - 1]}, write {number}: {what}" for what in _damage(stage, steps)]
        number += form.pick(full=_STRIDE, quick=_QUICK_STRIDE)
    stage.daemon.under = ()
    stage.receiver.clear()
    stage.daemon.start()
    stage.settle()
    found.told_anew += [title for title in _surprises(stage) if title]
    before = len(stage.receiver.arrivals())
    asked = stage.ask()
    stage.settle()
    stage.answer(asked)  # the next schema begins from the same
    if len(stage.receiver.arrivals()) <= before:
        found.stuck.append(STEPS[steps - 1])
    stage.daemon.stop()
    found.damaged += [f"{STEPS[steps - 1]}, upgraded: {what}" for what in _damage(stage, len(STEPS))]


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


def _damage(stage: Scene, steps: int) -> Iterator[str]:
    """Yield what is wrong with a database that should have had so many steps, or all."""
    if wrong := inspect(stage.daemon.state):
        yield wrong
    with closing(sqlite3.connect(f"{stage.daemon.database.as_uri()}?mode=ro", uri=True)) as connection:
        applied = connection.execute("SELECT COUNT(*) FROM _sqlite_migrations").fetchone()[0]
    if applied not in {steps, len(STEPS)}:
        yield f"it has had {applied} steps"


def _surprises(stage: Scene) -> Iterator[str]:
    """Yield the titles of messages for which nothing happened: only time has passed, which may fire deadlines."""
    query = "SELECT d.id, e.type FROM deliveries d JOIN events e ON e.seq = d.event"
    types = dict(stage.daemon.rows(query))
    for arrival in stage.receiver.arrivals():
        if not types.get(arrival.headers["idempotency-key"], "").startswith(_LEADS):
            yield str(arrival.json()["title"])


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
    """Let a daemon find a month of changes at once."""
    with scene() as stage:
        stage.daemon.configure(sources(stage.lab) + audience(json=stage.receiver), storm=_STORM)
        for api in (stage.lab.onq, stage.lab.osn):
            api.skew = -_MONTH
        stage.daemon.environ = _month_ago()
        _live(stage)
        backup = stage.folder / "backup.db"
        run([sys.executable, "-m", "watcher", "--config", str(stage.daemon.config), "backup", str(backup)])
        for api in (stage.lab.onq, stage.lab.osn):
            api.skew = timedelta()
        for _ in range(_BEATS_OF_A_MONTH):
            stage.lab.story.step()
        _restore(stage, backup)
        stage.daemon.environ = {}
        stage.receiver.clear()
        try:
            stage.daemon.start()
            stage.settle()
            messages = len(stage.receiver.arrivals())
            stage.ask()
            stage.settle()
        except (TimeoutError, subprocess.SubprocessError) as error:
            return Restored(told="", most=0, stuck=[f"{type(error).__name__}: {stage.daemon.log()[-300:]}"])
        return _count(stage, messages)


def _count(stage: Scene, messages: int) -> Restored:
    """Count what arrived after the restart, and what was stored in one moment for it."""
    causes = dict(stage.daemon.rows("SELECT d.id, e.time_ms FROM deliveries d JOIN events e ON e.seq = d.event"))
    keys = stage.keys()
    events = stage.daemon.rows(f"SELECT COUNT(*) FROM events WHERE time_ms >= {min(causes[key] for key in keys)}")[0][0]
    return Restored(
        told=f"{messages} of {events} events",
        most=max(Counter(causes[key] for key in keys[:messages]).values(), default=0),
        stuck=[] if len(keys) > messages else ["a new question was not told"],
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
