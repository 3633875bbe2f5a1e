"""`watcher demo`: everything at work on two simulated APIs, in a throw-away state directory."""

from __future__ import annotations

import logging
import math
import tempfile
from collections.abc import Callable
from pathlib import Path

import click

from watcher.bootstrap import clock
from watcher.bootstrap.configuration import read_config
from watcher.cli.demo_config import write_demo_config
from watcher.cli.demo_engine import running
from watcher.cli.demo_story import Narrator
from watcher.cli.interrupt import Interrupt, heeding
from watcher.cli.invocation import Invocation, pass_invocation
from watcher.cli.zone import local_zone
from watcher.daemon import log
from watcher.lab import Lab, Receiver

LOOK_EVERY_S = 0.2


@click.command()
@click.option(
    "--speed", type=click.FloatRange(0.1, 6000), default=20.0, help="How fast things happen (20); 60: one a second."
)
@click.option(
    "--for", "limit_s", type=click.FloatRange(0, min_open=True), metavar="SECONDS", help="End by itself after so long."
)
@pass_invocation
def command(invocation: Invocation, speed: float, limit_s: float | None) -> None:
    """Watch two simulated APIs, without a config and without an account.

    Each event is shown, and each message as it arrived at a web hook, with the rule that sent it.
    """
    log.set_up(is_verbose=invocation.verbosity > 1)
    if not invocation.verbosity:
        logging.getLogger("watcher").setLevel(logging.WARNING)
    narrator = Narrator(local_zone())
    with tempfile.TemporaryDirectory(prefix="watcher-demo-") as folder, heeding() as interrupt:
        _play(Path(folder), narrator, speed, _until(interrupt, limit_s))
    narrator.sum_up()


def _play(folder: Path, narrator: Narrator, speed: float, is_over: Callable[[], bool]) -> None:
    """Start the services, learn what there is, and only then let things happen."""
    with Lab(story=False, speed=speed) as lab, Receiver(on_message=narrator.hear) as receiver:
        config = read_config(write_demo_config(folder, lab, receiver, narrator.zone.key))
        narrator.introduce(lab)
        with running(config) as engine:
            if engine.wait_for_baseline(len(config.sources), is_over):
                lab.story.step()
                lab.story.run()
            while not is_over():
                narrator.tell(engine.history.events, LOOK_EVERY_S)
                engine.check()


def _until(interrupt: Interrupt, limit_s: float | None) -> Callable[[], bool]:
    """Return what says whether it is time to end."""
    end_s = math.inf if limit_s is None else clock.monotonic() + limit_s
    return lambda: interrupt.is_asked or clock.monotonic() >= end_s
