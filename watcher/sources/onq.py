"""OnQ (now Rali): its fields, its options, and how its list of conversations is read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import Field as Setting
from pydantic import StrictInt

from watcher.domain.api import Api, Field, FieldKind, Role
from watcher.domain.conversation import Reading
from watcher.domain.errors import SourceError
from watcher.domain.listing import Page, PageOutline, TornError
from watcher.domain.plain import Values
from watcher.domain.state import State
from watcher.pipeline.ports import Digest, Look, PageMemory
from watcher.pipeline.settings import DurationSetting, Options, SecretSetting
from watcher.sources._answer import Answer
from watcher.sources._concealment import Concealment
from watcher.sources._csv import split_csv
from watcher.sources._cut import Cut, cut_page
from watcher.sources._http import Http
from watcher.sources._jwt import GivenToken, SignedToken, sign
from watcher.sources._page import TOTAL_KEYS, Envelope, Sheet, as_utf8, is_utf8, split_json
from watcher.sources._reading import IGNORED, Paging, Walk, read_by_number, read_by_start, recognise_paging
from watcher.sources._tolerant import TolerantReader
from watcher.sources._url import UrlOptions, canonical
from watcher.sources.settings import SourceSettings

_TEXT = Field(kind=FieldKind.TEXT)
_COUNT = Field(kind=FieldKind.COUNT)
_QUIET_COUNT = Field(kind=FieldKind.COUNT, is_watched=False)
_FLAG = Field(kind=FieldKind.FLAG)
_INSTANT = Field(kind=FieldKind.INSTANT)
_LAST_INSTANT = Field(kind=FieldKind.INSTANT, end_of_day=True)

ONQ = Api(
    name="onq",
    fields={  # in the documented order, which a CSV export without a header follows
        "id": _TEXT,
        "type": Field(kind=FieldKind.CHOICE, choices=("course", "sequence", "resource")),
        "sub_type": Field(kind=FieldKind.CHOICE, choices=("PUBLIC", "PRIVATE", "EXTERNAL")),
        "org_id": _TEXT,
        "name": _TEXT,
        "content_name": _TEXT,
        "status": Field(kind=FieldKind.CHOICE, choices=("open", "started", "ended")),
        "register_status": Field(kind=FieldKind.CHOICE, choices=("available", "open", "closed")),
        "start_on": _INSTANT,
        "end_on": _LAST_INSTANT,
        "close_on": _LAST_INSTANT,
        "start_register_on": _INSTANT,
        "last_updated_on": Field(kind=FieldKind.INSTANT, is_watched=False),
        "created_on": _INSTANT,
        "visible": _FLAG,
        "active": _FLAG,
        "private_mode": _FLAG,
        "external_code": _TEXT,
        "max_count": _COUNT,
        "max_user_count": _COUNT,
        "max_facilitator_count": _COUNT,
        "registered_user_count": _QUIET_COUNT,
        "registered_facilitator_count": _QUIET_COUNT,
        "open_questions_count": _COUNT,
        "to_facilitator_count": _COUNT,
    },
    roles={
        Role.NAME: "name",
        Role.STATE: "status",
        Role.REGISTRATION: "register_status",
        Role.STARTS: "start_on",
        Role.ENDS: "end_on",
        Role.REGISTRATION_OPENS: "start_register_on",
        Role.REGISTRATION_CLOSES: "close_on",
        Role.OPEN_QUESTIONS: "open_questions_count",
        Role.MESSAGES: "to_facilitator_count",
        Role.USERS: "registered_user_count",
        Role.FACILITATORS: "registered_facilitator_count",
        Role.MAX_USERS: "max_user_count",
        Role.MAX_TOTAL: "max_count",
    },
    states={"open": (State.OPEN, None), "started": (State.STARTED, None), "ended": (State.ENDED, None)},
    own_events=frozenset({"status", "register_status", "open_questions_count", "to_facilitator_count", "close_on"}),
)

_PATH = "conversations"
_LARGEST_PAGE = 1000
_NO_OTHERS = (
    "if the server has no other pages from now on, restart watcher; if that does not help, set another page_size"
)
_REPEATED = "page 1 came again as page 2, and the list has had further pages: the server repeats itself"


class JwtAuth(Options):
    """A token that is signed here with the API's key and secret."""

    kind: Literal["jwt"]
    key: str
    secret: SecretSetting
    issuer: str
    subject: str
    audience: str
    lifetime: Annotated[DurationSetting, Setting(ge=timedelta(minutes=10), le=timedelta(hours=24))] = timedelta(
        minutes=30
    )


