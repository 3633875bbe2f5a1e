"""Kills: the daemon killed at random moments and at its writes, and what was told, twice told, or lost by it."""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from random import Random

from torture.campaign import Attempt, Campaign, Toll
from torture.machine import require_debian
from torture.scene import Scene, inspect, scene
from torture.trial import Form, Trial, at_least, at_most, command_of, exactly, none_of
from torture.witness import Verdict, hear
from watcher.lab import Arrival

_MOMENTS, _QUICK_MOMENTS = 1000, 12
_WRITES, _QUICK_WRITES = range(1, 301), range(1, 301, 50)
_EARLY, _EARLIEST_S, _LATEST_S = 0.25, 1.0, 1.5
"""of four kills one comes within the first second, which the start takes, the others after it"""
_REFUSED, _REFUSALS, _LAST_REFUSAL = 0.5, 10, 300
"""before every other of the first kills at random moments a message is refused; if that is killed, too, it waits for
five minutes, which the quick form has not"""
_REACH_S = 40.0
_OWED, _QUICK_OWED = 10_000, 50
_IN_FLIGHT_MS = 1_000
"""from an arrival to the commit that notes its acknowledgement, at most; a busy machine takes a tenth of that"""
_LOOK_EVERY, _QUICK_LOOK_EVERY = 20, 4
_CATCH_UP_EVERY = 5
"""kills after which it is left alone until it has polled: what piles up meanwhile makes its next transaction larger, so
that it would die in that one for ever, and once a fifth of the list has gone it rightly believes nothing at once"""
_CALLS = "pwrite64,fdatasync,ftruncate"
_QUERY_ATTEMPTS = """SELECT delivery, started_at_ms, outcome FROM attempts ORDER BY delivery, number"""
_QUERY_DOUBTED = "SELECT source, type FROM events WHERE type IN ('source.suspect', 'source.grown')"
_QUERY_UNTOLD = "SELECT type, subject FROM events WHERE seq NOT IN (SELECT event FROM deliveries)"
_REPETITION = b"may be a repetition"
_LONGEST_WAIT_S = 600.0
"""what was under way at three deaths waits for five minutes"""
_SLACK_MS = 5
"""a death is noticed a little after it"""


def try_kills(form: Form) -> Trial:
    """Killed at any moment."""
    done = _campaign(form)
    keys = [_key(arrival) for arrival in done.arrivals]
    writes = len(form.pick(full=_WRITES, quick=_QUICK_WRITES))
    return Trial(
        key="R1",
        title="Killed at any moment",
        about="The daemon is killed (SIGKILL) and started again, over and over, while the story of both APIs goes on:"
        f" under strace right before the N-th call that one of its threads makes of one of {_CALLS}, N from"
        f" {_WRITES.start} to {_WRITES.stop - 1}, first from an empty directory on, where these make the schema, then"
        " once more, in any order, with its baseline stored, where they are of polls and messages; and at random"
        " moments of its start and of its work. Once it has a baseline it is left alone after every"
        f" {_CATCH_UP_EVERY} kills until it has polled. Now and then, but not in the quick form, the receiver refuses"
        " a message (503). Then what the APIs know to have happened between each two complete polls, and what the dates"
        " of conversations owed, is held against the events. Not judged is what fell into the middle of a poll, which"
        " may have seen it or not, and what the dates owed of conversations that had just come, or come back.",
        command=command_of("R1"),
        figures=[
            exactly("kills at random moments", done.toll.at_moments, form.pick(full=_MOMENTS, quick=_QUICK_MOMENTS)),
            exactly("kills at a write, from an empty directory on", done.toll.at_first_writes, writes),
            exactly("kills at a write, with a baseline stored", done.toll.at_later_writes, writes),
            none_of("reads of which too much had come or gone to be believed at once", done.doubted),
            at_least("events that were certainly owed", done.verdict.judged, form.pick(full=_OWED, quick=_QUICK_OWED)),
            none_of("… lost", done.verdict.lost, of=done.verdict.judged),
            none_of("events stored twice", done.verdict.twice, of=done.events),
            none_of("events of which nothing was true", done.verdict.unfounded, of=done.events),
            none_of("events without a message", done.untold, of=done.events),
            none_of("messages owed that did not arrive", sorted(set(done.owed) - set(keys)), of=len(done.owed)),
            at_least("messages refused at first", done.refusals.total(), form.pick(full=_REFUSALS, quick=0)),
            none_of("databases damaged", done.damages),
            exactly("unexpected errors in the log", done.unexpected, 0),
        ],
        notes=[] if done.kept is None else [f"The database, and what the APIs know of it: {done.kept}"],
    )


