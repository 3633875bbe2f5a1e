"""The daemon as a process, against simulated APIs and receivers that are real servers."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.machine import require_debian
from torture.daemon import DaemonProcess, audience, sources, wait_until
from watcher.lab import Arrival, Kind, Lab, Receiver
from watcher.store.database import FILE_NAME

KILLS = int(os.environ.get("WATCHER_KILLS", "12"))
pytestmark = pytest.mark.timeout(90 + 10 * KILLS)


@pytest.fixture
def lab() -> Iterator[Lab]:
    with Lab(story=False, conversations=15, speed=600) as one:
        yield one


def _ask(lab: Lab) -> str:
    """Let one more question be asked; return the conversation's name."""
    row = next(row for row in lab.onq.rows if row["status"] == "started")
    lab.onq.rows.update(row["id"], open_questions_count=int(str(row["open_questions_count"])) + 1)
    return str(row["name"])


def _keys(arrivals: list[Arrival]) -> list[str]:
    return [arrival.headers["idempotency-key"] for arrival in arrivals]


def _begin(daemon: DaemonProcess, lab: Lab, receiver: Receiver, **others: Receiver) -> None:
    """Start, and wait until both baselines have been told to every receiver, which then forgets them."""
    daemon.configure(sources(lab) + audience(json=receiver, **others))
    daemon.start()
    for one in (receiver, *others.values()):
        one.wait_for(2, 20)
        one.clear()


def test_a_baseline_is_silent_and_what_happens_after_it_is_told(
    daemon: DaemonProcess, lab: Lab, receiver: Receiver
) -> None:
    daemon.configure(sources(lab) + audience(json=receiver))
    daemon.start()
    assert all("conversations" in arrival.json()["title"] for arrival in receiver.wait_for(2, 20))
    _ask(lab)
    assert "question" in receiver.wait_for(3, 10)[2].json()["title"]
    assert daemon.stop() == 0
    assert daemon.rows("SELECT type FROM events ORDER BY seq") == [
        ("source.baseline",),
        ("source.baseline",),
        ("questions.new",),
    ]


def test_a_stop_lets_a_delivery_on_its_way_arrive(daemon: DaemonProcess, lab: Lab, receiver: Receiver) -> None:
    _begin(daemon, lab, receiver)
    receiver.slow_down(0.1)
    _ask(lab)
    receiver.wait_for(1, 10)
    begun_s = time.monotonic()
    assert daemon.stop() == 0
    assert time.monotonic() - begun_s < 10
    assert len(receiver.arrivals()) == 1
    assert daemon.rows("SELECT DISTINCT state FROM deliveries") == [("delivered",)]


def test_a_stop_does_not_wait_for_an_api_that_hangs(daemon: DaemonProcess, lab: Lab, receiver: Receiver) -> None:
    _begin(daemon, lab, receiver)
    lab.onq.faults.add("hang", on="listing", times=1)
    wait_until(receiver, lambda: not lab.onq.faults.active())
    begun_s = time.monotonic()
    assert daemon.stop() == 0
    assert time.monotonic() - begun_s < 10


def test_a_second_interrupt_ends_it_at_once_and_what_hung_is_sent_again(
    daemon: DaemonProcess, lab: Lab, receiver: Receiver
) -> None:
    _begin(daemon, lab, receiver)
    receiver.hang(times=1)
    _ask(lab)
    receiver.wait_for(1, 10)
    daemon.signal(signal.SIGINT)
    daemon.wait_until_told("STOPPING=1")
    daemon.signal(signal.SIGINT)
    assert daemon.child.wait(3) == -signal.SIGINT
    daemon.start()
    first, second = receiver.wait_for(2, 10)
    assert _keys([first]) == _keys([second])
    assert first.json()["message"] != second.json()["message"]  # it says that it is a repetition


def test_a_database_that_is_taken_away_ends_it(daemon: DaemonProcess, lab: Lab, receiver: Receiver) -> None:
    _begin(daemon, lab, receiver)
    (daemon.state / FILE_NAME).unlink()
    assert daemon.child.wait(20) == 1
    assert "state.gone" in daemon.log()


def test_no_secret_is_ever_in_the_log(daemon: DaemonProcess, lab: Lab, receiver: Receiver) -> None:
    _begin(daemon, lab, receiver)
    lab.onq.faults.add("status", status=500, times=1)
    lab.osn.faults.add("status", status=500, times=1)
    wait_until(receiver, lambda: daemon.log().count("source.recovered") == 2)
    daemon.stop()
    assert not [secret for secret in (lab.onq.secret, lab.onq.key, lab.osn.password) if secret in daemon.log()]


