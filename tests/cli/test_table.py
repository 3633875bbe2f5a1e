"""How rows are laid out for a width."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from watcher.cli.table import GAP, LAST, Column, is_endless, lay_out, wrap

TEXT = st.text(st.characters(exclude_categories=["C", "Z", "M"]) | st.just(" "), max_size=80)


def columns(*, may_shrink: bool = False) -> tuple[Column, ...]:
    return (
        Column(title="name", show=lambda row: str(row[0]), may_shrink=may_shrink),
        Column(title="n", show=lambda row: str(row[1]), is_number=True),
        Column(title="what", show=lambda row: str(row[2])),
    )


def table(rows: list[tuple[object, ...]], *, may_shrink: bool = False) -> list[str]:
    return list(lay_out(rows, columns(may_shrink=may_shrink), has_header=True))


@pytest.fixture(autouse=True)
def width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")


def test_columns_stand_under_their_titles() -> None:
    assert table([("one", 1, "first"), ("eleven", 11, "last")]) == [
        "name     n  what",
        "one      1  first",
        "eleven  11  last",
    ]


def test_wide_signs_take_two_cells() -> None:
    assert table([("研究", 1, "x"), ("abcd", 1, "y")])[1:] == ["研究  1  x", "abcd  1  y"]


def test_the_last_column_is_wrapped_under_itself() -> None:
    assert table([("a", 1, "a sentence that is longer than what is left of the line")])[1:] == [
        "a     1  a sentence that is longer than",
        "         what is left of the line",
    ]


def test_a_column_that_may_give_way_is_cut_with_an_ellipsis() -> None:
    [_, row] = table([("a name that is much too long", 1, "what")], may_shrink=True)
    assert row == "a name that is much too long  1  what"
    [_, row, rest] = table([("a name that is much too long", 1, "what is told " * 3)], may_shrink=True)
    assert row == "a name that…  1  what is told what is"
    assert rest.strip() == "told what is told"


def test_a_last_column_that_may_give_way_is_cut_instead_of_wrapped() -> None:
    last = (
        Column(title="n", show=lambda row: str(row[0])),
        Column(title="what", show=lambda row: row[1], may_shrink=True),
    )
    [row] = lay_out([(1, "a sentence that is longer than the whole line is")], last, has_header=False)
    assert row == "1  a sentence that is longer than the w…"


def test_a_sign_that_the_terminal_obeys_is_written_out() -> None:
    assert table([("\x1b[1m", 1, "a\nb")])[1] == "\\x1b[1m  1  a\\nb"


def test_without_a_terminal_nothing_is_coloured() -> None:
    assert "\x1b" not in "".join(table([("a", 1, "b")]))


def test_a_table_of_fixed_columns_needs_not_wait_for_its_rows() -> None:
    fixed = [Column(title="a", show=str, width=5), Column(title="b", show=str)]
    assert is_endless(fixed)
    assert not is_endless(columns())


@given(TEXT, st.integers(2, 40))
def test_wrapping_keeps_every_word_and_the_width(text: str, width: int) -> None:
    lines = list(wrap(text, width))
    assert all(cell_len(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


@given(st.lists(st.tuples(TEXT, st.integers(0, 999), TEXT), max_size=5))
def test_no_line_is_wider_than_it_must_be(rows: list[tuple[object, ...]]) -> None:
    widest = max([cell_len(str(row[0])) for row in rows] + [4])
    bound = max(40, min(widest, 40) + 3 + LAST + 2 * len(GAP))
    assert all(cell_len(line) <= bound for line in table(rows, may_shrink=True))
