"""Oracle: from the world's own history, what a poll may tell and what it must.

Where a list stood still while it was read there is one answer. Where it moved, a row may have been seen as it was at
any moment of the read, or skipped: then each of these is followed until what is told shows which it was. None of them
ever tells what was not so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from torture.truth.knowledge import Knowledge, Reader, Told
from torture.truth.ledger import Ledger, distance
from torture.truth.meaning import Nothing, Values

Versions = Sequence[Values | None]
"""a conversation at the moments of a read; None: it was not there"""

_ENOUGH = 2
_ENOUGH_WITHOUT_PROOF = 6
_MANY, _SHARE = 20, 0.2
_HOLD = timedelta(minutes=30)
_FAILING_AFTER = 3
_BEFORE = Knowledge()


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """One poll as the world saw it.

    `outcome` is what the poll was recorded as. `is_calm`: nothing moved while it was read. `is_one_page`: nothing could
    be skipped. `is_answered`: the API answered the questions after single rows. `is_blank`: its list said it is empty.
    """

    now: datetime
    outcome: str
    window: Mapping[str, Versions]
    is_calm: bool
    is_one_page: bool
    is_answered: bool = True
    is_blank: bool = False


@dataclass(slots=True, kw_only=True)
class Oracle:
    """What may be known of one source by now; `beliefs` holds what may be known of each conversation."""

    name: str
    reader: Reader
    ledger: Ledger
    beliefs: dict[str, list[Knowledge]] = field(default_factory=dict)
    has_baseline: bool = False
    failures: int = 0
    suspect_since: datetime | None = None
    drifts: dict[str, bool] = field(default_factory=dict)
    listed: frozenset[str] = frozenset()
    rung: set[tuple[str, Told]] = field(default_factory=set)

    def take_poll(self, read: Read, told: Mapping[str, Sequence[Told]]) -> None:
        """Compare what a poll told, by conversation; under the source's own name what it told of itself."""
        own = list(told.get(self.name, ()))
        is_read = read.outcome == "complete"
        if not is_read and not self.has_baseline:
            self._compare_own(read, own, [])
            self.deny(read.now, {subject: said for subject, said in told.items() if subject != self.name})
            return
        judged = _Judgement(self, read, own)
        self._compare_own(read, own, judged.facts)
        for identity in sorted(read.window.keys() | self.beliefs.keys()):
            self._take_row(identity, judged, told.get(identity, ()))
        strangers = told.keys() - read.window.keys() - self.beliefs.keys() - {self.name}
        self.deny(read.now, {stranger: told[stranger] for stranger in strangers})
        if is_read:
            self.has_baseline = True
            self.suspect_since = judged.suspect_since
            self.listed = frozenset(i for i, versions in read.window.items() if any(v is not None for v in versions))

    def take_ring(self, now: datetime, told: Mapping[str, Sequence[Told]]) -> None:
        """Compare what was told because time has passed: of what is not known there is nothing to tell."""
        self.deny(now, {subject: said for subject, said in told.items() if subject not in self.beliefs})
        for identity, beliefs in self.beliefs.items():
            said = told.get(identity, ())
            if said or any(belief.alarms or belief.closes for belief in beliefs):
                choices = [self.reader.ring(belief, now) for belief in beliefs]
                self._choose(identity, now, [(k, self._untold(identity, facts)) for k, facts in choices], said)
                self.rung.update((identity, fact) for fact in said)

    def deny(self, now: datetime, told: Mapping[str, Sequence[Told]]) -> None:
        """Compare what was told where nothing may be."""
        for subject in sorted(told):
            self.ledger.compare(f"{self.name} {now:%d %H:%M:%S} {subject}", told[subject], [])

    def _untold(self, identity: str, facts: Sequence[Told]) -> list[Told]:
        """An instant and lead is told once, also of a conversation that left and came back."""
        return [fact for fact in facts if (identity, fact) not in self.rung]

    def _take_row(self, identity: str, judged: _Judgement, told: Sequence[Told]) -> None:
        beliefs = self.beliefs.get(identity, [_BEFORE])
        if not told and _is_as_known(beliefs, judged.read.window.get(identity, ())):
            return
        choices = [choice for belief in beliefs for choice in judged.choices(identity, belief)]
        self._choose(identity, judged.read.now, choices, told)

    def _choose(
        self, identity: str, now: datetime, choices: Sequence[tuple[Knowledge, list[Told]]], told: Sequence[Told]
    ) -> None:
        """Follow the choices that tell what was told; where there is none, something is wrong."""
        nearest = min(distance(told, expected) for _, expected in choices)
        left: list[Knowledge] = []
        for belief, expected in choices:
            if distance(told, expected) == nearest and belief not in left:
                left.append(belief)
        best = next(expected for _, expected in choices if distance(told, expected) == nearest)
        self.ledger.compare(f"{self.name} {now:%d %H:%M:%S} {identity}", told, best)
        if left != [_BEFORE]:
            self.beliefs[identity] = left

    def _compare_own(self, read: Read, told: list[Told], facts: list[Told]) -> None:
        expected = list(facts)
        if read.outcome == "complete":
            expected += [("source.recovered",)] if self.failures >= _FAILING_AFTER else []
            expected += [] if self.has_baseline else [("source.baseline",)]
            self.failures = 0
        else:
            self.failures += 1
            expected += [("source.failing",)] if self.failures == _FAILING_AFTER else []
        drifts = [fact for fact in told if fact[0] == "source.drift"]
        expected += self._drifts(read, drifts)
        self.ledger.compare(f"{self.name} {read.now:%d %H:%M:%S}", told, expected)

    def _drifts(self, read: Read, told: Sequence[Told]) -> list[Told]:
        """Return the drifts to be told: each field once, as soon as a value of it was certainly read."""
        for versions in read.window.values():
            certain = read.is_calm and read.outcome == "complete"
            for values in filter(None, versions):
                for name in (name for name, value in values.items() if value is Nothing.STRANGE):
                    self.drifts[name] = self.drifts.get(name, False) or certain
        if read.outcome == "failed" or not self.has_baseline:
            return []
        due = {name for name, is_certain in self.drifts.items() if is_certain}
        due |= {str(fact[1]) for fact in told if fact[1] in self.drifts}
        new = [name for name in due if (self.name, ("source.drift", name)) not in self.rung]
        self.rung.update((self.name, ("source.drift", name)) for name in new)
        return [("source.drift", name) for name in new]


