"""What became of a delivery is shown as it is, whatever took it: by real receivers, and by what they got."""

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from tests.channels.mail_server import Mailbox, mail_server
from tests.channels.test_signature import KEY
from tests.channels.test_webhook import is_ours
from tests.stage import Stage
from watcher.domain.delivery import DeliveryState, shown_state
from watcher.domain.message import compose
from watcher.lab import Receiver, onq_row

CHANNELS = """
[channels.crm]
url = "{crm}/taken"
signing_keys = ["{key}"]
[channels.log]
url = "rsyslog://127.0.0.1:{port}/"
[channels.gone]
url = "{gone}/old"
[channels.spam]
url = "{spam}"
[channels.busy]
url = "{busy}/busy"
"""
RULES = """
[[rules]]
name = "questions"
events = ["questions.new"]
channels = ["crm", "log", "gone", "spam", "busy"]
"""


@dataclass
class Outside:
    """The other ends of the channels."""

    crm: Receiver
    gone: Receiver
    busy: Receiver
    spam: Mailbox
    log: socket.socket

    def table(self) -> str:
        urls = {name: getattr(self, name).url.replace("http", "webhook", 1) for name in ("crm", "gone", "busy")}
        return CHANNELS.format(key=KEY, port=self.log.getsockname()[1], spam=self.spam.url, **urls)


@pytest.fixture
def outside() -> Iterator[Outside]:
    with ExitStack() as stack:
        crm, gone, busy = (stack.enter_context(Receiver()) for _ in range(3))
        spam = stack.enter_context(mail_server("554 5.7.1 this is spam"))
        log = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        log.bind(("127.0.0.1", 0))
        gone.status, busy.status = 410, 503
        yield Outside(crm=crm, gone=gone, busy=busy, spam=spam, log=log)


@pytest.fixture
def asked(stage: Stage, outside: Outside) -> Outside:
    """The stage after one event that is owed to all of them."""
    stage.configure(rest=outside.table(), rules=RULES)
    stage.learn(onq_row(1, name="Leading Change"), onq_row(2))
    stage.lab.onq.rows.update(1, open_questions_count=3)
    stage.poll()
    return outside


def states(stage: Stage) -> dict[str, str]:
    found = [delivery for delivery in stage.deliveries() if delivery.event_type == "questions.new"]
    return {one.channel: shown_state(one.state, one.lease_until, stage.now).value for one in found}


def test_each_delivery_is_shown_as_what_became_of_it(stage: Stage, asked: Outside) -> None:
    assert set(states(stage).values()) == {"pending"}
    stage.deliver()
    assert states(stage) == {"crm": "delivered", "log": "unconfirmed", "gone": "dead", "spam": "dead", "busy": "failed"}
    assert b"3 new open questions" in asked.log.recv(4096)
    (arrival,) = asked.crm.arrivals()
    assert is_ours(arrival, KEY, datetime.fromtimestamp(int(arrival.headers["webhook-timestamp"]), UTC))
    assert arrival.json() == json.loads(json.dumps(stage.events("questions.new")[0].cloud_event()))


def test_an_error_that_lasts_is_told_at_once_to_another_channel(stage: Stage, asked: Outside) -> None:
    stage.deliver()
    stage.deliver()
    assert stage.told("channel.*") == [("channel.failing", "gone"), ("channel.failing", "spam")]
    titles = [arrival.json()["title"] for arrival in stage.pager.accepted()]
    assert [title for title in titles if "channel gone" in title and "410 Gone" in title] != []
    assert [title for title in titles if "channel spam" in title and "answered 554" in title] != []
    assert (len(asked.gone.arrivals()), len(asked.spam.mails), len(asked.busy.arrivals())) == (1, 0, 1)


def test_one_that_was_under_way_when_the_process_died_is_unknown_and_repeated_with_its_id(
    stage: Stage, asked: Outside
) -> None:
    outbox = stage.app.outbox
    lost = outbox.claim_due("crm", stage.now, timedelta(minutes=5), "a process that died")
    assert lost is not None
    message = compose(lost.event, rule=lost.rule, zone=UTC, now=stage.now, is_repeat=False)
    stage.app.channels["crm"].send(message, lost.delivery_id)
    assert states(stage)["crm"] == "sending"
    outbox.take_over(stage.now)
    assert states(stage)["crm"] == DeliveryState.UNKNOWN.value
    stage.deliver()
    assert states(stage)["crm"] == "delivered"
    first, second = asked.crm.arrivals()
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == lost.delivery_id
    assert first.body == second.body


def test_a_backlog_goes_out_oldest_first(stage: Stage, asked: Outside) -> None:
    for number in range(4, 9):
        stage.lab.onq.rows.update(1, open_questions_count=number)
        stage.poll()
    stage.deliver()
    assert [arrival.json()["data"]["change"]["after"] for arrival in asked.crm.arrivals()] == [3, 4, 5, 6, 7, 8]
