"""Plain rows: rows with exactly the documented fields, as tuples of values, decided on many at a time.

What is found of such a row is what `see`, `advance`, `rearm` and `derive_facts` find of it; only the values that decide
are looked at, column by column.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from watcher.domain.api import Api, FieldKind, Role
from watcher.domain.arming import Alarm, SilentArming
from watcher.domain.change import is_same
from watcher.domain.events.registration import SEAT_ROLES, SEATS, is_without_seat
from watcher.domain.making import maker
from watcher.domain.state import Registration, State

Values = tuple[Any, ...]
"""the values of a row in the order of the API's fields"""


class Shown(NamedTuple):
    """What a plain row says: its values, and what they make of the conversation."""

    values: Values
    name: str
    state: State | None
    reason: str | None


class FirstSight(NamedTuple):
    """A plain row that is learnt in silence; see `Standing` for the two flags."""

    shown: Shown
    is_closed_told: bool
    is_waiting: bool
    alarms: tuple[Alarm, ...]


class Known(NamedTuple):
    """What is stored of a plain row that the last complete read listed."""

    values: Sequence[Any]
    state: str | None
    is_waiting: bool


_make_shown, _make_first = maker(Shown), maker(FirstSight)
_TEXTS = frozenset({FieldKind.TEXT, FieldKind.INSTANT, FieldKind.CHOICE})
"""what is text or null, and so the same where it is equal"""
_NESTED = frozenset({FieldKind.OTHER})
_NO_STATE = (None, None)


class PlainRows:
    """Decides on the plain rows of one API; `silent` are the fields that no event looks at."""

    def __init__(self, api: Api, silent: frozenset[str], unwatched: frozenset[str]) -> None:
        self._api = api
        self.names = tuple(api.fields)
        seats = {api.roles[role] for role in SEATS if role in api.roles} & unwatched - api.own_events
        self._quiet = frozenset(place for place, name in enumerate(self.names) if name in silent | seats)
        self._seats = frozenset(place for place, name in enumerate(self.names) if name in seats)
        self._seats_of = _picker(self.names, [api.roles.get(role) for role in SEAT_ROLES])
        self._kinds = tuple(field.kind for field in api.fields.values())

    def learn(self, rows: Sequence[Values], arming: SilentArming) -> list[FirstSight | None]:
        """Return what is learnt of rows that were never seen; None for one that says of itself that it is removed."""
        now, waiting = arming.now_text, arming.waiting
        columns = zip(
            self._shown(rows),
            self._column(rows, Role.REGISTRATION),
            self._column(rows, Role.REGISTRATION_CLOSES),
            self._column(rows, Role.OPEN_QUESTIONS),
            self._column(rows, Role.REMOVED),
            arming.alarms({role: self._column(rows, role) for role in arming.roles}, len(rows)),
            strict=True,
        )
        learnt: list[FirstSight | None] = []
        for shown, registration, closes, questions, removed, alarms in columns:
            if removed is True:
                learnt.append(None)
                continue
            is_closed = registration == Registration.CLOSED or (closes is not None and closes <= now)
            is_waiting = isinstance(questions, int) and questions > 0
            learnt.append(_make_first((shown, is_closed, is_waiting, alarms + waiting if is_waiting else alarms)))
        return learnt

    def compare(self, rows: Sequence[Values], known: Sequence[Known]) -> list[Shown | bool]:
        """Return True for a row whose values are those that are known, and what a row says that changed quietly.

        False: something else changed, or may have. A quiet change is one that makes no event and moves neither where
        the row stands nor its deadlines.
        """
        columns = zip(
            rows,
            known,
            self._states(rows),
            self._column(rows, Role.OPEN_QUESTIONS),
            self._column(rows, Role.REMOVED),
            self._changed([before for before, _, _ in known], rows),
            strict=True,
        )
        found: list[Shown | bool] = []
        quiet: list[int] = []
        for values, (before, state, was_waiting), (now, _), questions, removed, places in columns:
            is_waiting = isinstance(questions, int) and questions > 0
            is_told = removed is True or is_waiting != was_waiting or now is None or now != state
            if places and not is_told and self._is_quiet(places, before, values):
                quiet.append(len(found))
            found.append(not places and not is_told)
        for place, shown in zip(quiet, self._shown([rows[place] for place in quiet]), strict=True):
            found[place] = shown
        return found

    def _changed(self, before: Sequence[Sequence[Any]], after: Sequence[Values]) -> Sequence[Sequence[int]]:
        """Return for each row the places of the values that changed, as `diff` finds them.

        Most columns are the same in all rows, which takes one comparison each.
        """
        changed: list[list[int]] = [[] for _ in after]
        columns = zip(self._kinds, zip(*before, strict=True), zip(*after, strict=True), strict=True)
        for place, (kind, old_column, new_column) in enumerate(columns):
            is_alike = kind in _TEXTS or (kind not in _NESTED and _are_of_same_types(old_column, new_column))
            if is_alike and old_column == new_column:
                continue
            is_nested = kind in _NESTED
            for places, old, new in zip(changed, old_column, new_column, strict=True):
                is_doubtful = is_nested or (old == new and old.__class__ is not new.__class__)
                if not is_same(old, new) if is_doubtful else old != new:
                    places.append(place)
        return changed

    def _is_quiet(self, places: Iterable[int], before: Sequence[Any], after: Sequence[Any]) -> bool:
        if not self._quiet.issuperset(places):
            return False
        if self._seats.isdisjoint(places):
            return True
        was, now = is_without_seat(*self._seats_of(before)), is_without_seat(*self._seats_of(after))
        return was is None or now is None or was == now

    def _shown(self, rows: Sequence[Values]) -> list[Shown]:
        names = [str(name or "") for name in self._column(rows, Role.NAME)]
        states = self._states(rows)
        return [
            _make_shown((values, name, state, reason))
            for values, name, (state, reason) in zip(rows, names, states, strict=True)
        ]

    def _states(self, rows: Sequence[Values]) -> list[tuple[State | None, str | None]]:
        """Return the state and the reason for it that each row says."""
        states = self._api.states
        return [states.get(str(state), _NO_STATE) for state in self._column(rows, Role.STATE)]

    def _column(self, rows: Sequence[Values], role: Role) -> Sequence[Any]:
        """Return the values of the field that plays a role; without one there are none."""
        name = self._api.roles.get(role)
        if name is None or name not in self._api.fields:
            return (None,) * len(rows)
        place = self.names.index(name)
        return [values[place] for values in rows]


def _are_of_same_types(one: Sequence[Any], other: Sequence[Any]) -> bool:
    return list(map(type, one)) == list(map(type, other))


def _picker(names: Sequence[str], wanted: Sequence[str | None]) -> Callable[[Sequence[Any]], Sequence[Any]]:
    """Return what picks the values of some fields; of one that there is not, none."""
    places = [names.index(name) if name in names else None for name in wanted]
    if None not in places:
        return itemgetter(*places)
    return lambda values: [None if place is None else values[place] for place in places]
