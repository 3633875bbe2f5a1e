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

_PATIENCE_S = 60.0
"""a contender whose runs have taken this long is not run again in a situation that it has been in"""
_BARE, _OURS = "bare reader", "watcher poll"
_AHEAD_OF_BEST, _AHEAD_OF_OTHERS = 3.0, 15.0
_MOST_OF_READING = 2.0
_MEMORY_SHARE = 0.2
_WORDS = 300


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


class _Race:
    """The contenders, and why some of them are out of it."""

    def __init__(self, contenders: Mapping[str, Contender]) -> None:
        self._contenders = contenders
        self._spent_s = dict.fromkeys(contenders, 0.0)
        self.failures: dict[str, str] = {}

    def warm_up(self) -> None:
        """Let each one see the listing for the first time, and look at what that leaves behind."""
        for name in self._contenders:
            self._try(name, _first)

    def run(self, runs: _Runs, turn: int, changed: Sequence[int]) -> None:
        """Let everybody run who is quick enough to run again, in another order each turn."""
        names = [name for name in self._contenders if self._is_to_run(name, runs)]
        for name in names if turn % 2 == 0 else names[::-1]:
            cost = self._try(name, lambda contender: _checked(contender, changed))
            if cost is not None:
                self._spent_s[name] += cost.seconds
                runs.costs.setdefault(name, []).append(cost)

    def _is_to_run(self, name: str, runs: _Runs) -> bool:
        """Everybody runs once in each situation, whatever that takes."""
        is_new = name not in runs.costs
        return name not in self.failures and (is_new or self._spent_s[name] < _PATIENCE_S)

    def _try(self, name: str, act: Callable[[Contender], Cost]) -> Cost | None:
        try:
            return act(self._contenders[name])
        except (CommandError, OSError) as error:
            if name in {_BARE, _OURS}:
                raise
            self.failures[name] = str(error)[-_WORDS:]
            return None


def _first(contender: Contender) -> Cost:
    cost = contender.run()
    if contender.told:
        contender.told(cost.said, [])
    return cost


def _checked(contender: Contender, changed: Sequence[int]) -> Cost:
    """Run a contender; raises CommandError where it told of other rows than those that changed."""
    cost = contender.run()
    told = contender.told(cost.said, changed) if contender.told else len(changed)
    if told != len(changed):
        raise CommandError(f"it told of {told} rows where {len(changed)} had changed")
    return cost


def measure(form: Form) -> Section:
    """Let every contender read the same listing, in turns: as it was, and after 0.1 % changed."""
    with Service(form.rows) as service, scratch() as folder:
        peers, notes = _peers(form, folder / "peers", service)
        race = _Race({_BARE: _bare(folder, service), _OURS: _ours(folder, service), **peers})
        race.warm_up()
        same = _Runs(situation="nothing changed")
        changed = _Runs(situation="0.1 % changed")
        for turn in range(form.repetitions):
            race.run(same, turn, [])
            race.run(changed, turn, service.tell("ask_questions", count=form.rows // 1000))
    for name in race.failures:
        same.costs.pop(name, None)
        changed.costs.pop(name, None)
    return Section(
        name="whole",
        title="Whole processes, and the peers",
        about=f"{form.rows:,} rows in {len(service.page_urls())} pages. Each program runs from its start to its end, in"
        " turns with the others; the peers watch one address a page. Seconds, and the most resident memory.",
        figures=[*_figures(same), *_figures(changed), *_standing(same, changed)],
        notes=(
            *notes,
            *[f"{name} could not be measured: {why}" for name, why in race.failures.items()],
            "Of each run it is found out that it told of every row that changed, and of no other.",
            f"Everybody runs once in each situation; whose runs have taken {_PATIENCE_S:.0f} s is not run again.",
        ),
    )


def _peers(form: Form, folder: Path, service: Service) -> tuple[dict[str, Contender], list[str]]:
    if form.is_quick:
        return {}, ["The peers are measured in the full form only."]
    return installed_peers(folder, service.page_urls())


def _bare(folder: Path, service: Service) -> Contender:
    urls = folder / "urls.txt"
    urls.write_text("\n".join(service.page_urls()), encoding="utf-8")
    command = [sys.executable, str(Path(__file__).with_name("bare_reader.py")), str(urls)]
    return Contender(run=lambda: run(command), told=None)


def _ours(folder: Path, service: Service) -> Contender:
    config = configure(folder, {SOURCE: service.url()}, {"team": "console://"}, every="1m")
    return Contender(run=lambda: run(watcher(config, "poll", "--format", "ndjson")))


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
