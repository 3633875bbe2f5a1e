"""A mail room: what is owed to one channel, decided minute by minute, and the messages that come of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase

from tests.week.record import Json, Quietude
from tests.week.reference.ledger import Ledger
from tests.week.reference.matching import holds
from tests.week.reference.net import Line, net
from tests.week.reference.owed import (
    DIGEST,
    ESCALATION,
    FIRST,
    FRESH,
    PROOF,
    QUIET,
    REFUSED,
    REPEAT,
    THROTTLED,
    Letter,
    Owed,
)  # fmt: skip
from tests.week.reference.postman import Postman
from tests.week.reference.present import Present
from tests.week.reference.rules import Plan
from tests.week.reference.walls import closes, ends_being_quiet

HOUR = timedelta(hours=1)


@dataclass
class MailRoom:
    """What one channel is owed."""

    channel: str
    storm: int
    present: Present
    silences: Sequence[Quietude]
    postman: Postman
    ledger: Ledger = field(init=False)
    waiting: list[Owed] = field(default_factory=list)
    letters: list[Letter] = field(default_factory=list)
    had: set[tuple[str, str]] = field(default_factory=set)
    idle_until: datetime | None = None

    # --- For the ledger -----------------------------------------------------------------------------------------------

    def owe(self, one: Owed) -> bool:
        """Owe an event at a stage, once."""
        if self.has(one.event, one.stage):
            return False
        self.had.add((one.event["id"], one.stage))
        self.idle_until = None
        self.waiting.append(one)
        return True

    def has(self, event: Json, stage: str) -> bool:
        return (event["id"], stage) in self.had

    def pending(self) -> list[Owed]:
        return [*self.waiting, *(part for letter in self.letters for part in letter.parts)]

    def drop(self, one: Owed, now: datetime) -> None:
        """End what is owed; what went in one letter with it goes on by itself, where that letter was its own."""
        self.idle_until = None
        if one in self.waiting:
            self.waiting.remove(one)
            return
        letter = next(each for each in self.letters if one in each.parts)
        one.due = letter.due if letter.lead is one else now
        left = [part for part in letter.parts if part is not one]
        if letter.lead is one:
            self.letters.remove(letter)
            for part in left:
                part.due = now
            self.waiting += left
        else:
            letter.parts = left
            told = {part.event["id"] for part in left}
            letter.lines = [line for line in letter.lines if told.intersection(line.stands_for)]

    def take_back(self, one: Owed, now: datetime) -> None:
        """Owe again what was dropped, from when it was due on."""
        self.idle_until = None
        one.due = max(one.due, now)
        self.waiting.append(one)

    # --- What is due: is it its turn? ---------------------------------------------------------------------------------

    def work(self, now: datetime) -> bool:
        """Decide over everything that is due and send what is to go, until nothing more is; False for nothing to do."""
        if self.idle_until is not None and now < self.idle_until:
            return False
        has_worked = False
        while not self.postman.is_paused(now) and self._has_due(now):
            has_worked = True
            outgoing: list[Owed] = []
            while due := [one for one in self.waiting if one.due <= now and one not in outgoing]:
                self._end_flaps(due, now)
                due = list(dict.fromkeys(each for one in due for each in [one, *self._digest_of(one, now)]))
                outgoing += [
                    one for one in due if one in self.waiting and one not in outgoing and self._is_to_go(one, now)
                ]
            self._write_letters(outgoing, now)
            if not self.postman.send(self, now):
                break
        ahead = [*(one.due for one in self.waiting), *(letter.due for letter in self.letters)]
        self.idle_until = min(ahead, default=datetime.max.replace(tzinfo=UTC))
        return has_worked

    def _has_due(self, now: datetime) -> bool:
        return any(one.due <= now for one in self.waiting) or any(letter.due <= now for letter in self.letters)

    def _is_to_go(self, one: Owed, now: datetime) -> bool:
        """Whether a due one is told now; otherwise it ends, or waits for the next thing that its rule says."""
        if one.waits != REFUSED and any(
            silence.is_on(now) and self._matches(silence, one) for silence in self.silences
        ):
            self.waiting.remove(one)
            if one.kind == REPEAT:
                self.ledger.remind(self.channel, one, now)
            return False
        if one.kind != FIRST:
            return self._is_follow_up_to_go(one, now)
        if one.waits == FRESH and one.plan.hold is not None:
            return one.wait(PROOF, one.happened, one.happened + one.plan.hold)
        if one.waits == PROOF and self.present.is_over(one.event, now):
            self.waiting.remove(one)
            return False
        if one.waits in {FRESH, PROOF} and one.plan.gathers:
            begun = one.due if one.waits == PROOF else one.happened
            return one.wait(DIGEST, begun, closes(one.plan, begun))
        return self._is_awake(one, now)

    def _is_follow_up_to_go(self, one: Owed, now: datetime) -> bool:
        """What follows is told only while it is true, and escalated once; the end of something while it is the end."""
        is_over = self.present.is_over(one.event, now)
        if is_over and (one.is_reminder or one.waits != REFUSED):
            self.waiting.remove(one)
            if one.is_reminder:
                self.ledger.over.add(one.event["id"])
            return False
        if one.kind == ESCALATION:
            after = one.plan.escalate[one.number - 1][0]
            if self.ledger.is_escalated_already(self.channel, one, after, now):
                self.waiting.remove(one)
                return False
        return self._is_awake(one, now)

    def _is_awake(self, one: Owed, now: datetime) -> bool:
        if one.plan.quiet is None or one.is_urgent:
            return True
        awake = ends_being_quiet(one.plan.quiet, now)
        return awake == now or one.wait(REFUSED if one.waits == REFUSED else QUIET, now, awake)

    def _digest_of(self, one: Owed, now: datetime) -> list[Owed]:
        """What is told together with a delivery because they are gathered in one digest; itself, where it is not."""
        if one.waits != DIGEST:
            return [one]
        together = [each for each in self.waiting if each.waits == DIGEST and each.digest == one.digest]
        # What comes at the very moment when it closes belongs to the next one.
        return [each for each in together if each.since and each.since < now]

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
        for one in [one for one in self.waiting if one.waits == REFUSED and one.due > now]:
            groups.get(self._together(one, outgoing, now), []).append(one)
        for key, group in groups.items():
            if key[0] == "overdue" and len(group) < 3:
                for one in [one for one in group if one.due <= now]:
                    self._write_letter([one], now)
            else:
                self._write_letter(group, now, is_overdue=key[0] == "overdue")

    def _together(self, one: Owed, outgoing: Sequence[Owed], now: datetime) -> tuple[object, ...]:
        """Name the message that a delivery goes in."""
        alone = ("alone", one.event["id"], one.stage)
        if one.is_reminder:
            of_stage = (one.stage,) if one.kind == ESCALATION else ()
            return alone if one.waits == REFUSED else (one.kind, one.plan.name, *of_stage)
        if one.waits in {DIGEST, QUIET, THROTTLED}:
            of_rule = {DIGEST: one.digest, QUIET: (), THROTTLED: (one.plan.name,)}[one.waits]
            return one.waits, *of_rule, one.kind
        cause = (one.event["source"], one.event["time"])
        if not one.is_urgent and one.waits != REFUSED and self._is_storm(cause, outgoing):
            return "storm", *cause, one.kind
        waited_since = one.happened if one.waits == REFUSED else one.due
        is_overdue = not one.is_urgent and now - waited_since > HOUR
        return ("overdue", one.plan.name, one.kind) if is_overdue else alone

    def _is_storm(self, cause: tuple[str, str], outgoing: Sequence[Owed]) -> bool:
        of_cause = [
            one
            for one in outgoing
            if (one.event["source"], one.event["time"]) == cause
            and one.waits == FRESH and not one.is_urgent and not one.is_reminder
        ]  # fmt: skip
        return bool(self.storm) and len(of_cause) > self.storm

    def _write_letter(self, group: Sequence[Owed], now: datetime, *, is_overdue: bool = False) -> None:
        first = group[0]
        is_whole = len(group) == 1 and first.waits in {FRESH, REFUSED}
        lines = [_alone(first)] if is_whole or first.is_reminder else net([one.event for one in group], now)
        if first.waits in {QUIET, THROTTLED} and first.kind == FIRST:
            lines = [line for line in lines if not self.present.is_over(line.event, now)]
        left = list(group) if first.is_reminder else self._drop_untold(group, lines)
        left.sort(key=lambda one: (one.event["time"], one.event["seq"]))
        if not left:
            return
        if first.is_reminder and len(left) > 1:
            lines = net([one.event for one in left], left[0].happened)
        free = self._free_at(left[0], now)
        if free > now:
            for one in left:
                one.wait(THROTTLED, now, free)
            return
        for one in left:
            self.waiting.remove(one)
        if len(left) > 1:  # another message than what was refused before
            left[0].forgiven = left[0].attempts
        self.letters.append(Letter(left, lines, now, min(left[0].due, now), is_overdue))

    def _free_at(self, lead: Owed, now: datetime) -> datetime:
        """When the throttle of a rule lets one more pass."""
        if lead.plan.throttle is None or lead.waits == REFUSED:
            return now
        most, span = lead.plan.throttle
        recent = sorted(at for at in self._sent(lead.plan, now) if now - span < at)
        return recent[-most] + span if len(recent) >= most else now

    def _sent(self, plan: Plan, now: datetime) -> list[datetime]:
        tried = [one for one in self.waiting if one.tries and one.plan.name == plan.name]
        letters = [letter for letter in self.letters if letter.lead.plan.name == plan.name]
        under_way = [now for letter in letters if letter.lead.tries or letter.due <= now]
        return [*self.postman.sent.get(plan.name, []), *under_way, *[now for _ in tried]]


def _alone(one: Owed) -> Line:
    return Line(one.event, (one.event["id"],))