def try_duplicates(form: Form) -> Trial:
    """Messages that came twice."""
    done = _campaign(form)
    repeated = [key for key, number in Counter(map(_key, done.arrivals)).items() if number > 1]
    return Trial(
        key="R2",
        title="Messages that came twice",
        about="Of the messages of R1, those that arrived more than once: each time, the process was killed between the"
        " arrival and the commit that notes the acknowledgement, and the repetition has the id of the first.",
        command=command_of("R2"),
        figures=[
            at_least(
                f"messages, of {len(done.owed):,}, that came more than once", len(repeated), form.pick(full=1, quick=0)
            ),
            none_of("… without a kill while the acknowledgement was on its way", _unexcused(done)),
            none_of("… under an id that is not owed", sorted(set(map(_key, done.arrivals)) - set(done.owed))),
            none_of("… that do not say they may be a repetition", _unmarked(done.arrivals)),
            at_most(
                "longest from an arrival to the kill that had it repeated", _longest_ms(done), _IN_FLIGHT_MS, " ms"
            ),
        ],
    )


@cache
def _campaign(form: Form) -> Campaign:
    strace = require_debian("strace", package="strace")
    toll = Toll()
    with scene() as stage:
        before = list(stage.lab.onq.rows)
        stage.lab.story.keeps_rows = True
        stage.lab.story.run()
        toll.at_first_writes = _kill_at_writes(stage, strace, form, toll)
        stage.daemon.start()
        stage.settle()
        stage.daemon.stop()
        chance = form.chance("kills")
        toll.at_later_writes = _kill_at_writes(stage, strace, form, toll, chance)
        for number in range(form.pick(full=_MOMENTS, quick=_QUICK_MOMENTS)):
            is_refusing = number < form.pick(full=_LAST_REFUSAL, quick=0) and chance.random() < _REFUSED
            _kill_at_moment(stage, chance, toll, is_refusing=is_refusing)
            toll.at_moments += 1
            _catch_up(stage, number, toll)
            _look(stage, number, form, toll)
        stage.lab.story.stop()
        stage.daemon.start()
        stage.settle(_LONGEST_WAIT_S)
        stage.daemon.stop()
        return _found(stage, toll, hear(stage.lab.story.truth, stage.daemon.rows, before))


def _found(stage: Scene, toll: Toll, verdict: Verdict) -> Campaign:
    attempts: dict[str, list[Attempt]] = {}
    for delivery, started_ms, outcome in stage.daemon.rows(_QUERY_ATTEMPTS):
        attempts.setdefault(delivery, []).append(Attempt(started_ms=started_ms, outcome=outcome))
    last, taken = inspect(stage.daemon.state), stage.receiver.accepted()
    return Campaign(
        toll=toll,
        damages=[*toll.damages, *([last] if last else [])],
        verdict=verdict,
        owed=[key for (key,) in stage.daemon.rows("SELECT id FROM deliveries")],
        arrivals=taken,
        refusals=Counter(map(_key, stage.receiver.arrivals())) - Counter(map(_key, taken)),
        attempts=attempts,
        events=stage.daemon.rows("SELECT COUNT(*) FROM events")[0][0],
        untold=[f"{kind} of {subject}" for kind, subject in stage.daemon.rows(_QUERY_UNTOLD)],
        doubted=[f"{kind} of {source}" for source, kind in stage.daemon.rows(_QUERY_DOUBTED)],
        unexpected=stage.daemon.unexpected(),
        kept=_keep(stage) if [*verdict.lost, *verdict.twice, *verdict.unfounded] else None,
    )


def _keep(stage: Scene) -> Path:
    """Keep what shows how something came to be lost, or told though it was not so."""
    folder = Path(tempfile.mkdtemp(prefix="watcher-kept-"))
    shutil.copytree(stage.daemon.state, folder / "state")
    truth = "".join(f"{one}\n" for one in stage.lab.story.truth)
    (folder / "truth").write_text(truth, encoding="utf-8")
    return folder


