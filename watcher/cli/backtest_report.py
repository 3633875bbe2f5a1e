"""The report of a backtest: numbers by rule and channel, the messages behind them, and what it cannot know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from functools import cached_property
from typing import Any

from watcher.bootstrap.backtest import Backtest, Scribe, find_notes
from watcher.cli.output import Format, write_json, write_lines, write_ndjson, write_table
from watcher.cli.table import Column
from watcher.cli.words import Teller, iso
from watcher.config.model import Config
from watcher.domain.duration import say_duration
from watcher.domain.message import Message
from watcher.domain.wording import plural
from watcher.pipeline.comparison import Comparison, Count, Fate, Tally, compare, fates, tally
from watcher.pipeline.posted import Posted
from watcher.pipeline.replay import Outcome
from watcher.store.history import History

_SHOWN_FATES = 3
"""things that may have become of the events of one message; of more, the most frequent"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What of a backtest is wanted: the messages of one rule, or of all; their texts as well."""

    rule: str | None = None
    is_shown: bool = False


@dataclass(frozen=True, kw_only=True)
class Report:
    """A backtest with what is needed to tell of it; `configs` are the present one and maybe a new one."""

    configs: tuple[Config, ...]
    result: Backtest
    history: History
    zone: tzinfo
    choice: Choice

    @property
    def is_comparison(self) -> bool:
        """Whether two sets of rules are compared."""
        return len(self.configs) > 1

    @cached_property
    def outcomes(self) -> tuple[Outcome, Outcome]:
        """What became of the events by the old rules and by the new ones; of one set alone, all of it is new."""
        found = self.result.outcomes
        return (found[0], found[1]) if self.is_comparison else (Outcome(), found[0])

    @cached_property
    def difference(self) -> Comparison:
        """What is gained and lost."""
        return compare(*self.outcomes, self.result.span.begins_at)

    @cached_property
    def tallies(self) -> tuple[Tally, ...]:
        """The numbers that are wanted."""
        found = tally(*self.outcomes, self.difference, self.result.span.begins_at)
        return tuple(one for one in found if self.choice.rule in {None, one.rule})

    @cached_property
    def notes(self) -> list[str]:
        """What a reader has to know of it."""
        return find_notes(self.history, self.configs, self.result.span)

    def messages(self) -> Iterator[tuple[str, Posted, Message, str]]:
        """Yield the wanted messages in time: gained, lost or sent, with the words, and what became of a lost one."""
        old, new = self.configs[0], self.configs[-1]
        scribes = {"lost": Scribe(old, self.history), "gained": Scribe(new, self.history)}
        others = {"lost": fates(self.outcomes[1]), "gained": fates(self.outcomes[0])}
        both = [("gained", one) for one in self.difference.gained] + [("lost", one) for one in self.difference.lost]
        for change, one in sorted(both, key=lambda each: (each[1].at, each[1].channel, each[0])):
            if self.choice.rule in {None, one.rule}:
                told = scribes[change].write(one)
                yield change if self.is_comparison else "sent", one, told, _say_fate(one, others[change])


def write_report(report: Report, form: Format) -> None:
    """Write a report for people or for programs."""
    if form is Format.TABLE:
        _write_tables(report)
    elif form is Format.JSON:
        write_json(_whole(report))
    else:
        write_ndjson(_each(report))


def _write_tables(report: Report) -> None:
    write_lines([_head(report), ""])
    if report.result.span.events:
        columns = _COMPARED if report.is_comparison else _ALONE
        write_table(report.tallies, columns, empty="not a single message")
        write_lines(["", *_sum(report)])
        if report.choice.is_shown:
            write_lines(_tell_messages(report))
        write_lines([""])
    teller = Teller(zone=report.zone, now=report.result.span.ends_at)
    write_lines(f"· {teller.local(note)}" for note in report.notes)


def _head(report: Report) -> str:
    span = report.result.span
    teller = Teller(zone=report.zone, now=span.ends_at)
    spoken = say_duration(span.ends_at - span.begins_at)
    if not span.events:
        return f"no event is stored since {teller.date(span.begins_at)} ({spoken}): there is nothing to try rules on"
    events = plural(span.events, "event", "events")
    tried = f", by the rules of {' and of '.join(str(config.path) for config in report.configs)}"
    return f"{events} since {teller.date(span.begins_at)} ({spoken}){tried}"


def _sum(report: Report) -> Iterator[str]:
    """Say it in a sentence or two."""
    old, new = (sum(count.messages for count in counts) for counts in _counts(report.tallies))
    if not report.is_comparison:
        yield f"{plural(new, 'message', 'messages')} would have been sent"
        return
    gained, lost, moved = (sum(getattr(one, name) for one in report.tallies) for name in ("gained", "lost", "moved"))
    yield f"old {old}, new {new}: {gained} gained, {lost} lost; of the same ones {moved} at another time"
    if report.choice.rule is None:
        unheard, news = len(report.difference.unheard), len(report.difference.news)
        yield (
            f"{plural(unheard, 'event is', 'events are')} no longer told on a channel that heard of it,"
            f" {plural(news, 'is', 'are')} told on one that did not; the rest is told in other messages"
        )


