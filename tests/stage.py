"""A stage: both simulated APIs, the app that watches them, receivers that are real servers, and a clock of its own."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

from tests.channels.mail_server import Mailbox, mail_server
from watcher.bootstrap.app import App, open_app
from watcher.bootstrap.configuration import read_config
from watcher.bootstrap.parts import make_aftermath, make_arranger, make_route
from watcher.domain.event import Event
from watcher.domain.lapse import Lapse, LapseKind
from watcher.lab import Lab, OnqApi, OsnApi, Receiver, Row
from watcher.pipeline.deadlines import Bell, fire_due
from watcher.pipeline.dispatch import Desk, Turn, drain
from watcher.pipeline.poll import PollReport, poll_source
from watcher.store.database import open_read_only
from watcher.store.history import History
from watcher.store.history_deliveries import DeliveryRecord
from watcher.store.history_events import EventFilter
from watcher.store.history_sources import SourceStatus
from watcher.store.sources import accept_source

START = datetime(2026, 11, 23, 8, 5, tzinfo=UTC)
EVERY = timedelta(minutes=5)
RULES = """
[[rules]]
name = "all"
events = ["*"]
channels = ["json", "mail"]
"""


class Stage:
    """What a test changes (the rows and faults of `lab`, the clock `now`) and what it sees of it.

    `receiver` and `mailbox` take the messages of the channels json and mail, `pager` those of the operator's channel.
    A poll takes place five minutes after whatever was before it. The servers keep the machine's clock.
    """

    def __init__(self, lab: Lab, receiver: Receiver, mailbox: Mailbox, pager: Receiver, directory: Path) -> None:
        self.lab, self.receiver, self.mailbox, self.pager = lab, receiver, mailbox, pager
        self.now = START
        self._campus = lab.onq
        self._directory = directory
        self.state = directory / "state"
        self._open = ExitStack()
        self.app: App

    def configure(self, *, campus: str = "", staff: str = "", rest: str = "", rules: str = RULES) -> None:
        """Start the app, anew where it runs already, with further lines of TOML for each source and for the file."""
        self._open.close()
        path = self._directory / "config.toml"
        path.write_text(self._config(campus, staff, rest, rules), encoding="utf-8")
        path.chmod(0o600)
        self.app = self._open.enter_context(open_app(read_config(path), StringIO()))

    def close(self) -> None:
        self._open.close()

    def api(self, source: str) -> Any:
        return self._campus if source == "campus" else self.lab.osn

    def poll(self, source: str = "campus", *, after: timedelta = EVERY) -> PollReport:
        self.now += after
        watched = self.app.sources[source]
        plan = replace(watched.plan, now=lambda: self.now)
        return poll_source(watched.source, self.app.snapshots, plan, self.app.database.digest)

    def learn(self, *rows: Row, source: str = "campus") -> None:
        """Add rows to a list, and poll it: the baseline, where there was none."""
        self.api(source).rows.extend(rows)
        self.poll(source)

    def ring(self, *, after: timedelta = timedelta()) -> int:
        """Let the due deadlines fire."""
        self.now += after
        plan = next(iter(self.app.sources.values())).plan
        apis = {name: watched.source.api for name, watched in self.app.sources.items()}
        bell = Bell(apis=apis, route=plan.route, ruleset=plan.ruleset, now=lambda: self.now, hold=plan.hold)
        return fire_due(self.app.alarms, bell)

    def deliver(self, *, is_arranged: bool = False) -> list[Turn]:
        """Send everything that is due; each delivery as it is, or arranged by the rules."""
        desk = Desk(
            clock=lambda: self.now,
            jitter=lambda: 0.0,
            aftermath=make_aftermath(self.app.config, make_route(self.app.config)),
            owner="stage",
            zone=self.app.config.timezone,
            decider=make_arranger(self.app.config) if is_arranged else None,
        )
        channels = self.app.channels.values()
        return [turn for channel in channels for turn in drain(channel, self.app.outbox, desk, lambda _: True)]

    @contextmanager
    def elsewhere(self) -> Iterator[OnqApi]:
        """Serve another list under another address; `configure` then names that one."""
        with Lab(story=False, conversations=0) as other:
            self._campus = other.onq
            yield other.onq

    def accept(self, source: str = "campus") -> None:
        """Believe a suspect read."""
        with self.app.database.write() as connection:
            assert accept_source(connection, source)

    def missing(self) -> list[str]:
        """What the audit misses of all that was ever owed, in words."""
        found, has_more = list[Lapse](), True
        while has_more:
            seen = self.app.look({}, timedelta())
            found, has_more = [*found, *seen.begun], seen.has_more
        return [lapse.say() for lapse in found if lapse.kind is LapseKind.MISSING]

    def events(self, types: str = "*") -> list[Event]:
        """The log of events of the types that a glob matches, without the baselines unless they are asked for."""
        with self._history() as history:
            found = [logged.event for logged in history.events.read(EventFilter(types=types))]
        return [event for event in found if types != "*" or event.type != "source.baseline"]

    def told(self, types: str = "*") -> list[tuple[str, str]]:
        """What was told of whom, in order."""
        return [(event.type.value, event.subject) for event in self.events(types)]

    def deliveries(self) -> list[DeliveryRecord]:
        with self._history() as history:
            return history.deliveries.read()

    def status(self, source: str = "campus") -> SourceStatus:
        with self._history() as history:
            return history.sources.find(source)

    def error(self, name: str) -> str:
        """What went wrong last with a source or a channel."""
        with self._history() as history:
            polls = history.sources.polls(name) if name in self.app.sources else []
            sent = history.deliveries.read(channel=name)
            attempts = [attempt for delivery in sent for attempt in history.deliveries.attempts(delivery.id)]
        errors = [*(poll.error for poll in polls), *(attempt.error for attempt in attempts)]
        return next(error for error in errors if error)

    def presence(self, conversation: str, source: str = "campus") -> str:
        with self._history() as history:
            return history.conversations.find(f"{source}/{conversation}").standing.presence.value

    @contextmanager
    def _history(self) -> Iterator[History]:
        with open_read_only(self.app.database.path) as connection:
            yield History(connection)

    def _config(self, campus: str, staff: str, rest: str, rules: str) -> str:
        onq, osn = self._campus, self.lab.osn
        return f"""
