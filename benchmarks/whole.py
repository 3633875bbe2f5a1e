"""Whole: `watcher poll` as a process, beside one that only reads, and beside its peers."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.commands import CommandError, Cost, run, watcher
from benchmarks.figures import Figure, Form, Section, at_least, at_most, reported
from benchmarks.peers import Contender, installed_peers
from benchmarks.service import Service
from benchmarks.watched import SOURCE, configure, scratch

_SLOW_S = 15.0
_BARE, _OURS = "bare reader", "watcher poll"
_AHEAD_OF_BEST, _AHEAD_OF_OTHERS = 3.0, 15.0
_MOST_OF_READING = 2.0
_MEMORY_SHARE = 0.2


@dataclass(slots=True, kw_only=True)
class _Runs:
    """What every contender took, in one situation."""

    situation: str
    costs: dict[str, list[Cost]] = field(default_factory=dict)

    def seconds(self, name: str) -> float:
        """Return the median time of a contender."""
        return statistics.median(cost.seconds for cost in self.costs[name])

    def peak_mb(self, name: str) -> float:
        """Return the median of a contender's most memory."""
        return statistics.median(cost.peak_mb for cost in self.costs[name])

    @property
    def peers(self) -> list[str]:
        """The names of those that are neither ours nor bare."""
        return [name for name in self.costs if name not in {_BARE, _OURS}]


def measure(form: Form) -> Section:
    """Let every contender read the same listing, in turns: as it was, and after 0.1 % changed."""
    with Service(form.rows) as service, scratch() as folder:
        peers, notes = _peers(form, folder / "peers", service)
        contenders = {_BARE: _bare(folder, service), _OURS: _ours(folder, service), **peers}
        contenders, failed = _warm_up(contenders)
        same = _Runs(situation="nothing changed")
        changed = _Runs(situation="0.1 % changed")
        for turn in range(form.repetitions):
            _race(same, contenders, turn, lambda: None)
            _race(changed, contenders, turn, lambda: service.tell("ask_questions", count=form.rows // 1000))
    return Section(
        name="whole",
        title="Whole processes, and the peers",
        about=f"{form.rows:,} rows in {len(service.page_urls())} pages. Each program runs from its start to its end, in"
        " turns with the others; the peers watch one address a page. Seconds, and the most resident memory.",
        figures=[*_figures(same), *_figures(changed), *_standing(same, changed)],
        notes=(*notes, *failed, f"Who takes longer than {_SLOW_S:.0f} s is run once in each situation."),
    )


def _peers(form: Form, folder: Path, service: Service) -> tuple[dict[str, Contender], list[str]]:
    if form.is_quick:
        return {}, ["The peers are measured in the full form only."]
    return installed_peers(folder, service.page_urls())


def _bare(folder: Path, service: Service) -> Contender:
    urls = folder / "urls.txt"
    urls.write_text("\n".join(service.page_urls()), encoding="utf-8")
    command = [sys.executable, str(Path(__file__).with_name("bare_reader.py")), str(urls)]
    return lambda: run(command)


def _ours(folder: Path, service: Service) -> Contender:
    config = configure(folder, {SOURCE: service.url()}, {"team": "console://"}, every="1m")
    return lambda: run(watcher(config, "poll", "--format", "ndjson"))


def _warm_up(contenders: Mapping[str, Contender]) -> tuple[dict[str, Contender], list[str]]:
    """Let each one see the listing once or twice; who cannot is left out, with a note."""
    able, failed = {}, []
    for name, contender in contenders.items():
        try:
            contender()
            contender()
        except (CommandError, OSError, TimeoutError) as error:
            failed.append(f"{name} could not be measured: {str(error)[-300:]}")
        else:
            able[name] = contender
    return able, failed


def _race(runs: _Runs, contenders: Mapping[str, Contender], turn: int, change: Callable[[], object]) -> None:
    names = list(contenders) if turn % 2 == 0 else list(contenders)[::-1]
    change()
    for name in names:
        costs = runs.costs.setdefault(name, [])
        if not costs or costs[-1].seconds < _SLOW_S:
            costs.append(contenders[name]())


def _figures(runs: _Runs) -> list[Figure]:
    return [
        figure
        for name, costs in runs.costs.items()
        for figure in (
            reported(f"{runs.situation}: {name}", [cost.seconds for cost in costs], " s"),
            reported(f"{runs.situation}: {name}, memory", [cost.peak_mb for cost in costs], " MB"),
        )
    ]


def _standing(same: _Runs, changed: _Runs) -> list[Figure]:
    """How `watcher poll` stands to the others."""
    of_reading = same.seconds(_OURS) / same.seconds(_BARE)
    figures = [at_most("nothing changed: watcher by bare reader", [of_reading], _MOST_OF_READING, " ×")]
    if not same.peers:
        return figures
    best = min(map(same.seconds, same.peers))
    figures.append(at_least("nothing changed: fastest peer by watcher", [best / same.seconds(_OURS)], 1.0, " ×"))
    return [*figures, *_lead(changed)]


def _lead(changed: _Runs) -> list[Figure]:
    ours, memory = changed.seconds(_OURS), changed.peak_mb(_OURS)
    names: Sequence[str] = sorted(changed.peers, key=changed.seconds)
    goals = [_AHEAD_OF_BEST, *[_AHEAD_OF_OTHERS] * (len(names) - 1)]
    lead = [
        at_least(f"0.1 % changed: {name} by watcher", [changed.seconds(name) / ours], goal, " ×")
        for name, goal in zip(names, goals, strict=True)
    ]
    least = min(map(changed.peak_mb, names))
    return [*lead, at_most("0.1 % changed: memory by the leanest peer's", [memory / least], _MEMORY_SHARE, " ×")]
