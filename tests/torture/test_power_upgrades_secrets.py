"""The trials of power, upgrades, secrets and origins see the fault that they are for, where one is planted."""

import sqlite3
from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack, closing, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from tests.stage import open_stage
from torture import canaries, origins, power, upgrades
from torture.daemon import DaemonProcess
from torture.schemas import SENT, Alarm, alarm_of, armed, make_earlier, named, seen, surprises, told_by, untold
from torture.trial import Form
from watcher.lab import Lab, Receiver, onq_row
from watcher.sources._http import Http
from watcher.store.database import FILE_NAME
from watcher.store.retention import backup
from watcher.store.steps import STEPS

CLOSING = '{"deadline": {"at": "2026-12-01T04:46:34Z", "lead": "24h"}}'
A_WEEK_AHEAD = CLOSING.replace("24h", "7d")
WAITING = '{"waiting_since": "2026-12-01T04:46:34Z"}'
AT = 1796100394
FIRES_AT = AT - 86_400
NEWS = ("questions.new", "7")
SOUND = upgrades.Restored(
    messages=30, events=900, due=4, piled=Counter(campus=25, staff=1), owed=upgrades._OWED, untold=[], lost=[], stuck=[]
)


def test_only_deadlines_that_were_armed_and_the_new_question_are_no_surprise() -> None:
    rows = [
        ("armed", "campus", "registration.closing", "1", CLOSING),
        ("anew", "campus", "registration.closing", "2", CLOSING),
        ("opened", "campus", "registration.opened", "1", "{}"),
        ("asked", "campus", "questions.new", "7", "{}"),
    ]
    told = told_by(rows)
    planned = Counter([Alarm("campus", "1", "registration.closing", AT, 86_400)])
    found = list(surprises([*told.values(), None], planned, NEWS))
    assert len(found) == 3
    assert "campus/2" in found[0]
    assert "registration.opened" in found[1]


def _found(planned: Iterable[Alarm], *told: tuple[str, str, str]) -> list[str]:
    """Return the surprises among messages about the type, conversation and details of an event each."""
    rows = [(str(number), "campus", *event) for number, event in enumerate(told)]
    return list(surprises(list(told_by(rows).values()), Counter(planned), NEWS))


def test_a_lead_that_was_told_before_is_a_surprise_while_another_is_armed() -> None:
    planned = [Alarm("campus", "1", "registration.closing", AT, 86_400)]
    right, wrong = (("registration.closing", "1", details) for details in (CLOSING, A_WEEK_AHEAD))
    assert _found(planned, right, wrong) == ["registration.closing of campus/1, 604800 s ahead"]


def test_what_is_told_twice_is_a_surprise() -> None:
    planned = [Alarm("campus", "1", "registration.closing", AT, 86_400)]
    assert len(_found(planned, *[("registration.closing", "1", CLOSING)] * 5)) == 4
    assert len(_found([], *[("questions.new", "7", "{}")] * 2)) == 1


def test_questions_that_wait_are_told_as_often_as_leads_are_armed() -> None:
    planned = [Alarm("campus", "1", "questions.waiting", AT, None)] * 2
    assert len(_found(planned, *[("questions.waiting", "1", WAITING)] * 3)) == 1


def test_what_falls_due_after_a_start_is_told_from_what_had_piled_up() -> None:
    told = told_by([("one", "campus", "registration.closing", "1", CLOSING)])["one"]
    assert told.is_due_since(FIRES_AT - 1)
    assert not told.is_due_since(FIRES_AT + 1)
    assert alarm_of("campus", "1", "questions.new", {}) is None


@pytest.mark.parametrize(
    ("restored", "short"),
    [
        (SOUND, 0),
        (replace(SOUND, messages=65, piled=Counter(campus=31, staff=30)), 2),
        (replace(SOUND, piled=Counter(campus=25)), 1),
        (replace(SOUND, untold=["campus/1 questions.new: obsolete"]), 1),
        (replace(SOUND, lost=["campus/1 questions.new"]), 1),
        (replace(SOUND, messages=4, events=4, piled=Counter(), owed=0), 2),
    ],
    ids=["sound", "a storm over several moments", "a silent source", "untold", "lost", "all swallowed"],
)
def test_what_a_restored_daemon_did_wrong_is_seen(restored: upgrades.Restored, short: int) -> None:
    assert sum(not figure.is_met for figure in upgrades._figures_of_restored(restored)) == short


