"""Storage: the place where the state lies fails in every way, and is mended again."""

from __future__ import annotations

import hashlib
import re
import subprocess
import time
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from signal import SIGKILL
from threading import Event

from torture.faults import (
    WRITES,
    Fault,
    broken_start,
    cut_short,
    damaged,
    failing,
    foreign,
    full,
    garbled,
    has_come,
    locked,
    nothing_more,
    read_only,
    small_disk,
    without_wal,
)
from torture.loudness import most_at_once
from torture.machine import require_debian, require_root
from torture.scene import Scene, inspect, scene
from torture.trial import Figure, Form, Trial, TrialError, at_most, command_of, exactly, none_of

_WATCHED_S, _QUICK_WATCHED_S = 35.0, 6.0
_RESTART_S, _QUICK_RESTART_S = 10.0, 1.0
"""the first as the unit has it; the quick form would see no second end"""
_REFUSED = 2
"""the status after which the service manager does not start it again"""
_ORDINARY = re.compile(
    r" debug | info (daemon\.|poll\.done|deadlines\.fired|state\.recovered)|config\.warning|delivery\.interrupted"
)
"""what is told without a fault, or of its end; what is for debugging is not in the log unless it is asked for"""
_RECOVERY_S = 60.0
_HANDS = 3
"""cases at once: each mostly waits"""
_TOLD = """SELECT json_extract(e.details, '$.change.before'), json_extract(e.details, '$.change.after'), d.id
    FROM events e LEFT JOIN deliveries d ON d.event = e.seq WHERE e.type = 'questions.new' ORDER BY e.seq"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One fault. `word`: a pattern of what its health must name it by. `is_running`: it meets a daemon that runs.

    `is_refused`: the daemon must end, for good, with the file as it was. `is_killed`: the fault is the end of the first
    start. `is_forgetful`: what was stored last is gone with it. `further` comes while it lasts, each after a kill.
    """

    name: str
    fault: Fault
    word: str
    is_running: bool = False
    is_refused: bool = False
    is_killed: bool = False
    is_forgetful: bool = False
    is_quick: bool = False
    further: Sequence[Fault] = ()


@dataclass(slots=True)
class Findings:
    """What went wrong, over all cases, some of which are played at once."""

    loops: list[str] = field(default_factory=list)
    sought: list[str] = field(default_factory=list)
    """faults of single calls, of which strace knows whether they came"""
    absent: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    overwritten: list[str] = field(default_factory=list)
    unnamed: list[str] = field(default_factory=list)
    played: list[str] = field(default_factory=list)
    loud: list[tuple[int, str]] = field(default_factory=list)
    """by each time that a fault came, the lines of log"""


CASES = (
    Case(name="disk full", fault=full, word="full", is_running=True, is_quick=True),
    Case(name="writes end with EIO", fault=failing("EIO"), word="I/O error", is_running=True, is_quick=True),
    Case(name="writes end with EROFS", fault=failing("EROFS"), word="I/O error", is_running=True),
    Case(name="locked", fault=locked, word="locked", is_running=True),
    Case(name="disk full at the start", fault=full, word="disk", is_quick=True),
    Case(name="read-only at the start", fault=read_only, word="Read-only", is_refused=True),
    Case(name="locked at the start", fault=locked, word="locked"),
    Case(name="another user's", fault=foreign, word="belongs to another user", is_refused=True, is_quick=True),
    Case(name="no database", fault=garbled(0, 4096), word="not a database", is_refused=True, is_quick=True),
    Case(name="schema damaged", fault=garbled(100, 4000), word="malformed", is_refused=True),
    Case(name="cut short", fault=cut_short, word="malformed", is_refused=True),
    Case(name="a table damaged", fault=damaged("deliveries"), word="malformed", is_quick=True),
    Case(name="WAL gone", fault=without_wal, word="", is_forgetful=True, is_quick=True),
    Case(name="disk full, killed in it", fault=full, word="disk", is_running=True, further=(nothing_more,)),
    Case(
        name="disk full, killed in it, and a read of the recovery ends with EIO",
        fault=full,
        word="disk|I/O error",
        is_running=True,
        further=(broken_start("pread64", "error=EIO:when=2"),),
    ),
    Case(name="locked, killed in it, disk full", fault=locked, word="locked|disk", is_running=True, further=(full,)),
    *(
        Case(name=f"{call} {number} of the recovery ends with EIO", fault=broken, word="")
        for call in ("pread64", "pwrite64")
        for number in (1, 2, 5)
        for broken in [broken_start(call, f"error=EIO:when={number}")]
    ),
    *(
        Case(
            name=f"killed at write {number} of the recovery",
            fault=broken_start(WRITES, f"signal=KILL:when={number}"),
            word="",
            is_killed=True,
            is_quick=number == 1,
        )
        for number in (1, 2, 3)
    ),
)