def _counts(tallies: Iterable[Tally]) -> tuple[list[Count], list[Count]]:
    found = list(tallies)
    return [one.old for one in found], [one.new for one in found]


def _tell_messages(report: Report) -> Iterator[str]:
    teller = Teller(zone=report.zone, now=report.result.span.ends_at)
    for change, one, message, fate in report.messages():
        yield ""
        because = f" ({one.reason})" if one.reason else ""
        yield f"{_SIGNS[change]} {change} · {teller.date(one.at)} · {one.channel} · rule {one.rule!r}{because}"
        yield f"    {message.title}"
        yield from (f"    {line}" for line in message.text.splitlines())
        if fate and change != "sent":
            yield f"    → by the {'new' if change == 'lost' else 'old'} rules: {fate}"


_SIGNS: Mapping[str, str] = {"gained": "+", "lost": "-", "sent": "·"}


def _say_fate(one: Posted, fates_of: Mapping[Fate, str]) -> str:
    found = Counter(fates_of.get((one.channel, part.place, part.stage), "no rule sends it there") for part in one.parts)
    if len(found) == 1:
        return next(iter(found))
    said = [f"{number} × {fate}" for fate, number in found.most_common(_SHOWN_FATES)]
    return "; ".join([*said, *(["…"] if len(found) > _SHOWN_FATES else [])])


_WAY = (
    Column(title="channel", show=lambda one: one.channel),
    Column(title="rule", show=lambda one: one.rule),
)
_COMPARED = (
    Column(title="old", show=lambda one: f"{one.old.messages}", is_number=True),
    Column(title="new", show=lambda one: f"{one.new.messages}", is_number=True),
    Column(title="gained", show=lambda one: f"{one.gained}", is_number=True),
    Column(title="lost", show=lambda one: f"{one.lost}", is_number=True),
    Column(title="moved", show=lambda one: f"{one.moved}", is_number=True),
    *_WAY,
)
_ALONE = (
    Column(title="messages", show=lambda one: f"{one.new.messages}", is_number=True),
    Column(title="events", show=lambda one: f"{one.new.events}", is_number=True),
    Column(title="silenced", show=lambda one: f"{one.new.silenced}", is_number=True),
    Column(title="obsolete", show=lambda one: f"{one.new.obsolete}", is_number=True),
    Column(title="waiting", show=lambda one: f"{one.new.waiting}", is_number=True),
    *_WAY,
)


def _whole(report: Report) -> dict[str, Any]:
    span = report.result.span
    return {
        "since": iso(span.begins_at),
        "until": iso(span.ends_at),
        "replayed_since": iso(span.warms_up_at),
        "events": span.events,
        "configs": [str(config.path) for config in report.configs],
        "events_no_longer_told": len(report.difference.unheard) if report.is_comparison else None,
        "events_told_anew": len(report.difference.news) if report.is_comparison else None,
        "rules": [_tally_record(one, is_comparison=report.is_comparison) for one in report.tallies],
        "messages": [_message_record(report, *one) for one in report.messages()] if report.choice.is_shown else [],
        "notes": report.notes,
    }


def _each(report: Report) -> Iterator[dict[str, Any]]:
    whole = _whole(report)
    rules, messages, notes = (whole.pop(name) for name in ("rules", "messages", "notes"))
    yield {"kind": "span", **whole}
    yield from ({"kind": "rule", **record} for record in rules)
    yield from ({"kind": "message", **record} for record in messages)
    yield from ({"kind": "note", "text": note} for note in notes)


def _tally_record(one: Tally, *, is_comparison: bool) -> dict[str, Any]:
    changes = {"gained": one.gained, "lost": one.lost, "moved": one.moved}
    return {
        "rule": one.rule,
        "channel": one.channel,
        **({"old": _count_record(one.old)} if is_comparison else {}),
        "new" if is_comparison else "present": _count_record(one.new),
        **(changes if is_comparison else {}),
    }


def _count_record(count: Count) -> dict[str, int]:
    return {
        "messages": count.messages,
        "events": count.events,
        "silenced": count.silenced,
        "obsolete": count.obsolete,
        "waiting": count.waiting,
    }


def _message_record(report: Report, change: str, one: Posted, message: Message, fate: str) -> dict[str, Any]:
    return {
        "change": change,
        "channel": one.channel,
        "rule": one.rule,
        "stage": str(one.stage),
        "at": iso(one.at),
        "together_because": one.reason,
        "title": message.title,
        "body": message.body,
        "link": message.link,
        "footer": message.footer,
        "events": [event.id for event in report.history.events.at(one.places)],
        "by_the_other_rules": None if change == "sent" else fate,
    }
