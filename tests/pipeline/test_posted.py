"""What a replay would have sent: whose message it is, and what it tells."""

from datetime import UTC, datetime

from watcher.domain.stage import FIRST, repeat
from watcher.pipeline.posted import Posted, PostedPart


def test_a_message_is_that_of_its_lead() -> None:
    parts = (PostedPart(7, "questions", repeat(1)), PostedPart(3, "others", FIRST))
    posted = Posted(channel="mail", at=datetime(2026, 11, 23, tzinfo=UTC), parts=parts)
    assert (posted.rule, posted.stage, posted.places) == ("questions", repeat(1), (7, 3))