class BearerAuth(Options):
    """A token that was made elsewhere; it is read anew for each poll."""

    kind: Literal["bearer"]
    token: SecretSetting


class OnqOptions(UrlOptions):
    """What `[sources.NAME]` may hold for `api = "onq"`, beside what every source has."""

    url: str = "https://api.onq.io/api/external"
    auth: Annotated[JwtAuth | BearerAuth, Setting(discriminator="kind")]
    page_size: Annotated[StrictInt, Setting(ge=1, le=_LARGEST_PAGE)] = _LARGEST_PAGE
    paging: Literal["auto", "page", "offset"] = "auto"
    format: Literal["json", "csv"] = "json"
    check_total: bool = True


def identity(options: OnqOptions) -> str:
    """Return what makes this another source: address and account, without secrets."""
    account = {"kind": "bearer"}
    if isinstance(options.auth, JwtAuth):
        auth = options.auth
        account = {"issuer": auth.issuer, "subject": auth.subject, "audience": auth.audience}
    return json.dumps({"api": ONQ.name, "url": canonical(options.url), "account": account}, sort_keys=True)


def build(name: str, options: OnqOptions, common: SourceSettings, digest: Digest) -> OnqSource:
    """Return a source that is ready to be read."""
    return OnqSource(name, options, common, digest)


