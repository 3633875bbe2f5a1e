"""Changed rows: those with other bytes; plain ones that have nothing to tell all at once, the rest one by one."""

from __future__ import annotations

from collections.abc import Sequence

from watcher.domain.arming import SilentArming
from watcher.domain.conversation import Reading
from watcher.domain.listing import RawRow
from watcher.domain.plain import FirstSight, Known, PlainRows, Shown, Values
from watcher.pipeline.sightings import SAMPLE_SIZE, Findings, Taking, note_drift, take_row
from watcher.pipeline.snapshots import Stored

Batch = Sequence[tuple[RawRow, Stored | None]]


def take_changed_rows(taking: Taking, findings: Findings) -> None:
    """Read every changed row of the draft value by value, and store what follows."""
    plain = _PlainTaking(taking, findings)
    for batch in taking.draft.changed_rows(plain.names):
        for changed, stored, reading in plain.take(batch):
            take_row(taking, findings, changed, stored.row if stored else None, reading=reading)


class _PlainTaking:
    """Takes in the plain rows of a batch that make no event, as `take_row` would."""

    def __init__(self, taking: Taking, findings: Findings) -> None:
        self._taking, self._findings = taking, findings
        self._rows = PlainRows(taking.stance.api, taking.silent, taking.stance.unwatched)
        self._arming = SilentArming(taking.plan.leads, taking.now)
        self._learns = taking.is_silent_first and taking.knows_first
        self._compares = taking.knows_first and not taking.is_reread
        self.names = self._rows.names

    def take(self, batch: Batch) -> Sequence[tuple[RawRow, Stored | None, Reading | None]]:
        """Take in what can be taken in; return the rest, in order, each with its reading where that is known."""
        if not self._learns and (not self._compares or not any(stored and stored.known for _, stored in batch)):
            return [(row, stored, None) for row, stored in batch]
        found = self._taking.source.interpret_plain([row.body for row, _ in batch])
        taken = self._learn(batch, found) if self._learns else set()
        taken |= self._compare(batch, found) if self._compares else set()
        if taken:
            note_drift(self._findings, (), frozenset(), rows=len(taken))
        if len(taken) == len(batch):
            return ()
        return [
            (row, stored, None if values is None else self._reading(row.id, values))
            for (row, stored), values in zip(batch, found, strict=True)
            if row.id not in taken
        ]

    def _reading(self, row_id: str, values: Values) -> Reading:
        return Reading(id=row_id, fields=dict(zip(self.names, values, strict=True)))

    def _learn(self, batch: Batch, found: Sequence[Values | None]) -> set[str]:
        first = [
            (row, values)
            for (row, stored), values in zip(batch, found, strict=True)
            if stored is None and values is not None
        ]
        if not first:
            return set()
        sights = self._rows.learn([values for _, values in first], self._arming)
        learnt = [(row, sight) for (row, _), sight in zip(first, sights, strict=True) if sight is not None]
        self._taking.draft.put_first_sights(learnt, self._taking.now)
        self._note(learnt)
        return {row.id for row, _ in learnt}

    def _note(self, learnt: Sequence[tuple[RawRow, FirstSight]]) -> None:
        findings = self._findings
        findings.changed += len(learnt)
        findings.deadlines_ahead += sum([len(leads.armed) for _, (_, _, _, alarms) in learnt for _, leads in alarms])
        for row, sight in learnt[: SAMPLE_SIZE - len(findings.sample)]:
            findings.sample.append(sight.shown.name or row.id)

    def _compare(self, batch: Batch, found: Sequence[Values | None]) -> set[str]:
        rows: list[tuple[RawRow, Stored]] = []
        values: list[Values] = []
        known: list[Known] = []
        for (row, stored), read in zip(batch, found, strict=True):
            if stored is not None and read is not None and (before := stored.known) is not None:
                rows.append((row, stored))
                values.append(read)
                known.append(before)
        if not rows:
            return set()
        results = list(zip(rows, self._rows.compare(values, known), strict=True))
        changed = [(row, stored, shown) for (row, stored), shown in results if isinstance(shown, Shown)]
        same = [(row, stored) for (row, stored), shown in results if shown is True]
        self._taking.draft.put_quiet_changes(changed)
        self._taking.draft.put_digests(same)
        self._findings.changed += len(changed)
        return {row.id for row, _, _ in changed} | {row.id for row, _ in same}
