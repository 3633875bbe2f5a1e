"""Outlines: a remembered page, of which most is loaded only where its digest does not settle everything."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Self, overload

import msgspec

from watcher.domain.listing import Digests, PageOutline

Parts = tuple[bytes, bytes, bytes]
"""the packed ids, the digests of the rows and the layout of a page, as they are stored"""

_encode = msgspec.msgpack.Encoder().encode
unpack_ids = msgspec.msgpack.Decoder(tuple[str, ...]).decode


class StoredOutline(PageOutline):
    """The outline of a stored page; its parts are loaded when they are first looked at: most pages are as they were.

    `size`: how many rows it has. `load` is called once, by whoever looks first, on the thread that the pages belong to.
    """

    __slots__ = ("_load", "_parts", "_size")
    _load: Callable[[], Parts]
    _parts: tuple[PackedIds, Digests, bytes] | None
    _size: int

    def __init__(
        self, *, digest: bytes, total: int | None, has_more: bool | None, size: int, load: Callable[[], Parts]
    ) -> None:
        for name, value in (("digest", digest), ("total", total), ("has_more", has_more), ("_size", size)):
            object.__setattr__(self, name, value)
        object.__setattr__(self, "_load", load)
        object.__setattr__(self, "_parts", None)

    @property
    def ids(self) -> Sequence[str]:
        """The ids of its rows."""
        return self._loaded[0]

    @property
    def row_digests(self) -> Digests:
        """The digests of its rows."""
        return self._loaded[1]

    @property
    def layout(self) -> bytes:
        """The source's note of where its rows lie."""
        return self._loaded[2]

    @property
    def size(self) -> int:
        """How many rows it has."""
        return self._size

    def at_hand(self) -> Self:
        """Return it with its parts loaded."""
        self._loaded  # noqa: B018 - looking is loading
        return self

    @property
    def _loaded(self) -> tuple[PackedIds, Digests, bytes]:
        known = self._parts
        if known is None:
            ids, digests, layout = self._load()
            known = PackedIds(ids, self._size), Digests(digests), layout
            object.__setattr__(self, "_parts", known)
        return known


class PackedIds(Sequence[str]):
    """The ids of a page, unpacked when they are first looked at; `packed` is how they are stored."""

    def __init__(self, packed: bytes, count: int) -> None:
        self.packed, self._count = packed, count
        self._unpacked: tuple[str, ...] | None = None

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[str, ...]: ...
    def __getitem__(self, place: int | slice) -> str | tuple[str, ...]:
        return self._all[place]

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Sequence) and self._all == tuple(other))

    def __hash__(self) -> int:
        return hash(self._all)

    @property
    def _all(self) -> tuple[str, ...]:
        if self._unpacked is None:
            self._unpacked = unpack_ids(self.packed)
        return self._unpacked


def pack_ids(ids: Sequence[str]) -> bytes:
    """Return ids as they are stored; those of a stored page are packed already."""
    return ids.packed if isinstance(ids, PackedIds) else _encode(tuple(ids))
