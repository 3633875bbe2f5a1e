"""A message in a rule's own words, and in the built-in ones where those fail."""

from dataclasses import replace
from datetime import UTC

from tests.store.outbox_contract import NOW, make_event
from watcher.domain.template import Occasion, Rendered
from watcher.domain.waiting import Part
from watcher.pipeline.writing import Reword, Written, write

PARTS = [Part(event=make_event(5), rule="r"), Part(event=make_event(9), rule="other")]


def written(*parts: Part, reword: Reword = lambda _: None) -> Written:
    return write(parts, zone=UTC, now=NOW, reword=reword)


def test_one_event_has_its_own_message_and_several_have_a_bundle() -> None:
    assert written(PARTS[0]).message.title == "3 new open questions in “Leading Change” (5 open)"
    both = written(*PARTS).message
    assert "rule: r ·" in both.footer, "the first one's rule is the message's"
    assert len(both.lines) > 1


def test_a_rule_has_its_own_words_and_is_told_the_occasion() -> None:
    seen: list[Occasion] = []

    def reword(occasion: Occasion) -> Rendered:
        seen.append(occasion)
        return Rendered(title="Own", body="words")

    made = written(PARTS[0], reword=reword)
    assert (made.message.title, made.message.body, made.problem) == ("Own", "words", "")
    assert (seen[0].rule, seen[0].count, seen[0].title) == ("r", 1, written(PARTS[0]).message.title)


def test_what_gathers_events_of_several_rules_is_in_nobodys_own_words() -> None:
    def reword(occasion: Occasion) -> Rendered:
        return Rendered(title="Own", body="words")

    assert written(*PARTS, reword=reword).message == written(*PARTS).message
    of_one_rule = [PARTS[0], replace(PARTS[1], rule="r")]
    assert written(*of_one_rule, reword=reword).message.title == "Own"


def test_words_that_failed_are_named_in_the_footer() -> None:
    made = written(PARTS[0], reword=lambda occasion: Rendered(title=occasion.title, body=occasion.body, problem="no"))
    assert made.problem == "no"
    assert made.message.footer.endswith(" · no")
