"""Deliveries on their way through a real outbox: silenced, held, gathered, and each of them accounted for."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.pipeline.fakes_outbox import ScriptedChannel
from tests.pipeline.fakes_source import ScriptedSource, pages, row
from tests.pipeline.stage import START, Stage
from watcher.config.pattern import LinearPattern
from watcher.domain.arrangement import Policy
from watcher.domain.digest import Digest
from watcher.domain.errors import ChannelError
from watcher.domain.matcher import Matcher
from watcher.domain.silence import make_silence, parse_silence_matcher
from watcher.domain.throttle import Throttle
from watcher.domain.timing import Timing
from watcher.pipeline.arranging import Arranger
from watcher.pipeline.dispatch import Desk, deliver_next, drain
from watcher.pipeline.settling import Aftermath
from watcher.sources.onq import ONQ
from watcher.store.database import FILE_NAME, Database
from watcher.store.outbox import SqliteOutbox
from watcher.store.silences import SqliteSilences

MINUTE = timedelta(minutes=1)
DIGEST = Timing(digest=Digest(span=15 * MINUTE, at=(), zone=UTC))


@dataclass
class Post:
    """A list that changes, a channel, and the clock between them."""

    stage: Stage
    timing: Timing
    storm: int = 0
    channel: ScriptedChannel = field(default_factory=lambda: ScriptedChannel("chat"))

    def asks(self, **open_questions: int) -> None:
        """Poll a list whose rows have so many open questions."""
        rows = [row(name, open_questions_count=number) for name, number in open_questions.items()]
        self.stage.poll(ScriptedSource([pages(rows)]), after=MINUTE)

    def send(self, *, after: timedelta = timedelta()) -> list[str]:
        """Let time pass, send whatever goes out, and return the titles."""
        self.stage.now += after
        before = len(self.channel.sent)
        while deliver_next(self.channel, self.outbox, self.desk()).claim is not None:
            pass
        return [message.title for _, message in self.channel.sent[before:]]

    def desk(self) -> Desk:
        return Desk(
            clock=lambda: self.stage.now,
            jitter=lambda: 0.0,
            aftermath=Aftermath(route=lambda _: ()),
            owner="one",
            zone=UTC,
            decider=Arranger(policy=Policy(timings={"r": self.timing}, storm=self.storm), apis={"campus": ONQ}),
        )

    @property
    def outbox(self) -> SqliteOutbox:
        return SqliteOutbox(self.stage.database, compile_pattern=LinearPattern)

    def states(self) -> Mapping[str, int]:
        found = self.stage.database.connection().execute("SELECT state, count(*) FROM deliveries GROUP BY state")
        return {found_row[0]: found_row[1] for found_row in found}

    def reasons(self) -> list[str]:
        found = self.stage.database.connection().execute("SELECT reason FROM deliveries ORDER BY event")
        return [found_row[0] for found_row in found]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(tmp_path / FILE_NAME)
    yield database
    database.close()


def post(database: Database, timing: Timing = DIGEST, storm: int = 0) -> Post:
    made = Post(Stage(database=database), timing, storm)
    made.asks(a=0, b=0, c=0)  # the baseline, of which nobody is told here
    made.stage.channels = (("chat", "r"),)
    return made


def test_a_silence_mutes_is_counted_and_says_so(database: Database) -> None:
    made = post(database, Timing())
    matcher: Matcher = parse_silence_matcher("conversation", "a", LinearPattern)
    silence = make_silence([matcher], starts_at=START, ends_at=START + 600 * MINUTE, author="kim", comment="a test")
    silences = SqliteSilences(database, LinearPattern)
    silences.add(silence)
    made.asks(a=1, b=1, c=0)
    assert made.send() == ["1 new open question in “Course b” (1 open)"]
    assert made.states() == {"silenced": 1, "delivered": 1}
    assert "a test" in made.reasons()[0]
    (counted,) = silences.active(made.stage.now)
    assert counted.hits == 1


def test_a_digest_tells_all_of_its_span_in_one_message(database: Database) -> None:
    made = post(database)
    made.asks(a=1, b=0, c=0)
    assert made.send() == []
    assert made.states() == {"held": 1}
    made.asks(a=3, b=2, c=0)
    assert made.send(after=5 * MINUTE) == []
    assert made.send(after=15 * MINUTE) == ["2 things happened in 2 conversations (campus)"]
    assert made.states() == {"delivered": 1, "merged": 2}
    assert made.outbox.next_due("chat") is None


def test_what_came_and_went_within_a_digest_is_never_told(database: Database) -> None:
    made = post(database)
    made.asks(a=1, b=0, c=0)
    made.asks(a=0, b=0, c=0)
    assert made.send(after=20 * MINUTE) == []
    assert made.states() == {"obsolete": 2}


def test_a_digest_closes_when_its_span_is_over_though_its_first_event_came_to_nothing(database: Database) -> None:
    made = post(database)
    made.asks(a=1, b=0, c=0)
    made.send()
    made.asks(a=0, b=1, c=0)
    made.send()
    assert made.send(after=14 * MINUTE) == ["1 new open question in “Course b” (1 open)"]


def test_a_held_one_that_is_no_longer_true_is_dropped_with_a_note(database: Database) -> None:
    made = post(database, Timing(hold=10 * MINUTE))
    made.asks(a=1, b=1, c=0)
    assert made.send() == []
    made.asks(a=1, b=0, c=0)
    sent = made.send(after=10 * MINUTE)
    assert "1 new open question in “Course a” (1 open)" in sent
    assert not any("new open question in “Course b”" in title for title in sent)
    assert made.states()["obsolete"] >= 1
    assert any("open_questions_count is 0" in reason for reason in made.reasons())


def test_a_digest_that_fails_is_repeated_whole_under_its_id(database: Database) -> None:
    made = post(database)
    made.channel = ScriptedChannel("chat", ChannelError("down"), None)
    made.asks(a=1, b=1, c=0)
    made.send()
    made.send(after=16 * MINUTE)
    made.asks(a=1, b=1, c=1)  # what comes meanwhile belongs to the next one
    made.send(after=MINUTE)
    (first_id, first), (second_id, second) = made.channel.sent
    assert (
        (first_id, first.title)
        == (second_id, second.title)
        == (first_id, "2 things happened in 2 conversations (campus)")
    )
    assert made.states() == {"delivered": 1, "merged": 1, "held": 1}


def test_a_digest_that_waited_for_its_channel_loses_nothing_though_its_first_event_is_over(database: Database) -> None:
    made = post(database, replace(DIGEST, throttle=Throttle(most=1, span=60 * MINUTE)))
    made.asks(a=1, b=1, c=0)
    arranger = Arranger(policy=Policy(timings={"r": made.timing}), apis={"campus": ONQ})
    made.stage.now += 20 * MINUTE
    claim = made.outbox.claim_due("chat", made.stage.now, MINUTE, "one", arranger)
    assert claim is not None
    made.outbox.give_back(claim, made.stage.now)  # the channel could not be used
    made.stage.channels = ()
    made.asks(a=0, b=1, c=0)
    assert made.send(after=10 * MINUTE) == ["2 things happened in 2 conversations (campus)"]


def test_a_flood_of_one_poll_becomes_one_message_and_the_ledger_keeps_each(database: Database) -> None:
    made = post(database, Timing(), storm=2)
    made.asks(a=1, b=1, c=1)
    assert made.send() == ["3 things happened in 3 conversations (campus)"]
    assert made.states() == {"delivered": 1, "merged": 2}


def test_a_throttle_lets_its_number_pass_and_gathers_the_rest(database: Database) -> None:
    made = post(database, Timing(throttle=Throttle(most=1, span=60 * MINUTE)))
    made.asks(a=1, b=1, c=1)
    assert made.send() == ["1 new open question in “Course a” (1 open)"]
    assert made.states() == {"delivered": 1, "held": 2}
    assert made.send(after=60 * MINUTE) == ["2 things happened in 2 conversations (campus)"]


def test_what_was_put_together_and_could_not_be_sent_counts_for_the_throttle(database: Database) -> None:
    made = post(database, replace(DIGEST, throttle=Throttle(most=1, span=60 * MINUTE)))
    made.asks(a=1, b=1, c=0)
    arranger = Arranger(policy=Policy(timings={"r": made.timing}), apis={"campus": ONQ})
    made.stage.now += 20 * MINUTE
    claim = made.outbox.claim_due("chat", made.stage.now, MINUTE, "one", arranger)
    assert claim is not None
    made.outbox.give_back(claim, made.stage.now)  # the channel could not be used
    made.asks(a=1, b=1, c=1)
    assert made.send(after=16 * MINUTE) == ["2 things happened in 2 conversations (campus)"]
    assert made.send(after=59 * MINUTE) == []
    assert made.send(after=MINUTE) == ["1 new open question in “Course c” (1 open)"]


def test_a_delivery_cannot_be_sent_before_it_was_decided_over(database: Database) -> None:
    made = post(database)
    made.asks(a=1, b=0, c=0)
    arranger = Arranger(policy=Policy(timings={"r": DIGEST}), apis={"campus": ONQ})
    now: datetime = made.stage.now
    assert made.outbox.claim_due("chat", now, MINUTE, "one", arranger) is None
    assert made.states() == {"held": 1}


def test_a_drain_goes_on_behind_more_silenced_ones_than_are_decided_over_at_once(database: Database) -> None:
    made = Post(Stage(database=database), Timing())
    names = [*map(str, range(2_600)), "last"]
    made.asks(**dict.fromkeys(names, 0))
    matcher = parse_silence_matcher("conversation.name", "~^Course [0-9]", LinearPattern)
    silence = make_silence([matcher], starts_at=START, ends_at=START + 600 * MINUTE, author="kim", comment="a test")
    SqliteSilences(database, LinearPattern).add(silence)
    made.stage.channels = (("chat", "r"),)
    made.asks(**dict.fromkeys(names, 1))
    turns = drain(made.channel, made.outbox, made.desk(), lambda _: True)
    assert [turn.claim.event.subject for turn in turns if turn.claim] == ["last"]
    assert made.states() == {"silenced": 2_600, "delivered": 1}
