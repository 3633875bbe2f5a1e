"""Work in a process of its own: its result comes back, and what fails there is seen here."""

import os
import signal
import threading

import pytest

from watcher.bootstrap.aside import aside

TWO_CORES = frozenset({0, 1})


pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")


@pytest.fixture(autouse=True)
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two cores, and nobody beside us: other tests leave threads that have yet to end."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: TWO_CORES)
    monkeypatch.setattr(threading, "active_count", lambda: 1)


def test_the_result_comes_from_another_process() -> None:
    with aside(os.getpid) as finish:
        assert finish() != os.getpid()


def test_what_fails_there_fails_here() -> None:
    def fail() -> int:
        raise ValueError(f"as process {os.getpid()}")

    with aside(fail) as finish, pytest.raises(ValueError, match=str(os.getpid())):
        finish()


def test_what_is_killed_there_is_done_here() -> None:
    here = os.getpid()

    def be_killed() -> str:
        if os.getpid() != here:
            os.kill(os.getpid(), signal.SIGKILL)
        return "done"

    with aside(be_killed) as finish:
        assert finish() == "done"


def test_a_result_that_cannot_be_sent_is_made_here() -> None:
    with aside(threading.Lock) as finish:
        assert finish().acquire(blocking=False)


def test_nothing_is_left_of_work_that_nobody_waits_for() -> None:
    begun, ended = os.pipe()

    def work() -> None:
        os.write(ended, str(os.getpid()).encode())
        signal.pause()

    with aside(work):
        process = int(os.read(begun, 20))
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


@pytest.mark.parametrize(("cores", "threads"), [({0}, 1), ({0, 1}, 2)])
def test_on_one_core_or_beside_other_threads_it_is_done_here(
    monkeypatch: pytest.MonkeyPatch, cores: set[int], threads: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: cores)
    monkeypatch.setattr(threading, "active_count", lambda: threads)
    with aside(os.getpid) as finish:
        assert finish() == os.getpid()
