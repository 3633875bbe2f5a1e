"""A channel that is slow and one that is dead hold up nobody else."""

from torture.daemon import DaemonProcess, audience, sources
from watcher.lab import Lab, Receiver

LEAST = 5


def test_a_healthy_channel_has_everything_while_the_first_message_of_a_slow_one_is_under_way(
    daemon: DaemonProcess,
) -> None:
    with Lab(story=False, conversations=40) as lab, Receiver() as healthy, Receiver() as slow, Receiver() as dead:
        daemon.configure(sources(lab) + audience(healthy=healthy, slow=slow, dead=dead))
        daemon.start()
        for one in (healthy, slow, dead):
            one.wait_for(2, 20)
            one.clear()
        slow.hang()
        dead.stop()
        started = [row for row in lab.onq.rows if row["status"] == "started"]
        for row in started:
            lab.onq.rows.update(row["id"], open_questions_count=int(str(row["open_questions_count"])) + 1)
        healthy.wait_for(len(started), 20)
        assert len(started) >= LEAST
        assert len(healthy.accepted()) == len(started)
        assert len(slow.arrivals()) == 1  # which waits for an answer
        states = "SELECT state, count(*) FROM deliveries WHERE channel = 'slow' AND state <> 'pending' GROUP BY state"
        assert daemon.rows(states) == [("delivered", 2), ("sending", 1)]
        slow.faults.clear()
