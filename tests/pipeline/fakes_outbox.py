"""An outbox in memory that keeps the port's promises, and a channel that does what it is told."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from watcher.domain.channel_health import ChannelHealth
from watcher.domain.delivery import Attempt, DeliveryState, Outcome
from watcher.domain.errors import ChannelError
from watcher.domain.event import Event
from watcher.domain.message import Message
from watcher.domain.rule import Match
from watcher.pipeline.arranging import Decider
from watcher.pipeline.outbox import Claim, Settlement
from watcher.pipeline.ports import Receipt

START = datetime(2026, 11, 23, 7, 15, 2, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    claim: Claim
    due_at: datetime | None
    state: DeliveryState = DeliveryState.PENDING
    reason: str = ""


@dataclass
class MemoryOutbox:
    rows: dict[str, Row] = field(default_factory=dict)
    attempts: list[Attempt] = field(default_factory=list)
    log: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    """number and outcome of each attempt, by delivery"""
    health: dict[str, ChannelHealth] = field(default_factory=dict)
    owed: list[tuple[Event, tuple[Match, ...]]] = field(default_factory=list)

    def owe(self, event: Event, channel: str, due_at: datetime = START, rule: str = "all") -> str:
        delivery_id = f"{event.id}/{channel}"
        claim = Claim(
            delivery_id=delivery_id, event=event, rule=rule, channel=channel, attempt=0, was_interrupted=False,
            created_at=event.time, state=DeliveryState.PENDING, owner="", lease_until=due_at,
        )  # fmt: skip
        self.rows.setdefault(delivery_id, Row(claim=claim, due_at=due_at))
        return delivery_id

    def claim_due(
        self, channel: str, now: datetime, lease: timedelta, owner: str, decider: Decider | None = None
    ) -> Claim | None:
        due = [row for row in self._open(channel) if row.due_at is not None and row.due_at <= now]
        if not due:
            return None
        first = min(due, key=lambda row: row.due_at or now)  # of one instant the first that was owed
        row = next(row for row in due if row is first or row.state is DeliveryState.FAILED)
        claim = replace(
            row.claim,
            attempt=row.claim.attempt + 1,
            was_interrupted=row.claim.was_interrupted or row.state is DeliveryState.SENDING,
            state=row.state,
            owner=owner,
            lease_until=now + lease,
        )
        self.rows[claim.delivery_id] = replace(row, claim=claim, due_at=now + lease, state=DeliveryState.SENDING)
        log = self.log.setdefault(claim.delivery_id, [])
        log[:] = [(number, outcome or "unknown") for number, outcome in log]
        log.append((claim.attempt, ""))
        return claim

    def settle(self, claim: Claim, settlement: Settlement) -> bool:
        row = self.rows[claim.delivery_id]
        if row.state is not DeliveryState.SENDING or row.claim != claim:
            return False
        outcome: Outcome = settlement.outcome
        self.rows[claim.delivery_id] = replace(row, due_at=outcome.due_at, state=outcome.state, reason=outcome.reason)
        self.attempts.append(settlement.attempt)
        said = outcome.state if settlement.attempt.is_sent else DeliveryState.FAILED
        self.log[claim.delivery_id][-1] = (claim.attempt, said.value)
        self.health[claim.channel] = settlement.health
        if settlement.ends_outage:
            self._release(claim.channel)
        self.owed += [(owed.event, owed.deliveries) for owed in settlement.owed]
        for owed in settlement.owed:
            for match in owed.deliveries:
                self.owe(owed.event, match.channel, owed.event.time, match.rule)
        return True

    def settle_and_claim(
        self,
        claim: Claim,
        settlement: Settlement,
        now: datetime,
        lease: timedelta,
        decider: Decider | None = None,
    ) -> tuple[bool, Claim | None]:
        if not self.settle(claim, settlement):
            return False, None
        return True, self.claim_due(claim.channel, now, lease, claim.owner)

    def give_back(self, claim: Claim, now: datetime) -> None:
        row = self.rows[claim.delivery_id]
        if row.state is not DeliveryState.SENDING or row.claim != claim:
            return
        state = DeliveryState.UNKNOWN if claim.state is DeliveryState.SENDING else claim.state
        undone = replace(claim, attempt=claim.attempt - 1)
        self.rows[claim.delivery_id] = replace(row, claim=undone, due_at=min(claim.created_at, now), state=state)
        self.log[claim.delivery_id].pop()

    def _release(self, channel: str) -> None:
        for delivery_id, row in self.rows.items():
            if row.claim.channel == channel and row.state is DeliveryState.FAILED:
                self.rows[delivery_id] = replace(row, due_at=row.claim.created_at)

    def next_due(self, channel: str) -> datetime | None:
        return min((row.due_at for row in self._open(channel) if row.due_at is not None), default=None)

    def channel_health(self, channel: str) -> ChannelHealth:
        return self.health.get(channel, ChannelHealth())

    def state(self, delivery_id: str) -> DeliveryState:
        return self.rows[delivery_id].state

    def _open(self, channel: str) -> list[Row]:
        return [row for row in self.rows.values() if row.claim.channel == channel and not row.state.is_final]


class ScriptedChannel:
    """Answers each send with the next of `answers`, the last one again and again; None is a success."""

    def __init__(self, name: str, *answers: ChannelError | Receipt | None, pace: timedelta = timedelta()) -> None:
        self.name = name
        self.pace = pace
        self.sent: list[tuple[str, Message]] = []
        self.closed = 0
        self._answers = list(answers or (None,))

    def send(self, message: Message, delivery_id: str) -> Receipt:
        self.sent.append((delivery_id, message))
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, ChannelError):
            raise answer
        return answer or Receipt(status=200)

    def close(self) -> None:
        self.closed += 1


@dataclass
class Clock:
    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, span: timedelta) -> bool:
        self.now += span
        return True
