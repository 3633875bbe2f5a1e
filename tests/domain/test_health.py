"""When a source's trouble is told, and its end."""

from datetime import timedelta

import pytest

from tests.domain.facts import NOW
from watcher.domain.event import EventType
from watcher.domain.health import Health, after_failure, after_success
from watcher.domain.sighting import Fact

LIMIT = 3


def live(*polls: bool) -> tuple[Health, list[list[Fact]]]:
    """The health after some polls a minute apart, and what each of them told."""
    health, told = Health(), []
    for minute, is_good in enumerate(polls):
        if is_good:
            health, facts = after_success(health, kind=EventType.SOURCE_RECOVERED)
        else:
            now = NOW + timedelta(minutes=minute)
            health, facts = after_failure(health, "refused", now, limit=LIMIT, kind=EventType.SOURCE_FAILING)
        told.append(list(facts))
    return health, told


@pytest.mark.parametrize(
    ("polls", "told"),
    [
        ("..", ""),
        ("xx", ""),
        ("xxx", "3:source.failing"),
        ("xxxxxx", "3:source.failing"),  # once
        ("xx.xx", ""),  # not in a row
        ("xx.xxx", "6:source.failing"),
        ("xxx.", "3:source.failing 4:source.recovered"),
        ("xxx..", "3:source.failing 4:source.recovered"),
        ("xxx.xxx.", "3:source.failing 4:source.recovered 7:source.failing 8:source.recovered"),
    ],
)
def test_an_episode_is_told_when_it_lasts_and_when_it_ends(polls: str, told: str) -> None:
    _, each = live(*(sign == "." for sign in polls))
    assert " ".join(f"{number}:{fact.type.value}" for number, facts in enumerate(each, 1) for fact in facts) == told


def test_both_ends_of_an_episode_name_its_error_and_its_first_failure() -> None:
    _, told = live(False, False, False, True)
    assert told[2][0].details == told[3][0].details == {"error": "refused", "since": "2026-11-23T08:15:00Z"}


def test_two_episodes_have_two_versions() -> None:
    _, told = live(False, False, False, True, False, False, False)
    assert told[2][0].version != told[6][0].version


def test_a_success_forgets_the_failures() -> None:
    health, _ = live(False, False, True)
    assert health == Health()
    assert live(False, False)[0] == Health(failures=2, failing_since=NOW, error="refused")
