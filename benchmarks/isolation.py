"""Isolation: what a dead and a slow channel cost the healthy ones beside them."""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping

from benchmarks.daemon import Daemon
from benchmarks.figures import Form, Section, at_most, quantile, reported
from benchmarks.server import SLOW_S
from benchmarks.service import Service
from benchmarks.watched import SOURCE, configure, scratch

_ROWS = 1_000
_HEALTHY = 4
_CHANGES = 5
_ROUNDS, _QUICK_ROUNDS = 40, 12
_PAIRS, _QUICK_PAIRS = 5, 1
_EVERY_S = 1
_ARRIVAL_LIMIT_S = 30.0
_MOST_RATIO = 1.1


def measure(form: Form) -> Section:
    """Run with and without the two in turns, and compare the latencies of the healthy channels."""
    rounds, pairs = (_QUICK_ROUNDS, _QUICK_PAIRS) if form.is_quick else (_ROUNDS, _PAIRS)
    alone: list[list[float]] = []
    beside: list[list[float]] = []
    for turn in range(pairs):
        for is_beside in (False, True) if turn % 2 == 0 else (True, False):
            (beside if is_beside else alone).append(_latencies_ms(rounds, is_beside=is_beside))
    ratios = [quantile(mine, 0.99) / quantile(bare, 0.99) for mine, bare in zip(beside, alone, strict=True)]
    return Section(
        name="isolation",
        title="Isolation",
        about=f"The daemon with {_HEALTHY} healthy channels, in turns alone and beside a dead one (nobody listens) and"
        f" a slow one (answers after {SLOW_S:.0f} s); {_CHANGES} changes at a time, each owed to every channel,"
        f" {rounds} times a run. From the last byte that was sent to it to the first of each message at a healthy one.",
        figures=[
            reported("p50 alone", [quantile(each, 0.5) for each in alone], " ms"),
            reported("p50 beside both", [quantile(each, 0.5) for each in beside], " ms"),
            reported("p99 alone", [quantile(each, 0.99) for each in alone], " ms"),
            reported("p99 beside both", [quantile(each, 0.99) for each in beside], " ms"),
            at_most("p99 beside both by p99 alone, run by run", ratios, _MOST_RATIO, " ×"),
        ],
        notes=("A channel has a thread of its own; what they share is the processor and one write at a time.",),
    )


def _latencies_ms(rounds: int, *, is_beside: bool) -> list[float]:
    with Service(_ROWS) as service, scratch() as folder:
        config = configure(
            folder, {SOURCE: service.url()}, _channels(service, is_beside=is_beside), every=f"{_EVERY_S}s"
        )
        with Daemon(config):
            time.sleep(4 * _EVERY_S)  # the baseline
            _round_ms(service)  # the first message of a process loads its service
            return [latency for _ in range(rounds) for latency in _round_ms(service)]


def _channels(service: Service, *, is_beside: bool) -> Mapping[str, str]:
    healthy = {f"healthy{number}": f"{service.json_url}/healthy{number}" for number in range(_HEALTHY)}
    others = {"dead": f"json://127.0.0.1:{_free_port()}/", "slow": f"{service.json_url}/slow"}
    return {**healthy, **others} if is_beside else healthy


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def _round_ms(service: Service) -> list[float]:
    """Let some things change at once, and wait for their messages at the healthy channels."""
    service.tell("forget")
    service.tell("ask_questions", count=_CHANGES)
    seen = service.tell("arrivals", count=_CHANGES * _HEALTHY, timeout_s=_ARRIVAL_LIMIT_S)
    if len(seen["arrived_at"]) < _CHANGES * _HEALTHY:
        raise TimeoutError(f"no message within {_ARRIVAL_LIMIT_S:.0f} s")
    first = min(seen["arrived_at"])
    sent_at = max(at for at in seen["sent_at"] if at < first)
    return [1000 * (at - sent_at) for at in seen["arrived_at"]]
