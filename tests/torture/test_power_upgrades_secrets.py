"""The trials of power, upgrades, secrets and origins see the fault that they are for, where one is planted."""

import sqlite3
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import httpx
import pytest

from tests.stage import open_stage
from torture import canaries, origins, power, upgrades
from torture.daemon import DaemonProcess
from torture.schemas import Alarm, alarm_of, armed, make_earlier, seen, surprises, told_by
from torture.trial import Form
from watcher.lab import Lab, Receiver, onq_row
from watcher.sources._http import Http
from watcher.store.database import FILE_NAME
from watcher.store.retention import backup
from watcher.store.steps import STEPS

CLOSING = '{"deadline": {"at": "2026-12-01T04:46:34Z", "lead": "24h"}}'
FIRES_AT = 1796100394 - 86_400


def test_only_deadlines_that_were_armed_and_the_new_question_are_no_surprise() -> None:
    rows = [
        ("armed", "campus", "registration.closing", "1", CLOSING),
        ("anew", "campus", "registration.closing", "2", CLOSING),
        ("opened", "campus", "registration.opened", "1", "{}"),
        ("asked", "campus", "questions.new", "7", "{}"),
    ]
    told = told_by(rows)
    planned = {Alarm("campus", "1", "registration.closing", FIRES_AT + 86_400)}
    found = list(surprises([*told.values(), None], planned, ("questions.new", "7")))
    assert len(found) == 3
    assert "campus/2" in found[0]
    assert "registration.opened" in found[1]


def test_what_falls_due_after_a_start_is_told_from_what_had_piled_up() -> None:
    told = told_by([("one", "campus", "registration.closing", "1", CLOSING)])["one"]
    assert told.is_due_since(FIRES_AT - 1)
    assert not told.is_due_since(FIRES_AT + 1)
    assert alarm_of("campus", "1", "questions.new", {}) is None


@pytest.mark.parametrize(
    ("restored", "short"),
    [
        (upgrades.Restored(messages=30, events=900, due=4, piled=26, stuck=[]), 0),
        (upgrades.Restored(messages=65, events=900, due=4, piled=31, stuck=[]), 2),
    ],
)
def test_a_storm_over_several_moments_is_seen(restored: upgrades.Restored, short: int) -> None:
    assert sum(not figure.is_met for figure in upgrades._figures_of_restored(restored)) == short


def test_an_upgrade_that_nobody_killed_falls_short() -> None:
    assert sum(not figure.is_met for figure in upgrades._figures(upgrades.Findings(), [])) == 2


def test_the_deadlines_and_the_steps_of_a_database_are_read(tmp_path: Path) -> None:
    with open_stage(tmp_path) as stage:
        stage.configure()
        stage.learn(onq_row(1, register_status="open", close_on="2099-01-01T00:00:00Z"))
        backup(stage.app.database.path, tmp_path / "today.db")
    assert {alarm.kind for alarm in armed(tmp_path / "today.db")} >= {"registration.closed"}
    (tmp_path / "earlier").mkdir()
    make_earlier(tmp_path / "today.db", tmp_path / "earlier" / FILE_NAME, 2)
    assert seen(tmp_path / "earlier") == (2, "")
    assert len(list(upgrades._named("now", 2, "", (1, len(STEPS))))) == 1


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
