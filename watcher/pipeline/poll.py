"""A poll: one source read, compared, and everything that follows stored in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from watcher.domain.absence import Belief, Verdict, is_grown
from watcher.domain.conversation import Drift
from watcher.domain.deadline import rearm
from watcher.domain.derive import Stance, silent_fields, to_source_event, unwatched_fields
from watcher.domain.errors import SourceError
from watcher.domain.event import EventType, stamp
from watcher.domain.health import after_failure, after_success
from watcher.domain.sighting import Fact
from watcher.pipeline.absences import Looks, ask_after, take_absences
from watcher.pipeline.changed_rows import take_changed_rows
from watcher.pipeline.outbox import Owed
from watcher.pipeline.plan import Plan
from watcher.pipeline.ports import Digest, Source
from watcher.pipeline.reading import ReadResult, read_listing
from watcher.pipeline.sightings import Findings, Taking, take_returned_rows
from watcher.pipeline.snapshots import Draft, PollOutcome, PollRecord, SnapshotStore, SourceRecord

MAX_RETRY_AFTER = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class PollReport:
    """What a poll came to, for whoever asked for it.

    `suspect` says why the read was not believed, empty where it was. `not_before`: when the server may be asked again.
    """

    source: str
    record: PollRecord
    failures: int = 0
    is_baseline: bool = False
    suspect: str = ""
    not_before: datetime | None = None
    notes: tuple[str, ...] = ()


def poll_source(
    source: Source, store: SnapshotStore, plan: Plan, digest: Digest, *, is_dry: bool = False
) -> PollReport:
    """Poll a source once; never raises SourceError, which is recorded instead.

    1. Read the listing into a draft. 2. Derive events, deadlines and deliveries from it.
    3. Commit all of it, or (`is_dry`) none.
    """
    started_at = plan.now()
    with plan.hold(source.name):  # another identity forgets the rows, other leads arm their deadlines
        record = _open(source, store, plan)
    if _is_reread(record, plan):
        store.forget_bytes(record)
    with store.draft(record) as draft:
        is_baseline = record.baseline_at is None
        read = read_listing(source, draft, is_baseline=is_baseline, on_page=plan.on_page)
        if read.outcome is PollOutcome.FAILED or (is_baseline and read.outcome is PollOutcome.INCOMPLETE):
            return _record_failure(source, store, plan, record, read, started_at, is_dry=is_dry)
        looks = _look(source, draft, plan, read, is_baseline=is_baseline)
        with plan.hold(source.name):
            conclusion = _Conclusion(source, draft, plan, record, read, started_at, store)
            return conclusion.conclude(looks, digest, is_dry=is_dry)


def _open(source: Source, store: SnapshotStore, plan: Plan) -> SourceRecord:
    """Open the source's record; leads that were configured anew are armed first, what has passed of them in silence."""
    record = store.open_source(
        source.name, api=source.api.name, identity=plan.identity, link=plan.link, interval=plan.interval
    )
    if record.leads != plan.leads_text and not record.is_renewed:
        now = plan.now()
        store.rearm(
            record,
            plan.leads_text,
            lambda row, stored: rearm(source.api, row, stored, plan.leads, now, is_silent=True),
        )
    return replace(record, leads=plan.leads_text)


def _is_reread(record: SourceRecord, plan: Plan) -> bool:
    """Whether the stored rows were read in another zone: what moves by that alone is no news."""
    return record.baseline_at is not None and record.zone != plan.zone


def _look(source: Source, draft: Draft, plan: Plan, read: ReadResult, *, is_baseline: bool) -> Looks:
    """Ask what became of absent rows, while nothing is held: deadlines must not wait for a slow API."""
    if is_baseline or read.outcome is not PollOutcome.COMPLETE or not source.api.explains_absence:
        return {}
    return ask_after(source, draft, plan.look_budget, plan.now())


