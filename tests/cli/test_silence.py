"""Silences on the command line: what is added, how it is read, what is said of those that are there."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.cli.conftest import Ran, Watcher
from tests.store.outbox_contract import make_event
from tests.store.stand import SqliteStand
from watcher.bootstrap import clock
from watcher.config.pattern import LinearPattern
from watcher.domain.conversation import Conversation
from watcher.domain.event import EventType
from watcher.domain.silence import make_silence, parse_silence_matcher
from watcher.domain.state import State
from watcher.store.database import Database
from watcher.store.silences import SqliteSilences

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def story(stand: SqliteStand) -> None:
    """Two events of the last days, one owed to two channels, and one of long ago."""
    stand.learn("campus", Conversation(id="1017", name="Leading Change", state=State.OPEN, reason=None, fields={}))
    now = clock.now()
    stand.owe(make_event(5, time=now - 2 * HOUR), "mail", "chat", due_at=now)
    stand.owe(make_event(6, kind=EventType.REGISTRATION_OPENED, time=now - 50 * HOUR), "chat", due_at=now)
    stand.owe(make_event(7, time=now - 8 * 24 * HOUR), "mail", due_at=now)


def add(watcher: Watcher, *matchers: str, ends: tuple[str, str] = ("--for", "2h"), comment: str = "rehearsal") -> Ran:
    written = [part for matcher in matchers for part in ("--match", matcher)]
    return watcher("silence", "add", *written, *ends, "--comment", comment, "--author", "ada")


def listed(watcher: Watcher, *arguments: str) -> list[dict[str, Any]]:
    return watcher("silence", "list", *arguments).lines


def store(database: Database, comment: str, starts: float, ends: float, last_hit: float | None = None) -> str:
    """Store a silence that begins and ends some hours from now; return its id."""
    now = clock.now()
    matchers = (parse_silence_matcher("type", "*", LinearPattern),)
    one = make_silence(
        matchers, starts_at=now + starts * HOUR, ends_at=now + ends * HOUR, author="ada", comment=comment
    )
    silences = SqliteSilences(database, LinearPattern)
    silences.add(one)
    if last_hit is not None:
        silences.record_hit(one.key, now + last_hit * HOUR)
    return one.key


def test_what_was_added_is_said_as_it_was_read(watcher: Watcher) -> None:
    ran = add(watcher, "type=questions.new", "conversation=1017")
    (one,) = listed(watcher)
    assert (ran.status, ran.err) == (0, "")
    first, second, third = ran.out.splitlines()
    assert first == f"silence {one['id'][:8]}: type=questions.new conversation=1017"
    assert re.fullmatch(r"until \d\d:\d\d \w{3} \d+ \w{3}( \d{4})? \(Europe/Berlin\), 2 h from now", second)
    assert third == "it would have muted 1 event of the last 7 days"


def test_programs_are_told_everything(watcher: Watcher) -> None:
    add(watcher, "type=questions.new", "conversation=[1017, 1018]")
    (one,) = listed(watcher)
    ends, starts = (datetime.fromisoformat(one.pop(key)) for key in ("ends", "starts"))
    assert ends - starts == 2 * HOUR
    assert re.fullmatch("[0-9a-f]{32}", one.pop("id"))
    assert one == {
        "state": "active",
        "matchers": [
            {"path": "conversation", "values": ["1017", "1018"]},
            {"path": "type", "values": ["questions.new"]},
        ],
        "ended": None,
        "author": "ada",
        "comment": "rehearsal",
        "hits": 0,
        "last_hit": None,
        "concerns": ["ends_soon"],
    }
    assert [json.loads(watcher("silence", "list", "--format", "json").out)] == [listed(watcher)]


@pytest.mark.parametrize(
    "matchers, said",
    [
        (["type=*"], "2 events"),
        (["type=questions.*"], "1 event"),
        (["type=[questions.*, registration.*]"], "2 events"),
        (["type!=questions.*"], "1 event"),
        (["source=camp*"], "2 events"),
        (["conversation=campus/1017", "change.delta>=4"], "1 event"),
        (["change.delta=>= 3"], "2 events"),  # as it stands in a rule
        (["conversation.name~^Lead"], "2 events"),
        (["channel=mail"], "1 event"),
        (["channel!=chat"], "1 event"),
        (["rule=questions"], None),  # the story's rule has another name
        (["conversation.name!~^Lead"], None),
        (["severity=warning"], None),
    ],
)
def test_what_it_would_have_muted_is_counted(watcher: Watcher, matchers: list[str], said: str | None) -> None:
    ran = add(watcher, *matchers)
    assert ran.status == 0
    if said is None:
        assert ran.err.startswith("! it matched nothing in 7 days")
        assert "it would have muted" not in ran.out
    else:
        assert ran.out.endswith(f"it would have muted {said} of the last 7 days\n")
        assert ran.err == ""


def test_a_conversation_that_is_not_known_is_doubted_and_taken(watcher: Watcher) -> None:
    ran = add(watcher, "conversation=1016")
    assert ran.status == 0
    assert "! there is no conversation '1016' — some there are: campus/1017" in ran.err
    assert len(listed(watcher)) == 1


def test_everything_is_muted_only_on_request(watcher: Watcher) -> None:
    ran = add(watcher)
    assert ran.status == 2
    assert "without a matcher it would mute everything" in ran.err
    ran = watcher("silence", "add", "--everything", "--for", "1h", "--comment", "all", "--author", "ada")
    assert ran.status == 0
    assert ": everything\n" in ran.out
    assert "it would have muted 2 events" in ran.out
    assert [one["matchers"] for one in listed(watcher)] == [[]]


def test_everything_and_a_part_of_it_contradict(watcher: Watcher) -> None:
    ran = watcher("silence", "add", "--everything", "--match", "type=*", "--for", "1h", "--comment", "all")
    assert ran.status == 2


@pytest.mark.parametrize(
    "ends, said",
    [
        ((), "say when it ends: either --until 'tomorrow 09:00' or --for 2h"),
        (("--until", "18:30", "--for", "2h"), "say when it ends: either"),
        (("--for", "tomorrow"), "'tomorrow' is not a duration; write it like 90s, 15m, 24h, 7d or 1h30m"),
        (("--for", "0s"), "that is now; name an instant to come"),
        (("--until", "soon"), "'soon' names no instant; write it like 2h, 3d, 18:30"),
        (("--until", "2020-02-03 08:00"), "was read as 08:00 Mon 3 Feb 2020 (Europe/Berlin), "),
    ],
)
def test_an_end_that_is_not_clear_or_has_passed_is_wrong_use(watcher: Watcher, ends: Any, said: str) -> None:
    ran = add(watcher, "type=*", ends=ends)
    assert (ran.status, listed(watcher)) == (2, [])
    assert said in ran.err


def test_until_is_by_the_readers_clock(watcher: Watcher) -> None:
    add(watcher, "type=*", ends=("--until", "2099-11-25 09:00"))
    assert [one["ends"] for one in listed(watcher)] == ["2099-11-25T08:00:00Z"]


@pytest.mark.parametrize("comment", ["", "  ", "x" * 501])
def test_a_comment_is_needed_and_short(watcher: Watcher, comment: str) -> None:
    assert add(watcher, "type=*", comment=comment).status == 2


@pytest.mark.parametrize(
    "environ, author", [({"LOGNAME": "grace"}, "grace"), ({"LOGNAME": "watcher", "SUDO_USER": "grace"}, "grace")]
)
def test_the_author_is_who_runs_it(
    watcher: Watcher, monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], author: str
) -> None:
    monkeypatch.delenv("SUDO_USER", raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    watcher("silence", "add", "--match", "type=*", "--for", "1h", "--comment", "why")
    assert [one["author"] for one in listed(watcher)] == [author]


def test_bytes_that_are_no_text_are_taken_as_a_question_mark(watcher: Watcher) -> None:
    assert add(watcher, "conversation.name=\udcff", comment="a\udcffb").status == 0
    assert [one["comment"] for one in listed(watcher)] == ["a?b"]


def test_what_is_written_cannot_command_the_terminal(watcher: Watcher) -> None:
    for matcher in ("conversation.name=\x1b[2J", "conversation.nam\x1b[2J=x", "type=\x1b[2J"):
        ran = add(watcher, matcher, comment="a\x1b[2Jb")
        assert "\x1b" not in ran.out + ran.err
    shown = watcher("silence", "list", "--format", "table").out
    assert "\x1b" not in shown
    assert "a\\x1b[2Jb" in shown


def test_one_is_ended_by_the_beginning_of_its_id(watcher: Watcher) -> None:
    add(watcher, "type=questions.new")
    name = listed(watcher)[0]["id"][:8]
    ran = watcher("silence", "end", name)
    assert ran.out == f"silence {name} is over: type=questions.new; it has muted 0 messages\n"
    assert listed(watcher) == []
    assert [(one["state"], one["concerns"]) for one in listed(watcher, "--all")] == [("ended", [])]
    again = watcher("silence", "end", name)
    assert (again.status, again.out) == (1, "")
    assert f"silence {name} was ended before" in again.err


def test_an_id_that_there_is_not_is_a_failure(watcher: Watcher) -> None:
    ran = watcher("silence", "end", "zzz")
    assert ran.status == 1
    assert "watcher silence list" in ran.err


@pytest.fixture
def four(stand: SqliteStand) -> dict[str, str]:
    """Ids by comment: one that nothing matches, one that is fine, one that ends soon, one that is over."""
    placed = {"idle": (-25, 48, None), "fine": (-48, 47, -1), "soon": (-1, 23.99, None), "past": (-9, -1, None)}
    return {comment: store(stand.database, comment, *hours) for comment, hours in placed.items()}


def test_those_worth_a_look_are_marked(watcher: Watcher, four: dict[str, str]) -> None:
    assert [(one["comment"], one["concerns"]) for one in listed(watcher)] == [
        ("soon", ["ends_soon"]),
        ("fine", []),
        ("idle", ["idle"]),
    ]
    assert [one["comment"] for one in listed(watcher, "--all")] == ["past", "soon", "fine", "idle"]
    shown = watcher("silence", "list", "--all", "--format", "table").out
    lines = {comment: next(line for line in shown.splitlines() if four[comment][:8] in line) for comment in four}
    assert "type=*; ends within 24 h" in lines["soon"]
    assert "in 23 h" in lines["soon"]
    assert "type=*; matches nothing: check it" in lines["idle"]
    assert lines["fine"].endswith("fine     type=*")
    assert "1 h ago" in lines["past"]


def test_one_that_has_not_begun_says_when_it_does(watcher: Watcher, stand: SqliteStand) -> None:
    store(stand.database, "ahead", 1.01, 2.01)
    shown = watcher("silence", "list", "--format", "table").out
    assert "in 2 h, begins in 1 h" in shown


def test_no_silence_is_said(watcher: Watcher) -> None:
    assert watcher("silence", "list", "--format", "table").out == "nothing is muted\n"
    assert watcher("silence", "list").out == ""


def test_the_status_has_them(watcher: Watcher, four: dict[str, str]) -> None:
    shown = watcher("status", "--format", "table").out
    for wanted in ("Silences\n", "type=*; matches nothing: check it", "type=*; ends within 24 h", "fine"):
        assert wanted in shown
    assert four["past"][:8] not in shown
    whole = json.loads(watcher("status", "--format", "json").out)["silences"]
    assert [one["comment"] for one in whole] == ["soon", "fine", "idle"]
    lines = [line for line in watcher("status").lines if line["kind"] == "silence"]
    assert [line.pop("kind") for line in lines] == ["silence"] * 3
    assert lines == whole


def test_a_status_without_silences_does_not_speak_of_them(watcher: Watcher) -> None:
    assert "Silences" not in watcher("status", "--format", "table").out


def test_an_event_of_a_channel_is_matched_by_its_source(watcher: Watcher, stand: SqliteStand) -> None:
    failing = make_event(9, kind=EventType.CHANNEL_FAILING, time=clock.now() - HOUR)
    stand.owe(replace(failing, source="mail", subject="mail", conversation=None, details={}), due_at=clock.now())
    assert add(watcher, "type=channel.*", "source=mail").out.endswith("muted 1 event of the last 7 days\n")
