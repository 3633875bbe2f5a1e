import sys

import pytest

from watcher.daemon.memory import give_back


def test_a_sandbox_that_forbids_it_is_no_reason_to_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    give_back()
    monkeypatch.setitem(sys.modules, "ctypes", None)  # what an import then raises
    give_back()
