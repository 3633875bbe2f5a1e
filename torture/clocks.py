"""Clocks: set back and ahead, over both changes of summer time, past 2038, and after a sleep."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from signal import SIGCONT, SIGSTOP
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

from torture.daemon import DaemonProcess, daemon_process, wait_until
from torture.moved_clock import MovedClock
from torture.trial import Figure, Form, Trial, at_least, at_most, exactly, none_of
from watcher.lab import Arrival, Lab, Receiver
from watcher.lab.world import iso

ABOUT = """The daemon runs under libfaketime, which moves its wall clock and leaves the monotonic one. Before each
jump a question is asked, which a digest of a time of day waits with, and some registrations are about to close: in
seconds, in half an hour, in half a day, in ten days; two more keep their dates, so that a clock that goes back passes
them, or the ten minutes before, once more. Then the clock jumps, and jumps again. Polls are counted by the API, by a
clock that nobody moves. Told twice means: the same delivery, the same closing or the same warning of it, or the same
question more than once, or two digests on a day whose clock was not set back; missed: its time has come, and it is not
told. A sleep is a process that stands still while the wall clock goes on."""
_AHEAD = {"1001": 5, "1002": 30 * 60, "1003": 12 * 3600, "1004": 10 * 86_400}
"""seconds until the registration of each conversation closes"""
_HOUR, _DAY = 3_600, 86_400
_LEAD = timedelta(minutes=10)
_KEPT = {"1005": timedelta(seconds=45), "1006": _LEAD + timedelta(seconds=50)}
"""from the beginning until the registration closes, of those whose date stays; of the second the warning comes first"""
_ZONE = ZoneInfo("Europe/Berlin")
_CLOSED, _CLOSING = "registration.closed", "registration.closing"
_ASKED = re.compile(r"(\d+) new open questions? .*?\((\d+) open\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Jump:
    """A clock that begins somewhere and is moved, by some seconds each time; `sleeps`: the process stands still."""

    name: str
    begins: datetime
    by: Sequence[int]
    digest_at: str
    sleeps: bool = False


@dataclass(slots=True, kw_only=True)
class Course:
    """What came of one of them."""

    longest_gap_s: float = 0.0
    twice: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    digests: int = 0
    closed: int = 0
    asked: int = 0
    """questions whose digest was due"""
    unexpected: int = 0
    again: int = 0
    """deadlines whose time came once more, since the clock was set back"""


def _utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]  # year to second


JUMPS = (
    Jump(name="-1 h", begins=_utc(2027, 2, 3, 6, 58, 30), by=(100, -_HOUR, _HOUR + 100, _DAY), digest_at="08:00"),
    Jump(name="summer time begins", begins=_utc(2027, 3, 28, 0, 58, 30), by=(60, 1_800), digest_at="02:30"),
    Jump(name="asleep", begins=_utc(2027, 2, 3, 6, 58, 30), by=(2 * _HOUR, 9 * _HOUR), digest_at="08:00", sleeps=True),
    Jump(name="+1 d", begins=_utc(2027, 2, 3, 6, 58, 30), by=(_DAY, _DAY), digest_at="08:00"),
    Jump(name="summer time ends", begins=_utc(2027, 10, 31, 0, 28, 30), by=(100, _HOUR, _DAY), digest_at="02:30"),
    Jump(name="2038", begins=_utc(2038, 1, 19, 3, 12, 30), by=(90, _HOUR), digest_at="04:14"),
)
"""the digest's time by the clock in Berlin lies in the first minutes"""


def try_clocks(form: Form) -> Trial:
    """Clocks."""
    interval_s = form.pick(full=10, quick=2)
    jumps = form.pick(full=JUMPS, quick=JUMPS[:3])
    with ThreadPoolExecutor(len(jumps)) as hands:  # each mostly waits
        courses = list(hands.map(lambda jump: play(jump, interval_s), jumps))
    return Trial(
        key="R7", title="clocks", about=ABOUT.replace("\n", " "), figures=list(_figures(jumps, courses, interval_s))
    )