def _kill_at_writes(stage: Scene, strace: str, form: Form, toll: Toll, chance: Random | None = None) -> int:
    """Let it die before its N-th write for one N after the other; return how often it came so far.

    With `chance` in any order, and it catches up now and then: of the first few dozen no poll is stored.
    """
    reached, numbers = 0, list(form.pick(full=_WRITES, quick=_QUICK_WRITES))
    if chance is not None:
        chance.shuffle(numbers)
    for turn, number in enumerate(numbers):
        inject = f"inject={_CALLS}:signal=KILL:when={number}"
        # Not with --seccomp-bpf, which would be faster: strace 6.1 then counts the first call alone.
        quiet = ["-f", "-qq", "-o", "/dev/null"]
        stage.daemon.under = [strace, *quiet, "-e", f"trace={_CALLS}", "-e", inject]
        stage.daemon.spawn()
        try:
            reached += stage.daemon.child.wait(_REACH_S) == -signal.SIGKILL
        except subprocess.TimeoutExpired:
            stage.daemon.kill()
        toll.deaths_ms.append(_now_ms())
        _look(stage, number, form, toll)
        stage.daemon.under = ()
        if chance is not None:
            _catch_up(stage, turn, toll)
    return reached


def _catch_up(stage: Scene, turn: int, toll: Toll) -> None:
    if turn % _CATCH_UP_EVERY == _CATCH_UP_EVERY - 1:
        stage.catch_up()
        toll.deaths_ms.append(_now_ms())


def _kill_at_moment(stage: Scene, chance: Random, toll: Toll, *, is_refusing: bool) -> None:
    stage.receiver.faults.clear()
    if is_refusing and not _is_refused(stage):
        stage.receiver.refuse(503, times=1)
    if chance.random() < _EARLY:
        stage.daemon.spawn()
        stage.daemon.kill(after_s=chance.uniform(0.0, _EARLIEST_S))
    else:
        stage.daemon.start()
        stage.daemon.kill(after_s=chance.uniform(0.0, _LATEST_S))
    toll.deaths_ms.append(_now_ms())


def _is_refused(stage: Scene) -> bool:
    """Whether a message that was refused has not been taken since."""
    taken = set(map(_key, stage.receiver.accepted()))
    return any(_key(arrival) not in taken for arrival in stage.receiver.arrivals())


def _look(stage: Scene, number: int, form: Form, toll: Toll) -> None:
    every = form.pick(full=_LOOK_EVERY, quick=_QUICK_LOOK_EVERY)
    if number % every == 0 and (found := inspect(stage.daemon.state)):
        toll.damages.append(f"after kill {number}: {found}")


def _unexcused(done: Campaign) -> list[str]:
    """Return the ids that came again though no kill had kept their acknowledgement from being stored."""
    return [key for key, again in _repetitions(done) if _death_between(done, *again) is None or not _is_open(done, key)]


def _is_open(done: Campaign, key: str) -> bool:
    """Whether of all attempts but the last nobody knew what became of them, or they were refused."""
    outcomes = Counter(attempt.outcome for attempt in done.attempts.get(key, ())[:-1])
    return outcomes.keys() <= {"unknown", "failed"} and outcomes["failed"] <= done.refusals[key]


def _repetitions(done: Campaign) -> list[tuple[str, tuple[int, int]]]:
    """Return each id that came again, with when it had come before and when it did."""
    times: dict[str, list[int]] = {}
    for arrival in done.arrivals:
        times.setdefault(_key(arrival), []).append(int(arrival.at.timestamp() * 1000))
    return [(key, pair) for key, found in times.items() for pair in pairwise(found)]


def _death_between(done: Campaign, first_ms: int, second_ms: int) -> int | None:
    return next((at for at in done.toll.deaths_ms if first_ms <= at + _SLACK_MS and at <= second_ms), None)


def _longest_ms(done: Campaign) -> int:
    deaths = [(first, _death_between(done, first, second)) for _, (first, second) in _repetitions(done)]
    return max((at - first for first, at in deaths if at is not None), default=0)


def _unmarked(arrivals: Sequence[Arrival]) -> list[str]:
    """Return the ids of repetitions that do not say so."""
    seen: set[str] = set()
    found = []
    for arrival in arrivals:
        if _key(arrival) in seen and _REPETITION not in arrival.body:
            found.append(_key(arrival))
        seen.add(_key(arrival))
    return found


def _key(arrival: Arrival) -> str:
    return arrival.headers["idempotency-key"]


def _now_ms() -> int:
    return int(time.time() * 1000)
