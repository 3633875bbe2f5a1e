"""A sample: the message that a rule makes of a stored event, as it would go out now."""

from __future__ import annotations

from datetime import datetime

from watcher.bootstrap.wording import make_words
from watcher.config.model import Config
from watcher.domain.event import Event
from watcher.domain.rule import Rule
from watcher.domain.waiting import Part
from watcher.pipeline.writing import Written, write


def write_sample(config: Config, rule: Rule, event: Event, now: datetime) -> Written:
    """Return the message, in the rule's own words where it has any, and why it has not where they failed."""
    return write([Part(event=event, rule=rule.name)], zone=config.timezone, now=now, reword=make_words(config))
