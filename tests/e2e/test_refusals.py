"""The daemon as a process on a state that only a person can mend."""

from pathlib import Path

from torture.daemon import audience, daemon_process, sources
from watcher.lab import Lab, Receiver


def test_a_damaged_database_is_refused_for_good_in_one_line_and_left_as_it_is(tmp_path: Path) -> None:
    with Lab(story=False) as lab, Receiver() as receiver, daemon_process(tmp_path) as daemon:
        daemon.configure(sources(lab) + audience(json=receiver))
        daemon.state.mkdir(mode=0o700)
        daemon.database.write_bytes(b"no database" * 1000)
        daemon.spawn()
        assert daemon.child.wait(20) == 2
        (line,) = daemon.log().splitlines()
        assert "state.refused" in line
        assert "never overwrites it" in line
        assert daemon.database.read_bytes() == b"no database" * 1000
