import platform
import subprocess
import sys
from collections.abc import Callable

import pytest

from watcher.daemon.memory import give_back, share_arena

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


@pytest.mark.parametrize("step", [give_back, share_arena])
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
