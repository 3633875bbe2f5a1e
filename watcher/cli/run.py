"""The `run` command: the daemon, in the foreground."""

from __future__ import annotations

import click

from watcher.bootstrap.garbage import uncollected
from watcher.cli.invocation import Invocation, pass_invocation


@click.command("run")
@pass_invocation
def command(invocation: Invocation) -> int:
    """Watch and send until stopped.

    SIGTERM or Ctrl-C ends it once what is being sent is sent (20 s at most), a second Ctrl-C at once. SIGHUP reads the
    config anew; a bad one is refused and the old one goes on.
    """
    with uncollected():  # nothing of what is imported here is garbage
        from watcher.bootstrap.configuration import read_config
        from watcher.daemon import lifecycle, log

    log.set_up(is_verbose=invocation.verbosity > 0)
    return lifecycle.run(read_config(invocation.config_path))
