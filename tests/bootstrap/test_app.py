"""An app that takes the place of another on the same database."""

import dataclasses
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.store.outbox_contract import make_event
from watcher.bootstrap.app import App, open_app, open_state
from watcher.bootstrap.configuration import read_config
from watcher.config.model import Config
from watcher.domain.errors import BusyError, ConfigError
from watcher.domain.rule import Match
from watcher.domain.stage import escalation
from watcher.lab import Lab
from watcher.pipeline.outbox import Owed
from watcher.store.events import insert_owed
from watcher.store.outbox import SqliteOutbox


class Workshop:
    """A directory with a config for an empty lab, and apps on its state."""

    def __init__(self, directory: Path, lab: Lab) -> None:
        self.directory, self.lab = directory, lab

    def config(self, *, every: str = "5m", osn_user: str = "", port: int = 9, rest: str = "") -> Config:
        onq, osn = self.lab.onq, self.lab.osn
        path = self.directory / "config.toml"
        path.write_text(
            f"""
state_dir = "{self.directory / "state"}"
[sources.campus]
api = "onq"
url = "{onq.url}"
auth = {{ kind = "bearer", token = {{ file = "token" }} }}
every = "{every}"
[sources.staff]
api = "osn"
url = "{osn.url}"
auth = {{ kind = "form", username = "{osn_user or osn.username}", password = "{osn.password}" }}
[channels.ops]
url = "json://127.0.0.1:{port}/"
{rest}
""",
            encoding="utf-8",
        )
        path.chmod(0o600)
        return read_config(path)


@pytest.fixture
def workshop(tmp_path: Path) -> Iterator[Workshop]:
    (tmp_path / "token").write_text("first")
    (tmp_path / "token").chmod(0o600)
    with Lab(story=False, conversations=2) as lab:
        yield Workshop(tmp_path, lab)


@pytest.fixture
def app(workshop: Workshop) -> Iterator[App]:
    config = workshop.config()
    with open_state(config) as database:
        one = App(config, database)
        yield one
        one.close()


def test_what_a_killed_process_was_sending_is_due_at_once_for_whoever_comes_next(workshop: Workshop) -> None:
    config, event = workshop.config(), make_event(1)
    with open_state(config) as database:
        with database.write() as connection:
            insert_owed(connection, Owed(event=event, deliveries=(Match(channel="ops", rule="all"),)), None, None)
        claimed_at = event.time + timedelta(minutes=1)
        assert SqliteOutbox(database).claim_due("ops", claimed_at, timedelta(days=999), "killed")
    with open_app(config) as app:
        due_at = app.outbox.next_due("ops")
        assert due_at is not None
        assert due_at < claimed_at + timedelta(days=999)


def test_parts_that_are_configured_the_same_go_on(workshop: Workshop, app: App) -> None:
    after = app.successor(workshop.config(every="1m", port=10))
    assert after.sources["staff"].source is app.sources["staff"].source
    assert after.sources["campus"].source is not app.sources["campus"].source
    assert after.channels["ops"] is not app.channels["ops"]
    assert [watched.config.name for watched in app.unused_sources(after)] == ["campus"]


def test_a_secret_that_stands_in_the_file_makes_another_source(workshop: Workshop, app: App) -> None:
    after = app.successor(workshop.config(osn_user="somebody"))
    assert [watched.config.name for watched in app.unused_sources(after)] == ["staff"]


def test_new_rules_and_deadlines_reach_sources_that_go_on(workshop: Workshop, app: App) -> None:
    rest = "[deadlines]\nconversation_ending = ['2h']\n"
    rest += '[[rules]]\nname = "all"\nevents = ["*"]\nchannels = ["ops"]\n'
    after = app.successor(workshop.config(rest=rest))
    before_plan, plan = app.sources["staff"].plan, after.sources["staff"].plan
    assert after.sources["staff"].source is app.sources["staff"].source
    assert plan.leads_text != before_plan.leads_text
    assert plan.ruleset != before_plan.ruleset


def test_another_state_directory_needs_a_restart(workshop: Workshop, app: App) -> None:
    elsewhere = dataclasses.replace(workshop.config(), state_dir=workshop.directory / "elsewhere")
    with pytest.raises(ConfigError, match="restart"):
        app.successor(elsewhere)


