"""Oracle Social Network: its fields, its options, and how its list of conversations is read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import quote

from pydantic import Field as Setting
from pydantic import StrictInt, field_validator

from watcher.domain.api import Api, Field, FieldKind, Role
from watcher.domain.conversation import Reading
from watcher.domain.listing import Page, PageOutline
from watcher.domain.plain import Values
from watcher.domain.state import State
from watcher.pipeline.ports import Digest, Fate, Look, PageMemory
from watcher.sources._answer import Answer
from watcher.sources._cut import Cut, cut_page
from watcher.sources._http import Http
from watcher.sources._page import Envelope, Sheet, as_utf8, is_utf8, row_id, split_json
from watcher.sources._reading import Walk, read_by_start
from watcher.sources._session import BearerAuth, OsnAuth, Session
from watcher.sources._tolerant import TolerantReader
from watcher.sources._url import UrlOptions, canonical
from watcher.sources.osn_filter import FilterNames, OsnFilter, encode_filter
from watcher.sources.settings import SourceSettings

_API_PATH = "social/api/v1"
_PATH = "conversations"
_WEB_CLIENT = re.compile(r"(?<!/)/(web|social)(/.*)?$")
_OK, _NOT_FOUND = 200, 404


def _fields(kind: FieldKind, names: str, *, is_watched: bool = True) -> dict[str, Field]:
    return {name: Field(kind=kind, is_watched=is_watched) for name in names.split()}


def _choice(*choices: str) -> Field:
    return Field(kind=FieldKind.CHOICE, choices=choices)


OSN = Api(
    name="osn",
    fields={
        **_fields(FieldKind.TEXT, "id name displayName objectType"),
        **_fields(FieldKind.TEXT, "createdByID createdByUserName createdByUserDisplayName"),
        **_fields(FieldKind.INSTANT, "createdDate"),
        **_fields(FieldKind.INSTANT, "createdDateInISO8601Format modifiedDateInISO8601Format", is_watched=False),
        **_fields(FieldKind.TEXT, "modifiedByID modifiedByUserName modifiedByUserDisplayName", is_watched=False),
        **_fields(FieldKind.INSTANT, "modifiedDate", is_watched=False),
        **_fields(FieldKind.TEXT, "dateFormatLocale"),
        **_fields(FieldKind.FLAG, "isRemoved"),
        **_fields(FieldKind.NUMBER, "latitude longitude altitude"),
        **_fields(FieldKind.TEXT, "externalID discoverableID"),
        **_fields(FieldKind.OTHER, "secondaryExternalIDs"),
        **_fields(FieldKind.FLAG, "isScoping isScopingSame isScoped"),
        "state": _choice("OPEN_ACTIVE", "CLOSED_CHAINED", "CLOSED_DISABLED", "CLOSED_DROPPED", "CLOSED_RESOLVED"),
        **_fields(FieldKind.FLAG, "isDiscoverable"),
        "wallPostControl": _choice("ANYONE_CAN_POST", "OWNER_ONLY_POSTS", "OWNER_TOP_LEVEL"),
        **_fields(FieldKind.FLAG, "hasMembersLocked isDisallowGuests isDisallowOutsiders"),
        **_fields(FieldKind.COUNT, "nOutsiders"),
        **_fields(FieldKind.FLAG, "isExtendedAccessControl"),
        **_fields(FieldKind.TEXT, "folderID role"),
        **_fields(FieldKind.FLAG, "isMuted"),
        **_fields(FieldKind.FLAG, "isNew", is_watched=False),
        **_fields(FieldKind.COUNT, "nChats nMarkableChats", is_watched=False),
        **_fields(FieldKind.COUNT, "nUnread nFollowups"),
        **_fields(FieldKind.OTHER, "hierarchicalMembersInfo", is_watched=False),
        **_fields(
            FieldKind.TEXT,
            "url conversationURL allMembershipsURL archiveURL collectionURL createdByURL modifiedByURL folderURL"
            " gadgetsURL membersURL messagesURL",
            is_watched=False,
        ),
    },
    roles={
        Role.NAME: "name",
        Role.STATE: "state",
        Role.UNREAD: "nUnread",
        Role.FOLLOWUPS: "nFollowups",
        Role.OUTSIDERS: "nOutsiders",
        Role.REMOVED: "isRemoved",
    },
    states={
        "OPEN_ACTIVE": (State.OPEN, None),
        **{
            f"CLOSED_{reason.upper()}": (State.ENDED, reason)
            for reason in ("chained", "disabled", "dropped", "resolved")
        },
    },
    omits_empty=True,
    explains_absence=True,
    moving_names=re.compile(r"modifiedBy.*|.*URL|.*InISO8601Format"),
    own_events=frozenset({"state", "nUnread", "nFollowups", "nOutsiders", "isRemoved"}),
)
_TWINS = {name: f"{name}InISO8601Format" for name in ("createdDate", "modifiedDate")}


class OsnOptions(UrlOptions):
    """What `[sources.NAME]` may hold for `api = "osn"`, beside what every source has."""

    auth: OsnAuth
    page_size: Annotated[StrictInt, Setting(ge=1, le=10_000)] = 100
    filter: OsnFilter = OsnFilter()
    filter_names: FilterNames = FilterNames.CAMEL
    check_total: bool = True

    @field_validator("url", mode="before")
    @classmethod
    def _without_web_client(cls, written: Any) -> Any:
        """Cut an address that was copied from the web client, `https://HOST/osn/web/#…`, at its context root."""
        if not isinstance(written, str):
            return written
        address, _, _ = written.strip().partition("#")
        return _WEB_CLIENT.sub("", address) if _WEB_CLIENT.search(address) else written


def identity(options: OsnOptions) -> str:
    """Return what makes this another source: address, account and filter, without secrets."""
    account = {"kind": "bearer"} if isinstance(options.auth, BearerAuth) else {"username": options.auth.username}
    made_of = {
        "api": OSN.name,
        "url": canonical(options.url),
        "account": account,
        "filter": encode_filter(options.filter),
    }
    return json.dumps(made_of, sort_keys=True)


def build(name: str, options: OsnOptions, common: SourceSettings, digest: Digest) -> OsnSource:
    """Return a source that is ready to be read."""
    return OsnSource(name, options, common, digest)


class OsnSource:
    """One signed-in user's view of OSN."""

    def __init__(self, name: str, options: OsnOptions, common: SourceSettings, digest: Digest) -> None:
        self.name, self.api, self.paging = name, OSN, "offset"
        self._options, self._common, self._digest = options, common, digest
        self._http = Http(f"{options.url}/{_API_PATH}", common)
        self._session = Session(self._http, options.auth)
        self._reader = TolerantReader(OSN, common.timezone, _TWINS)
        self._filter = encode_filter(options.filter, options.filter_names)
        totals = ("total",) if options.check_total else ()
        self._envelope = Envelope(
            list_keys=("items",), total_keys=totals, more_key="hasMore", is_list_optional=True, size=options.page_size
        )

    @property
    def clock_skew(self) -> timedelta | None:
        """How far this machine's clock is ahead of the server's, by its last answer."""
        return self._http.skew

    def read(self, memory: PageMemory) -> Iterator[Page]:
        """Yield the pages of the list; see `Source.read`."""
        self._session.begin_read()
        with Walk(self._fetch, memory, self._common.page_limit, self._common.monotonic) as walk:
            first = walk.ask(0)
            yield walk.page(first)
            yield from read_by_start(walk, first, 0, _is_last)
            walk.check_page_one()

    def interpret(self, row: bytes) -> Reading:
        """Return a raw row as typed fields."""
        return self._reader.read(row)

    def interpret_plain(self, rows: Sequence[bytes]) -> Sequence[Values | None]:
        """Return the values of each plain row; see `Source.interpret_plain`."""
        return self._reader.read_plain(rows)

    def look(self, conversation_id: str) -> Look:
        """Ask what became of one row: 404 and `isRemoved` mean gone, its own row means present.

        Raises SourceError for any other answer.
        """
        path = f"{_PATH}/{quote(conversation_id, safe='')}"
        answer = self._session.get(path)
        if answer.status == _NOT_FOUND:
            return Look(fate=Fate.GONE)
        if answer.status != _OK:
            raise self._http.refuse(path, answer)
        row = as_utf8(answer.body, answer.headers.get("content-type", "")).strip()
        if row_id(row) != conversation_id:
            raise self._http.doubt(path, answer, "the conversation that was asked for")
        reading = self.interpret(row)
        if "isRemoved" in reading.unknown:
            raise self._http.doubt(path, answer, "isRemoved as a yes or no")
        return Look(fate=Fate.GONE if reading.fields["isRemoved"] else Fate.PRESENT, row=row)

    def close(self) -> None:
        """Log out and let go of the connection; never raises."""
        self._session.close()
        self._http.close()

    def _fetch(self, offset: int, known: PageOutline | None) -> Cut:
        query = {"offset": str(offset), "count": str(self._options.page_size)}
        if self._filter is not None:
            query["filter"] = self._filter
        answer = self._session.get(_PATH, query)
        if answer.status != _OK:
            raise self._http.refuse(_PATH, answer)
        is_verbatim = is_utf8(answer.headers.get("content-type", ""))
        return cut_page(answer.body, lambda _body: self._split(answer), self._digest, known, is_verbatim=is_verbatim)

    def _split(self, answer: Answer) -> Sheet:
        return split_json(as_utf8(answer.body, answer.headers.get("content-type", "")), self._envelope)


def _is_last(cut: Cut) -> bool:
    return cut.outline.has_more is not True
