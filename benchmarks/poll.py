"""Poll: what watching costs beyond reading, in one process, with everything switched on that is promised."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass, replace

from benchmarks.figures import Figure, Form, Section, at_least, at_most, reported
from benchmarks.pairs import Pair, in_turns, seconds_of
from benchmarks.service import Service
from benchmarks.watched import opened, poll, reading
from watcher.bootstrap.app import App

_PAUSE_MS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scenario:
    """One line of the table: what happens before each round, and the most that a poll may take of a reading."""

    name: str
    goal: float
    prepare: Callable[[], object] | None = None


class _Bench:
    """One app, its service, and a reader of the same pages."""

    def __init__(self, form: Form, service: Service, app: App, read: Callable[[], object]) -> None:
        self.form, self.service, self.app, self.read = form, service, app, read

    def ask(self, share: float) -> Callable[[], object]:
        """Return what opens a question in a share of the rows."""
        return lambda: self.service.tell("ask_questions", count=max(1, round(self.service.rows * share)))

    def turns(self, prepare: Callable[[], object] | None) -> list[Pair]:
        """Time readings and polls in turns."""
        return in_turns(self.read, lambda: poll(self.app), self.form.repetitions, prepare)

    def ratios(self, scenario: _Scenario) -> Figure:
        """Measure one scenario."""
        pairs = self.turns(scenario.prepare)
        figure = at_most(scenario.name, [pair.ratio for pair in pairs], scenario.goal, " ×")
        beyond_ms = 1000 * statistics.median(pair.subject_s - pair.reference_s for pair in pairs)
        return replace(figure, value=f"{figure.value} ({beyond_ms:+.0f} ms)")

    def rates(self, change: str, **details: int) -> tuple[list[float], int]:
        """Return rows a second of polls after a change, and how many events they made."""
        rates, events = [], 0

        def look() -> None:
            nonlocal events
            events += poll(self.app).record.events

        for _ in range(2):
            self.service.tell(change, **details)
            rates.append(self.service.rows / seconds_of(look))
        return rates, events


def measure(form: Form) -> Section:
    """Poll and read in turns, scenario after scenario, on one growing state."""
    with Service(form.rows) as service, reading(service) as read:
        baselines = [form.rows / _first_poll_s(service) for _ in range(max(2, form.repetitions // 3))]
        with opened(service) as app:
            poll(app)
            poll(app)
            figures = _ratios(_Bench(form, service, app, read))
            figures += _rates(_Bench(form, service, app, read), baselines)
    return Section(
        name="poll",
        title="A poll against reading the same bytes",
        about=f"{form.rows:,} rows of about 875 bytes in pages of 1,000; a reading asks for the same pages with the"
        " product's own client and drops them. Each changed row makes an event and a delivery that are stored.",
        figures=figures,
        notes=(
            "× is the time of a poll by that of a reading right before or after it (median of the ratios).",
            "A poll asks for page 1 once more at its end (its proof that nothing moved); a reading does not.",
        ),
    )


def _ratios(bench: _Bench) -> list[Figure]:
    scenarios = [
        _Scenario(name="nothing changed", goal=1.10),
        _Scenario(name="0.1 % changed, scattered", goal=1.30, prepare=bench.ask(0.001)),
        _Scenario(name="1 % changed, scattered", goal=1.9, prepare=bench.ask(0.01)),
        _Scenario(name="one row new on top", goal=1.6, prepare=lambda: bench.service.tell("put_on_top")),
    ]
    slow = [
        _Scenario(name=f"{_PAUSE_MS} ms a page: nothing changed", goal=1.05),
        _Scenario(name=f"{_PAUSE_MS} ms a page: 0.1 % changed", goal=1.05, prepare=bench.ask(0.001)),
        _Scenario(name=f"{_PAUSE_MS} ms a page: 1 % changed", goal=1.25, prepare=bench.ask(0.01)),
    ]
    readings = [pair.reference_s for pair in bench.turns(None)]
    figures = [reported("reading only", readings, " s"), *map(bench.ratios, scenarios)]
    bench.service.tell("pause", ms=_PAUSE_MS)
    figures += map(bench.ratios, slow)
    bench.service.tell("pause", ms=0)
    return figures


def _rates(bench: _Bench, baselines: list[float]) -> list[Figure]:
    figures = [at_least("first poll (a baseline reads twice)", baselines, 35_000, " rows/s")]
    silent, _ = bench.rates("register_users")
    figures.append(at_least("all changed in a field without an event", silent, 25_000, " rows/s"))
    shuffled, events = bench.rates("shuffle_keys")
    figures.append(reported("keys of every row in another order, each time", shuffled, " rows/s"))
    figures.append(at_most("… events", [events], 0))
    figures.append(at_most("… then, unchanged", [pair.ratio for pair in bench.turns(None)], 1.10, " ×"))
    told, _ = bench.rates("ask_questions", count=bench.service.rows)
    return [*figures, reported("all changed with an event and a delivery each", told, " rows/s")]


def _first_poll_s(service: Service) -> float:
    with opened(service) as app:
        return seconds_of(lambda: poll(app))
