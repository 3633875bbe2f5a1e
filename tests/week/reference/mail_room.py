"""A mail room: what is owed to one channel, decided minute by minute, and the messages that come of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fnmatch import fnmatchcase

from tests.week.record import Json, Outage, Quietude, Told, line_of
from tests.week.reference.matching import holds
from tests.week.reference.net import Line, net
from tests.week.reference.present import Present
from tests.week.reference.rules import Plan, Rulebook
from tests.week.reference.walls import closes, ends_being_quiet
from tests.week.reference.wording import title_of

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
RETRIES = [timedelta(seconds=5), 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 10 * HOUR]
PATIENCE = 30 * MINUTE
FRESH, PROOF, DIGEST, QUIET, THROTTLED = "fresh", "proof", "digest", "quiet", "throttled"


@dataclass(slots=True, eq=False)
class Owed:
    """An event that is owed to the channel by a rule; what it waits for, since when, and until when."""

    event: Json
    plan: Plan
    due: datetime
    waits: str = FRESH
    since: datetime | None = None

    @property
    def happened(self) -> datetime:
        return datetime.fromisoformat(self.event["time"])

    def wait(self, waits: str, now: datetime, until: datetime) -> bool:
        """Go on waiting; never to be told now."""
        self.waits, self.since, self.due = waits, now, until
        return False

    @property
    def is_urgent(self) -> bool:
        quiet = self.plan.quiet
        return quiet is not None and any(fnmatchcase(self.event["type"], glob) for glob in quiet.urgent)


@dataclass(slots=True, eq=False)
class Letter:
    """A message that is made: it goes out whole, however often that takes."""

    lead: Owed
    owed: Sequence[Owed]
    lines: Sequence[Line]
    made: datetime
    due: datetime
    attempts: int = 0


@dataclass
class MailRoom:
    """What one channel is owed."""

    channel: str
    book: Rulebook
    present: Present
    outages: Sequence[Outage]
    silences: Sequence[Quietude]
    told: list[Told]
    waiting: list[Owed] = field(default_factory=list)
    letters: list[Letter] = field(default_factory=list)
    sent: list[tuple[str, datetime]] = field(default_factory=list)
    pause_ends: datetime | None = None

    def owe(self, event: Json, plan: Plan, now: datetime) -> None:
        self.waiting.append(Owed(event, plan, now))

    def work(self, now: datetime) -> None:
        """Decide over everything that is due, and send what is to go."""
        if self._is_paused(now) or not self._has_due(now):
            return
        outgoing: list[Owed] = []
        while due := [one for one in self.waiting if one.due <= now and one not in outgoing]:
            self._end_flaps(due, now)
            due = list(dict.fromkeys(each for one in due for each in [one, *self._digest_of(one, now)]))
            outgoing += [one for one in due if one in self.waiting and one not in outgoing and self._is_to_go(one, now)]
        self._write_letters(outgoing, now)
        for letter in sorted(self.letters, key=lambda each: (each.due, each.lead.event["seq"])):
            if letter.due <= now and not self._is_paused(now):
                self._send(letter, now)
        self._think_again(now)

    # --- What is due: is it its turn? ---------------------------------------------------------------------------------

    def _is_to_go(self, one: Owed, now: datetime) -> bool:
        """Whether a due one is told now; otherwise it ends, or waits for the next thing that its rule says."""
        if self._is_silenced(one, now):
            self.waiting.remove(one)
            return False
        if one.waits == FRESH and one.plan.hold is not None:
            return one.wait(PROOF, one.happened, one.happened + one.plan.hold)
        if one.waits == PROOF and self.present.is_over(one.event, now):
            self.waiting.remove(one)
            return False
        if one.waits in {FRESH, PROOF} and one.plan.gathers:
            begun = one.due if one.waits == PROOF else one.happened
            return one.wait(DIGEST, begun, closes(one.plan, begun))
        if one.plan.quiet is not None and not one.is_urgent:
            awake = ends_being_quiet(one.plan.quiet, now)
            if awake > now:
                return one.wait(QUIET, now, awake)
        return True

    def _digest_of(self, one: Owed, now: datetime) -> list[Owed]:
        """What is told together with a delivery because they are gathered in one digest; itself, where it is not."""
        if one.waits != DIGEST:
            return [one]
        together = [each for each in self.waiting if each.waits == DIGEST and _group(each) == _group(one)]
        return [
            each for each in together if each.since and each.since < now
        ]  # what comes as it closes belongs to the next one

    def _is_silenced(self, one: Owed, now: datetime) -> bool:
        return any(silence.is_on(now) and self._matches(silence, one) for silence in self.silences)

    def _matches(self, silence: Quietude, one: Owed) -> bool:
        short = {"rule": one.plan.name, "channel": self.channel}
        for path, wanted in silence.matchers.items():
            if path in {"type", "source"}:
                if not fnmatchcase(one.event[path], wanted):
                    return False
            elif path in short:
                if short[path] not in (wanted if isinstance(wanted, list) else [wanted]):
                    return False
            elif not holds(one.event, path, wanted):
                return False
        return True

    def _end_flaps(self, due: Sequence[Owed], now: datetime) -> None:
        """What is held until it is proven, and came to nothing meanwhile, is not told."""
        for rule in {one.plan.name for one in due if one.waits == PROOF}:
            subjects: dict[tuple[str, str], list[Owed]] = {}
            for one in self.waiting:
                if one.waits == PROOF and one.plan.name == rule:
                    subjects.setdefault((one.event["source"], one.event["subject"]), []).append(one)
            for held in subjects.values():
                if len(held) > 1:
                    self._drop_untold(held, net([one.event for one in held], now))

    def _drop_untold(self, owed: Sequence[Owed], lines: Sequence[Line]) -> list[Owed]:
        """End what no line stands for, and return the rest."""
        told = {identity for line in lines for identity in line.stands_for}
        for one in owed:
            if one.event["id"] not in told:
                self.waiting.remove(one)
        return [one for one in owed if one.event["id"] in told]

    # --- What goes together -------------------------------------------------------------------------------------------

    def _write_letters(self, outgoing: Sequence[Owed], now: datetime) -> None:
        groups: dict[tuple[object, ...], list[Owed]] = {}
        for one in sorted(outgoing, key=lambda each: (each.due, each.event["seq"])):
            groups.setdefault(self._together(one, outgoing, now), []).append(one)
        for key, group in groups.items():
            if key[0] == "overdue" and len(group) < 3:
                for one in group:
                    self._write_letter([one], now)
            else:
                self._write_letter(group, now)

    def _together(self, one: Owed, outgoing: Sequence[Owed], now: datetime) -> tuple[object, ...]:
        """Name the message that a delivery goes in."""
        if one.waits in {DIGEST, QUIET, THROTTLED}:
            return one.waits, *{DIGEST: _group(one), QUIET: (), THROTTLED: (one.plan.name,)}[one.waits]
        cause = (one.event["source"], one.event["time"])
        if not one.is_urgent and self._is_storm(cause, outgoing):
            return ("storm", *cause)
        if not one.is_urgent and now - one.due > HOUR:
            return "overdue", one.plan.name
        return "alone", one.event["id"]

    def _is_storm(self, cause: tuple[str, str], outgoing: Sequence[Owed]) -> bool:
        of_cause = [
            one
            for one in outgoing
            if (one.event["source"], one.event["time"]) == cause and one.waits == FRESH and not one.is_urgent
        ]
        return bool(self.book.storm) and len(of_cause) > self.book.storm

    def _write_letter(self, group: Sequence[Owed], now: datetime) -> None:
        is_news = len(group) == 1 and group[0].waits == FRESH
        lines = [_alone(group[0])] if is_news else net([one.event for one in group], now)
        if group[0].waits in {QUIET, THROTTLED}:
            lines = [line for line in lines if not self.present.is_over(line.event, now)]
        left = sorted(self._drop_untold(group, lines), key=lambda one: one.event["seq"])
        if not left:
            return
        lead = left[0]
        free = self._free_at(lead.plan, now)
        if free > now:
            for one in left:
                one.wait(THROTTLED, now, free)
            return
        for one in left:
            self.waiting.remove(one)
        self.sent.append((lead.plan.name, now))
        self.letters.append(Letter(lead, left, lines, now, min(one.due for one in left)))

    def _free_at(self, plan: Plan, now: datetime) -> datetime:
        if plan.throttle is None:
            return now
        most, span = plan.throttle
        recent = sorted(at for rule, at in self.sent if rule == plan.name and now - span < at)
        return recent[-most] + span if len(recent) >= most else now

    def _think_again(self, now: datetime) -> None:
        """What was decided and could not be sent is decided over again, but for what carries several events."""
        for letter in [each for each in self.letters if not each.attempts and len(each.owed) == 1]:
            self.letters.remove(letter)
            self.waiting.append(letter.lead)
            self.sent.remove((letter.lead.plan.name, now))

    def _has_due(self, now: datetime) -> bool:
        return any(one.due <= now for one in self.waiting) or any(each.due <= now for each in self.letters)

    def _is_paused(self, now: datetime) -> bool:
        return self.pause_ends is not None and now < self.pause_ends

    # --- Sending ------------------------------------------------------------------------------------------------------

    def _send(self, letter: Letter, now: datetime) -> None:
        quiet = letter.lead.plan.quiet
        if letter.made < now and quiet is not None and not letter.lead.is_urgent:
            awake = ends_being_quiet(quiet, now)
            if awake > now:
                letter.due = awake
                return
        outage = next((each for each in self.outages if each.hits(self.channel, now)), None)
        if outage is not None:
            wait = RETRIES[letter.attempts]
            letter.attempts += 1
            letter.due = now + (max(wait, PATIENCE) if outage.asks_for_patience else wait)
            if outage.asks_for_patience:
                self.pause_ends = now + PATIENCE
            return
        self.letters.remove(letter)
        self.told.append(
            Told(
                at=now,
                channel=self.channel,
                rule=letter.lead.plan.name,
                lines=tuple(line_of(line.event) for line in letter.lines),
                title=title_of(letter.lead.plan.name, [line.event for line in letter.lines], len(letter.owed), now),
            )
        )


def _alone(one: Owed) -> Line:
    return Line(one.event, (one.event["id"],))


def _group(one: Owed) -> tuple[str, ...]:
    """Name the digest that a delivery is gathered in."""
    event = one.event
    parts: Mapping[str, Sequence[str]] = {
        "conversation": (event["source"], event["subject"]),
        "source": (event["source"],),
        "subject": (event["subject"],),
        "type": (event["type"],),
        "severity": (event["data"]["severity"],),
        "rule": (one.plan.name,),
    }
    return one.plan.name, *(part for by in one.plan.group_by for part in parts[by])
