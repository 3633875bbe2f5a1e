"""Rows of the database and the values of the domain: how one becomes the other."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from watcher.domain.conversation import Conversation
from watcher.domain.event import Between, Event, EventType, Severity
from watcher.domain.link import make_link
from watcher.domain.snapshot import Presence, Row, Standing
from watcher.domain.state import State

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)
_LEVEL, _WINDOW_BITS, _MEMORY_LEVEL = 1, 12, 3
_WORDS = (
    b'["",null,null,{"displayName":"","objectType":"waggle/conversation","createdByID":"","createdByUserName":"",'
    b'"createdByUserDisplayName":"","createdDate":"2026-01-01T00:00:00Z","modifiedByID":"","modifiedByUserName":"",'
    b'"modifiedByUserDisplayName":"","modifiedDate":"","isRemoved":false,"latitude":null,"longitude":null,"altitude":null,'
    b'"externalID":"","secondaryExternalIDs":[],"isScoping":false,"isScopingSame":false,"isScoped":false,'
    b'"state":"OPEN_ACTIVE","isDiscoverable":false,"wallPostControl":"ANYONE_CAN_POST","hasMembersLocked":false,'
    b'"isDisallowGuests":false,"isDisallowOutsiders":false,"nOutsiders":0,"isExtendedAccessControl":false,"folderID":"",'
    b'"role":"HOST","isMuted":false,"isNew":false,"nChats":0,"nMarkableChats":0,"nUnread":0,"nFollowups":0}]'
    b'["","open",null,{"id":"1","type":"course","sub_type":"PUBLIC","org_id":"","name":"","content_name":"",'
    b'"status":"started","register_status":"available","start_on":"2026-01-01T00:00:00Z","end_on":"2026-01-01T00:00:00Z",'
    b'"close_on":"2026-01-01T00:00:00Z","start_register_on":"2026-01-01T00:00:00Z",'
    b'"last_updated_on":"2026-01-01T00:00:00Z","created_on":"2026-01-01T00:00:00Z","visible":true,"active":true,'
    b'"private_mode":false,"external_code":"","max_count":0,"max_user_count":0,"max_facilitator_count":0,'
    b'"registered_user_count":0,"registered_facilitator_count":0,"open_questions_count":0,"to_facilitator_count":0}]'
)
"""what documents look like, so that the first of each kind compresses as well as the thousandth (RFC 1950, preset
dictionary). Stored documents cannot be read with another one: it may never change."""
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


def to_ms(instant: datetime | None) -> int | None:
    """Return an instant as milliseconds since 1970, rounded down."""
    if instant is None:
        return None
    span = instant - _EPOCH
    return (span.days * 86_400 + span.seconds) * 1_000 + span.microseconds // 1_000


def from_ms(count_ms: int | None) -> datetime | None:
    """Return milliseconds since 1970 as an aware instant in UTC."""
    return None if count_ms is None else _EPOCH + count_ms * _MS


def instant(count_ms: int) -> datetime:
    """Return milliseconds since 1970 that are known to be there."""
    return _EPOCH + count_ms * _MS


def pack(conversation: Conversation) -> bytes:
    """Return a conversation's values as a compressed document, to be kept once a version."""
    shown = (conversation.name, conversation.state, conversation.reason, conversation.fields)
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _WINDOW_BITS, _MEMORY_LEVEL, zlib.Z_DEFAULT_STRATEGY, _WORDS)
    return packer.compress(_encode(shown)) + packer.flush()


def unpack(conversation_id: str, doc: bytes, link: str = "") -> Conversation:
    """Return the conversation of a document; `link` is its source's template, empty for none."""
    name, state, reason, fields = _decode(zlib.decompressobj(_WINDOW_BITS, _WORDS).decompress(doc))
    known = State(state) if state else None
    url = make_link(link, conversation_id, fields)
    return Conversation(id=conversation_id, name=name, state=known, reason=reason, fields=fields, url=url)


def row_of(row: Mapping[str, Any] | Any) -> Row:
    """Return the stored row of a row of `rows` joined with its version's doc."""
    return Row(
        conversation=unpack(row["id"], row["doc"]), rev=row["rev"], digest=row["digest"], standing=standing_of(row)
    )


def standing_of(row: Mapping[str, Any] | Any) -> Standing:
    """Return where a row of the table `rows` stands."""
    return Standing(
        presence=Presence(row["presence"]),
        absent_reads=row["absent_reads"],
        absent_since=from_ms(row["absent_since_ms"]),
        known_at=from_ms(row["known_at_ms"]),
        is_closed_told=bool(row["is_closed_told"]),
        waiting_since=from_ms(row["waiting_since_ms"]),
    )


def event_of(row: Mapping[str, Any] | Any) -> Event:
    """Return the event of a row of `events` joined with its version's doc and its source's link (EVENT_COLUMNS)."""
    after, before = from_ms(row["after_ms"]), from_ms(row["before_ms"])
    doc = row["doc"]
    return Event(
        id=row["id"],
        source=row["source"],
        type=EventType(row["type"]),
        subject=row["subject"],
        time=instant(row["time_ms"]),
        severity=Severity(row["severity"]),
        between=Between(after=after, before=before) if after and before else None,
        details=json.loads(row["details"]),
        conversation=unpack(row["subject"], doc, row["link"] or "") if doc is not None else None,
    )


EVENT_COLUMNS = """e.seq, e.id, e.source, e.type, e.subject, e.time_ms, e.severity, e.after_ms, e.before_ms,
    e.details, v.doc, s.link FROM events e LEFT JOIN versions v ON v.key = e.version
    LEFT JOIN sources s ON s.name = e.source"""
"""what event_of needs, with the tables it comes from: `SELECT {EVENT_COLUMNS} WHERE …`"""
