"""A kitchen: the app with a recipe's config, over both simulated APIs, and a clock that is told what time it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from watcher.bootstrap import clock
from watcher.bootstrap.app import App, open_app
from watcher.bootstrap.configuration import read_config
from watcher.config.model import Config
from watcher.domain.errors import ChannelError
from watcher.domain.message import Message
from watcher.lab import Lab, onq_row, osn_row
from watcher.pipeline.ports import Receipt

BERLIN = ZoneInfo("Europe/Berlin")
BEGIN = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
BETWEEN_POLLS = timedelta(minutes=5)
SECRETS = ("ONQ_SECRET", "OSN_PASSWORD", "SLACK_URL", "LEADS_URL", "MARKETING_URL", "OPS_URL", "PAGER_URL")
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A message as a channel was sent it; `at` is the reader's time, as messages write it."""

    channel: str
    at: str
    text: str


@dataclass
class Dish:
    """A channel that keeps what it is sent, and takes nothing while it `is_broken`."""

    name: str
    kitchen: Kitchen
    is_broken: bool = False
    pace: timedelta = timedelta()

    def send(self, message: Message, delivery_id: str) -> Receipt:
        if self.is_broken:
            raise ChannelError("the service says that the address is unknown", status=404, is_permanent=True)
        local = self.kitchen.now.astimezone(BERLIN)
        at = f"{local:%H:%M} {DAYS[local.weekday()]} {local.day} Nov"
        text = f"{message.title}\n{message.text}\n".replace(self._lab_host(), "https: //api.onq.io")
        self.kitchen.served.append(Served(channel=self.name, at=at, text=text))
        return Receipt(status=200)

    def _lab_host(self) -> str:
        """The simulated API's place, as an error names it: no text of an API is a link."""
        return self.kitchen.lab.onq.origin.replace("://", ": //")

    def close(self) -> None: ...

    def verify(self) -> None: ...


@dataclass
class Kitchen:
    """What a recipe's scenario does, and what was served."""

    now: datetime = BEGIN
    served: list[Served] = field(default_factory=list)
    dishes: dict[str, Dish] = field(default_factory=dict)
    lab: Lab = field(init=False)
    app: App = field(init=False)

    def course(self, number: int, name: str, **fields: object) -> None:
        """A course of OnQ, or what becomes of it."""
        known = self.lab.onq.rows.get(number)
        if known is None:
            self.lab.onq.rows.put(onq_row(number, name=name, **fields))
        else:
            self.lab.onq.rows.update(number, name=name, **fields)

    def talk(self, number: int, name: str, **fields: object) -> None:
        """A conversation of Oracle Social Network, or what becomes of it."""
        known = self.lab.osn.rows.get(number)
        self.lab.osn.rows.put({**(known or osn_row(number)), "name": name, "displayName": name, **fields})

    def at(self, when: str) -> None:
        """Let time pass until the clock in Berlin shows a time, on a day if one is named; what is due is sent."""
        time, _, day = when.partition(" ")
        target = self.now.astimezone(BERLIN).replace(hour=int(time[:2]), minute=int(time[3:]), second=0)
        while target <= self.now or (day and DAYS[target.weekday()] != day):
            target += timedelta(days=1)
        while (due := self._next_due()) <= target:
            self.now = max(due, self.now)
            self.work()
        self.now = target.astimezone(UTC)

    def notice(self, when: str, happens: Callable[[], object]) -> None:
        """Let something happen between two polls, the second of them at a time."""
        self.at(when)
        self.now -= BETWEEN_POLLS
        self.poll()
        self.now += BETWEEN_POLLS
        happens()
        self.poll()

    def poll(self) -> None:
        """Read both lists, and send what is due."""
        for source in self.app.sources:
            self.app.poll(source)
        self.work()

    def work(self) -> None:
        """Fire what is due, and send what is due."""
        self.app.fire_deadlines()
        for _ in range(3):  # what one channel does not take, another one may
            for channel in self.app.channels:
                while self.app.deliver_next(channel).claim is not None:
                    pass

    def _next_due(self) -> datetime:
        due = [*self.app.outbox.next_due_of_all().values(), self.app.next_deadline()]
        return min((one for one in due if one is not None), default=datetime.max.replace(tzinfo=UTC))


def read_recipe(directory: Path, text: str) -> Config:
    """Read a config as it is written."""
    path = directory / "config.toml"
    path.write_text(f'state_dir = "{directory / "state"}"\n{text}', encoding="utf-8")
    path.chmod(0o600)
    return read_config(path)


@contextmanager
def open_kitchen(directory: Path, text: str) -> Iterator[Kitchen]:
    """Give a kitchen for a config, whose sources are the simulated ones."""
    kitchen = Kitchen()
    with (
        pytest.MonkeyPatch.context() as patch,
        Lab(story=False, conversations=0, clock=lambda: kitchen.now) as kitchen.lab,
    ):
        patch.setattr(clock, "now", lambda: kitchen.now)
        patch.setattr(clock, "jitter", lambda: 0.0)
        with open_app(read_recipe(directory, _with_lab(text, kitchen.lab)), StringIO()) as app:
            kitchen.app = app
            kitchen.dishes = {name: Dish(name, kitchen) for name in app.channels}
            app.channels = kitchen.dishes
            yield kitchen


def _with_lab(text: str, lab: Lab) -> str:
    onq, osn = lab.onq, lab.osn
    jwt = (
        f'auth = {{ kind = "jwt", key = "{onq.key}", secret = "{onq.secret}", issuer = "{onq.issuer}",'
        f' subject = "{onq.subject}", audience = "{onq.audience}" }}'
    )
    form = f'auth = {{ kind = "form", username = "{osn.username}", password = "{osn.password}" }}'
    text = re.sub(r'auth\s*= \{ kind = "jwt".*', jwt, text)
    text = re.sub(r'auth\s*= \{ kind = "form".*', form, text)
    text = text.replace('"https://api.onq.io/api/external"', f'"{onq.url}"')
    return text.replace('"https://social.example.com/osn"', f'"{osn.url}"')
