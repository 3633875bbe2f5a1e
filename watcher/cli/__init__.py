"""The command line: what `watcher` on a terminal is."""

from __future__ import annotations

import errno
import sys
from pathlib import Path

import click

from watcher import __version__
from watcher.bootstrap.garbage import leave_alone
from watcher.cli.commands import LazyGroup
from watcher.cli.invocation import Invocation
from watcher.cli.output import forget_output
from watcher.domain.errors import ConfigError, WatcherError
from watcher.domain.visible import visible

FAILED = 1
WRONG_USE = 2
INTERRUPTED = 130


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--config",
    "config_path",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="The config; else $WATCHER_CONFIG, ./config.toml, the user's, /etc/watcher/config.toml.",
)
@click.option("-v", "--verbose", "verbosity", count=True, help="Log more: `run` with one, `demo` with one or two.")
@click.version_option(__version__, prog_name="watcher")
@click.pass_context
def cli(ctx: click.Context, config_path: Path | None, verbosity: int) -> None:
    """Watches conversations over REST APIs and tells the right people what changed."""
    ctx.obj = Invocation(config_path=config_path, verbosity=verbosity)


def main() -> None:
    """Run a command and leave with its exit status: 0 done, 1 failed at run time, 2 wrong use or a bad config."""
    leave_alone()  # what is loaded by now stays: see `commands`
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run a command and return its exit status; errors are one or two lines on standard error."""
    try:
        status = cli.main(arguments, prog_name="watcher", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except WatcherError as error:
        complain(error)
        return WRONG_USE if isinstance(error, ConfigError) else FAILED
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except BrokenPipeError:
        forget_output()
        return 0
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        forget_output()
        complain(_no_room(error))
        return FAILED
    return status if isinstance(status, int) else 0


_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}
"""a full disk, a limit, a disk that fails: where a file stands for the terminal, its output may end at any place"""


def _no_room(error: OSError) -> WatcherError:
    what = str(error.filename or "its output")
    return WatcherError(f"{what} cannot be written: {error.strerror}", remedy="make room, or write it elsewhere")


def complain(error: WatcherError) -> None:
    """Write an error and its remedy to standard error."""
    for line in error.text.splitlines() or [""]:
        print(f"watcher: error: {visible(line)}", file=sys.stderr)
    if error.remedy:
        print(f"  → {visible(error.remedy)}", file=sys.stderr)
