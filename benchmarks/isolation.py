"""Isolation: what a dead and a slow channel cost the healthy ones beside them."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from benchmarks.daemon import Daemon
from benchmarks.figures import Form, Section, at_most, quantile, reported
from benchmarks.server import SLOW_S
from benchmarks.service import Service
from benchmarks.watched import SOURCE, configure, scratch

_ROWS = 1_000
_HEALTHY = 4
_CHANGES = 5
_ROUNDS, _QUICK_ROUNDS = 30, 12
_BLOCKS, _QUICK_BLOCKS = 7, 1
_EVERY_S = 1
_ARRIVAL_LIMIT_S = 30.0
_MOST_RATIO = 1.1


def measure(form: Form) -> Section:
    """Compare the latencies of the healthy channels of two daemons, one of which has the other two channels as well."""
    rounds, blocks = (_QUICK_ROUNDS, _QUICK_BLOCKS) if form.is_quick else (_ROUNDS, _BLOCKS)
    alone: list[list[float]] = []
    beside: list[list[float]] = []
    with _running(is_beside=False) as bare, _running(is_beside=True) as burdened:
        for _ in range(blocks):
            mine, theirs = _block(bare, burdened, rounds)
            alone.append(mine)
            beside.append(theirs)
    ratios = [
        quantile(with_both, 0.99) / quantile(without, 0.99) for with_both, without in zip(beside, alone, strict=True)
    ]
    return Section(
        name="isolation",
        title="Isolation",
        about=f"Two daemons with {_HEALTHY} healthy channels each; one has a dead channel (nobody listens) and a slow"
        f" one (answers after {SLOW_S:.0f} s) beside them. {_CHANGES} changes at a time, each owed to every channel,"
        f" now of the one's list and now of the other's, {rounds} times in {blocks} blocks. From the last byte that"
        " was sent to a daemon to the first of each message at a healthy channel.",
        figures=[
            reported("p50 alone", [quantile(each, 0.5) for each in alone], " ms"),
            reported("p50 beside both", [quantile(each, 0.5) for each in beside], " ms"),
            reported("p99 alone", [quantile(each, 0.99) for each in alone], " ms"),
            reported("p99 beside both", [quantile(each, 0.99) for each in beside], " ms"),
            at_most("p99 beside both by p99 alone, block by block", ratios, _MOST_RATIO, " ×"),
        ],
        notes=("A channel has a thread of its own; what they share is the processor and one write at a time.",),
    )


def _block(bare: Service, burdened: Service, rounds: int) -> tuple[list[float], list[float]]:
    """Take turns, each going first in every other round, so that what disturbs the machine disturbs both."""
    found: dict[Service, list[float]] = {bare: [], burdened: []}
    for number in range(rounds):
        for service in (bare, burdened) if number % 2 == 0 else (burdened, bare):
            found[service] += _round_ms(service)
    return found[bare], found[burdened]


@contextmanager
def _running(*, is_beside: bool) -> Iterator[Service]:
    """Give the service that a daemon watches, once the daemon has sent its first messages."""
    with Service(_ROWS) as service, scratch() as folder:
        channels = _channels(service, is_beside=is_beside)
        config = configure(folder, {SOURCE: service.url()}, channels, every=f"{_EVERY_S}s")
        with Daemon(config):
            time.sleep(4 * _EVERY_S)  # the baseline
            _round_ms(service)
            yield service


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
