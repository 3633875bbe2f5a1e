"""Latency: from the last byte of a read to the first byte of the message at its receiver, through the daemon."""

from __future__ import annotations

import time

from benchmarks.daemon import Daemon
from benchmarks.figures import Form, Section, at_most, quantile, reported
from benchmarks.service import Service
from benchmarks.watched import SOURCE, configure, rule, scratch

_ROWS = 10_000
_RULES = 100
_SAMPLES, _QUICK_SAMPLES = 200, 12
_EVERY_S = 1
_ARRIVAL_LIMIT_S = 30.0
_MOST_P50_MS, _MOST_P99_MS = 50, 250


def measure(form: Form) -> Section:
    """Ask one question at a time and wait for its message."""
    samples = _QUICK_SAMPLES if form.is_quick else _SAMPLES
    with Service(_ROWS) as service, scratch() as folder:
        rules = [rule(number, "questions.new", ["team"], where=_where(number)) for number in range(_RULES)]
        config = configure(folder, {SOURCE: service.url()}, {"team": service.json_url}, rules, f"{_EVERY_S}s")
        with Daemon(config):
            time.sleep(5 * _EVERY_S)  # the baseline
            first_ms, *others_ms = [_sample_ms(service) for _ in range(samples + 1)]
    return Section(
        name="latency",
        title="Latency",
        about=f"{_ROWS:,} conversations and {_RULES} rules, of which the last holds; {samples} changes one by one, a"
        f" poll every {_EVERY_S} s. From the last byte that the server sent to the first that the receiver got.",
        figures=[
            at_most("p50", [quantile(others_ms, 0.5)], _MOST_P50_MS, " ms"),
            at_most("p99", [quantile(others_ms, 0.99)], _MOST_P99_MS, " ms"),
            reported("the first message of the process", [first_ms], " ms"),
        ],
    )


def _where(number: int) -> str:
    """Only the last rule's condition ever holds."""
    least = 1 if number == _RULES - 1 else 1_000_000 + number
    return f'"change.delta" = ">= {least}"'


def _sample_ms(service: Service) -> float:
    service.tell("forget")
    service.tell("ask_questions", count=1)
    seen = service.tell("arrivals", count=1, timeout_s=_ARRIVAL_LIMIT_S)
    if not seen["arrived_at"]:
        raise TimeoutError(f"no message within {_ARRIVAL_LIMIT_S:.0f} s")
    arrived_at = seen["arrived_at"][0]
    return 1000 * float(arrived_at - max(sent_at for sent_at in seen["sent_at"] if sent_at < arrived_at))
