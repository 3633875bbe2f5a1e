"""The outbox and its dead letters on the command line."""

from __future__ import annotations

import json

import pytest

from tests.cli.conftest import Watcher
from tests.store.outbox_contract import NOW, claim, make_event, settle
from tests.store.stand import SqliteStand
from watcher.cli.deliveries import state_style
from watcher.cli.table import Style
from watcher.domain.delivery import DeliveryState


@pytest.fixture(autouse=True)
def letters(stand: SqliteStand) -> None:
    """One delivered, one dead, one that waits."""
    for number in (1, 2, 3):
        stand.owe(make_event(number), "mail", due_at=NOW)
    settle(stand.outbox, claim(stand.outbox), NOW)
    settle(stand.outbox, claim(stand.outbox), NOW, error="410 Gone", dead=True)


def test_what_waits_and_what_is_dead_is_listed(watcher: Watcher) -> None:
    assert [line["state"] for line in watcher("deliveries").lines] == ["dead", "pending"]
    assert watcher("deliveries", "list").lines == watcher("deliveries").lines


def test_options_need_not_name_the_listing(watcher: Watcher) -> None:
    assert json.loads(watcher("deliveries", "--format", "json").out) == watcher("deliveries").lines


def test_all_are_listed_on_request(watcher: Watcher) -> None:
    assert [line["state"] for line in watcher("deliveries", "--all").lines] == ["delivered", "dead", "pending"]
    assert [line["state"] for line in watcher("deliveries", "--state", "delivered").lines] == ["delivered"]
    assert watcher("deliveries", "--all", "--channel", "chat").lines == []


def test_one_whose_lease_has_run_out_is_unknown(watcher: Watcher, stand: SqliteStand) -> None:
    claim(stand.outbox)
    assert [line["state"] for line in watcher("deliveries", "--state", "unknown").lines] == ["unknown"]
    assert watcher("deliveries", "--state", "sending").lines == []


def test_a_table_says_why(watcher: Watcher) -> None:
    shown = " ".join(watcher("deliveries", "--format", "table").out.split())
    assert "a repetition cannot help: 410 Gone" in shown


def test_dead_letters_are_retried(watcher: Watcher, stand: SqliteStand) -> None:
    ran = watcher("deliveries", "retry", "--dead")
    assert ran.out.startswith("1 to be tried again")
    assert stand.state(make_event(2), "mail") == "pending"


def test_the_dead_letters_of_one_channel_are_retried(watcher: Watcher, stand: SqliteStand) -> None:
    stand.owe(make_event(4), "chat", due_at=NOW)
    settle(stand.outbox, claim(stand.outbox, channel="chat"), NOW, error="404 Not Found", dead=True)
    assert watcher("deliveries", "retry", "--dead", "--channel", "chat").out.startswith("1 to be tried again")
    assert (stand.state(make_event(4), "chat"), stand.state(make_event(2), "mail")) == ("pending", "dead")


def test_what_waits_for_a_channel_is_dropped_as_a_whole(watcher: Watcher, stand: SqliteStand) -> None:
    assert watcher("deliveries", "drop", "--waiting", "--channel", "mail").out == "1 dropped\n"
    assert stand.state(make_event(2), "mail") == "dead"
    assert stand.outbox.next_due("mail") is None


def test_one_is_dropped_by_its_id(watcher: Watcher, stand: SqliteStand) -> None:
    assert watcher("deliveries", "drop", stand.id_of(make_event(2), "mail")[:10]).out == "1 dropped\n"
    assert [line["state"] for line in watcher("deliveries").lines] == ["pending"]


def test_what_goes_with_a_dropped_one_is_named_and_explained(watcher: Watcher, stand: SqliteStand) -> None:
    stand.owe(make_event(4), "mail", due_at=NOW)
    lead, member = (stand.id_of(make_event(number), "mail") for number in (3, 4))
    stand.merge(member, lead)
    assert watcher("deliveries", "drop", lead).out.splitlines() == [
        "1 dropped, and with it what went in the same messages:",
        f"  {member[:8]} questions.new campus/1017, told with {lead[:8]}",
        "1 event more that nobody is told of; a retry tells them again",
    ]
    shown = watcher("explain", make_event(4).id, "--format", "table").out
    assert "that message is dead, dropped by the operator: nobody is told" in shown
    (found,) = watcher("deliveries", "--state", "merged").lines
    assert (found["told_with"], found["told_with_state"]) == (lead, "dead")


def test_of_very_many_that_go_with_it_the_first_are_named(watcher: Watcher, stand: SqliteStand) -> None:
    lead = stand.id_of(make_event(3), "mail")
    for number in range(10, 35):
        stand.owe(make_event(number), "mail", due_at=NOW)
        stand.merge(stand.id_of(make_event(number), "mail"), lead)
    shown = watcher("deliveries", "drop", lead).out.splitlines()
    assert len(shown) == 23
    assert shown[-2:] == [
        "  … and 5 more: watcher deliveries list --state merged",
        "25 events more that nobody is told of; a retry tells them again",
    ]


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--dead", "abc"),
        ("--channel", "mail"),
        ("abc", "--channel", "mail"),
        ("--waiting",),
        ("--waiting", "--dead", "--channel", "mail"),
    ],
    ids=["nothing", "both", "no dead", "a channel of an id", "waiting for what", "waiting or dead"],
)
def test_what_is_meant_must_be_clear(watcher: Watcher, arguments: tuple[str, ...]) -> None:
    assert watcher("deliveries", "drop", *arguments).status == 2


def test_an_unknown_id_is_a_failure(watcher: Watcher) -> None:
    assert watcher("deliveries", "retry", "zzz").status == 1


@pytest.mark.parametrize(
    "state, style",
    [
        ("delivered", Style.GOOD),
        ("unconfirmed", Style.PLAIN),
        ("pending", Style.PLAIN),
        ("sending", Style.PLAIN),
        ("failed", Style.WARNING),
        ("unknown", Style.WARNING),
        ("dead", Style.BAD),
    ],
)
def test_each_state_looks_like_what_it_means(state: str, style: Style) -> None:
    assert state_style(DeliveryState(state)) is style
