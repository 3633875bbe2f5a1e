"""The seal: pieces that are harmless alone are harmless together."""

import pytest

from watcher.templates._budget import TEXT_LIMIT, TroubleError
from watcher.templates._seal import Shown, seal, show

TABLE: list[tuple[list[str], str]] = [
    # what a template writes and what values show (in Shown), and the text it becomes
    (["Hello ", Shown("Ada"), "!"], "Hello Ada!"),
    ([Shown("@"), Shown("everyone")], "@ everyone"),
    ([Shown("x @"), "everyone"], "x @ everyone"),
    (["x @", Shown("everyone")], "x @ everyone"),
    (["<!", Shown("channel")], "<! channel"),
    ([Shown("evil"), Shown(".example")], "evil .example"),
    ([Shown("evil"), ".", Shown("example")], "evil. example"),
    (["https://host.example/", Shown("7"), "/", Shown("8")], "https://host.example/7/8"),
    (["**", Shown("bold"), "**"], "**bold**"),
    (["@here ", Shown("x")], "@here x"),
    (["a\n", Shown("b c"), "\n\n  d"], "a\nb c\n\n  d"),
    (["@", "here"], "@here"),
    ([], ""),
]


@pytest.mark.parametrize("pieces, text", TABLE)
def test_pieces_become_one_harmless_text(pieces: list[str], text: str) -> None:
    assert seal(pieces) == text


def test_a_shown_value_keeps_its_lines_and_edges() -> None:
    assert show(" a  b \n<b>\n") == " a b \n‹b›\n"
    assert isinstance(str(show("x")), Shown)
    assert show("   ") == "   "


def test_a_text_without_end_is_stopped() -> None:
    taken = 0

    def pieces() -> object:
        nonlocal taken
        while True:
            taken += 1
            yield "x" * 1_000

    with pytest.raises(TroubleError, match="longer than 20000"):
        seal(pieces())  # type: ignore[arg-type]  # a generator without end
    assert taken <= TEXT_LIMIT / 1_000 + 1
