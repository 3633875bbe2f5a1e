"""The laws of follow-ups, over whatever may happen: kills, refusals, silences, questions that come and go."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.pipeline.office import DAY, DOWN, GONE, HOUR, MINUTE, Office, rule, step
from tests.pipeline.stage import Stage
from watcher.store.database import FILE_NAME, Database

RULES = [
    rule("r", "questions.new messages.new", "chat mail", repeat=(4 * HOUR, DAY), escalate=(step(DAY, "leads"),)),
    rule("others", "questions.*", "pager"),
]
CHANNELS = ("chat", "mail", "leads", "pager")
_OPEN = "('pending', 'held', 'failed', 'sending', 'unknown')"
_PENDING_REPEATS = f"""SELECT d.channel, d.rule, e.source, e.subject, e.type FROM deliveries d
    JOIN events e ON e.seq = d.event LEFT JOIN deliveries l ON l.id = d.lead
    WHERE d.stage GLOB 'repeat *' AND CASE d.state WHEN 'merged' THEN l.state ELSE d.state END IN {_OPEN}"""
_ENDED = """SELECT 1 FROM events e JOIN events o ON o.id = ? WHERE e.seq > o.seq AND e.time_ms <> o.time_ms
    AND e.source = o.source AND e.subject = o.subject AND e.type = 'questions.cleared' AND o.type = 'questions.new'"""

acts = st.one_of(
    st.tuples(st.just("writes"), st.sampled_from(["a", "b"]), st.integers(0, 3)),
    st.tuples(st.just("asks"), st.sampled_from(["a", "b"]), st.integers(0, 3)),
    st.tuples(st.just("leaves"), st.sampled_from(["a", "b"]), st.none()),
    st.tuples(st.just("send"), st.sampled_from([0, 1, 5, 30]), st.none()),
    st.tuples(st.just("send"), st.sampled_from([4 * 60, 24 * 60, 25 * 60]), st.none()),
    st.tuples(st.just("opens"), st.sampled_from(CHANNELS), st.sampled_from([DOWN, GONE, None])),
    st.tuples(st.just("kill"), st.sampled_from(CHANNELS), st.none()),
    st.tuples(st.just("silence"), st.sampled_from(["a", "b"]), st.sampled_from([1, 5, 30])),
)


class Witness:
    """Does what happens, and looks at every message and at the outbox after each act."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.seen = Counter[str]()
        self.away: dict[str, dict[str, Any]] = {}

    def act(self, what: str, name: object, more: object) -> None:
        does: dict[str, Callable[[], object]] = {
            "asks": lambda: self._ask(str(name), int(str(more))),
            "leaves": lambda: self._leave(str(name)),
            "writes": lambda: self._write(str(name), int(str(more))),
            "send": lambda: self._send(timedelta(minutes=float(str(name)))),
            "opens": lambda: self.office.opens(str(name), more),  # type: ignore[arg-type]
            "kill": lambda: self.office.kill_while_sending(str(name)),
            "silence": lambda: self.office.silence(str(name), int(str(more)) * HOUR),
        }
        does[what]()
        self.look()

    def look(self) -> None:
        connection = self.office.stage.database.connection()
        pending = Counter(tuple(found) for found in connection.execute(_PENDING_REPEATS))
        assert all(number == 1 for number in pending.values()), pending
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []

    def _ask(self, name: str, number: int) -> None:
        if name not in self.away:
            self.office.asks(**{name: number})

    def _leave(self, name: str) -> None:
        """Leave the list for good, or come back to it."""
        if name in self.away:
            self.office.fields[name] = self.away.pop(name)
        elif not self.away:  # an empty list would be suspect
            self.away[name] = self.office.fields.pop(name)
            self.office.poll()
        self.office.poll()

    def _write(self, name: str, number: int) -> None:
        """So many messages to the facilitators: what is over when there are none, without an event that says so."""
        if name in self.away:
            return
        self.office.fields[name]["to_facilitator_count"] = number
        self.office.poll()

    def _send(self, after: timedelta) -> None:
        self.office.send(after=after)
        connection = self.office.stage.database.connection()
        for name, channel in self.office.channels.items():
            for _, message in channel.sent[self.seen[name] :]:
                for told in message.events if message.stage.is_reminder else ():
                    assert connection.execute(_ENDED, (told.id,)).fetchone() is None, (name, message.title)
            self.seen[name] = len(channel.sent)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(happens=st.lists(acts, max_size=25))
def test_whatever_happens_the_laws_hold(
    tmp_path_factory: pytest.TempPathFactory, happens: list[tuple[str, object, object]]
) -> None:
    database = Database(_fresh(tmp_path_factory))
    witness = Witness(Office(Stage(database=database), RULES, {"chat": "mail", "mail": "pager"}))
    for what, name, more in happens:
        witness.act(what, name, more)
    for name in CHANNELS:
        witness.office.opens(name, None)
    witness.act("send", 2 * 60, None)
    taken_twice = "SELECT delivery FROM attempts WHERE outcome = 'delivered' GROUP BY 1 HAVING count(*) > 1"
    assert database.connection().execute(taken_twice).fetchall() == []
    assert _lost(witness.office) == []
    database.close()


def _lost(office: Office) -> list[tuple[str, str]]:
    """Deliveries that are due and go nowhere though every channel takes messages."""
    now = office.stage.now
    states = {"pending", "failed", "sending", "unknown"}
    return [
        (one.channel, str(one.stage))
        for one in office.deliveries()
        if one.state.value in states or (one.due_at is not None and one.due_at <= now - MINUTE)
    ]


def _fresh(factory: pytest.TempPathFactory) -> Path:
    return factory.mktemp("laws") / FILE_NAME