def _figures(jumps: Sequence[Jump], courses: Sequence[Course], interval_s: int) -> Iterator[Figure]:
    worst, name = max((course.longest_gap_s, jump.name) for course, jump in zip(courses, jumps, strict=True))
    yield at_most(f"longest time without a poll, in intervals ({name})", round(worst / interval_s, 2), 2)
    for what in ("twice", "missed"):
        found = [f"{j.name}: {one}" for j, course in zip(jumps, courses, strict=True) for one in getattr(course, what)]
        yield none_of(f"deadlines, questions and digests told {what}" if what == "twice" else f"… {what}", found)
    yield none_of(
        "clocks under which no digest came", [j.name for j, c in zip(jumps, courses, strict=True) if not c.digests]
    )
    yield exactly("unexpected errors in the log", sum(course.unexpected for course in courses), 0)
    yield at_least("deadlines whose time came", sum(course.closed for course in courses), len(courses))
    yield at_least("… a second time, on a clock set back", sum(course.again for course in courses), 1)
    yield at_least("questions whose digest was due, on the clock with the fewest", min(c.asked for c in courses), 1)


def questions_in(text: str) -> Counter[int]:
    """Return which questions of a conversation, numbered as they were asked, a message tells of."""
    found = [(int(new), int(after)) for new, after in _ASKED.findall(text)]
    return Counter(number for new, after in found for number in range(after - new + 1, after + 1))


def digest_after(moment: datetime, at: str) -> datetime:
    """Return the first moment, after another, at which a digest of a time of day closes by the clocks of Berlin.

    Of a time that comes twice it is the first; one that is left out is the first moment after the gap.
    """
    hour, minute = map(int, at.split(":"))
    local = moment.astimezone(_ZONE)
    days = (local.replace(hour=hour, minute=minute, second=0, microsecond=0, fold=0) + timedelta(n) for n in range(3))
    return next(due for day in days if (due := _instant(day)) > moment)


def _instant(local: datetime) -> datetime:
    at = local.astimezone(UTC)
    if at.astimezone(_ZONE).replace(tzinfo=None) == local.replace(tzinfo=None):
        return at
    before = local.replace(fold=1).astimezone(UTC)  # in a gap, the second reading lies before the change
    minutes = (before + timedelta(minutes=n) for n in range(181))
    return next(one for one in minutes if one.astimezone(_ZONE).dst() != before.astimezone(_ZONE).dst())


def play(jump: Jump, interval_s: int) -> Course:
    """Let one clock go its way, and return what came of it."""
    with TemporaryDirectory() as name, Lab(story=False, conversations=6) as lab, Receiver() as receiver:
        folder = Path(name)
        with daemon_process(folder) as daemon:
            scene = _Scene(folder, daemon, lab, receiver, jump, interval_s)
            scene.begin()
            for by in jump.by:
                scene.expect_closings()
                scene.jump(by)
            return scene.end()


Deadline = tuple[str, str, str]
"""the event's type, the conversation and its date; of warnings there is one lead, so these tell them apart"""


def _named(deadline: Deadline) -> str:
    kind, identity, at = deadline
    return f"{identity} {kind.rpartition('.')[2]} at {at}"


