"""What somebody was told of a conversation that was removed is followed again when it comes back."""

from tests.pipeline.office import AGAIN, ASKED, DAY, HOUR, MINUTE, TO_LEADS, Office, rule
from tests.pipeline.stage import Stage


def _away(office: Office) -> None:
    """Two polls miss course a: then it is gone."""
    office.fields.pop("a")
    office.poll()
    office.poll()


def _back(office: Office, open_questions: int = 1) -> None:
    office.fields["a"] = {"open_questions_count": open_questions}
    office.poll()


def test_what_is_true_of_what_is_back_is_reminded_of_again(stage: Stage) -> None:
    office = Office(stage, [rule(**AGAIN)])
    office.asks(a=1)
    office.send()
    _away(office)
    (told,) = office.titles()["chat"]
    assert told.startswith("Cleared: ")
    assert office.titles(after=DAY) == {}
    _back(office)
    (reminder,) = office.send()["chat"]
    assert reminder.title == f"Still: {ASKED}"
    assert reminder.body.startswith("reminder 1 · still true: open_questions_count is 1 · ")
    assert office.titles(after=DAY - MINUTE) == {}
    assert office.titles(after=MINUTE) == {"chat": [f"Still: {ASKED}"]}


def test_what_is_not_due_yet_waits_until_it_is(stage: Stage) -> None:
    office = Office(stage, [rule(**AGAIN, **TO_LEADS)])
    office.asks(a=1)
    office.send()
    _away(office)
    office.send()
    _back(office)
    assert office.titles() == {}
    assert office.titles(after=4 * HOUR - 4 * MINUTE) == {}
    assert office.titles(after=MINUTE) == {"chat": [f"Still: {ASKED}"]}
    assert office.titles(after=20 * HOUR) == {"leads": [f"Escalated: {ASKED}"]}


def test_what_ended_while_it_was_gone_is_neither_told_nor_followed(stage: Stage) -> None:
    office = Office(stage, [rule(**AGAIN)])
    office.asks(a=1)
    office.send()
    _away(office)
    office.send()
    _back(office, open_questions=0)
    assert office.titles(after=90 * DAY) == {}, "they heard of the end when it was removed"


def test_whoever_was_told_hears_of_the_end_once_more_after_it_was_back(stage: Stage) -> None:
    office = Office(stage, [rule(**TO_LEADS)])
    office.asks(a=1)
    office.send()
    assert list(office.titles(after=DAY)) == ["leads"]
    _away(office)
    assert sorted(office.titles()) == ["chat", "leads"]
    _back(office)
    assert office.titles(after=2 * DAY) == {}, "an episode is escalated once"
    office.asks(a=0)
    assert sorted(office.titles()) == ["chat", "leads"]


def test_a_reminder_after_a_return_is_followed_by_the_next_one_and_ended_by_the_next_removal(stage: Stage) -> None:
    office = Office(stage, [rule(**AGAIN)])
    office.asks(a=1)
    office.send()
    for _ in range(2):
        _away(office)
        (told,) = office.titles(after=5 * HOUR)["chat"]
        assert told.startswith("Cleared: ")
        _back(office)
        assert office.titles() == {"chat": [f"Still: {ASKED}"]}
        office.stage.now += DAY


def test_an_ended_reminder_has_no_due_time_to_show(stage: Stage) -> None:
    office = Office(stage, [rule(**AGAIN)])
    office.asks(a=1)
    office.send()
    _away(office)
    assert [one.due_at for one in office.deliveries() if one.state.value == "obsolete"] == [None]
