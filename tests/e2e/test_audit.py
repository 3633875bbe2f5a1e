"""The audit in the running daemon, and the health check beside it."""

import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.stage import Stage
from torture.daemon import ROOT, DaemonProcess, audience, sources, wait_until
from watcher.lab import Lab, Receiver, onq_row
from watcher.store.database import FILE_NAME, open_existing


@pytest.fixture
def lab() -> Iterator[Lab]:
    with Lab(story=False, conversations=3) as one:
        yield one


def check(daemon: DaemonProcess) -> tuple[int, str]:
    """Exit status and words of the health check."""
    command = [
        sys.executable,
        "-m",
        "watcher",
        "--config",
        str(daemon.config),
        "status",
        "--check",
        "--format",
        "table",
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=20)
    return done.returncode, done.stdout


def test_the_check_is_good_while_the_daemon_runs_and_bad_when_it_was_stopped(
    daemon: DaemonProcess, lab: Lab, receiver: Receiver
) -> None:
    daemon.configure(sources(lab) + audience(json=receiver))
    daemon.start()
    receiver.wait_for(2, 20)
    wait_until(receiver, lambda: check(daemon)[0] == 0)
    assert daemon.stop() == 0
    assert check(daemon) == (1, "✗ the daemon does not run\n")


def test_what_lost_its_delivery_while_the_daemon_was_killed_is_owed_anew_and_sent(
    daemon: DaemonProcess, lab: Lab, receiver: Receiver
) -> None:
    daemon.configure(sources(lab) + audience(json=receiver))
    daemon.start()
    receiver.wait_for(2, 20)
    daemon.signal(signal.SIGKILL)
    daemon.child.wait(20)
    receiver.clear()
    with open_existing(daemon.state / FILE_NAME) as database, database.write() as connection:
        assert connection.execute("DELETE FROM deliveries").rowcount == 2
        connection.execute("UPDATE audit SET seq = 0")  # as if it had been killed before its first look
    daemon.start()
    receiver.wait_for(2, 20)
    assert "audit.lapse kind=missing subject=json" in daemon.log()
    status, said = check(daemon)
    assert status == 1
    assert "2 deliveries were missing and are owed anew" in said


def test_a_channel_that_leaves_the_config_while_something_waits_for_it_is_told(
    daemon: DaemonProcess, lab: Lab, receiver: Receiver
) -> None:
    with Receiver() as old:
        daemon.configure(sources(lab) + audience(json=receiver, old=old))
        old.refuse(500)
        daemon.start()
        old.wait_for(2, 20)
        wait_until(receiver, lambda: ("failed",) in daemon.rows("SELECT state FROM deliveries"))
        daemon.stop()
        receiver.clear()
        daemon.configure(sources(lab) + audience(json=receiver))
        daemon.start()
        (told,) = receiver.wait_for(1, 20)
    assert told.json()["title"].startswith(
        "Messages to channel old do not go out: the channel is not configured any more"
    )
    assert check(daemon)[1].startswith("✗ stranded old: ")


def test_a_whole_day_of_events_is_owed_as_the_audit_finds_it(stage: Stage) -> None:
    stage.learn(*[onq_row(number, open_questions_count=0) for number in range(1, 40)])
    for number in range(1, 40):
        stage.lab.onq.rows.update(str(number), open_questions_count=number)
    stage.poll()
    with stage.app.database.write() as connection:
        lost = connection.execute("DELETE FROM deliveries WHERE channel = 'json' AND event % 3 = 0").rowcount
    assert lost > 10
    (said,) = stage.missing()
    assert said.startswith(f"missing json: {lost} deliveries were missing and are owed anew")
    assert len(stage.deliver()) == 80