class _Conclusion:
    """One poll's way from a read that brought rows to its commit."""

    def __init__(
        self,
        source: Source,
        draft: Draft,
        plan: Plan,
        record: SourceRecord,
        read: ReadResult,
        started_at: datetime,
        store: SnapshotStore,
    ) -> None:
        self.source, self.draft, self.plan, self.record = source, draft, plan, record
        self.read, self.started_at, self.store = read, started_at, store
        self.now = plan.now()
        self.findings = Findings()
        self.is_complete = read.outcome is PollOutcome.COMPLETE
        self.is_baseline = record.baseline_at is None
        self.is_grown = not self.is_baseline and is_grown(read.tally.first_seen, read.tally.known, plan.guard)

    def conclude(self, looks: Looks, digest: Digest, *, is_dry: bool) -> PollReport:
        taking = self._taking()
        take_changed_rows(taking, self.findings)
        verdict: Verdict | None = None
        take_returned_rows(taking, self.findings)
        if self.is_complete and not self.is_baseline:
            verdict = take_absences(taking, self.findings, self.read, looks, digest)
        drifts = self._untold_drifts()
        after, facts = self._after(verdict)
        self._tell((*facts, *self._drift_facts(drifts)))
        poll = self._poll()
        if not is_dry:
            poll = replace(poll, events=self.draft.commit(after, poll, drifts, self.plan.ruleset))
        return PollReport(
            source=self.source.name,
            record=poll,
            failures=after.health.failures,
            is_baseline=self.is_baseline,
            suspect=verdict.reason if verdict and verdict.belief is Belief.HOLD else "",
            not_before=after.not_before,
            notes=self.read.notes,
        )

    def _taking(self) -> Taking:
        stance = Stance(
            source=self.source.name,
            api=self.source.api,
            epoch=self.record.epoch,
            unwatched=unwatched_fields(self.source.api, self.plan.ignore),
        )
        return Taking(
            source=self.source,
            draft=self.draft,
            plan=self.plan,
            record=self.record,
            stance=stance,
            now=self.now,
            is_silent_first=self.is_baseline or self.is_grown,
            knows_first=self.is_complete,
            silent=silent_fields(self.source.api, stance.unwatched),
            is_reread=_is_reread(self.record, self.plan),
        )

    def _after(self, verdict: Verdict | None) -> tuple[SourceRecord, tuple[Fact, ...]]:
        """Return the source's record after this poll and what it says of the source as a whole."""
        if not self.is_complete:
            return _after_failure(self.record, self.read.error, self.plan, self.now)
        health, recovered = after_success(self.record.health, kind=EventType.SOURCE_RECOVERED)
        after = replace(
            self.record,
            health=health,
            zone=self.plan.zone,
            baseline_at=self.record.baseline_at or self.now,
            last_read_at=self.now,
            last_poll_at=self.now,
            suspect_since=verdict.suspect_since if verdict else None,
            suspect_reason=verdict.reason if verdict and verdict.suspect_since else "",
            is_accepted=False,
            not_before=None,
        )
        return after, (*recovered, *self._list_facts(verdict))

    def _list_facts(self, verdict: Verdict | None) -> tuple[Fact, ...]:
        tally, now = self.read.tally, stamp(self.now)
        if self.is_baseline:
            details = {"count": tally.first_seen, "deadlines_ahead": self.findings.deadlines_ahead}
            return (Fact(type=EventType.SOURCE_BASELINE, details=details, version=f"epoch {self.record.epoch}"),)
        facts = []
        if self.is_grown:
            grown = {"count": tally.first_seen, "sample": sorted(self.findings.sample)}
            facts.append(Fact(type=EventType.SOURCE_GROWN, details=grown, version=now))
        if verdict and verdict.suspect_since and self.record.suspect_since is None:
            suspect = {"would_remove": verdict.would_remove}
            facts.append(Fact(type=EventType.SOURCE_SUSPECT, details=suspect, version=now))
        return tuple(facts)

    def _untold_drifts(self) -> tuple[Drift, ...]:
        """Return the drifts that this poll found and those that a baseline, which must be silent, left to be told."""
        known = self.store.drifts(self.record)
        waiting = {field: drift for field, (drift, is_told) in known.items() if not is_told}
        found = {drift.field: drift for drift in self._drifts() if drift.field not in known}
        return (*waiting.values(), *found.values())

    def _drifts(self) -> tuple[Drift, ...]:
        """Return each drift found; a documented field that no row has is one where the API does not omit it."""
        found = self.findings
        whole = self.is_complete and found.seen >= self.read.tally.rows > 0 and not self.source.api.omits_empty
        absent = (found.absent_fields or frozenset()) if whole else frozenset()
        missing = (Drift(field=name, sample="absent from every row") for name in sorted(absent))
        return (*found.drifts.values(), *missing)

    def _drift_facts(self, drifts: Sequence[Drift]) -> tuple[Fact, ...]:
        if self.is_baseline:
            return ()
        return tuple(
            Fact(
                type=EventType.SOURCE_DRIFT,
                details={"field": drift.field, "sample": drift.sample},
                version=f"epoch {self.record.epoch} {drift.field}",
            )
            for drift in drifts
        )

    def _tell(self, facts: Sequence[Fact]) -> None:
        for fact in facts:
            self.draft.put_owed(_owe(self.plan, self.source.name, fact, self.now))
            self.findings.events += 1

    def _poll(self) -> PollRecord:
        return PollRecord(
            started_at=self.started_at,
            ended_at=self.now,
            outcome=self.read.outcome,
            pages=self.read.pages,
            rows=self.read.tally.rows,
            changed=self.findings.changed,
            events=self.findings.events,
            error=str(self.read.error or ""),
        )


def _record_failure(
    source: Source,
    store: SnapshotStore,
    plan: Plan,
    record: SourceRecord,
    read: ReadResult,
    started_at: datetime,
    *,
    is_dry: bool,
) -> PollReport:
    """Store that nothing usable was read: the snapshot stays as it is."""
    now = plan.now()
    after, facts = _after_failure(record, read.error, plan, now)
    owed = [_owe(plan, source.name, fact, now) for fact in facts]
    poll = PollRecord(
        started_at=started_at,
        ended_at=now,
        outcome=read.outcome,
        pages=read.pages,
        events=len(owed),
        error=str(read.error or ""),
    )
    if not is_dry:
        store.record_poll(after, poll, owed, plan.ruleset)
    return PollReport(source=source.name, record=poll, failures=after.health.failures, not_before=after.not_before)


def _after_failure(
    record: SourceRecord, error: SourceError | None, plan: Plan, now: datetime
) -> tuple[SourceRecord, tuple[Fact, ...]]:
    health, facts = after_failure(
        record.health, str(error or ""), now, limit=plan.failing_after, kind=EventType.SOURCE_FAILING
    )
    asked = error.retry_after if error else None
    not_before = now + min(asked, MAX_RETRY_AFTER) if asked else None
    return replace(record, health=health, last_poll_at=now, not_before=not_before), facts


def _owe(plan: Plan, source: str, fact: Fact, now: datetime) -> Owed:
    return plan.owe(to_source_event(fact, source=source, now=now))