def test_a_state_has_one_owner(workshop: Workshop, app: App) -> None:
    with pytest.raises(BusyError, match="another watcher"), open_state(workshop.config()):
        pass


def test_a_poll_that_is_not_wanted_any_more_stores_nothing(app: App) -> None:
    class UnwantedError(Exception):
        """What the caller's check raises."""

    steps = iter([None, None])

    def check() -> None:
        if next(steps, "over") == "over":
            raise UnwantedError

    with pytest.raises(UnwantedError):
        app.poll("staff", check=check)
    assert app.snapshots.records()["staff"].baseline_at is None
    assert app.poll("staff", check=lambda: None).is_baseline


def test_a_channel_that_is_gone_has_nothing_to_send(app: App) -> None:
    assert app.deliver_next("gone").claim is None


def test_what_was_claimed_ahead_for_a_channel_that_is_gone_is_given_back(app: App) -> None:
    event = make_event(1)
    with app.database.write() as connection:
        insert_owed(connection, Owed(event=event, deliveries=(Match(channel="gone", rule="a rule"),)), None, None)
    ahead = app.outbox.claim_due("gone", event.time, timedelta(days=999), "a worker")
    assert ahead is not None
    assert app.deliver_next("gone", ahead, lambda: True).claim is None
    due_at = app.outbox.next_due("gone")
    assert due_at is not None
    assert due_at < event.time + timedelta(days=999)


def test_pruning_follows_the_retention(app: App) -> None:
    app.poll("staff")
    assert app.prune().polls == 0


def test_what_is_long_gone_is_forgotten_between_the_polls_of_its_source_and_is_new_if_it_comes_back(
    workshop: Workshop,
) -> None:
    with open_app(workshop.config()) as app:
        app.poll("staff")
        gone = workshop.lab.osn.rows.remove(workshop.lab.osn.rows.ids()[0])
        app.poll("staff")
        app.poll("staff")
        with app.database.write() as connection:
            connection.execute("UPDATE rows SET known_at_ms = 0 WHERE presence = 'removed'")
            connection.execute("DELETE FROM events")
        app.poll("staff")
        app.prune()
        assert _presences(app) == ["listed", "removed"], "a poll that is under way still knows it"
        workshop.lab.osn.rows.extend([gone])
        app.poll("staff")
        assert _presences(app) == ["listed", "listed"]
        types = [row[0] for row in app.database.connection().execute("SELECT type FROM events")]
        assert types[0] == "conversation.ended", "as whatever is first seen so"
        assert "conversation.returned" not in types


def test_what_came_back_before_it_was_forgotten_has_returned(workshop: Workshop) -> None:
    with open_app(workshop.config()) as app:
        app.poll("staff")
        gone = workshop.lab.osn.rows.remove(workshop.lab.osn.rows.ids()[0])
        app.poll("staff")
        app.poll("staff")
        app.prune()  # the event of its removal is still there
        workshop.lab.osn.rows.extend([gone])
        app.poll("staff")
        types = [row[0] for row in app.database.connection().execute("SELECT type FROM events ORDER BY seq")]
        assert types[1:3] == ["conversation.removed", "conversation.returned"]


def _presences(app: App) -> list[str]:
    return [row[0] for row in app.database.connection().execute("SELECT presence FROM rows ORDER BY presence")]


def test_escalations_that_wait_go_to_whom_the_present_rules_name(workshop: Workshop) -> None:
    def escalating(channels: str) -> str:
        return f"""[channels.boss]
url = "json://127.0.0.1:9/"
[[rules]]
name = "waits"
events = ["questions.new"]
channels = ["ops"]
escalate = [{{ after = "24h", channels = {channels} }}]
"""

    match = Match(channel="leads", rule="waits", stage=escalation(1), after=timedelta(hours=24))
    with open_app(workshop.config(rest=escalating('["ops"]'))) as app:
        with app.database.write() as connection:
            insert_owed(connection, Owed(event=make_event(1), deliveries=(match,)), None, None)
        after = app.successor(workshop.config(rest=escalating('["boss"]')))
        assert [after.readdress(), after.readdress()] == [1, 0]
        found = app.database.connection().execute("SELECT channel, state, reason FROM deliveries ORDER BY state")
        assert [tuple(row) for row in found] == [
            ("boss", "held", ""),
            ("leads", "obsolete", "its rule escalates to boss now"),
        ]