class _Judgement:
    """What one poll says as a whole, and what follows for each conversation."""

    def __init__(self, oracle: Oracle, read: Read, told: Sequence[Told]) -> None:
        self.oracle, self.read, self.reader = oracle, read, oracle.reader
        self.is_complete = read.outcome == "complete"
        self.suspect_since = oracle.suspect_since
        self.is_held = False
        self.released_since: datetime | None = None
        self.facts: list[Told] = []
        known = [i for i, beliefs in oracle.beliefs.items() if beliefs[0].values and not beliefs[0].is_removed]
        absent = [identity for identity in known if not self._is_there(identity)]
        strangers = [i for i in read.window if self._is_there(i) and self._is_stranger(i)]
        self._slack = 0 if read.is_calm else sum(len(versions) - 1 for versions in read.window.values())
        self.is_grown = oracle.has_baseline and self._is_much(len(strangers), len(known), ("source.grown",) in told)
        if self.is_complete and oracle.has_baseline:
            self.facts += [("source.grown",)] if self.is_grown else []
            self._judge(len(absent), len(known), is_told=("source.suspect",) in told)
        newly = [identity for identity in absent if identity in oracle.listed]
        self.is_proven = read.is_calm and (read.is_one_page or not newly)

    def choices(self, identity: str, known: Knowledge) -> Iterator[tuple[Knowledge, list[Told]]]:
        """Yield each way in which a conversation may have been read: what is known then, and what is told."""
        versions = self.read.window.get(identity, (None,))
        if self.read.is_blank and (known.values is None or known.is_removed):
            versions = (None,)  # nobody asks after one that is not known to be there
        if self.read.outcome != "failed" and (self.is_complete or known.values is not None):
            for said in filter(None, versions):
                is_silent = not self.oracle.has_baseline or self.is_grown
                yield self.reader.see(known, said, self.read.now, is_silent=is_silent)
        if not self.is_complete or known.values is None or known.is_removed:
            if None in versions or not self.read.is_calm or not self.is_complete:
                yield known, []
        elif self.reader.meaning.explains_absence:
            yield from self._explained(known, versions)
        elif None in versions or not self.read.is_calm:
            yield from self._absent(known, versions)

    def _explained(self, known: Knowledge, versions: Versions) -> Iterator[tuple[Knowledge, list[Told]]]:
        if None in versions:
            yield self.reader.remove(known)
        if not self.read.is_answered:
            yield self.reader.miss(known, self.read.now), []

    def _absent(self, known: Knowledge, versions: Versions) -> Iterator[tuple[Knowledge, list[Told]]]:
        missed = self.reader.miss(known, self.read.now)
        is_gone = None in versions and not self.is_held and missed.absent >= _ENOUGH
        if self.released_since is not None:
            is_gone = missed.absent_since is not None and missed.absent_since <= self.released_since
        if is_gone:
            yield self.reader.remove(missed)
        is_certain = self.read.is_calm and (self.is_proven or missed.absent >= _ENOUGH_WITHOUT_PROOF)
        if not (is_gone and (is_certain or self.released_since is not None)):
            yield missed, []

    def _is_much(self, some: int, of_all: int, is_told: bool) -> bool:  # noqa: FBT001 - one of three facts
        """Whether so many are too many at once; where the list moved a reader may have counted a few more or less."""
        is_possible, is_certain = _is_much(some + self._slack, of_all), _is_much(some - self._slack, of_all)
        return is_certain or (is_possible and is_told)

    def _judge(self, absent: int, known: int, *, is_told: bool) -> None:
        """Too much is missing at once: held, and believed when it stays so; where the API explains it, it is not."""
        is_empty = absent > 0 and not any(map(self._is_there, self.read.window))
        is_much = self._is_much(absent, known, is_told or self.suspect_since is not None)
        is_suspect = (is_empty or is_much) and not self.reader.meaning.explains_absence
        if not is_suspect:
            self.suspect_since = None
        elif self.suspect_since is None:
            self.suspect_since, self.is_held = self.read.now, True
            self.facts.append(("source.suspect",))
        elif self.read.now - self.suspect_since >= _HOLD:
            self.suspect_since, self.released_since = None, self.suspect_since
        else:
            self.is_held = True

    def _is_there(self, identity: str) -> bool:
        return any(version is not None for version in self.read.window.get(identity, ()))

    def _is_stranger(self, identity: str) -> bool:
        return self.oracle.beliefs.get(identity, [_BEFORE])[0].values is None


def _is_as_known(beliefs: Sequence[Knowledge], versions: Versions) -> bool:
    """Whether a row is there as it was: seen or not, nothing follows from it."""
    if len(beliefs) > 1 or len(versions) != 1:
        return False
    known = beliefs[0]
    return versions[0] is not None and known.values == versions[0] and not known.is_removed and not known.absent


def _is_much(some: int, of_all: int) -> bool:
    return some >= _MANY and some > _SHARE * of_all
