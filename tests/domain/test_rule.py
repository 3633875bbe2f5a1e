import re
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.domain.conversation import Conversation
from watcher.domain.digest import Digest
from watcher.domain.event import Event, EventType, Severity
from watcher.domain.matcher import parse_matcher
from watcher.domain.rule import TROUBLE, Match, Router, Rule, decide, judge, operator_rule, route
from watcher.domain.stage import FIRST, escalation
from watcher.domain.state import State
from watcher.domain.timing import Escalation, Timing

NOW = datetime(2026, 11, 23, 8, 15, tzinfo=UTC)
SHOWN = Conversation(id="1017", name="Leading Change", state=State.STARTED, reason=None, fields={"type": "course"})


def _event(kind: str = "questions.new", source: str = "campus", subject: str = "1017", **details: Any) -> Event:
    event_type = EventType(kind)
    is_about_conversation = not kind.startswith(("source.", "channel."))
    return Event(
        id="e", source=source, type=event_type, subject=subject, time=NOW, severity=Severity.NOTICE, details=details,
        conversation=SHOWN if is_about_conversation else None,
    )  # fmt: skip


def _rule(name: str = "r", events: str = "*", channels: str = "a", where: Any = None, sources: str = "*") -> Rule:
    matchers = tuple(parse_matcher(path, written, re.compile) for path, written in (where or {}).items())
    return Rule(
        name=name, events=tuple(events.split()), channels=tuple(channels.split()), sources=tuple(sources.split()),
        where=matchers,
    )  # fmt: skip


def _sent(event: Event, *rules: Rule) -> list[tuple[str, str]]:
    return [(match.channel, match.rule) for match in route(event, rules)]


def test_all_rules_are_tried_and_a_channel_hears_once_for_the_first() -> None:
    rules = _rule("one", channels="a b"), _rule("two", channels="b c"), _rule("three", channels="a")
    assert _sent(_event(), *rules) == [("a", "one"), ("b", "one"), ("c", "two")]


def test_a_rule_that_does_not_hold_takes_no_channel_from_a_later_one() -> None:
    assert _sent(_event(), _rule("one", events="messages.*"), _rule("two")) == [("a", "two")]


def test_globs_are_over_types_and_sources() -> None:
    rule = _rule(events="registration.* questions.new", sources="camp?s staff")
    assert _sent(_event("registration.closed"), rule)
    assert _sent(_event(), rule)
    assert not _sent(_event("questions.cleared"), rule)
    assert not _sent(_event(source="academy"), rule)


def test_every_matcher_must_hold() -> None:
    where = {"conversation.fields.type": ["course", "sequence"], "change.delta": ">= 3"}
    assert _sent(_event(change={"delta": 3}), _rule(where=where))
    assert not _sent(_event(change={"delta": 2}), _rule(where=where))


def test_a_matcher_sees_type_source_and_subject() -> None:
    assert _sent(_event(), _rule(where={"type": "questions.new", "source": "campus", "subject": 1017}))


def test_a_path_that_a_type_lacks_never_holds_not_even_negated() -> None:
    rule = _rule(where={"reason": "! resolved"})
    assert _sent(_event("conversation.ended"), rule) == [("a", "r")]
    assert _sent(_event("questions.new"), rule) == []
    assert judge(_event(), rule).reason == "questions.new has no reason"


def test_a_channel_is_never_told_of_its_own_trouble() -> None:
    event = _event("channel.failing", source="a", subject="a", error="x")
    assert _sent(event, _rule("all", channels="a b"), operator_rule(["a", "c"])) == [("b", "all"), ("c", "operator")]


def test_a_source_named_like_a_channel_is_no_reason_to_withhold() -> None:
    assert _sent(_event("source.failing", source="a", subject="a"), _rule(channels="a")) == [("a", "r")]


@pytest.mark.parametrize("kind", EventType)
def test_the_operator_hears_of_trouble_and_of_nothing_else(kind: EventType) -> None:
    sent = _sent(_event(kind.value, subject="x"), operator_rule(["ops"]))
    assert sent == ([("ops", "operator")] if kind in TROUBLE else [])


def test_the_operator_hears_of_trouble_once_though_a_rule_names_it_too() -> None:
    event = _event("source.failing", subject="campus")
    assert _sent(event, _rule("mine", channels="ops"), operator_rule(["ops"])) == [("ops", "mine")]


