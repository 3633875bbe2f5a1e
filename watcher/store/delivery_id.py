"""A delivery's id: made from what it is, so that it is the same whoever makes it."""

from __future__ import annotations

import hashlib

from watcher.domain.stage import FIRST, Stage


def delivery_id(event_id: str, channel: str, stage: Stage = FIRST) -> str:
    """Return the id of the delivery of an event to a channel at a stage: always the same, 32 hex digits."""
    whole = f"{event_id}\x1f{channel}" if stage == FIRST else f"{event_id}\x1f{channel}\x1f{stage}"
    return hashlib.blake2b(whole.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
