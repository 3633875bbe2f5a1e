"""Storage: the place where the state lies fails in every way, and is mended again."""

from __future__ import annotations

import hashlib
import re
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from threading import Event

from torture.faults import (
    WRITES,
    Fault,
    broken_start,
    cut_short,
    failing,
    foreign,
    full,
    garbled,
    locked,
    read_only,
    small_disk,
    without_wal,
)
from torture.machine import require_debian, require_root
from torture.scene import Scene, inspect, scene
from torture.trial import Figure, Form, Trial, TrialError, at_most, command_of, exactly, none_of

_WATCHED_S, _QUICK_WATCHED_S = 35.0, 6.0
_RESTART_S = 10.0
"""as the unit has it"""
_REFUSED = 2
"""the status after which the service manager does not start it again"""
_ORDINARY = re.compile(r" (debug|info) |config\.warning|delivery\.interrupted")
_RECOVERY_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One fault. `word`: what the daemon's health must name it by. `is_running`: it meets a daemon that runs.

    `is_refused`: the daemon must end, for good, with the file as it was. `further` comes after a kill, on top.
    """

    name: str
    fault: Fault
    word: str
    is_running: bool = False
    is_refused: bool = False
    is_quick: bool = False
    further: Sequence[Fault] = ()


@dataclass(slots=True)
class Findings:
    """What went wrong, over all cases."""

    loops: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    overwritten: list[str] = field(default_factory=list)
    unnamed: list[str] = field(default_factory=list)
    most_lines: int = 0
    loudest: str = ""


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
    Case(name="WAL gone", fault=without_wal, word="", is_quick=True),
    Case(name="disk full, killed, full at the start", fault=full, word="disk", is_running=True, further=(full,)),
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
    for case in cases:
        with small_disk() as disk, scene(state=disk / "state") as stage:
            _Ward(stage, case, found, form.pick(full=_WATCHED_S, quick=_QUICK_WATCHED_S)).play()
    return Trial(
        key="R6",
        title="The state's disk fails",
        about="Each fault meets a running daemon, or its start after a kill, and lasts"
        f" {_WATCHED_S:.0f} s, with a service manager played that starts the daemon again {_RESTART_S:.0f} s after it"
        f" ended with a status other than {_REFUSED}. A question is asked meanwhile. Then the fault ends, the daemon"
        f" goes on or is started, and all must arrive. Played: {'; '.join(case.name for case in cases)}.",
        command=command_of("R6"),
        figures=_figures(cases, found),
    )


def _figures(cases: Sequence[Case], found: Findings) -> list[Figure]:
    return [
        exactly("faults played", len(cases), len(cases)),
        none_of("crash loops", found.loops),
        none_of("messages or databases lost for good", found.lost),
        none_of("unreadable databases overwritten", found.overwritten, of=sum(case.is_refused for case in cases)),
        at_most(f"most lines of log about one fault in 30 s{found.loudest}", found.most_lines, 1),
        none_of("faults that the daemon does not name", found.unnamed),
    ]


class _Ward:
    """One case, from a healthy daemon to a healthy daemon."""

    def __init__(self, stage: Scene, case: Case, found: Findings, watched_s: float) -> None:
        self.stage, self.case, self.found, self.watched_s = stage, case, found, watched_s
        self.daemon = stage.daemon
        self.mark = 0

    def play(self) -> None:
        self.stage.begin()
        self.stage.ask()
        self.stage.receiver.wait_for(1, 20)
        if self.case.is_running:
            self.stage.settle()  # an acknowledgement that could not be stored would be waited for until its lease ends
        else:
            self.daemon.kill()
        for fault in (self.case.fault, *self.case.further):
            with ExitStack() as stack:
                self._meet(stack, fault)
            if self.case.further and fault is self.case.fault:
                self.daemon.kill()
        self._recover()

    def _meet(self, stack: ExitStack, fault: Fault) -> None:
        """Let the fault come, ask a question, watch for a while."""
        self.mark = len(self.daemon.log())
        stack.enter_context(fault(self.stage))
        before = self._print() if self.case.is_refused else ""
        if self.daemon.child.poll() is not None:
            self.daemon.spawn()
        self.stage.ask()
        if self.case.is_refused:
            self.daemon.child.wait(_RECOVERY_S)
        said = list(self._watch())
        self._judge(said)
        if self.case.is_refused and self._print() != before:
            self.found.overwritten.append(self.case.name)

    def _watch(self) -> Iterator[str]:
        """Start it again as the service manager would, and yield what it tells of its health."""
        rest, ends = Event(), 0
        for _ in range(int(self.watched_s)):
            rest.wait(1.0)
            yield from self.daemon.told()
            status = self.daemon.child.poll()
            if status is None:
                continue
            if status == _REFUSED:
                if not self.case.is_refused:
                    self.found.loops.append(f"{self.case.name}: ended for good")
                return
            ends += 1
            rest.wait(min(_RESTART_S, self.watched_s))
            self.daemon.spawn()
        if ends > 1 or self.case.is_refused:
            self.found.loops.append(f"{self.case.name}: {ends} ends")

    def _judge(self, told: Sequence[str]) -> None:
        lines = self.daemon.log()[self.mark :].splitlines()
        loud = [line for line in lines if not _ORDINARY.search(line)]
        if len(loud) > self.found.most_lines:
            self.found.most_lines = len(loud)
            self.found.loudest = f" ({self.case.name})" if len(loud) > 1 else ""
        health = loud if self.case.is_refused else [line for line in told if line.startswith("STATUS=")]
        if not any(self.case.word in line for line in (*health, *([] if self.case.word else [""]))):
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
        told = self._told()
        if told != (expected := self._asked()):
            self.found.lost.append(f"{self.case.name}: the count stood at {expected}, told was {told}")
        self.daemon.stop()
        if damage := inspect(self.daemon.state):
            self.found.lost.append(f"{self.case.name}: {damage}")

    def _asked(self) -> int:
        row = next(row for row in self.stage.lab.onq.rows if row["status"] == "started")
        return int(str(row["open_questions_count"]))

    def _told(self) -> int:
        """Return what the count of questions is in the last event that tells of it."""
        query = "SELECT json_extract(details, '$.change.after') FROM events WHERE type = 'questions.new' ORDER BY seq"
        return int(self.daemon.rows(query)[-1][0])

    def _print(self) -> str:
        return hashlib.sha256(self.daemon.database.read_bytes()).hexdigest()