@pytest.mark.parametrize(
    "rule, reason",
    [
        (_rule(events="messages.new unread.*"), "questions.new is not among the events: messages.new, unread.*"),
        (_rule(sources="staff"), "campus is not among the sources: staff"),
        (_rule(where={"severity": "notice", "change.delta": ">= 3"}), "change.delta is 1, not >= 3"),
        (_rule(where={"would_remove": 3}), "questions.new has no would_remove"),
    ],
)
def test_a_verdict_against_names_what_did_not_hold(rule: Rule, reason: str) -> None:
    verdict = judge(_event(change={"delta": 1}), rule)
    assert (verdict.holds, verdict.reason) == (False, reason)
    assert (verdict.matcher is None) == (not rule.where)


def test_a_verdict_in_favour_names_what_held() -> None:
    verdict = judge(_event(change={"delta": 5}), _rule(where={"change.delta": ">= 3", "severity": "notice"}))
    assert (verdict.holds, verdict.reason) == (
        True,
        "change.delta is 5 (wanted: >= 3); severity is notice (wanted: notice)",
    )
    assert judge(_event(), _rule()).reason == "questions.new from campus"


def test_a_decision_says_who_hears_and_who_does_not() -> None:
    event = _event("channel.failing", source="a", subject="a", error="x")
    one, two, three = decide(event, [_rule("one", channels="b"), _rule("two", channels="a b c c"), _rule(events="x")])
    assert one.sends_to == ("b",)
    assert two.sends_to == ("c",)
    assert two.withheld == (("a", "the event is about this channel"), ("b", "already sent by rule 'one'"))
    assert (three.verdict.holds, three.sends_to, three.withheld) == (False, (), ())


STEPS = st.lists(
    st.builds(
        lambda hours, channels: Escalation(after=timedelta(hours=hours), channels=tuple(channels.split())),
        st.integers(1, 48),
        st.sampled_from(["a", "b c", "leads"]),
    ),
    max_size=2,
)
RULES = st.lists(
    st.builds(
        lambda steps, stop, **rule: replace(_rule(**rule), timing=Timing(escalate=tuple(steps), stop=stop)),
        steps=STEPS,
        stop=st.booleans(),
        name=st.sampled_from(["one", "two", "three"]),
        events=st.sampled_from(["*", "questions.*", "channel.* source.*", "*.new"]),
        channels=st.sampled_from(["a", "a b", "b c", "c c a"]),
        sources=st.sampled_from(["*", "campus", "a staff"]),
        where=st.sampled_from([{}, {"change.delta": "> 2"}, {"severity": "! info"}, {"error": "x"}]),
    ),
    max_size=5,
)
EVENTS = st.builds(
    _event,
    kind=st.sampled_from(["questions.new", "messages.new", "channel.failing", "source.failing"]),
    source=st.sampled_from(["campus", "a"]),
    subject=st.sampled_from(["a", "1017"]),
    error=st.sampled_from(["x", "y"]),
    change=st.sampled_from([{}, {"delta": 2}, {"delta": 3}]),
)


@given(event=EVENTS, rules=RULES)
def test_what_is_decided_is_what_is_routed(event: Event, rules: list[Rule]) -> None:
    decided = decide(event, rules)
    first = [Match(channel=channel, rule=one.rule.name) for one in decided for channel in one.sends_to]
    routed = route(event, rules)
    assert sorted((match for match in routed if match.stage == FIRST), key=str) == sorted(first, key=str)
    later = {match for one in decided for match in one.escalates}
    assert {match for match in routed if match.stage != FIRST} == later


@given(events=st.lists(EVENTS, max_size=4), rules=RULES)
def test_a_router_routes_each_event_as_if_it_were_the_first(events: list[Event], rules: list[Rule]) -> None:
    router = Router(rules)
    assert [router.route(event) for event in events] == [route(event, rules) for event in events]


def test_ten_thousand_events_meet_a_hundred_rules_within_a_second_or_so() -> None:
    kinds = [kind.value for kind in EventType if not kind.value.startswith(("source.", "channel."))]
    where = {"conversation.fields.type": ["course", "sequence"], "severity": "! info"}
    rules = [_rule(f"r{n}", events=kinds[n % len(kinds)], channels=f"c{n}", where=where) for n in range(100)]
    events = [_event(kinds[n % len(kinds)], change={"delta": 3}) for n in range(10_000)]
    router = Router(rules)
    began = time.process_time()
    sent = sum(len(router.route(event)) for event in events)
    assert sent > 10_000
    assert time.process_time() - began < 3  # 0.2 s here; the rest is for slow machines


def _timed(rule: Rule, **timing: Any) -> Rule:
    return replace(rule, timing=Timing(**timing))


GATHERED = Digest(span=timedelta(minutes=15), at=(), zone=UTC)


