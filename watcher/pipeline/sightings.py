"""Sightings: what a row of a read that differs becomes: a stored row, events, deadlines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from watcher.domain.api import Api, FieldKind
from watcher.domain.conversation import Conversation, Drift, Reading, settle
from watcher.domain.deadline import DEADLINE_ROLES, Deadline, DeadlineState, rearm
from watcher.domain.derive import Stance, advance, derive_facts, is_flagged_removed, see, to_event
from watcher.domain.event import Between, EventType
from watcher.domain.link import make_link
from watcher.domain.listing import RawRow
from watcher.domain.sighting import Fact, Sighting
from watcher.domain.snapshot import Presence, Row, Standing
from watcher.pipeline.plan import Plan
from watcher.pipeline.ports import Source
from watcher.pipeline.snapshots import Draft, SourceRecord

SAMPLE_SIZE = 5


@dataclass(slots=True, kw_only=True)
class Findings:
    """What a poll has found beside rows and events: counts, drifts, fields that no row had.

    `sample`: the names of some rows that were seen for the first time. `absent_fields` is None until a row has been
    read. `seen` counts the rows that were read value by value.
    """

    changed: int = 0
    events: int = 0
    seen: int = 0
    deadlines_ahead: int = 0
    sample: list[str] = field(default_factory=list)
    drifts: dict[str, Drift] = field(default_factory=dict)
    absent_fields: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Taking:
    """What rows are taken in with.

    `is_silent_first`: rows never seen before are learnt without a word (baseline, a list that grew at once).
    `knows_first`: rows never seen before may be learnt at all (the read is complete).
    `silent`: the fields that no event looks at.
    `is_reread`: dates are read in another zone than before, so that instants which moved are no news.
    """

    source: Source
    draft: Draft
    plan: Plan
    record: SourceRecord
    stance: Stance
    now: datetime
    is_silent_first: bool
    knows_first: bool
    silent: frozenset[str] = frozenset()
    is_reread: bool = False


def take_row(
    taking: Taking,
    findings: Findings,
    changed: RawRow,
    stored: Row | None,
    presence: Presence = Presence.LISTED,
    reading: Reading | None = None,
) -> None:
    """Take in one row whose bytes differ; `presence` is HIDDEN for one that was asked after out of the list.

    `reading` is what it says, where it has been interpreted already.
    """
    reading = reading or taking.source.interpret(changed.body)
    if reading.id != changed.id:  # the id that the page was cut by is the one that counts
        reading = replace(reading, id=changed.id)
    note_drift(findings, reading.drifts, reading.absent)
    if stored is None and not taking.knows_first:
        return
    if stored is not None and presence is Presence.HIDDEN:
        reading = _as_listed(taking.stance.api, reading, stored.conversation)
    after = settle(taking.stance.api, reading, stored.conversation if stored else None)
    sighting = see(taking.stance.api, stored, after, taking.stance.unwatched)
    standing = _place(taking, advance(sighting, taking.now), presence)
    is_same = stored is not None and not sighting.changes and stored.conversation.state == after.state
    if stored is not None and is_same and standing == stored.standing:
        taking.draft.put_digest(changed.id, changed.digest)
        return
    was_moved = stored is None or not is_same or stored.standing.presence is not standing.presence
    findings.changed += was_moved
    rev = 1 if stored is None else stored.rev + was_moved
    if stored is None and len(findings.sample) < SAMPLE_SIZE:
        findings.sample.append(after.name or after.id)
    row = Row(conversation=after, rev=rev, digest=changed.digest, standing=standing)
    deadlines = _deadlines_after(taking, findings, row, sighting)
    facts = _facts(taking, _without_zone(taking, sighting), standing)
    taking.draft.put_row(row, is_same_version=is_same, deadlines=deadlines, is_shown=bool(facts))
    _tell(taking, findings, row, facts, stored)


def take_returned_rows(taking: Taking, findings: Findings) -> None:
    """Put rows that are back, byte for byte as they were, into the list again; only a removed one is news."""
    for batch in taking.draft.returned_rows():
        for stored in batch:
            _take_back(taking, findings, stored)


def remove(taking: Taking, findings: Findings, stored: Row) -> None:
    """Conclude that a row is gone: say so, and disarm its deadlines."""
    standing = replace(stored.standing, presence=Presence.REMOVED)
    row = replace(stored, rev=stored.rev + 1, standing=standing)
    findings.changed += 1
    taking.draft.put_row(row, is_same_version=True, deadlines=())
    _tell(taking, findings, row, (Fact(type=EventType.CONVERSATION_REMOVED),), stored)


def note_drift(findings: Findings, drifts: Iterable[Drift], absent: frozenset[str], rows: int = 1) -> None:
    """Note what some rows had otherwise than documented."""
    findings.seen += rows
    for drift in drifts:
        findings.drifts.setdefault(drift.field, drift)
    known = findings.absent_fields
    findings.absent_fields = absent if known is None else known & absent


def between(taking: Taking, stored: Row | None, event_type: EventType) -> Between | None:
    """Return the two reads that something happened between, None where nothing was read before.

    A row came back since the last read that missed it, however long ago its values were known.
    """
    is_back = event_type is EventType.CONVERSATION_RETURNED
    after = known_at(taking, stored) if stored and not is_back else taking.record.last_read_at
    return Between(after=after, before=taking.now) if after is not None and after <= taking.now else None


def known_at(taking: Taking, stored: Row) -> datetime | None:
    """Return when the values of a row were last confirmed: a listed one by the last complete read at least."""
    at, read_at = stored.standing.known_at, taking.record.last_read_at
    if at is None or (stored.standing.presence is Presence.LISTED and read_at is not None and at < read_at):
        return read_at
    return at


def _take_back(taking: Taking, findings: Findings, stored: Row) -> None:
    sighting = see(taking.stance.api, stored, stored.conversation, taking.stance.unwatched)
    if is_flagged_removed(sighting):
        return
    was_removed = stored.standing.presence is Presence.REMOVED
    standing = _place(taking, advance(sighting, taking.now), Presence.LISTED)
    row = replace(stored, rev=stored.rev + was_removed, standing=standing)
    if not was_removed:
        taking.draft.put_row(row, is_same_version=True)
        return
    findings.changed += 1
    deadlines = _arm(taking, findings, row, (), is_silent=False)  # a removed row has none
    taking.draft.put_row(row, is_same_version=True, deadlines=deadlines)
    _tell(taking, findings, row, derive_facts(sighting), stored)


def _deadlines_after(taking: Taking, findings: Findings, row: Row, sighting: Sighting) -> tuple[Deadline, ...] | None:
    """Return all deadlines of a row that was seen, None where they stay as they are."""
    if sighting.is_first:
        return _arm(taking, findings, row, (), is_silent=taking.is_reread or taking.is_silent_first)
    if not _moves_deadlines(taking, sighting, row.standing):
        return None
    row_id = row.conversation.id
    stored = taking.draft.deadlines_of([row_id]).get(row_id, ())
    return _arm(taking, findings, row, stored, is_silent=taking.is_reread)


def _arm(
    taking: Taking, findings: Findings, row: Row, stored: Sequence[Deadline], *, is_silent: bool
) -> tuple[Deadline, ...]:
    after = rearm(taking.stance.api, row, stored, taking.plan.leads, taking.now, is_silent=is_silent)
    findings.deadlines_ahead += sum(deadline.state is DeadlineState.ARMED for deadline in after)
    findings.deadlines_ahead -= sum(deadline.state is DeadlineState.ARMED for deadline in stored)
    return after


def _moves_deadlines(taking: Taking, sighting: Sighting, standing: Standing) -> bool:
    """Whether anything changed that deadlines hang on; most rows change in something else."""
    before = sighting.standing
    if before.presence is not standing.presence:
        return True
    if before.waiting_since != standing.waiting_since and taking.plan.leads.get(EventType.QUESTIONS_WAITING):
        return True
    return any(sighting.change_of(role) is not None for role in DEADLINE_ROLES)


def _as_listed(api: Api, reading: Reading, before: Conversation) -> Reading:
    """An answer about one row may show other fields than the list does: undocumented ones stay as the list had them."""
    documented = {name: value for name, value in reading.fields.items() if name in api.fields}
    others = {name: value for name, value in before.fields.items() if name not in api.fields}
    return replace(reading, fields={**documented, **others})


def _without_zone(taking: Taking, sighting: Sighting) -> Sighting:
    """Leave out the instants of a row that is only read in another zone."""
    if not taking.is_reread:
        return sighting
    fields = taking.stance.api.fields
    instants = {name for name, field in fields.items() if field.kind is FieldKind.INSTANT}
    return replace(sighting, changes=tuple(change for change in sighting.changes if change.field not in instants))


def _facts(taking: Taking, sighting: Sighting, standing: Standing) -> tuple[Fact, ...]:
    """A row that says of itself that it is removed has nothing else to say; one learnt in silence nothing at all."""
    if sighting.is_first and (taking.is_silent_first or standing.presence is Presence.REMOVED):
        return ()
    if _says_nothing(taking, sighting):
        return ()
    if is_flagged_removed(sighting):
        was_there = sighting.standing.presence is not Presence.REMOVED
        return (Fact(type=EventType.CONVERSATION_REMOVED),) if was_there else ()
    return derive_facts(sighting)


def _says_nothing(taking: Taking, sighting: Sighting) -> bool:
    """Whether only fields changed that no event looks at, in a row that was there and is in the same state."""
    before = sighting.before
    if before is None or sighting.standing.presence is Presence.REMOVED or before.state != sighting.after.state:
        return False
    return all(change.field in taking.silent for change in sighting.changes)


def _tell(taking: Taking, findings: Findings, row: Row, facts: Sequence[Fact], stored: Row | None) -> None:
    if not facts:
        return
    url = make_link(taking.plan.link, row.conversation.id, row.conversation.fields)
    if url != row.conversation.url:
        row = replace(row, conversation=replace(row.conversation, url=url))
    for fact in facts:
        span = between(taking, stored, fact.type)
        event = to_event(fact, stance=taking.stance, row=row, now=taking.now, between=span)
        taking.draft.put_owed(taking.plan.owe(event))
        findings.events += 1


def _place(taking: Taking, standing: Standing, presence: Presence) -> Standing:
    """A row that was seen otherwise than in a complete read is known since then."""
    if standing.presence is Presence.REMOVED:
        return standing
    is_apart = presence is Presence.HIDDEN or not taking.knows_first
    if presence is Presence.LISTED and not is_apart:
        return standing
    return replace(standing, presence=presence, known_at=taking.now if is_apart else None)
