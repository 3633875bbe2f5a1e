"""The chronicle: what the log hears of polls and deliveries; trouble once when it begins and once when it ends."""

from __future__ import annotations

import logging
import threading

from watcher.daemon.log import line
from watcher.domain.delivery import DeliveryState
from watcher.pipeline.dispatch import Turn
from watcher.pipeline.poll import PollReport

LOG = logging.getLogger(__name__)


class Chronicle:
    """Remembers what it told, so that it is told once; used by many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._told: dict[str, str] = {}

    def poll(self, source: str, report: PollReport | None) -> None:
        """Tell of a poll; None is one that failed unexpectedly, which has been told."""
        if report is None:
            return
        record = report.record
        facts = {"source": source, "rows": record.rows, "changed": record.changed, "events": record.events}
        level = logging.INFO if record.events else logging.DEBUG
        LOG.log(level, line("poll.done", outcome=record.outcome.value, pages=record.pages, **facts))
        self._edge(f"source {source}", record.error, "source.failed", "source.recovered", source=source)
        self._edge(f"suspect {source}", report.suspect, "source.suspect", "source.believed", source=source)

    def turn(self, channel: str, turn: Turn) -> bool:
        """Tell of a delivery; return whether the channel is or was in trouble."""
        outcome = turn.outcome
        if turn.claim is None or outcome is None:
            return False
        facts = {"channel": channel, "delivery": turn.claim.delivery_id, "event": turn.claim.event.type.value}
        is_well = outcome.state in {DeliveryState.DELIVERED, DeliveryState.UNCONFIRMED}
        if turn.handed_to:
            LOG.warning(line("delivery.handed", **facts, backup=turn.handed_to, reason=outcome.reason))
        elif outcome.state is DeliveryState.DEAD:
            LOG.error(line("delivery.dead", **facts, reason=outcome.reason))
        else:
            LOG.debug(line(f"delivery.{outcome.state.value}", **facts, reason=outcome.reason))
        error = "" if is_well else outcome.reason
        return self._edge(f"channel {channel}", error, "channel.failed", "channel.recovered", channel=channel)

    def _edge(self, key: str, error: str, begun: str, ended: str, **facts: str) -> bool:
        with self._lock:
            before, self._told[key] = self._told.get(key, ""), error
        if error and not before:
            LOG.warning(line(begun, **facts, error=error))
        elif before and not error:
            LOG.info(line(ended, **facts))
        return bool(error or before)