def try_storage(form: Form) -> Trial:
    """The state's disk fails."""
    require_root()
    require_debian("strace", package="strace")
    cases = [case for case in CASES if case.is_quick or not form.is_quick]
    found = Findings()
    watched_s = form.pick(full=_WATCHED_S, quick=_QUICK_WATCHED_S)
    restart_s = form.pick(full=_RESTART_S, quick=_QUICK_RESTART_S)

    def play(case: Case) -> None:
        with small_disk() as disk, scene(state=disk / "state") as stage:
            _Ward(stage, case, found, watched_s, restart_s).play()

    with ThreadPoolExecutor(_HANDS) as hands:
        list(hands.map(play, cases))
    return Trial(
        key="R6",
        title="The state's disk fails",
        about="Each fault meets a running daemon, or its start after a kill, and lasts"
        f" {watched_s:.0f} s, with a service manager played that starts the daemon again {restart_s:.0f} s after it"
        f" ended with a status other than {_REFUSED}, in the fault unless that was a kill of the one start. A question"
        " is asked meanwhile. Then the fault ends, the daemon goes on or is started, and all must arrive: the events"
        " count every question from the first on, and each has a message. What comes while a fault lasts, comes after"
        " a kill. Lines of log are all but those for debugging and the ones of ordinary work. That errors of calls and"
        " kills at a start came, strace shows; health must name every fault but these and a WAL that is gone."
        f" Played: {'; '.join(case.name for case in cases)}.",
        command=command_of("R6"),
        figures=_figures(cases, found),
    )


def _figures(cases: Sequence[Case], found: Findings) -> list[Figure]:
    most, loudest = max(found.loud, default=(0, ""))
    return [
        exactly("faults played", len(found.played), len(cases)),
        none_of("faults of single calls that did not come", found.absent, of=len(found.sought)),
        none_of("crash loops", found.loops),
        none_of("messages or databases lost for good", found.lost),
        none_of("unreadable databases overwritten", found.overwritten, of=sum(case.is_refused for case in cases)),
        at_most("most lines of log about one fault in 30 s" + (f" ({loudest})" if most > 1 else ""), most, 1),
        none_of("faults that the daemon does not name", found.unnamed),
    ]


def gaps_in(
    told: Sequence[tuple[object, ...]], begin: int | None, asked: int, arrived: Collection[object]
) -> Iterator[str]:
    """Yield what is missing between the baseline and the last question: of the events, and of their messages.

    Where `begin` is None the baseline is not known: it was read anew, some time after the fault.
    """
    counts = [(before, after) for before, after, _ in told]
    ends = [*([] if begin is None else [(begin, begin)]), *counts, (asked, asked)]
    for (_, stood), (stands, _) in pairwise(ends):
        if stood != stands:
            yield f"no event tells of the questions from {stood} to {stands}"
    for before, after, delivery in told:
        if delivery not in arrived:
            yield f"the message of {before} to {after} did not arrive"


