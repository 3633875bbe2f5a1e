"""`watcher lab`: both simulated APIs on loopback, to try things out."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import click

from watcher.cli.interrupt import heeding
from watcher.cli.lab_sources import write_sources
from watcher.cli.output import write_lines
from watcher.domain.errors import WatcherError
from watcher.lab import Lab

CONTROL = "/lab"
LOOK_EVERY_S = 0.2


@click.command()
@click.option("--onq-port", type=click.IntRange(0, 65535), default=8471, help="Port of the OnQ API (8471); 0: any.")
@click.option("--osn-port", type=click.IntRange(0, 65535), default=8472, help="Port of the OSN API (8472); 0: any.")
@click.option(
    "--speed", type=click.FloatRange(0.1, 6000), default=6.0, help="How fast things happen (6); 60: one a second."
)
@click.option("--seed", type=int, default=7, help="Which story is played (7): the same seed, the same story.")
@click.option(
    "--conversations", type=click.IntRange(0, 1_000_000), default=40, help="How many each API begins with (40)."
)
def command(onq_port: int, osn_port: int, speed: float, seed: int, conversations: int) -> None:
    """Serve simulated OnQ and OSN APIs on loopback until Ctrl-C, with a story that goes on and faults on request."""
    lab = Lab(seed=seed, conversations=conversations, onq_port=onq_port, osn_port=osn_port, speed=speed)
    try:
        with heeding() as interrupt:
            lab.start()
            write_lines(_introduce(lab))
            while not interrupt.is_asked:
                threading.Event().wait(LOOK_EVERY_S)
    except OSError as error:
        text = f"the lab cannot listen on port {onq_port} and {osn_port}: {error.strerror}"
        raise WatcherError(text, remedy="name others with --onq-port and --osn-port, or 0 for any") from error
    finally:
        lab.stop()


def _introduce(lab: Lab) -> Iterator[str]:
    yield "Serving two simulated APIs on this machine only; their accounts guard nothing. Ctrl-C ends it."
    yield ""
    yield f"OnQ  {lab.onq.url}   {len(lab.onq.rows)} conversations"
    yield f"OSN  {lab.osn.url}   {len(lab.osn.rows)} conversations"
    yield ""
    yield "A config for them (with chmod 600, as it holds the accounts' secrets):"
    yield ""
    yield from (f"    {line}".rstrip() for line in _config(lab).splitlines())
    yield ""
    yield "What goes on, and how to disturb it:"
    yield ""
    yield f"    curl {lab.onq.origin}{CONTROL}"
    for orders in _ORDERS:
        yield f"    curl {lab.onq.origin}{CONTROL} -d '{orders}'"
    yield f"""    curl {lab.osn.origin}{CONTROL} -d '{{"session": "expire"}}'"""


_ORDERS = (
    '{"fault": {"kind": "status", "status": 503, "times": 3, "on": "listing"}}',
    '{"fault": {"kind": "hang"}}',
    '{"dialect": {"dates": "epoch_ms"}}',
    '{"clear": true}',
)


def _config(lab: Lab) -> str:
    return f"""\
operator = ["here"]

{write_sources(lab, "5s")}
[channels.here]
url = "console://"

[[rules]]
name = "everything"
events = ["*"]
channels = ["here"]
"""
