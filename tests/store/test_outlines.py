"""A remembered page loads what its digest does not settle when it is looked at, and once."""

from watcher.domain.listing import Digests, PageOutline
from watcher.store.outlines import Parts, StoredOutline, pack_ids

DIGESTS = b"1" * Digests.SIZE + b"2" * Digests.SIZE


class Shelf:
    """Gives the parts of one page, and counts how often."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self) -> Parts:
        self.asked += 1
        return pack_ids(["a", "b"]), DIGESTS, b"layout"


def stored(shelf: Shelf) -> PageOutline:
    return StoredOutline(digest=b"whole", total=None, has_more=True, size=2, load=shelf)


def test_the_head_of_a_page_loads_nothing() -> None:
    shelf = Shelf()
    outline = stored(shelf)
    assert (outline.digest, outline.total, outline.has_more, outline.size) == (b"whole", None, True, 2)
    assert shelf.asked == 0


def test_its_parts_are_loaded_once() -> None:
    shelf = Shelf()
    outline = stored(shelf)
    assert (tuple(outline.ids), outline.row_digests, outline.layout) == (("a", "b"), Digests(DIGESTS), b"layout")
    assert shelf.asked == 1


def test_at_hand_another_thread_loads_nothing() -> None:
    shelf = Shelf()
    outline = stored(shelf).at_hand()
    assert shelf.asked == 1
    assert (outline.layout, shelf.asked) == (b"layout", 1)


def test_ids_that_are_packed_are_not_packed_again() -> None:
    ids = stored(Shelf()).ids
    assert pack_ids(ids) is pack_ids(ids)
    assert pack_ids(ids) == pack_ids(["a", "b"])
