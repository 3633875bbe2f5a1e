import gc
import platform
import subprocess
import sys
import weakref
from collections.abc import Callable

import pytest

from watcher.daemon.memory import give_back, share_arena, tidy

ARENAS = """
import threading
from ctypes import CDLL
from watcher.daemon.memory import share_arena
share_arena()
threads = [threading.Thread(target=lambda: bytes(10_000)) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
CDLL(None).malloc_stats()
"""


class _Ring:
    """Refers to itself, so that only the collector finds it."""

    def __init__(self) -> None:
        self.itself = self


def test_tidying_finds_what_nobody_refers_to() -> None:
    gc.disable()
    try:
        ring = weakref.ref(_Ring())
        assert ring() is not None
        tidy()
        assert ring() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("step", [give_back, share_arena, tidy])
def test_a_sandbox_that_forbids_it_is_no_reason_to_fail(
    step: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    step()
    monkeypatch.setitem(sys.modules, "ctypes", None)  # what an import then raises
    step()


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries have no arenas")
def test_threads_share_an_arena() -> None:
    ran = subprocess.run([sys.executable, "-c", ARENAS], capture_output=True, text=True, check=True, timeout=30)
    assert "Arena 0:" in ran.stderr
    assert "Arena 1:" not in ran.stderr
