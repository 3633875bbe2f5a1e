"""The rules of a test run: with WATCHER_CI set, a test that is skipped has failed."""

import os
import signal
from collections.abc import Generator
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, settings

# Machines that are shared stall now and then: how long an example took says nothing of the code.
# A change is judged by the same examples each time; `make fuzz` tries others.
settings.register_profile("same", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("others", settings.get_profile("same"), derandomize=False, print_blob=True)
settings.load_profile("others" if os.environ.get("WATCHER_FUZZ") else "same")

# A run that was put into the background by a shell without job control is started with SIGINT ignored, and would hand
# that on to every process that a test interrupts (POSIX shells, 2.11 "Signals and Error Handling").
signal.signal(signal.SIGINT, signal.default_int_handler)

R = TypeVar("R", pytest.TestReport, pytest.CollectReport)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    return _failed_if_skipped(report) if os.environ.get("WATCHER_CI") else report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    return _failed_if_skipped(report) if os.environ.get("WATCHER_CI") else report


def _failed_if_skipped(report: R) -> R:
    if report.outcome == "skipped" and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"WATCHER_CI is set, so nothing may be left out. {reason}"
    return report