@pytest.mark.parametrize(
    ("fault", "arrived", "missing"),
    [
        ("", {"a"}, []),
        ("", {"b"}, ["campus/1 x: delivered", "campus/2 x: merged"]),
        ("UPDATE deliveries SET state = 'dead' WHERE id = 'a'", {"a"}, ["campus/1 x: dead", "campus/2 x: merged"]),
        ("UPDATE deliveries SET state = 'obsolete', lead = NULL WHERE id = 'b'", {"a"}, ["campus/2 x: obsolete"]),
        ("UPDATE deliveries SET lead = 'c' WHERE id = 'b'", {"a"}, ["campus/2 x: merged"]),
        ("DELETE FROM deliveries WHERE id = 'b'", {"a"}, ["campus/2 x: owed to nobody"]),
    ],
)
def test_an_event_that_no_message_tells_is_seen(fault: str, arrived: set[str], missing: list[str]) -> None:
    """The delivery of the second event was put into the message of the first; the others are not looked at."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(
            f"""CREATE TABLE events(seq, source, subject, type); CREATE TABLE deliveries(id, event, state, lead);
            INSERT INTO events VALUES(7, 'campus', 0, 'x'), (8, 'campus', 1, 'x'), (9, 'campus', 2, 'x'),
                (10, 'campus', 3, 'x');
            INSERT INTO deliveries VALUES('a', 8, 'delivered', NULL), ('b', 9, 'merged', 'a');
            {fault}"""
        )
        rows = connection.execute(SENT.format(after=7, last=9)).fetchall()
    assert list(untold(rows, arrived)) == missing


def test_an_upgrade_that_nobody_killed_falls_short() -> None:
    assert sum(not figure.is_met for figure in upgrades._figures(upgrades.Findings(), [])) == 2


def test_the_deadlines_and_the_steps_of_a_database_are_read(tmp_path: Path) -> None:
    with open_stage(tmp_path) as stage:
        stage.configure()
        stage.learn(onq_row(1, register_status="open", close_on="2099-01-01T00:00:00Z", open_questions_count=1))
        backup(stage.app.database.path, tmp_path / "today.db")
    leads = {alarm.lead_s: number for alarm, number in armed(tmp_path / "today.db").items()}
    assert leads == {0: 1, 3_600: 1, 86_400: 1, 604_800: 1, None: 1}
    (tmp_path / "earlier").mkdir()
    make_earlier(tmp_path / "today.db", tmp_path / "earlier" / FILE_NAME, 2)
    assert seen(tmp_path / "earlier") == (2, "")
    assert len(list(named("now", 2, "", (1, len(STEPS))))) == 1


def test_a_lead_whose_message_waits_is_still_to_be_told(tmp_path: Path) -> None:
    """Once to each of the two channels, and no longer as an armed one."""
    with open_stage(tmp_path) as stage:
        stage.configure()
        at = stage.now + timedelta(hours=2)
        stage.learn(onq_row(1, register_status="open", close_on=at.isoformat()))
        stage.ring(after=timedelta(hours=1))
        leads = armed(stage.app.database.path)
    assert leads[Alarm("campus", "1", "registration.closing", int(at.timestamp()), 3_600)] == 2
    assert leads.total() == 3


def test_a_daemon_that_neither_polls_nor_sends_is_amiss(tmp_path: Path) -> None:
    daemon = DaemonProcess(tmp_path, state=tmp_path / "state")
    (tmp_path / "state").mkdir()
    with closing(daemon), Receiver() as receiver:
        with closing(sqlite3.connect(daemon.database)) as connection:
            connection.executescript(
                """CREATE TABLE sources(key, name); CREATE TABLE polls(source, outcome);
                CREATE TABLE deliveries(id, event, state); CREATE TABLE events(seq, subject, type);
                INSERT INTO sources VALUES(1, 'campus'), (2, 'staff');
                INSERT INTO polls VALUES(1, 'complete'), (2, 'complete'), (2, 'complete')"""
            )
        before = power._polls_of_copy(daemon.state)
        found = list(power._amiss(daemon, before))
        assert not power._has_come(daemon, receiver, "7", set())
    assert before == {"campus": 1, "staff": 2}
    assert found == ["campus was not polled", "staff was not polled"]


def test_every_plain_canary_stands_in_the_config_as_it_is_looked_for(tmp_path: Path) -> None:
    words = canaries._words(Form(is_quick=True).chance("a test"))
    with ExitStack() as stack:
        labs = [stack.enter_context(Lab(story=False, conversations=2)) for _ in range(3)]
        receivers = {name: stack.enter_context(Receiver()) for name in ("json", "hook", "included")}
        scene = canaries.Scene(folder=tmp_path, labs=labs, receivers=receivers, words=words)
        config = "\n".join(canaries._config(scene)).encode()
    assert set(canaries.found_in(config, words)) == set(canaries._plain(words))


def test_a_tls_hello_is_a_connection() -> None:
    with origins.Listener(None) as private:
        with suppress(httpx.TransportError):
            httpx.get(f"https://127.0.0.1:{private.port}/")
        assert len(private.connections) == 1
        assert not private.requests


def test_a_client_that_takes_a_sibling_for_its_own_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Http, "_is_own", lambda *_: True)
    with origins.Listener(None) as private, origins.tls_context(tmp_path) as context:
        met = origins._follow(tmp_path, origins._SIBLINGS[0], private, context)
    assert not met.is_missed
    assert any("secret-of-http." in stray for stray in met.strays), met.strays
