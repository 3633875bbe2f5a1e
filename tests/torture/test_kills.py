"""What the trial of kills takes for a repetition that a kill excuses."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from torture import kills
from torture.campaign import Attempt, Campaign, Toll
from torture.witness import Verdict
from watcher.lab import Arrival

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)
DEATH_MS = NOW_MS + 100


def campaign(*outcomes: str, deaths_ms: list[int], refusals: int = 0) -> Campaign:
    """A message that was taken twice, a second apart, after attempts with these outcomes."""
    arrivals = [
        Arrival(at=NOW + timedelta(seconds=n), path="/", headers={"idempotency-key": "a"}, body=b"", status=200)
        for n in range(2)
    ]
    return Campaign(
        toll=Toll(deaths_ms=deaths_ms),
        damages=[],
        verdict=Verdict(judged=0, lost=[], twice=[], unfounded=[]),
        owed=["a"],
        arrivals=arrivals,
        refusals=Counter(a=refusals),
        attempts={"a": [Attempt(started_ms=NOW_MS, outcome=outcome) for outcome in outcomes]},
        events=1,
        untold=[],
        doubted=[],
        unexpected=0,
        kept=None,
    )


@pytest.mark.parametrize(
    ("outcomes", "refusals"), [(["unknown", "delivered"], 0), (["failed", "unknown", "unknown", "delivered"], 1)]
)
def test_a_kill_while_the_acknowledgement_was_on_its_way_excuses_it(outcomes: list[str], refusals: int) -> None:
    assert kills._unexcused(campaign(*outcomes, deaths_ms=[DEATH_MS], refusals=refusals)) == []


@pytest.mark.parametrize(
    ("outcomes", "deaths_ms"),
    [
        (["unknown", "delivered"], []),  # nobody was killed
        (["unknown", "delivered"], [NOW_MS - 1_000]),  # not between the two
        (["delivered", "delivered"], [DEATH_MS]),  # it was acknowledged, and that was stored
        (["failed", "delivered"], [DEATH_MS]),  # it was taken, and stored as refused
    ],
)
def test_nothing_else_does(outcomes: list[str], deaths_ms: list[int]) -> None:
    assert kills._unexcused(campaign(*outcomes, deaths_ms=deaths_ms)) == ["a"]
