"""What `--match` says, and what is said of one that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Ran, Watcher
from tests.store.stand import SqliteStand


def add(watcher: Watcher, *matchers: str) -> Ran:
    written = [part for matcher in matchers for part in ("--match", matcher)]
    return watcher("silence", "add", *written, "--for", "2h", "--comment", "rehearsal", "--author", "ada")


@pytest.fixture(autouse=True)
def state(stand: SqliteStand) -> SqliteStand:
    """An empty state: silences are refused before it is looked at."""
    return stand


@pytest.mark.parametrize(
    "written, path, values",
    [
        ("type=questions.new", "type", ["questions.new"]),
        (" type = questions.new ", "type", ["questions.new"]),
        ("type=[questions.*, messages.*]", "type", ["messages.*", "questions.*"]),  # kept in one order
        ('conversation.name=["a, b", "c"]', "conversation.name", ["a, b", "c"]),
        ("change.delta=[3, 4]", "change.delta", ["3", "4"]),
        ("late=[true]", "late", ["true"]),
        ("change.delta>=3", "change.delta", [">= 3"]),
        ("change.delta=>= 3", "change.delta", [">= 3"]),  # as it stands in a rule
        ("change.delta < 3", "change.delta", ["< 3"]),
        ("change.delta!>3", "change.delta", ["! > 3"]),
        ("severity!=info", "severity", ["! info"]),
        ("severity!=[info, notice]", "severity", ["! info", "! notice"]),
        ("conversation.name~^[A-C]", "conversation.name", ["~ ^[A-C]"]),
        ("conversation.name!~^Test", "conversation.name", ["! ~ ^Test"]),
        ("conversation.name==[x]", "conversation.name", ["= [x]"]),  # no list
        ("conversation.name==!x", "conversation.name", ["= !x"]),
        ("conversation.name=a=b", "conversation.name", ["a=b"]),
        ("conversation.name=two\nlines", "conversation.name", ["two\nlines"]),
    ],
)
def test_a_matcher_is_read_with_its_sign_in_either_place(
    watcher: Watcher, written: str, path: str, values: list[str]
) -> None:
    assert add(watcher, written).status == 0
    assert [one["matchers"] for one in watcher("silence", "list").lines] == [[{"path": path, "values": values}]]


@pytest.mark.parametrize(
    "matcher, said",
    [
        ("type=question.new", "'question.new' matches no type of event; did you mean 'questions.new'"),
        ("type=[questions.*, message.*]", "'message.*' matches no type of event; did you mean"),
        ("source=camps", "'camps' matches no source; did you mean 'campus'?"),
        ("severity=warn", "'warn' is no severity; did you mean 'warning'?"),
        ("rule=question", "'question' is no rule; did you mean 'questions'?"),
        ("channel=mial", "'mial' is no channel; did you mean 'mail'?"),
        ("channel=tag:web", "'tag:web' is no channel; there are: chat, mail"),
        ("conversation.nam=x", "'conversation.nam' is no path of any event; did you mean 'conversation.name'"),
        ("conversatio=1017", "'conversatio' is no path of any event; did you mean 'conversation'?"),
        ("conversation.fields.typ=x", "did you mean 'conversation.fields.type'"),
        ("conversation.name~(", "the regex is not understood"),
        ("conversation.name~(?=x)", "look-around and other backtracking syntax is not supported"),
        ("change.delta>=many", "'many' cannot be compared; write a number"),
        ("severity>=notice", "severity cannot be compared; write a value, a list, '! x'"),
        ("conversation=[]", "an empty list never holds; name at least one value"),
        ("conversation=[[1]]", "a list holds texts, numbers, true or false; write it like"),
        ("change.delta>", "nothing stands after '>'"),
        ("questions.new", "is no matcher; write it like type=questions.new"),
        ("type=", "'' matches no type of event"),
    ],
)
def test_a_mistake_is_wrong_use_and_what_would_be_right_is_said(watcher: Watcher, matcher: str, said: str) -> None:
    ran = add(watcher, matcher)
    assert (ran.status, ran.out) == (2, "")
    assert f"{matcher}: " in ran.err
    assert said in ran.err
    assert watcher("silence", "list").out == ""


def test_all_mistakes_are_said_at_once(watcher: Watcher) -> None:
    ran = add(watcher, "type=question.new", "chanel=mail", "conversation.name~(")
    said = ran.err.partition("Invalid value for --match: ")[2].splitlines()
    assert [line.partition(": ")[0] for line in said] == ["conversation.name~(", "type=question.new", "chanel=mail"]


@pytest.mark.parametrize(
    "matchers, said",
    [
        (["type=questions.*", "type=messages.*"], "no type of event is all of this at once; write a list"),
        (["type=questions.new", "deadline.lead=1h"], "'deadline.lead' is no path of the events of type=questions.new;"),
        (["type=source.*", "conversation=1017"], "none of the events of type=source.* is about a conversation"),
    ],
)
def test_matchers_that_can_never_hold_together_are_wrong_use(watcher: Watcher, matchers: list[str], said: str) -> None:
    ran = add(watcher, *matchers)
    assert ran.status == 2
    assert said in ran.err


def test_a_tag_of_an_included_file_is_a_channel(watcher: Watcher, config: Path) -> None:
    config.write_text(config.read_text() + '[apprise]\ninclude = ["apprise.yml"]\n')
    assert add(watcher, "channel=tag:web").status == 0
