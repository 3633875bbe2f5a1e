"""The history: everything stored that people look at, read-only, as frozen values."""

from __future__ import annotations

import sqlite3

from watcher.store.history_audit import AuditHistory
from watcher.store.history_conversations import ConversationHistory
from watcher.store.history_deliveries import DeliveryHistory
from watcher.store.history_events import EventHistory
from watcher.store.history_silences import SilenceHistory
from watcher.store.history_sources import SourceHistory


class History:
    """What happened and how things stand, over a connection of open_read_only; each part asks about one noun."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.events = EventHistory(connection)
        self.conversations = ConversationHistory(connection)
        self.sources = SourceHistory(connection)
        self.deliveries = DeliveryHistory(connection)
        self.silences = SilenceHistory(connection)
        self.audit = AuditHistory(connection)
