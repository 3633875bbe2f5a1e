"""A stage is written in a word and a number, and read back."""

import pytest

from watcher.domain.stage import CLEARED, FIRST, Stage, escalation, read_stage, repeat


@pytest.mark.parametrize(
    "stage, written",
    [(FIRST, "first"), (repeat(1), "repeat 1"), (repeat(12), "repeat 12"), (escalation(2), "escalation 2"),
     (CLEARED, "cleared")],
)  # fmt: skip
def test_a_stage_is_written_and_read_back(stage: Stage, written: str) -> None:
    assert str(stage) == written
    assert read_stage(written) == stage


@pytest.mark.parametrize("written", ["", "again", "repeat x"])
def test_what_is_no_stage_is_refused(written: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whichever part is wrong
        read_stage(written)


def test_only_what_is_told_again_is_a_reminder() -> None:
    assert [stage.is_reminder for stage in (FIRST, repeat(1), escalation(1), CLEARED)] == [False, True, True, False]
