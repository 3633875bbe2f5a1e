import signal
import time
from pathlib import Path

import pytest

from tests.cli.world import spawn

FIRST_MESSAGE_S = 5.0


def test_the_first_message_comes_soon_with_its_reason_and_it_ends_by_itself(tmp_path: Path) -> None:
    started = time.monotonic()
    with spawn("demo", "--for", "4", folder=tmp_path) as demo:
        assert demo.stdout is not None
        lines = []
        for line in demo.stdout:
            lines.append(line.rstrip())
            if "→ message to facilitators" in line:
                break
        took_s = time.monotonic() - started
        rest, errors = demo.communicate(timeout=20)
    shown = "\n".join(lines) + "\n" + rest
    assert took_s < FIRST_MESSAGE_S
    assert "source.baseline" in shown
    assert "questions.new  campus: " in shown
    assert "rule: questions reach the facilitators · event " in shown
    assert " messages; what was stored is thrown away." in shown
    assert "watcher init" in shown
    assert (demo.returncode, errors) == (0, "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly_with_its_summary(tmp_path: Path, number: signal.Signals) -> None:
    with spawn("demo", folder=tmp_path) as demo:
        assert demo.stdout is not None
        for line in demo.stdout:
            if "source.baseline" in line:
                break
        demo.send_signal(number)
        rest, errors = demo.communicate(timeout=10)
    assert "what was stored is thrown away" in rest
    assert (demo.returncode, errors) == (0, "")
