"""A source that answers each read with what a test wrote down."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any

from watcher.domain.api import Api
from watcher.domain.conversation import Reading
from watcher.domain.errors import SourceError
from watcher.domain.listing import Digests, Page, PageOutline, find_fresh
from watcher.domain.plain import Values
from watcher.pipeline.ports import Look, PageMemory
from watcher.sources._tolerant import TolerantReader
from watcher.sources.onq import ONQ

Fields = Mapping[str, Any]


def digest(body: bytes | memoryview, /) -> bytes:
    return hashlib.blake2b(body, digest_size=16).digest()


def raw(fields: Fields) -> bytes:
    return json.dumps(dict(fields)).encode()


def row(row_id: str, **fields: Any) -> Fields:
    """A row with every documented field; those that are not named say nothing."""
    return {**dict.fromkeys(ONQ.fields), "id": row_id, "name": f"Course {row_id}", "status": "open", **fields}


def outline(rows: Sequence[Fields], total: int | None = None) -> PageOutline:
    bodies = [raw(each) for each in rows]
    return PageOutline(
        digest=digest(b"\n".join(bodies)),
        ids=tuple(str(each["id"]) for each in rows),
        row_digests=Digests(b"".join(map(digest, bodies))),
        total=total,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """One page of a script."""

    rows: Sequence[Fields]
    overlap: int = 0
    total: int | None = None
    note: str = ""

    def page(self, position: int, known: PageOutline | None) -> Page:
        found = outline(self.rows, self.total)
        if known is not None and known.digest == found.digest:
            return Page(position=position, outline=known, fresh=(), overlap=self.overlap, note=self.note)
        fresh = find_fresh(found, [raw(each) for each in self.rows], known)
        return Page(position=position, outline=found, fresh=fresh, overlap=self.overlap, note=self.note)


Script = Sequence[Leaf | SourceError]


def pages(*leaves: Iterable[Fields]) -> Script:
    return [Leaf(rows=list(rows)) for rows in leaves]


@dataclass
class ScriptedSource:
    """Answers each read with the next of `scripts`, the last one again and again; an error in a script is raised."""

    scripts: list[Script] = field(default_factory=list)
    looks: dict[str, Look | SourceError] = field(default_factory=dict)
    name: str = "campus"
    api: Api = ONQ
    reads: int = 0
    asked: list[str] = field(default_factory=list)

    def read(self, memory: PageMemory) -> Iterator[Page]:
        self.reads += 1
        script = self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]
        for position, leaf in enumerate(script):
            if isinstance(leaf, SourceError):
                raise leaf
            yield leaf.page(position, memory.recall(position))

    def interpret(self, body: bytes) -> Reading:
        return TolerantReader(self.api, UTC, {}).read(body)

    def interpret_plain(self, bodies: Sequence[bytes]) -> Sequence[Values | None]:
        return TolerantReader(self.api, UTC, {}).read_plain(bodies)

    def look(self, conversation_id: str) -> Look:
        self.asked.append(conversation_id)
        answer = self.looks.get(conversation_id, SourceError("nobody knows"))
        if isinstance(answer, SourceError):
            raise answer
        return answer

    def close(self) -> None:
        """Nothing to let go of."""
