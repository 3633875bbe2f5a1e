"""What the table says of a figure that is met, missed or not run."""

import pytest

from torture.report import amend, table, write
from torture.trial import Trial, at_most, exactly, none_of, not_run

FIGURES = [
    exactly("kills", 3, 3),
    none_of("lost", ["a | b"], of=9),
    at_most("lines", 2, 1),
    not_run("cuts", "needs root"),
]
TRIAL = Trial(key="R1", title="Killed", about="It was killed.", figures=FIGURES, notes=["On a quiet day."])


def test_each_figure_is_a_row_with_its_mark_and_its_command() -> None:
    command = '`make torture ARGS="--only R1"`'
    assert list(table([TRIAL]))[2:] == [
        f"| R1 | kills | 3 | 3 | ✓ | {command} |",
        f"| R1 | lost | 1 of 9 (a \\| b) | 0 | ✗ | {command} |",
        f"| R1 | lines | 2 | ≤ 1 | ✗ | {command} |",
        f"| R1 | cuts | not run: needs root |  | – | {command} |",
    ]


def test_the_document_says_the_limits_the_day_and_what_was_done() -> None:
    document = write([TRIAL], {"date": "2026-11-24", "commit": "abc"}, is_quick=False)
    for part in ("At least once", "- date: 2026-11-24", "- commit: abc", "It was killed.", "- On a quiet day."):
        assert part in document


def test_a_trial_that_is_measured_anew_takes_the_place_of_what_was_there() -> None:
    others = [
        Trial(key=key, title="Else", about="Other.", figures=FIGURES[:1], notes=["x", "y"]) for key in ("R10", "S1")
    ]
    machine, later = (
        {"date": day, "commit": name, "processor": "one"} for day, name in (("Mon", "abc"), ("Tue", "def"))
    )
    first = write([TRIAL, *others], machine, is_quick=False)
    anew = Trial(key="R1", title="Killed", about="Twice.", figures=[exactly("kills", 7, 7)])
    assert amend(first, [TRIAL], machine).replace("- R1 anew: Mon, commit abc\n", "") == first
    for _ in range(2):
        found = amend(first, [anew], later)
        assert found == write([anew, *others], machine, is_quick=False).replace(
            "- processor: one\n", "- processor: one\n- R1 anew: Tue, commit def\n"
        )
        first = found
    with pytest.raises(ValueError, match="R2"):
        amend(first, [Trial(key="R2", title="", about="", figures=[])], later)
