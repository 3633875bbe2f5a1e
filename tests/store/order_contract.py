"""In which order every store of deliveries gives them out after failures, to be inherited by each store's test."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace

import pytest

from tests.store.outbox_contract import LEASE, NOW, SECOND, Stand, claim, make_event, settle, settlement


class OrderContract:
    """The contract; `stand` gives an empty store."""

    @pytest.fixture
    @abstractmethod
    def stand(self) -> Stand:
        """Give an empty store."""
        ...

    def test_one_that_failed_goes_before_what_was_stored_after_it(self, stand: Stand) -> None:
        for number in range(4):
            stand.owe(make_event(number), "mail", due_at=NOW + number * SECOND)
        first = claim(stand.outbox)
        settle(stand.outbox, first, NOW, error="refused")
        due = stand.outbox.next_due("mail")
        assert due == NOW + SECOND  # the next one: the first waits for its own time
        order = [claim(stand.outbox, NOW + LEASE) for _ in range(4)]
        assert [found.event for found in order] == [make_event(number) for number in range(4)]

    def test_one_that_failed_is_not_due_before_its_time_though_it_is_the_oldest(self, stand: Stand) -> None:
        for number in range(2):
            stand.owe(make_event(number), "mail", due_at=NOW)
        settle(stand.outbox, claim(stand.outbox), NOW, error="refused")
        assert claim(stand.outbox, NOW + SECOND).event == make_event(1)

    def test_the_end_of_an_outage_makes_all_that_failed_due_as_it_stands_in_line(self, stand: Stand) -> None:
        for number in range(4):
            stand.owe(make_event(number, time=NOW + number * SECOND), "mail", "chat", due_at=NOW)
        for number in (0, 1, 2):
            settle(stand.outbox, claim(stand.outbox, NOW + number * SECOND), NOW + LEASE, error="refused")
        settle(stand.outbox, claim(stand.outbox, channel="chat"), NOW + LEASE, error="refused")
        last = claim(stand.outbox)
        assert stand.outbox.settle(last, replace(settlement(NOW + SECOND), ends_outage=True))
        order = [claim(stand.outbox, NOW + 2 * SECOND).event for _ in range(3)]
        assert order == [make_event(number, time=NOW + number * SECOND) for number in (0, 1, 2)]
        assert claim(stand.outbox, channel="chat").event == make_event(1, time=NOW + SECOND)