def test_what_waited_while_the_receiver_was_down_arrives_when_it_is_up_again(
    daemon: DaemonProcess, lab: Lab, receiver: Receiver
) -> None:
    _begin(daemon, lab, receiver)
    port = urlsplit(receiver.url).port or 0
    receiver.stop()
    _ask(lab)
    wait_until(receiver, lambda: ("failed",) in daemon.rows("SELECT state FROM deliveries"))
    with Receiver(port=port) as again:
        assert "question" in again.wait_for(1, 10)[0].json()["title"]


def test_a_channel_that_hangs_does_not_hold_up_another(daemon: DaemonProcess, lab: Lab, receiver: Receiver) -> None:
    with Receiver() as slow:
        _begin(daemon, lab, receiver, slow=slow)
        slow.hang()
        _ask(lab)
        slow.wait_for(1, 10)
        receiver.wait_for(1, 10)
        for number in range(2, 4):
            _ask(lab)
            receiver.wait_for(number, 3)
        assert len(slow.accepted()) <= 1
        slow.faults.clear()


def test_a_second_daemon_on_the_same_state_is_refused(daemon: DaemonProcess, lab: Lab, receiver: Receiver) -> None:
    _begin(daemon, lab, receiver)
    command = [sys.executable, "-m", "watcher", "--config", str(daemon.config), "run"]
    second = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
    assert second.returncode == 1
    assert f"process {daemon.child.pid}" in second.stderr
    assert "stop it first" in second.stderr
    assert daemon.child.poll() is None


def test_a_bad_config_is_refused_while_it_runs_and_at_the_start(
    daemon: DaemonProcess, lab: Lab, receiver: Receiver
) -> None:
    _begin(daemon, lab, receiver)
    daemon.configure("no_such_key = true\nother_key = 1\n" + sources(lab) + audience(json=receiver))
    daemon.reload()
    assert "no_such_key" in daemon.log()
    assert "other_key" in daemon.log()
    _ask(lab)
    receiver.wait_for(1, 10)
    daemon.stop()
    daemon.spawn()
    assert daemon.child.wait(20) == 2


def test_a_reload_replaces_what_changed_and_nothing_else(daemon: DaemonProcess, lab: Lab, receiver: Receiver) -> None:
    _begin(daemon, lab, receiver)
    log_ins = lab.osn.requests.count(Kind.LOGIN)
    with Receiver() as added:
        campus_slower = sources(lab).replace('every = "1s"', 'every = "2s"', 1)
        daemon.configure(campus_slower + audience(json=receiver, added=added))
        daemon.reload()
        assert "source campus changed" in daemon.log()
        assert "channel added added" in daemon.log()
        assert "source staff" not in daemon.log().partition("reload.done")[2]
        _ask(lab)
        added.wait_for(1, 10)
        receiver.wait_for(1, 10)
    assert lab.osn.requests.count(Kind.LOGIN) == log_ins


def test_a_removed_source_is_polled_no_more(daemon: DaemonProcess, lab: Lab, receiver: Receiver) -> None:
    _begin(daemon, lab, receiver)
    staff_only = sources(lab).partition("[sources.campus]")[0] + "[sources.staff]"
    staff_only += sources(lab).partition("[sources.staff]")[2]
    daemon.configure(staff_only + audience(json=receiver))
    daemon.reload()
    polls = "SELECT COUNT(*) FROM polls WHERE source = (SELECT key FROM sources WHERE name = '{}')"
    staff, campus = (daemon.rows(polls.format(name))[0][0] for name in ("staff", "campus"))
    wait_until(receiver, lambda: daemon.rows(polls.format("staff"))[0][0] >= staff + 3)
    assert daemon.rows(polls.format("campus"))[0][0] <= campus + 1