@pytest.mark.parametrize(
    ("rules", "sent"),
    [
        # a rule that stops: no later one is tried
        ([_timed(_rule("one"), stop=True), _rule("two", channels="b")], [("a", "one")]),
        # one that does not hold stops nothing
        ([_timed(_rule("one", events="messages.*"), stop=True), _rule("two", channels="b")], [("b", "two")]),
        # a fallback hears of what no other rule is about
        ([_timed(_rule("rest"), is_fallback=True), _rule("two", events="messages.*")], [("a", "rest")]),
        ([_timed(_rule("rest"), is_fallback=True), _rule("two", channels="b")], [("b", "two")]),
        # a rule that tells at once comes before one that gathers, wherever it stands
        ([_timed(_rule("later"), digest=GATHERED), _rule("now")], [("a", "now")]),
        ([_rule("now"), _timed(_rule("later"), digest=GATHERED)], [("a", "now")]),
        ([_timed(_rule("first"), digest=GATHERED), _timed(_rule("next"), digest=GATHERED)], [("a", "first")]),
    ],
)
def test_which_rule_tells_a_channel(rules: list[Rule], sent: list[tuple[str, str]]) -> None:
    assert _sent(_event(), *rules) == sent
    told = [(channel, one.rule.name) for one in decide(_event(), rules) for channel in one.sends_to]
    assert sorted(told) == sorted(sent)


def test_the_operator_hears_of_trouble_whatever_stops_and_keeps_no_fallback_away() -> None:
    failing = _event("source.failing", subject="campus")
    operator = operator_rule(["ops"])
    stops = _timed(_rule("one"), stop=True)
    assert _sent(failing, stops, operator) == [("a", "one"), ("ops", "operator")]
    assert _sent(failing, _timed(_rule("rest"), is_fallback=True), operator) == [("a", "rest"), ("ops", "operator")]


def test_a_rule_that_was_not_tried_says_why() -> None:
    rules = _timed(_rule("one"), stop=True), _rule("two", channels="b"), _timed(_rule("rest"), is_fallback=True)
    _, two, rest = decide(_event(), rules)
    assert dict(two.withheld) == {"b": "rule 'one' stops here"}
    assert dict(rest.withheld) == {"a": "a fallback, and another rule holds"}


DAY = timedelta(days=1)


def _escalating(name: str = "r", *steps: str, **rule: str) -> Rule:
    """A rule with a step a day, each to some channels."""
    made = tuple(Escalation(after=n * DAY, channels=tuple(step.split())) for n, step in enumerate(steps, 1))
    return replace(_rule(name, **rule), timing=Timing(escalate=made))


def _later(event: Event, *rules: Rule) -> list[tuple[str, str, str, timedelta]]:
    return [(one.channel, one.rule, str(one.stage), one.after) for one in route(event, rules) if one.stage != FIRST]


def test_what_lasts_is_escalated_step_by_step() -> None:
    rule = _escalating("r", "leads", "leads boss")
    assert _later(_event(), rule) == [
        ("leads", "r", "escalation 1", DAY),
        ("leads", "r", "escalation 2", 2 * DAY),
        ("boss", "r", "escalation 2", 2 * DAY),
    ]
    assert _later(_event("questions.cleared"), rule) == []
    assert _later(_event("messages.new"), _escalating("r", "leads", events="questions.*")) == []


def test_a_channel_is_escalated_to_once_a_step_for_the_first_rule_that_names_it() -> None:
    rules = _escalating("one", "leads", "boss"), _escalating("two", "leads x", "leads")
    assert _later(_event(), *rules) == [
        ("leads", "one", "escalation 1", DAY),
        ("boss", "one", "escalation 2", 2 * DAY),
        ("x", "two", "escalation 1", DAY),
        ("leads", "two", "escalation 2", 2 * DAY),
    ]


def test_a_rule_whose_channels_another_has_taken_escalates_all_the_same() -> None:
    assert _later(_event(), _rule("first"), _escalating("second", "leads"))
    assert not _later(_event(), _timed(_rule("first"), stop=True), _escalating("second", "leads"))


def test_a_channels_trouble_is_never_escalated_to_itself() -> None:
    failing = _event("channel.failing", source="leads", subject="leads")
    assert [one[0] for one in _later(failing, _escalating("r", "leads boss"))] == ["boss"]


def test_a_decision_says_who_hears_of_it_later() -> None:
    one, two = decide(_event(), [_escalating("one", "leads"), _escalating("two", "leads", events="messages.new")])
    assert one.escalates == (Match(channel="leads", rule="one", stage=escalation(1), after=DAY),)
    assert two.escalates == ()