class OnqSource:
    """One OnQ tenant."""

    def __init__(self, name: str, options: OnqOptions, common: SourceSettings, digest: Digest) -> None:
        self.name, self.api = name, ONQ
        self._options, self._common, self._digest = options, common, digest
        self._http = Http(options.url, common)
        self._token = _token(options.auth, self._http.secrets)
        self._reader = TolerantReader(ONQ, common.timezone)
        self._paging = None if options.paging == "auto" else Paging(options.paging)
        self._has_paged = False

    @property
    def paging(self) -> str:
        """What `page` means, as far as it is known yet."""
        return self._paging.value if self._paging else "unknown"

    @property
    def clock_skew(self) -> timedelta | None:
        """How far this machine's clock is ahead of the server's, by its last answer."""
        return self._http.skew

    def read(self, memory: PageMemory) -> Iterator[Page]:
        """Yield the pages of the list; see `Source.read`."""
        with Walk(self._fetch, memory, self._common.page_limit, self._common.monotonic) as walk:
            first = walk.ask(1)
            yield walk.page(first)
            if self._is_last(first):
                return
            yield from self._rest(walk, first, memory)
            walk.check_page_one()

    def interpret(self, row: bytes) -> Reading:
        """Return a raw row as typed fields."""
        return self._reader.read(row)

    def interpret_plain(self, rows: Sequence[bytes]) -> Sequence[Values | None]:
        """Return the values of each plain row; see `Source.interpret_plain`."""
        return self._reader.read_plain(rows)

    def look(self, conversation_id: str) -> Look:
        """Raise SourceError: OnQ has no request for one conversation."""
        raise SourceError(f"OnQ cannot be asked for one conversation ({conversation_id})")

    def close(self) -> None:
        """Let go of the connection."""
        self._http.close()

    def _rest(self, walk: Walk, first: Cut, memory: PageMemory) -> Iterator[Page]:
        if self._paging is Paging.OFFSET:
            yield from self._by_start(walk, first, 1)
            return
        second = walk.ask(2)
        if not second.size:
            return
        means = recognise_paging(first, second)
        if means is Paging.OFFSET or (means is None and self._paging):
            walk.check_page_one()  # rows that came in front of page 2 can make it look so, whatever `page` means
        self._accept(means, first, memory)
        if means is None:
            yield walk.page(second, overlap=second.size, note=IGNORED)
        elif means is Paging.PAGE:
            yield walk.page(second)
            yield from read_by_number(walk, second, 2, self._options.page_size)
        else:
            overlap = first.size - 1
            if second.size > overlap:
                yield walk.page(second, overlap=overlap)
                yield from self._by_start(walk, second, 2)

    def _by_start(self, walk: Walk, previous: Cut, start: int) -> Iterator[Page]:
        try:
            yield from read_by_start(walk, previous, start, self._is_last)
        except TornError as error:
            if self._options.paging == "offset":
                raise TornError(error.text, remedy='if this goes on, set paging = "auto"') from error
            self._paging = None  # perhaps the server changed its mind: look again
            raise

    def _accept(self, means: Paging | None, first: Cut, memory: PageMemory) -> None:
        """Remember what was found; raises SourceError where the config, or what came before, says the opposite."""
        if self._options.paging == "page" and means is not Paging.PAGE and self._options.page_size > 1:
            found = "a start position" if means else "ignored"
            raise SourceError(
                f"`page` is {found} here, not a page number", remedy='set paging = "auto"', is_permanent=True
            )
        self._has_paged |= means is not None or self._had_further_pages(first, memory)
        if means is None and self._has_paged:  # or the rows of all other pages would be taken for gone
            raise TornError(_REPEATED, remedy=_NO_OTHERS)
        if self._options.paging == "auto":
            self._paging = means

    def _had_further_pages(self, first: Cut, memory: PageMemory) -> bool:
        """Whether the last complete read had a page 2 of its own.

        After a read that broke off no page is remembered, but the rows are: a first page that holds as many as were
        asked for, and fewer than there were, is no whole list.
        """
        one, two = memory.recall(0), memory.recall(1)
        if one is not None and two is not None:
            return tuple(one.ids) != tuple(two.ids)
        return first.size == self._options.page_size and memory.knows_more_than(first.size)

    def _is_last(self, cut: Cut) -> bool:
        return cut.size < self._options.page_size

    def _fetch(self, page: int, known: PageOutline | None) -> Cut:
        query = {"size": str(self._options.page_size), "page": str(page)}
        if self._options.format == "csv":
            query["csv"] = "true"
        answer = self._ask(query)
        is_verbatim = self._options.format == "json" and is_utf8(answer.headers.get("content-type", ""))
        return cut_page(answer.body, lambda _body: self._split(answer), self._digest, known, is_verbatim=is_verbatim)

    def _split(self, answer: Answer) -> Sheet:
        body = as_utf8(answer.body, answer.headers.get("content-type", ""))
        if answer.is_html or not (body.strip() or self._options.format == "csv"):
            raise self._http.doubt(_PATH, answer, f"a {self._options.format.upper()} list")
        if self._options.format == "csv" and not answer.has_length:  # JSON cut short is no JSON, but CSV still is CSV
            text = f"{self._http.where(_PATH)}: the answer does not say how long it is, so nothing proves it whole"
            raise SourceError(text, remedy='use format = "json"')
        if self._options.format == "csv":
            return split_csv(body, tuple(ONQ.fields))
        keys = TOTAL_KEYS if self._options.check_total else ()
        return split_json(body, Envelope(size=self._options.page_size, total_keys=keys))

    def _ask(self, query: dict[str, str]) -> Answer:
        token = self._bearer()
        answer = self._send(query, token)
        if answer.status == 401:  # noqa: PLR2004
            self._token.drop()
            if (fresh := self._bearer()) != token:
                answer = self._send(query, fresh)
        if answer.status != 200:  # noqa: PLR2004
            raise self._http.refuse(_PATH, answer)
        return answer

    def _send(self, query: dict[str, str], token: str) -> Answer:
        return self._http.ask("GET", _PATH, query=query, headers={"Authorization": f"Bearer {token}"})

    def _bearer(self) -> str:
        return self._http.secrets.add(self._token.text(self._common.now()))


def _token(auth: JwtAuth | BearerAuth, secrets: Concealment) -> SignedToken | GivenToken:
    if isinstance(auth, BearerAuth):
        return GivenToken(lambda: secrets.reveal(auth.token))

    def sign_for(issued: datetime, expires: datetime) -> str:
        claims = {
            "iss": auth.issuer,
            "sub": auth.subject,
            "aud": auth.audience,
            "iat": int(issued.timestamp()),
            "exp": int(expires.timestamp()),
        }
        return sign(auth.key, secrets.reveal(auth.secret), claims)

    return SignedToken(sign_for, auth.lifetime)
