"""What is too long for a service is cut where it does no harm, and says how to read the rest."""

from dataclasses import replace

import pytest

from tests.domain.test_inert import live
from tests.domain.test_message import event, written
from watcher.domain.message import Message
from watcher.domain.shortening import fit, fit_title, note_of

NOTE = "… (shortened; watcher explain 6f2c1a90)"
CHANGES = [{"field": f"field_{number}", "before": "@everyone" * 5, "after": "x.io " * 9} for number in range(10)]
LONG = written(event("conversation.changed", changes=CHANGES))
ADDRESS = "https://tenant.onq.io/c/1017"


def length(message: Message) -> int:
    return len("\n".join((message.title, *message.lines)))


def fitted(message: Message, most: int) -> Message:
    return fit(message, lambda one: length(one) <= most)


def test_a_message_that_fits_is_left_alone() -> None:
    assert fitted(LONG, length(LONG)) is LONG


@pytest.mark.parametrize("most", [*range(70, 1000, 7), length(LONG) - 1])
def test_what_is_too_long_is_cut_and_says_so(most: int) -> None:
    short = fitted(LONG, most)
    assert most - 30 < length(short) <= most
    assert NOTE in (short.title[-len(NOTE) :], short.body[-len(NOTE) :])
    assert [found for line in (short.title, *short.body.splitlines()) for found in live(line)] == []


def test_the_body_gives_way_before_the_link_and_the_link_before_the_title() -> None:
    assert fitted(LONG, 400).link == LONG.link
    assert (fitted(LONG, 130).title, fitted(LONG, 130).link) == (LONG.title, "")
    assert (fitted(LONG, 70).body, fitted(LONG, 70).link) == ("", "")
    assert fitted(LONG, 70).title.startswith("“Leading Change”: 10")


def test_an_address_is_kept_whole_or_left_out() -> None:
    digest = replace(LONG, body=f"one thing\n{ADDRESS}\nanother\n{ADDRESS}/b", link="", footer="")
    for most in range(len(LONG.title) + 50, length(digest) + 1):
        lines = fitted(digest, most).body.replace(NOTE, "").splitlines()
        assert [line for line in lines if line.startswith("http") and line not in {ADDRESS, f"{ADDRESS}/b"}] == []


def test_what_cannot_fit_at_all_is_as_short_as_it_gets() -> None:
    assert fitted(LONG, 3).title == NOTE


def test_a_message_without_an_event_has_nothing_to_explain() -> None:
    assert note_of(Message(title="Test", body="")) == "… (shortened)"


def test_a_title_that_is_too_long_stands_whole_in_the_body() -> None:
    short = fit_title(replace(LONG, title="word " * 40), 50)
    assert len(short.title) <= 50
    assert short.title.endswith("word…")
    assert short.body.startswith("word " * 40)
    assert fit_title(LONG, 200) is LONG
