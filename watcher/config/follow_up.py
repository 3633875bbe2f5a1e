"""The follow-ups of a rule as they are written: `repeat` and `escalate`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sized
from datetime import timedelta
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field

from watcher.config.setting import Text, bounded
from watcher.domain.duration import write_duration
from watcher.domain.event import EventType
from watcher.domain.follow_up import is_lasting
from watcher.domain.timing import Escalation
from watcher.pipeline.settings import DurationSetting, Options

MOST_STEPS = 10
_SPANS_EXAMPLE = 'write it like "4h" or ["4h", "1d"]'
_LASTING_EXAMPLE = "name others, such as questions.waiting, registration.full or source.failing"
Entries = TypeVar("Entries", bound=Sized)


def _read_spans(written: Any) -> Any:
    if isinstance(written, str | timedelta):
        return (written,)
    if not isinstance(written, list | tuple):
        raise ValueError(f"is neither a duration nor a list of them; {_SPANS_EXAMPLE}")  # noqa: TRY004  # pydantic's way
    return tuple(written)


def _so_many(written: Entries) -> Entries:
    if not 1 <= len(written) <= MOST_STEPS:
        raise ValueError(f"has {len(written)} entries; write 1 to {MOST_STEPS}")
    return written


Repeats = Annotated[
    tuple[Annotated[DurationSetting, bounded("1m", "31d")], ...],
    AfterValidator(_so_many),
    BeforeValidator(_read_spans),
]
"""the spans after which what is still true is told again"""


class EscalationSettings(Options):
    """Who else hears of what is still true after a while; `channels` are names, or tags."""

    after: Annotated[DurationSetting, bounded("1s", "31d")]
    channels: Annotated[tuple[Text, ...], Field(min_length=1)]


def _at_different_times(steps: tuple[EscalationSettings, ...]) -> tuple[EscalationSettings, ...]:
    known: set[timedelta] = set()
    for step in steps:
        if step.after in known:
            raise ValueError(f"has {write_duration(step.after)} twice; name all of its channels in one step")
        known.add(step.after)
    return steps


Escalations = Annotated[
    tuple[EscalationSettings, ...],
    AfterValidator(_so_many),
    AfterValidator(_at_different_times),
]


def escalations(steps: Iterable[EscalationSettings], names: Mapping[int, tuple[str, ...]]) -> tuple[Escalation, ...]:
    """Return the domain's values, the earliest first; `names`: by a step's place its channels, tags resolved."""
    made = (Escalation(after=step.after, channels=names.get(place, step.channels)) for place, step in enumerate(steps))
    return tuple(sorted(made, key=lambda step: step.after))


def find_nothing_lasting(types: Collection[EventType]) -> tuple[str, str] | None:
    """Return what is wrong and what would be right where nothing that a rule tells lasts, None where something does."""
    if not types or any(map(is_lasting, types)):
        return None
    return "none of the rule's events lasts, so nothing can follow them", _LASTING_EXAMPLE
