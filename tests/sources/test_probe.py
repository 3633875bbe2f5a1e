"""What a check of a source shows."""

from datetime import timedelta

import pytest

from tests.sources.wiring import lab, onq, osn
from watcher.sources.onq import OnqSource
from watcher.sources.probe import Finding, check
from watcher.sources.registry import SOURCES

RIGHT_CLOCK = Finding(is_ok=True, text="clock: as the server's, within half a minute")


def test_a_source_that_answers_shows_rows_total_and_paging() -> None:
    with lab(conversations=25) as served:
        served.onq.speak(paging="offset", envelope="items", total="total")
        assert check(onq(served.onq, page_size=10)) == [
            Finding(is_ok=True, text="logged in; 10 rows on page 1, 25 in all"),
            Finding(is_ok=True, text="paging: offset"),
            RIGHT_CLOCK,
        ]
        assert check(osn(served.osn, page_size=50)) == [
            Finding(is_ok=True, text="logged in; 25 rows on page 1"),
            Finding(is_ok=True, text="paging: not seen, the list is one page"),
            RIGHT_CLOCK,
        ]


def test_a_server_that_ignores_the_page_is_found() -> None:
    with lab(conversations=25) as served:
        served.onq.speak(paging="ignored")
        finding = check(onq(served.onq, page_size=10))[1]
    assert not finding.is_ok
    assert "ignores" in finding.text


@pytest.mark.parametrize("minutes", [-14, 14])
def test_a_wrong_clock_is_found_even_where_the_log_in_works(minutes: int) -> None:
    with lab(conversations=5) as served:
        served.osn.skew = timedelta(minutes=minutes)
        rows, paging, clock = check(osn(served.osn))
    assert rows.is_ok
    assert paging.is_ok
    assert not clock.is_ok
    assert f"14 min {'ahead of' if minutes < 0 else 'behind'}" in clock.text


def test_a_clock_that_is_not_told_is_said_not_to_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(OnqSource, "clock_skew", None)
    with lab(conversations=5) as served:
        clock = check(onq(served.onq))[-1]
    assert clock == Finding(is_ok=True, text="clock: not seen, the server does not tell its time")


def test_a_source_that_fails_is_one_finding_with_the_way_out() -> None:
    with lab(conversations=5) as served:
        source = osn(served.osn)
        served.osn.password = "changed"
        (finding,) = check(source)
    assert not finding.is_ok
    assert "HTTP 401" in finding.text
    assert "check the account" in finding.text


def test_every_api_is_registered_under_its_own_name() -> None:
    assert {name: kind.api.name for name, kind in SOURCES.items()} == {"onq": "onq", "osn": "osn"}
