"""The log: one line an event on standard error, a dotted name and what belongs to it."""

from __future__ import annotations

import json
import logging
import os
import re
import sys
from collections.abc import Mapping
from datetime import UTC, datetime

from watcher.domain.visible import visible

_PLAIN = re.compile(r"[\w.:/@%+\-–…*]+")
_PRIORITIES = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3, logging.CRITICAL: 2}
"""syslog's, as systemd reads them at the beginning of a line (sd-daemon(3))"""


def line(event: str, /, **facts: object) -> str:
    """Return a line of the log; a value with blanks or signs in it is quoted, and none can begin another line."""
    return " ".join([event, *(f"{name}={_written(value)}" for name, value in facts.items() if value not in {None, ""})])


def set_up(*, is_verbose: bool, environ: Mapping[str, str] = os.environ) -> None:
    """Send the log to standard error; in the journal without time stamps, which it has of its own."""
    out = logging.StreamHandler(sys.stderr)
    out.setFormatter(JournalFormat() if _is_journal(environ) else TerminalFormat())
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
    root.addHandler(out)
    root.setLevel(logging.WARNING)
    logging.getLogger("watcher").setLevel(logging.DEBUG if is_verbose else logging.INFO)


class TerminalFormat(logging.Formatter):
    """A time stamp, the level, the line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a record as text."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        return f"{at.replace('+00:00', 'Z')} {record.levelname.lower()} {_text(self, record)}"


class JournalFormat(logging.Formatter):
    """The level as the journal reads it, at the beginning of each line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a record as text."""
        prefix = f"<{_PRIORITIES.get(record.levelno, 6)}>"
        return prefix + _text(self, record).replace("\n", f"\n{prefix}")


def _text(form: logging.Formatter, record: logging.LogRecord) -> str:
    """Return the message on one line, a traceback on further ones."""
    lines = [visible(record.getMessage())]
    if record.exc_info:
        lines += map(visible, form.formatException(record.exc_info).splitlines())
    return "\n".join(lines)


def _written(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    text = str(value)
    return text if _PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)


def _is_journal(environ: Mapping[str, str]) -> bool:
    """Whether standard error goes to the journal (systemd.exec(5), $JOURNAL_STREAM)."""
    try:
        status = os.fstat(sys.stderr.fileno())
    except (OSError, ValueError):
        return False
    return environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"