def test_nothing_is_lost_and_nothing_invented_when_it_is_killed_at_any_moment(
    daemon: DaemonProcess, lab: Lab, receiver: Receiver
) -> None:
    chance = random.Random(20261123)
    daemon.configure(sources(lab) + audience(json=receiver))
    daemon.start()
    receiver.wait_for(2, 20)
    lab.story.run()
    for _ in range(KILLS):
        daemon.kill(after_s=chance.uniform(0.0, 1.2))
        daemon.start()
    lab.story.stop()
    _settle(daemon, receiver)
    assert daemon.stop() == 0

    owed = [key for (key,) in daemon.rows("SELECT id FROM deliveries")]
    assert set(_keys(receiver.arrivals())) == set(owed)
    assert daemon.rows("SELECT DISTINCT state FROM deliveries") == [("delivered",)]
    arrivals = receiver.arrivals()
    titles = {(key, arrival.json()["title"]) for key, arrival in zip(_keys(arrivals), arrivals, strict=True)}
    assert len(titles) == len(owed)  # what came twice came under the same key and said the same
    events = [event for (event,) in daemon.rows("SELECT id FROM events")]
    assert len(events) == len(set(events)) == len(owed)
    assert daemon.rows("SELECT COUNT(*) FROM events WHERE type = 'source.baseline'") == [(2,)]


def _settle(daemon: DaemonProcess, receiver: Receiver) -> None:
    """Wait until both sources were polled a few more times and everything that is owed has arrived."""
    complete = "SELECT COUNT(*) FROM polls WHERE outcome = 'complete' GROUP BY source ORDER BY source"
    before = [count for (count,) in daemon.rows(complete)]

    def is_settled() -> bool:
        polled = [count for (count,) in daemon.rows(complete)]
        waiting = daemon.rows("SELECT COUNT(*) FROM deliveries WHERE state != 'delivered'")
        return all(now >= then + 4 for now, then in zip(polled, before, strict=True)) and waiting == [(0,)]

    wait_until(receiver, is_settled, 40)


def test_an_accepted_read_is_polled_at_once(daemon: DaemonProcess, lab: Lab, receiver: Receiver) -> None:
    """`watcher accept` leaves a word in the database, which the heartbeat finds."""
    _begin(daemon, lab, receiver)
    gone = len(lab.onq.rows)
    lab.onq.rows.clear()
    wait_until(receiver, lambda: "source.suspect source=campus" in daemon.log())
    hourly = sources(lab).replace('every = "1s"', 'every = "1h"', 1)
    daemon.configure(hourly + audience(json=receiver))
    daemon.reload()
    command = [sys.executable, "-m", "watcher", "--config", str(daemon.config), "accept", "campus"]
    subprocess.run(command, check=True, capture_output=True, timeout=20)
    removed = "SELECT COUNT(*) FROM events WHERE type = 'conversation.removed'"
    wait_until(receiver, lambda: daemon.rows(removed) == [(gone,)])


def test_the_watchdog_is_fed_and_a_stop_is_announced(daemon: DaemonProcess, lab: Lab, receiver: Receiver) -> None:
    _begin(daemon, lab, receiver)
    daemon.wait_until_told("WATCHDOG=1")
    daemon.signal(signal.SIGINT)
    daemon.wait_until_told("STOPPING=1")
    assert daemon.child.wait(20) == 0


def test_polls_and_messages_go_on_when_the_clock_is_set_back_and_ahead(
    daemon: DaemonProcess, lab: Lab, receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the daemon's wall clock is moved; the APIs keep theirs, so OnQ's log-in fails and OSN is looked at."""
    require_debian("faketime", package="faketime")
    clock = tmp_path / "clock"
    clock.write_text("+0")
    with monkeypatch.context() as fake:
        fake.setenv("LD_PRELOAD", str(next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))))
        fake.setenv("FAKETIME_TIMESTAMP_FILE", str(clock))
        fake.setenv("FAKETIME_NO_CACHE", "1")
        fake.setenv("FAKETIME_DONT_FAKE_MONOTONIC", "1")
        # The library's mend for the monotonic clock lets every timed wait end at once: the interpreter's
        # threads then spin for its lock, and two busy ones take ten times as long.
        fake.setenv("FAKETIME_FORCE_MONOTONIC_FIX", "0")
        _begin(daemon, lab, receiver)
    row = next(row for row in lab.osn.rows if row["state"] == "OPEN_ACTIVE")
    told = "SELECT COUNT(*) FROM events WHERE type = 'unread.new'"
    for unread, offset in enumerate(("-2h", "+400d", "+0"), start=1):
        clock.write_text(offset)
        wait_until(receiver, lambda jumps=unread: daemon.log().count("clock.jumped") == jumps)  # type: ignore[misc]
        lab.osn.rows.update(row["id"], nUnread=1_000 + unread)
        wait_until(receiver, lambda events=unread: daemon.rows(told) == [(events,)])  # type: ignore[misc]
    waiting = "SELECT COUNT(*) FROM deliveries WHERE state != 'delivered'"
    wait_until(receiver, lambda: daemon.rows(waiting) == [(0,)])
    assert daemon.stop() == 0
