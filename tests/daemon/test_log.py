import logging
import sys
from datetime import UTC, datetime

from watcher.daemon.log import JournalFormat, TerminalFormat, line


def _record(message: str, level: int = logging.WARNING) -> logging.LogRecord:
    record = logging.LogRecord("watcher", level, "it.py", 1, message, None, None)
    record.created = datetime(2026, 11, 23, 8, 0, tzinfo=UTC).timestamp()
    return record


def test_a_line_is_an_event_and_its_facts() -> None:
    written = line("poll.done", source="campus", rows=3, error="", at=datetime(2026, 11, 23, 8, 0, tzinfo=UTC))
    assert written == "poll.done source=campus rows=3 at=2026-11-23T08:00:00Z"


def test_text_from_outside_is_quoted() -> None:
    assert line("source.failed", error='it said "no" level=info') == r'source.failed error="it said \"no\" level=info"'


def test_text_from_outside_begins_no_line_and_moves_no_cursor() -> None:
    written = TerminalFormat().format(_record(line("source.failed", error="a\n2026 daemon.ready\x1b[2J")))
    assert "\n" not in written
    assert "\x1b" not in written


def test_a_terminal_gets_the_time_and_the_journal_the_priority() -> None:
    assert TerminalFormat().format(_record("daemon.ready")) == "2026-11-23T08:00:00.000Z warning daemon.ready"
    assert JournalFormat().format(_record("daemon.ready")) == "<4>daemon.ready"


def test_each_line_of_a_traceback_has_the_priority() -> None:
    record = _record("daemon.unexpected", logging.ERROR)
    try:
        int("two\nlines\x07")
    except ValueError:
        record.exc_info = sys.exc_info()
    lines = JournalFormat().format(record).split("\n")
    assert lines[0] == "<3>daemon.unexpected"
    assert all(each.startswith("<3>") and "\x07" not in each for each in lines)
