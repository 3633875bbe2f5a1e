"""The outbox in memory, which other tests lean on, keeps the contract of the real one."""

from dataclasses import dataclass, field
from datetime import datetime

import pytest

from tests.pipeline.fakes_outbox import MemoryOutbox
from tests.store.order_contract import OrderContract
from tests.store.outbox_contract import OutboxContract
from watcher.domain.event import Event


@dataclass
class MemoryStand:
    outbox: MemoryOutbox = field(default_factory=MemoryOutbox)

    def owe(self, event: Event, *channels: str, due_at: datetime) -> None:
        for channel in channels:
            self.outbox.owe(event, channel, due_at, "a rule")

    def attempts(self, delivery_id: str) -> list[tuple[int, str]]:
        return self.outbox.log[delivery_id]


class TestMemoryOutbox(OutboxContract, OrderContract):
    @pytest.fixture
    def stand(self) -> MemoryStand:
        return MemoryStand()
