"""An office: rules, a list that changes, channels that do what they are told, and the clock between them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, timedelta
from typing import Any

from tests.pipeline.fakes_outbox import ScriptedChannel
from tests.pipeline.fakes_source import ScriptedSource, pages, row
from tests.pipeline.stage import Stage
from watcher.config.pattern import LinearPattern
from watcher.domain.arrangement import Policy
from watcher.domain.errors import ChannelError
from watcher.domain.follow_up import readdress
from watcher.domain.message import Message
from watcher.domain.rule import Router, Rule
from watcher.domain.silence import make_silence, parse_silence_matcher
from watcher.domain.timing import Escalation, Timing
from watcher.pipeline.arranging import Arranger
from watcher.pipeline.dispatch import Desk, deliver_next
from watcher.pipeline.outbox import Claim
from watcher.pipeline.settling import Aftermath
from watcher.sources.onq import ONQ
from watcher.store.history_deliveries import DeliveryHistory, DeliveryRecord
from watcher.store.outbox import SqliteOutbox
from watcher.store.silences import SqliteSilences

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
DAY = 24 * HOUR
LEASE = 5 * MINUTE
DOWN = ChannelError("the connection was refused")
GONE = ChannelError("the service answered 410", status=410, is_permanent=True)


def rule(name: str = "r", events: str = "questions.new", channels: str = "chat", **timing: Any) -> Rule:
    return Rule(name=name, events=tuple(events.split()), channels=tuple(channels.split()), timing=Timing(**timing))


def step(after: timedelta, channels: str = "leads") -> Escalation:
    return Escalation(after=after, channels=tuple(channels.split()))


ASKED = "1 new open question in “Course a” (1 open)"
CLEARED = "Cleared: No open questions left in “Course a” (before 1)"
AGAIN: Mapping[str, Any] = {"repeat": (4 * HOUR, DAY)}
TO_LEADS: Mapping[str, Any] = {"escalate": (step(DAY),)}


@dataclass
class Office:
    """The list begins with the courses a and b, without open questions."""

    stage: Stage
    rules: Sequence[Rule]
    backups: Mapping[str, str] = field(default_factory=dict)
    channels: dict[str, ScriptedChannel] = field(default_factory=dict)
    fields: dict[str, dict[str, Any]] = field(default_factory=lambda: {"a": {}, "b": {}})

    def __post_init__(self) -> None:
        self.asks(a=0, b=0)

    def asks(self, **open_questions: int) -> None:
        """Poll the list a minute later, with so many open questions."""
        for name, number in open_questions.items():
            self.fields[name]["open_questions_count"] = number
        self.poll()

    def poll(self, after: timedelta = MINUTE) -> None:
        rows = [row(name, **values) for name, values in self.fields.items()]
        self.stage.poll(ScriptedSource([pages(rows)]), after=after, route=Router(self.rules).route)

    def opens(self, name: str, *answers: ChannelError | None) -> None:
        """Let a channel answer so from now on."""
        sent = self.channels[name].sent if name in self.channels else []
        self.channels[name] = ScriptedChannel(name, *answers)
        self.channels[name].sent = sent

    def send(self, *, after: timedelta = timedelta()) -> dict[str, list[Message]]:
        """Let time pass, send whatever goes out, and return the messages by channel."""
        self.stage.now += after
        before = {name: len(channel.sent) for name, channel in self.channels.items()}
        while sum(self.turn(name) for name in self.owed()):
            """Until nothing is due for any channel: one may owe something to another."""
        told = {name: channel.sent[before.get(name, 0) :] for name, channel in self.channels.items()}
        return {name: [message for _, message in sent] for name, sent in told.items() if sent}

    def owed(self) -> list[str]:
        """The channels that were ever owed anything, each of which there is."""
        names = {one.channel for one in self.deliveries()}
        for name in names - self.channels.keys():
            self.opens(name)
        return sorted(names)

    def titles(self, *, after: timedelta = timedelta()) -> dict[str, list[str]]:
        return {name: [message.title for message in sent] for name, sent in self.send(after=after).items()}

    def turn(self, name: str) -> bool:
        """Let a channel have its turn; return whether it had a delivery."""
        return deliver_next(self.channels[name], self.outbox, self.desk()).claim is not None

    def kill_while_sending(self, name: str) -> bool:
        """Claim what is due for a channel, and die; what comes next takes it over. False where nothing is due."""
        claim = self.outbox.claim_due(name, self.stage.now, LEASE, "killed", self.arranger())
        self.outbox.take_over(self.stage.now)
        return claim is not None

    def claim(self, name: str) -> Claim | None:
        return self.outbox.claim_due(name, self.stage.now, LEASE, "one", self.arranger())

    def silence(self, conversation: str, span: timedelta) -> None:
        matcher = parse_silence_matcher("conversation", conversation, LinearPattern)
        now = self.stage.now
        silence = make_silence([matcher], starts_at=now, ends_at=now + span, author="kim", comment="a test")
        SqliteSilences(self.stage.database, LinearPattern).add(silence)

    def desk(self) -> Desk:
        timings = {one.name: one.timing for one in self.rules if one.timing.follows_up}
        return Desk(
            clock=lambda: self.stage.now,
            jitter=lambda: 0.0,
            aftermath=Aftermath(route=Router(self.rules).route, timings=timings, backups=self.backups),
            owner="one",
            zone=UTC,
            decider=self.arranger(),
        )

    def arranger(self) -> Arranger:
        timings = {one.name: one.timing for one in self.rules}
        return Arranger(policy=Policy(timings=timings), apis={"campus": ONQ}, channels=frozenset(self.channels))

    @property
    def outbox(self) -> SqliteOutbox:
        return SqliteOutbox(self.stage.database, compile_pattern=LinearPattern)

    def deliveries(self) -> list[DeliveryRecord]:
        return DeliveryHistory(self.stage.database.connection()).read()

    def states(self) -> list[tuple[str, str, str]]:
        """Channel, stage and state of each delivery, as they came to be owed."""
        found = [(one.channel, str(one.stage), one.state.value) for one in self.deliveries()]
        return sorted(found)

    def reasons(self, state: str) -> list[str]:
        return [one.reason for one in self.deliveries() if one.state.value == state]

    def readdress(self) -> None:
        """What a reload does with the escalations that wait."""
        timings = {one.name: one.timing for one in self.rules}
        named = {name for one in self.rules for name in one.channels} | self.channels.keys()
        self.outbox.readdress(lambda address: readdress(address, timings, named), self.stage.now)

    def change(self, **timing: Any) -> None:
        """Change the timing of the first rule, as after a reload."""
        first, *rest = self.rules
        self.rules = [replace(first, timing=Timing(**timing)), *rest]
