"""Two sets of rules over the same events: what is gained, lost and only moved, and what became of the rest."""

from datetime import UTC, datetime, timedelta

from watcher.domain.delivery import DeliveryState
from watcher.domain.stage import FIRST, repeat
from watcher.pipeline.comparison import Count, compare, fates, tally
from watcher.pipeline.posted import Posted, PostedPart, StillWaiting, Untold
from watcher.pipeline.replay import Outcome

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def told(*places: int, channel: str = "mail", rule: str = "r", after: int = 0) -> Posted:
    parts = tuple(PostedPart(place, rule, FIRST) for place in places)
    return Posted(channel=channel, at=NOW + after * MINUTE, parts=parts)


def ended(place: int, state: DeliveryState, reason: str) -> Untold:
    return Untold(channel="mail", rule="r", at=NOW, place=place, stage=FIRST, state=state, reason=reason)


def test_a_message_is_the_same_where_it_tells_the_same_events_on_the_same_channel() -> None:
    old = Outcome(posted=(told(1, 2), told(3), told(4, channel="chat")))
    new = Outcome(posted=(told(2, 1, rule="other", after=5), told(3), told(4)))
    found = compare(old, new, NOW)
    assert found.moved == (new.posted[0],)
    assert (found.lost, found.gained) == ((old.posted[2],), (new.posted[2],))
    assert found.unheard == {("chat", 4)}
    assert found.news == {("mail", 4)}


def test_what_two_messages_told_and_one_tells_now_is_heard_all_the_same() -> None:
    old, new = Outcome(posted=(told(1), told(2))), Outcome(posted=(told(1, 2),))
    found = compare(old, new, NOW)
    assert (len(found.lost), len(found.gained)) == (2, 1)
    assert (found.unheard, found.news) == (frozenset(), frozenset())


def test_what_still_waits_is_not_unheard() -> None:
    waiting = StillWaiting(channel="mail", rule="r", place=1, stage=FIRST)
    assert compare(Outcome(posted=(told(1),)), Outcome(waiting=(waiting,)), NOW).unheard == frozenset()


def test_what_went_out_before_the_span_is_neither_gained_nor_lost() -> None:
    early = Outcome(posted=(told(1, after=-1),))
    assert compare(early, Outcome(), NOW).lost == ()
    assert compare(Outcome(), early, NOW).gained == ()


def test_each_rule_and_channel_has_its_numbers() -> None:
    old = Outcome(
        posted=(told(1, 2),),
        untold=(ended(3, DeliveryState.SILENCED, "muted"), ended(4, DeliveryState.OBSOLETE, "over")),
        waiting=(StillWaiting(channel="mail", rule="r", place=5, stage=FIRST),),
    )
    (row,) = tally(old, Outcome(), compare(old, Outcome(), NOW), NOW)
    assert row.old == Count(messages=1, events=2, silenced=1, obsolete=1, waiting=1)
    assert (row.rule, row.channel, row.new, row.lost, row.gained) == ("r", "mail", Count(), 1, 0)


def test_a_fate_is_said_in_words() -> None:
    again = Posted(channel="mail", at=NOW, parts=(PostedPart(1, "r", repeat(1)),))
    outcome = Outcome(
        posted=(told(1, 2, 3), again),
        untold=(ended(4, DeliveryState.OBSOLETE, "over by now"),),
        waiting=(StillWaiting(channel="mail", rule="r", place=5, stage=FIRST),),
    )
    assert fates(outcome) == {
        ("mail", 1, FIRST): "told with 2 others",
        ("mail", 2, FIRST): "told with 2 others",
        ("mail", 3, FIRST): "told with 2 others",
        ("mail", 1, repeat(1)): "told alone",
        ("mail", 4, FIRST): "over by now",
        ("mail", 5, FIRST): "waits still",
    }