state_dir = "{self.state}"
timezone = "Europe/Berlin"
operator = ["pager"]
[sources.campus]
api = "onq"
url = "{onq.url}"
auth = {_jwt(onq)}
every = "5m"
link = "https://tenant.onq.io/c/{{id}}"
{campus}
[sources.staff]
api = "osn"
url = "{osn.url}"
{"" if "auth" in staff else _form(osn)}
every = "5m"
link = "https://osn.example.com/osn/web/cList/conversations/{{id}}"
{staff}
[channels.json]
url = "{self.receiver.json_url}"
[channels.mail]
url = "{self.mailbox.url}"
[channels.pager]
url = "{self.pager.json_url}"
{rest}
{rules}
"""


@contextmanager
def open_stage(directory: Path) -> Iterator[Stage]:
    """Give a stage over an empty lab; its app is not started yet."""
    with (
        Lab(story=False, conversations=0) as lab,
        Receiver() as receiver,
        Receiver() as pager,
        mail_server() as mailbox,
    ):
        stage = Stage(lab, receiver, mailbox, pager, directory)
        try:
            yield stage
        finally:
            stage.close()


def _form(osn: OsnApi) -> str:
    return f'auth = {{ kind = "form", username = "{osn.username}", password = "{osn.password}" }}'


def _jwt(onq: OnqApi) -> str:
    return (
        f'{{ kind = "jwt", key = "{onq.key}", secret = "{onq.secret}", issuer = "{onq.issuer}",'
        f' subject = "{onq.subject}", audience = "{onq.audience}" }}'
    )
