"""A named tuple that is made fast is the one that its class makes."""

from watcher.domain.listing import RawRow
from watcher.domain.making import maker


def test_what_is_made_is_what_the_class_makes() -> None:
    values = ("a", b"digest", b"body")
    made = maker(RawRow)(values)
    assert (type(made), made, made.body) == (RawRow, RawRow._make(values), b"body")