class _Ward:
    """One case, from a healthy daemon to a healthy daemon."""

    def __init__(self, stage: Scene, case: Case, found: Findings, watched_s: float, restart_s: float) -> None:
        self.stage, self.case, self.found, self.watched_s, self.restart_s = stage, case, found, watched_s, restart_s
        self.daemon = stage.daemon
        self.mark = self.baseline = 0

    def play(self) -> None:
        self.stage.begin()
        self.baseline = self._asked()
        self.stage.ask()
        self.stage.receiver.wait_for(1, 20)
        if self.case.is_running:
            self.stage.settle()  # an acknowledgement that could not be stored would be waited for until its lease ends
        else:
            self.daemon.kill()
        with ExitStack() as stack:
            self._meet(stack, self.case.fault)
            for fault in self.case.further:
                if self.daemon.child.poll() is None:
                    self.daemon.kill()
                self._meet(stack, fault)
        self._recover()
        self.found.played.append(self.case.name)

    def _meet(self, stack: ExitStack, fault: Fault) -> None:
        """Let the fault come, ask a question, watch for a while."""
        self.mark = len(self.daemon.log())
        record = stack.enter_context(fault(self.stage))
        before = self._print() if self.case.is_refused else ""
        if self.daemon.child.poll() is not None:
            self.daemon.spawn()
        self.stage.ask()
        if self.case.is_refused:
            self._await_end()
        self._judge(list(self._watch()))
        self._see_that_it_came(record)
        if self.case.is_refused and self._print() != before:
            self.found.overwritten.append(self.case.name)

    def _await_end(self) -> None:
        try:
            self.daemon.child.wait(self.watched_s)
        except subprocess.TimeoutExpired:
            self.found.loops.append(f"{self.case.name}: it goes on")

    def _watch(self) -> Iterator[str]:
        """Start it again as the service manager would, and yield what it tells of its health."""
        rest, ends = Event(), 0
        over = time.monotonic() + self.watched_s
        while (left := over - time.monotonic()) > 0:
            rest.wait(min(left, 1.0))
            yield from self.daemon.told()
            status = self.daemon.child.poll()
            if status is None:
                continue
            if status == _REFUSED:
                if not self.case.is_refused:
                    self.found.loops.append(f"{self.case.name}: ended for good")
                return
            ends += 1
            rest.wait(min(self.restart_s, max(over - time.monotonic(), 0.0)))
            if self.case.is_killed and status == -SIGKILL:
                self.daemon.under = ()  # each further start would be killed by the tracer, not by what it finds
            self.daemon.spawn()
        if ends > 1:
            self.found.loops.append(f"{self.case.name}: {ends} ends")

    def _see_that_it_came(self, record: Path | None) -> None:
        if record is not None:
            self.found.sought.append(self.case.name)
            self.found.absent += [] if has_come(record) else [self.case.name]

    def _judge(self, told: Sequence[str]) -> None:
        lines = self.daemon.log()[self.mark :].splitlines()
        loud = [line for line in lines if not _ORDINARY.search(line)]
        self.found.loud.append((most_at_once(loud), self.case.name))
        health = loud if self.case.is_refused else [line for line in told if line.startswith("STATUS=")]
        if self.case.word and not any(re.search(self.case.word, line) for line in health):
            self.found.unnamed.append(self.case.name)

    def _recover(self) -> None:
        """The fault is over: everything that was asked must be told, by the daemon that runs or by the next one."""
        if self.daemon.child.poll() is not None:
            self.daemon.start()
        self.stage.ask()
        try:
            self.stage.settle(_RECOVERY_S)
        except (TimeoutError, subprocess.SubprocessError, TrialError) as error:
            self.found.lost.append(f"{self.case.name}: {type(error).__name__}")
            return
        begin = None if self.case.is_forgetful else self.baseline
        gaps = gaps_in(self.daemon.rows(_TOLD), begin, self._asked(), set(self.stage.keys()))
        self.found.lost += [f"{self.case.name}: {gap}" for gap in gaps]
        self.daemon.stop()
        if damage := inspect(self.daemon.state):
            self.found.lost.append(f"{self.case.name}: {damage}")

    def _asked(self) -> int:
        row = next(row for row in self.stage.lab.onq.rows if row["status"] == "started")
        return int(str(row["open_questions_count"]))

    def _print(self) -> str:
        return hashlib.sha256(self.daemon.database.read_bytes()).hexdigest()
