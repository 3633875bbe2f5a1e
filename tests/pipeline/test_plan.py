"""A plan's own words."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.domain.facts import NOW
from watcher.domain.deadline import Leads
from watcher.domain.event import Event, EventType, Severity
from watcher.domain.rule import Match
from watcher.pipeline.plan import Plan

HOUR = timedelta(hours=1)


def plan(leads: Leads) -> Plan:
    return Plan(
        identity="a list",
        interval=HOUR,
        leads=leads,
        route=lambda event: (Match(channel=f"channel of {event.subject}", rule="a rule"),),
        ruleset="",
        now=lambda: datetime(2026, 11, 23, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        (
            {EventType.REGISTRATION_CLOSING: (HOUR, 24 * HOUR)},
            {EventType.REGISTRATION_CLOSING: (24 * HOUR, HOUR)},
            True,
        ),
        (
            {EventType.REGISTRATION_CLOSING: (HOUR,), EventType.CONVERSATION_ENDING: ()},
            {EventType.CONVERSATION_ENDING: (), EventType.REGISTRATION_CLOSING: (HOUR,)},
            True,
        ),
        ({EventType.REGISTRATION_CLOSING: (HOUR,)}, {EventType.REGISTRATION_CLOSING: (2 * HOUR,)}, False),
        ({EventType.REGISTRATION_CLOSING: (HOUR,)}, {EventType.CONVERSATION_ENDING: (HOUR,)}, False),
    ],
)
def test_leads_have_one_text_whatever_their_order(one: Leads, other: Leads, is_same: bool) -> None:
    assert (plan(one).leads_text == plan(other).leads_text) is is_same


def test_an_event_is_owed_where_the_rules_send_it() -> None:
    event = Event(
        id="6f2c", source="campus", type=EventType.QUESTIONS_NEW, subject="1017", time=NOW, severity=Severity.NOTICE
    )
    owed = plan({}).owe(event)
    assert (owed.event, owed.deliveries) == (event, (Match(channel="channel of 1017", rule="a rule"),))


def test_a_plan_holds_nobody_up_and_tells_nobody_by_default() -> None:
    with plan({}).hold("campus"):
        plan({}).on_page(1, 100)
