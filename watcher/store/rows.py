"""Rows of the database and the values of the domain: how one becomes the other."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import msgspec

from watcher.domain.conversation import Conversation
from watcher.domain.event import Between, Event, EventType, Severity
from watcher.domain.link import make_link
from watcher.domain.snapshot import Presence, Row, Standing
from watcher.domain.state import State

if TYPE_CHECKING:  # as in pipeline.snapshots
    from watcher.domain.plain import Shown

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)
_WINDOW_BITS = 12
_COMPRESSED = 0x48
"""the first byte of a document that the first schema compressed (RFC 1950); a JSON text never begins so"""
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
"""the preset dictionary of those documents, without which they cannot be read: it may never change"""
SHAPES: tuple[tuple[str, ...], ...] = (
    (
        "id", "type", "sub_type", "org_id", "name", "content_name", "status", "register_status", "start_on", "end_on",
        "close_on", "start_register_on", "last_updated_on", "created_on", "visible", "active", "private_mode",
        "external_code", "max_count", "max_user_count", "max_facilitator_count", "registered_user_count",
        "registered_facilitator_count", "open_questions_count", "to_facilitator_count",
    ),
    (
        "id", "name", "displayName", "objectType", "createdByID", "createdByUserName", "createdByUserDisplayName",
        "createdDate", "createdDateInISO8601Format", "modifiedDateInISO8601Format", "modifiedByID",
        "modifiedByUserName", "modifiedByUserDisplayName", "modifiedDate", "dateFormatLocale", "isRemoved",
        "latitude", "longitude", "altitude", "externalID", "discoverableID", "secondaryExternalIDs", "isScoping",
        "isScopingSame", "isScoped", "state", "isDiscoverable", "wallPostControl", "hasMembersLocked",
        "isDisallowGuests", "isDisallowOutsiders", "nOutsiders", "isExtendedAccessControl", "folderID", "role",
        "isMuted", "isNew", "nChats", "nMarkableChats", "nUnread", "nFollowups", "hierarchicalMembersInfo", "url",
        "conversationURL", "allMembershipsURL", "archiveURL", "collectionURL", "createdByURL", "modifiedByURL",
        "folderURL", "gadgetsURL", "membersURL", "messagesURL",
    ),
)  # fmt: skip
"""Names that come together in rows: a document then holds their values alone, in this order.

Stored documents name them by their place: a shape may be added at the end, none may ever change.
"""
_PICKERS = tuple((names, frozenset(names), itemgetter(*names)) for names in SHAPES)
_NO_OTHERS: Mapping[str, Any] = {}
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


def to_ms(instant: datetime | None) -> int | None:
    """Return an instant as milliseconds since 1970, rounded down."""
    return None if instant is None else known_ms(instant)


def from_ms(count_ms: int | None) -> datetime | None:
    """Return milliseconds since 1970 as an aware instant in UTC."""
    return None if count_ms is None else _EPOCH + count_ms * _MS


def instant(count_ms: int) -> datetime:
    """Return milliseconds since 1970 that are known to be there."""
    return _EPOCH + count_ms * _MS


def known_ms(instant: datetime) -> int:
    """Return an instant that is there as milliseconds since 1970, rounded down."""
    span = instant - _EPOCH
    return (span.days * 86_400 + span.seconds) * 1_000 + span.microseconds // 1_000


def pack(conversation: Conversation) -> bytes:
    """Return a conversation's values as a document: JSON of name, state, reason, shape, values, other fields.

    The name is null where it is that of the fields. The shape is null, and every field among the others, where the row
    has not all names of one.
    """
    fields = conversation.fields
    name = None if conversation.name == fields.get("name") else conversation.name
    for shape, (names, known, pick) in enumerate(_PICKERS):
        if names[-1] not in fields:
            continue
        try:
            values = pick(fields)
        except KeyError:
            continue
        is_whole = len(fields) == len(names)
        others = {} if is_whole else {field: value for field, value in fields.items() if field not in known}
        return _encode((name, conversation.state, conversation.reason, shape, values, others))
    return _encode((name, conversation.state, conversation.reason, None, (), fields))


def pack_plain(names: Sequence[str], rows: Sequence[tuple[str, Shown]]) -> list[bytes]:
    """Return the documents of some plain rows, each with its id, as `pack` makes them."""
    if tuple(names) not in SHAPES:
        return [
            pack(
                Conversation(
                    id=row_id, name=name, state=state, reason=reason, fields=dict(zip(names, values, strict=True))
                )
            )
            for row_id, (values, name, state, reason) in rows
        ]
    shape, own = SHAPES.index(tuple(names)), names.index("name")
    return [
        _encode((None if name == values[own] else name, state, reason, shape, values, _NO_OTHERS))
        for _, (values, name, state, reason) in rows
    ]


def is_compressed(doc: bytes) -> bool:
    """Whether a document was compressed by the first schema."""
    return doc[0] == _COMPRESSED


def unpack(conversation_id: str, doc: bytes, link: str = "") -> Conversation:
    """Return the conversation of a document; `link` is its source's template, empty for none."""
    if not is_compressed(doc):
        return conversation_of(conversation_id, _decode(doc), link)
    name, state, reason, fields = _decode(zlib.decompressobj(_WINDOW_BITS, _WORDS).decompress(doc))
    return _conversation(conversation_id, name, state, reason, fields, link)


