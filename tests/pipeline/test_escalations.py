"""What stays true for long is told to others, once an episode."""

from tests.pipeline.office import ASKED, CLEARED, DAY, HOUR, MINUTE, TO_LEADS, Office, rule
from tests.pipeline.stage import Stage


def test_what_is_still_true_after_a_while_is_told_to_others_once(stage: Stage) -> None:
    office = Office(stage, [rule(**TO_LEADS)])
    office.asks(a=1)
    assert office.titles() == {"chat": [ASKED]}
    assert office.titles(after=DAY - MINUTE) == {}
    (told,) = office.send(after=MINUTE)["leads"]
    assert told.title == f"Escalated: {ASKED}"
    assert told.body.startswith("escalated after 24 h · still true: open_questions_count is 1 · campus · ")
    assert office.titles(after=90 * DAY) == {}


def test_what_ended_before_is_not_escalated(stage: Stage) -> None:
    office = Office(stage, [rule(**TO_LEADS)])
    office.asks(a=1)
    office.send()
    office.asks(a=0)
    assert office.titles() == {"chat": [CLEARED]}
    assert office.titles(after=2 * DAY) == {}


def test_an_episode_is_escalated_once_and_the_next_one_again(stage: Stage) -> None:
    office = Office(stage, [rule(**TO_LEADS)])
    office.asks(a=1)
    office.send(after=HOUR)
    office.asks(a=2)
    assert list(office.titles()) == ["chat"]
    assert office.titles(after=DAY - HOUR) == {"leads": [f"Escalated: {ASKED}"]}
    assert office.titles(after=DAY) == {}
    assert [reason[:17] for reason in office.reasons("obsolete")] == ["escalated already"]
    office.asks(a=0)
    office.asks(a=4)
    office.send()
    assert office.titles(after=DAY) == {"leads": ["Escalated: 4 new open questions in “Course a” (4 open)"]}


def test_a_rule_whose_channels_another_took_escalates_and_only_who_was_told_by_it_hears_of_the_end(
    stage: Stage,
) -> None:
    office = Office(stage, [rule("plain"), rule("later", **TO_LEADS)])
    office.asks(a=1)
    assert office.titles() == {"chat": [ASKED]}
    assert list(office.titles(after=DAY)) == ["leads"]
    office.asks(a=0)
    assert office.titles() == {"leads": [CLEARED]}
