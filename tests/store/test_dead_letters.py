"""What the operator does with deliveries that do not go out by themselves."""

from __future__ import annotations

import pytest

from tests.store.outbox_contract import LEASE, NOW, claim, make_event, settle
from tests.store.stand import SqliteStand
from watcher.domain.errors import NotFoundError
from watcher.store.database import Database
from watcher.store.dead_letters import Dropped, drop, drop_waiting, retry


@pytest.fixture
def stand(database: Database) -> SqliteStand:
    stand = SqliteStand(database)
    for number, channel in ((1, "mail"), (2, "mail"), (3, "chat")):
        stand.owe(make_event(number), channel, due_at=NOW)
        settle(stand.outbox, claim(stand.outbox, channel=channel), NOW, error="410 Gone", dead=True)
    return stand


def test_every_dead_letter_is_tried_again(stand: SqliteStand) -> None:
    assert retry(stand.database, NOW + LEASE) == 3
    assert stand.outbox.next_due_of_all() == {"mail": NOW + LEASE, "chat": NOW + LEASE}


def test_those_of_one_channel_are_tried_again(stand: SqliteStand) -> None:
    assert retry(stand.database, NOW, channel="chat") == 1
    assert stand.outbox.next_due("mail") is None


def test_a_retried_one_has_all_its_attempts_again_and_keeps_its_record(stand: SqliteStand) -> None:
    retry(stand.database, NOW, channel="chat")
    again = claim(stand.outbox, channel="chat")
    assert (again.attempt, again.was_interrupted) == (1, False)
    assert settle(stand.outbox, again, NOW)
    assert stand.attempts(again.delivery_id) == [(1, "failed"), (2, "delivered")]


def test_one_is_named_by_the_beginning_of_its_id(stand: SqliteStand) -> None:
    whole = stand.id_of(make_event(3), "chat")
    assert retry(stand.database, NOW, ids=[whole[:8], whole]) == 1
    assert stand.state(make_event(3), "chat") == "pending"


def test_a_dropped_one_stays_dead(stand: SqliteStand) -> None:
    assert drop(stand.database, NOW, channel="mail") == Dropped(number=2)
    assert retry(stand.database, NOW) == 1
    assert drop(stand.database, NOW, channel="mail") == Dropped(number=0)


def test_what_waits_can_be_dropped_by_its_id(stand: SqliteStand) -> None:
    stand.owe(make_event(4), "mail", due_at=NOW)
    assert drop(stand.database, NOW, ids=[stand.id_of(make_event(4), "mail")]).number == 1
    assert stand.outbox.next_due("mail") is None


def test_what_is_on_its_way_or_there_is_left_alone(stand: SqliteStand) -> None:
    stand.owe(make_event(4), "mail", due_at=NOW)
    found = claim(stand.outbox)
    with pytest.raises(NotFoundError, match="is sending"):
        drop(stand.database, NOW, ids=[found.delivery_id])
    settle(stand.outbox, found, NOW)
    with pytest.raises(NotFoundError, match="is delivered"):
        retry(stand.database, NOW, ids=[found.delivery_id])


def test_one_wrong_id_changes_nothing(stand: SqliteStand) -> None:
    with pytest.raises(NotFoundError, match="no delivery zzz"):
        retry(stand.database, NOW, ids=[stand.id_of(make_event(3), "chat"), "zzz"])
    assert stand.state(make_event(3), "chat") == "dead"


def test_an_ambiguous_beginning_is_refused(stand: SqliteStand) -> None:
    with pytest.raises(NotFoundError, match="several"):
        retry(stand.database, NOW, ids=[""])


def test_what_was_cut_short_can_be_moved_when_its_lease_has_run_out(stand: SqliteStand) -> None:
    for number, channel in ((4, "gone"), (5, "mail")):
        stand.owe(make_event(number), channel, due_at=NOW)
        claim(stand.outbox, channel=channel)
    assert drop(stand.database, NOW + LEASE, ids=[stand.id_of(make_event(4), "gone")]).number == 1
    assert retry(stand.database, NOW + LEASE, ids=[stand.id_of(make_event(5), "mail")]) == 1
    assert stand.state(make_event(4), "gone") == "dead"
    assert claim(stand.outbox, channel="mail", now=NOW + LEASE).was_interrupted


def test_everything_that_waits_for_a_channel_can_be_dropped_but_what_is_on_its_way(stand: SqliteStand) -> None:
    for number in (4, 5, 6):
        stand.owe(make_event(number), "mail", "gone", due_at=NOW)
    on_its_way = claim(stand.outbox, channel="gone")
    assert drop_waiting(stand.database, NOW, channel="gone").number == 2
    assert stand.state(make_event(6), "mail") == "pending"
    assert settle(stand.outbox, on_its_way, NOW)
    assert stand.outbox.next_due("gone") is None


def test_what_goes_with_a_dropped_one_is_named_and_comes_again_with_a_retry(stand: SqliteStand) -> None:
    for number in (4, 5):
        stand.owe(make_event(number), "gone", due_at=NOW)
    lead, member = (stand.id_of(make_event(number), "gone") for number in (4, 5))
    stand.merge(member, lead)
    dropped = drop_waiting(stand.database, NOW, channel="gone")
    assert (dropped.number, [(one.id, one.lead, one.event_type) for one in dropped.carried]) == (
        1,
        [(member, lead, "questions.new")],
    )
    assert drop(stand.database, NOW, ids=[lead]) == dropped, "an operator who asks again hears the same"
    retry(stand.database, NOW, ids=[lead])
    assert [part.event.id for part in claim(stand.outbox, channel="gone").parts] == [
        make_event(number).id for number in (4, 5)
    ]
