"""Delivery: messages through the outbox against Apprise alone, and what more channels bring."""

from __future__ import annotations

import logging
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import apprise

from benchmarks.figures import Form, Section, at_least, reported
from benchmarks.pairs import seconds_of
from benchmarks.service import Service
from benchmarks.watched import SOURCE, configure, poll, scratch
from watcher.bootstrap.app import App, open_app
from watcher.bootstrap.configuration import read_config
from watcher.pipeline.dispatch import Turn

_MESSAGES, _QUICK_MESSAGES = 1_000, 200
_CHANNELS = (1, 2, 4)
_LEAST_SHARE = 0.7
_FSYNCS = 50


def measure(form: Form) -> Section:
    """Send so many messages each way, in turns."""
    messages = _QUICK_MESSAGES if form.is_quick else _MESSAGES
    rounds = max(2, form.repetitions // 3)
    with Service(messages) as service, Service(0) as receiver, scratch() as folder:
        fsync_ms = _fsync_ms(folder)
        bare: list[float] = []
        ours: dict[int, list[float]] = {}
        for _ in range(rounds):
            bare.append(messages / seconds_of(lambda: _send_bare(receiver.json_url, messages)))
            for channels in _CHANNELS:
                ours.setdefault(channels, []).append(_rate(service, receiver, messages, channels))
    shares = [mine / alone for mine, alone in zip(ours[1], bare, strict=True)]
    return Section(
        name="delivery",
        title="Delivery",
        about=f"{messages:,} messages a channel to a local json:// receiver: by Apprise's synchronous notify() alone,"
        " and from the outbox, claimed, sent and settled one by one (synchronous=FULL), a thread a channel.",
        figures=[
            reported("Apprise alone, one worker", bare, " messages/s"),
            *[reported(f"watcher, {number} channels", ours[number], " messages/s") for number in _CHANNELS],
            at_least("watcher by Apprise alone, one channel", shares, _LEAST_SHARE, " ×"),
            reported("fsync of the disk below the state", fsync_ms, " ms"),
        ],
        notes=(
            "Settling a delivery and claiming the next is one transaction, and so one fsync or two beside the send.",
            "Apprise alone opens a connection for each message; a channel keeps its own while messages follow at once.",
        ),
    )


def _send_bare(url: str, messages: int) -> None:
    logging.getLogger("apprise").setLevel(logging.WARNING)
    asset = apprise.AppriseAsset(async_mode=False)
    sender = apprise.Apprise(asset=asset)
    sender.add(url)
    for service in sender:
        service.request_rate_per_sec = 0
    for number in range(messages):
        if not sender.notify(title=f"message {number}", body="3 new open questions in “Leading Change” (5 open)"):
            raise RuntimeError("the receiver refused a message")


def _rate(service: Service, receiver: Service, messages: int, channels: int) -> float:
    """Return messages a second over all channels; what is owed is made by a poll, untimed."""
    names = [f"c{number}" for number in range(channels)]
    with scratch() as folder:
        urls = {name: f"{receiver.json_url}/{name}" for name in names}
        config = configure(folder, {SOURCE: service.url()}, urls)
        with open_app(read_config(config)) as app:
            poll(app)
            service.tell("ask_questions", count=messages)
            poll(app)
            return messages * channels / seconds_of(lambda: _drain(app, names))


def _drain(app: App, names: list[str]) -> None:
    with ThreadPoolExecutor(len(names)) as threads:
        list(threads.map(lambda name: _drain_one(app, name), names))


def _drain_one(app: App, name: str) -> None:
    """Send as a worker does: what was claimed while the last was settled comes next."""
    turn = Turn()
    while (turn := app.deliver_next(name, turn.ahead, lambda: True)).claim is not None:
        if turn.outcome is None or not turn.outcome.state.is_final:
            raise RuntimeError(f"a message did not go out: {turn.outcome}")


def _fsync_ms(folder: Path) -> list[float]:
    times = []
    with (folder / "fsync").open("wb", buffering=0) as file:
        for _ in range(_FSYNCS):
            file.write(b"x" * 4096)
            begun = time.perf_counter()
            os.fsync(file.fileno())
            times.append(1000 * (time.perf_counter() - begun))
    return times