def conversation_of(conversation_id: str, document: Sequence[Any], link: str = "") -> Conversation:
    """Return the conversation of a document that was decoded."""
    name, state, reason, shape, values, others = document
    fields = others if shape is None else dict(zip(SHAPES[shape], values, strict=True), **others)
    name = str(fields.get("name") or "") if name is None else name
    return _conversation(conversation_id, name, state, reason, fields, link)


def _conversation(
    conversation_id: str, name: str, state: str | None, reason: str | None, fields: Mapping[str, Any], link: str
) -> Conversation:
    known = _STATES[state] if state else None
    url = make_link(link, conversation_id, fields) if link else None
    return Conversation(id=conversation_id, name=name, state=known, reason=reason, fields=fields, url=url)


def row_of(row: Mapping[str, Any] | Any) -> Row:
    """Return the stored row of a row of the table `rows`."""
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


def standing_columns(standing: Standing) -> tuple[object, ...]:
    """Return a standing as the columns presence, absent reads and since, known at, closed told, waiting since."""
    absent, known, waiting = standing.absent_since, standing.known_at, standing.waiting_since
    return (
        standing.presence._value_,
        standing.absent_reads,
        None if absent is None else known_ms(absent),
        None if known is None else known_ms(known),
        standing.is_closed_told,
        None if waiting is None else known_ms(waiting),
    )


_STATES = {state.value: state for state in State}
KINDS = {kind.value: kind for kind in EventType}
_SEVERITIES = {severity.value: severity for severity in Severity}
"""looked up a hundred thousand times in a backtest; to call an enum takes ten times as long"""


def _details(text: str) -> Any:
    """Return details; NaN and infinities, which Python writes though JSON has none, are read by Python alone."""
    try:
        return _decode(text)
    except msgspec.DecodeError:
        return json.loads(text)


def event_of(row: Mapping[str, Any] | Any) -> Event:
    """Return the event of a row of `events` joined with its version's doc and its source's link (EVENT_COLUMNS)."""
    after, before = from_ms(row["after_ms"]), from_ms(row["before_ms"])
    doc = row["doc"]
    return Event(
        id=row["id"],
        source=row["source"],
        type=KINDS[row["type"]],
        subject=row["subject"],
        time=instant(row["time_ms"]),
        severity=_SEVERITIES[row["severity"]],
        between=Between(after=after, before=before) if after and before else None,
        details=_details(row["details"]),
        conversation=unpack(row["subject"], doc, row["link"] or "") if doc is not None else None,
    )


EVENT_COLUMNS = """e.seq, e.id, e.source, e.type, e.subject, e.time_ms, e.severity, e.after_ms, e.before_ms,
    e.details, v.doc, s.link FROM events e LEFT JOIN versions v ON v.key = e.version
    LEFT JOIN sources s ON s.name = e.source"""
"""what event_of needs, with the tables it comes from: `SELECT {EVENT_COLUMNS} WHERE …`"""