class _Scene:
    def __init__(
        self, folder: Path, daemon: DaemonProcess, lab: Lab, receiver: Receiver, jump: Jump, interval_s: int
    ) -> None:
        self.daemon, self.lab, self.receiver, self.plan, self.interval_s = daemon, lab, receiver, jump, interval_s
        self.clock = MovedClock(folder, int((jump.begins - datetime.now(UTC)).total_seconds()))
        self.course = Course()
        self.polls: list[float] = []
        self.closings: dict[str, datetime] = {}
        self.required: set[Deadline] = set()
        self.due: dict[int, datetime] = {}
        self.owed: set[int] = set()
        self.digests: list[tuple[datetime, str]] = []
        receiver.on_message = self._hear
        lab.onq.before_page = lambda _: self.polls.append(time.monotonic())

    def begin(self) -> None:
        """Start, and wait for the baseline."""
        self.daemon.environ = self.clock.environ
        for row in self.lab.onq.rows:
            self.lab.onq.rows.update(row["id"], close_on=None, status="open", register_status="open")
        self.daemon.configure(self._config())
        self.daemon.start()
        self._wait_polls(2)
        self.polls.clear()
        self.kept = {identity: self.clock.now + ahead for identity, ahead in _KEPT.items()}
        for identity, close_on in self.kept.items():
            self.lab.onq.rows.update(identity, close_on=iso(close_on))

    def expect_closings(self) -> None:
        """A question is asked, and each registration gets another end, from now on."""
        for identity, ahead_s in _AHEAD.items():
            close_on = self.clock.now + timedelta(seconds=ahead_s + self.interval_s)
            self.lab.onq.rows.update(identity, close_on=iso(close_on))
            self.closings[identity] = close_on
        asked = len(self.due) + 1
        self.lab.onq.rows.update("1001", open_questions_count=asked)
        self._wait_polls(2)  # the first of them is stored when the second begins
        self.due[asked] = digest_after(self.clock.now, self.plan.digest_at)

    def jump(self, by_s: int) -> None:
        """Move the wall clock, and look at the next polls."""
        if self.plan.sleeps:
            self.daemon.signal(SIGSTOP)
        before = self.clock.now
        self.clock.move(by_s)
        self.course.again += sum(self.clock.now < at <= before for at in self._moments().values())
        if self.plan.sleeps:
            self.daemon.signal(SIGCONT)
        self._wait_polls(2)
        over = self.clock.now - timedelta(seconds=2)
        self.required |= {(_CLOSED, identity, iso(at)) for identity, at in self.closings.items() if at <= over}
        self.required |= {deadline for deadline, at in self._moments().items() if at <= over and self._stands(deadline)}
        self.owed |= {number for number, at in self.due.items() if at <= over}

    def end(self) -> Course:
        """Hold what was told against what had to be."""
        waiting = "SELECT count(*) FROM deliveries WHERE state IN ('failed', 'sending')"
        wait_until(self.receiver, lambda: self.daemon.rows(waiting) == [(0,)], 10)
        course, told = self.course, self._told()
        course.longest_gap_s = max((after - before for before, after in pairwise(self.polls)), default=0.0)
        keys = Counter(arrival.headers["idempotency-key"] for arrival in self.receiver.accepted())
        course.twice += [f"delivery {key}" for key, times in keys.items() if times > 1]
        course.twice += [_named(deadline) for deadline, times in told.items() if times > 1]
        course.missed += [_named(deadline) for deadline in sorted(self.required - told.keys())]
        course.closed = len(self.required)
        self._hold_questions()
        self.daemon.stop()
        course.unexpected = self.daemon.unexpected()
        return course

    def _hold_questions(self) -> None:
        """Each question stands in one digest, and no day has two."""
        course, told = self.course, sum((questions_in(text) for _, text in self.digests), Counter[int]())
        course.asked, course.digests = len(self.owed), len(self.digests)
        course.twice += [f"question {number}" for number, times in sorted(told.items()) if times > 1]
        course.missed += [f"question {number}" for number in sorted(self.owed - told.keys())]
        if min(self.plan.by) > 0:
            days = Counter(at.astimezone(_ZONE).date() for at, _ in self.digests)
            course.twice += [f"digest of {day}" for day, times in days.items() if times > 1]

    def _hear(self, arrival: Arrival) -> None:
        if questions_in(text := str(arrival.json())):
            self.digests.append((self.clock.now, text))

    def _moments(self) -> dict[Deadline, datetime]:
        """Return when those whose dates stay close, and when that of the second must have been warned of."""
        closes = {(_CLOSED, identity, iso(at)): at for identity, at in self.kept.items()}
        at = self.kept["1006"]
        return {**closes, (_CLOSING, "1006", iso(at)): at - _LEAD}

    def _stands(self, deadline: Deadline) -> bool:
        """Whether it is owed: a warning is of no use once its registration has closed, by a jump over both."""
        kind, identity, _ = deadline
        return kind == _CLOSED or self.clock.now < self.kept[identity]

    def _told(self) -> Counter[Deadline]:
        query = f"""SELECT type, subject, json_extract(details, '$.deadline.at') FROM events
            WHERE type IN ('{_CLOSED}', '{_CLOSING}')"""
        return Counter((str(kind), str(subject), str(at)) for kind, subject, at in self.daemon.rows(query))

    def _wait_polls(self, number: int) -> None:
        before = len(self.polls)
        wait_until(self.receiver, lambda: len(self.polls) >= before + number, (number + 5) * self.interval_s + 20)

    def _config(self) -> str:
        onq = self.lab.onq
        return f"""
timezone = "Europe/Berlin"
[deadlines]
registration_closing = ["10m"]
[sources.campus]
api = "onq"
url = "{onq.url}"
auth = {{ kind = "bearer", token = "{next(iter(onq.bearer))}" }}
every = "{self.interval_s}s"
[channels.json]
url = "{self.receiver.json_url}"
[[rules]]
name = "questions, once a day"
events = ["questions.*"]
digest = {{ at = "{self.plan.digest_at}" }}
channels = ["json"]
[[rules]]
name = "closings"
events = ["registration.closed"]
channels = ["json"]
"""
