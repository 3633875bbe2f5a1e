"""Session: OSN's log-in, what every request after it carries, and what to do when it is lost."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Literal

import msgspec
from pydantic import Field

from watcher.domain.errors import SourceError
from watcher.pipeline.settings import Options, SecretSetting
from watcher.sources._answer import Answer
from watcher.sources._http import Http

_CONNECTIONS = "connections"
_MOST_LOG_INS = 5
_LOST = frozenset({401, 470, 499})
_FORBIDDEN = 403
_OK = 200
_GOODBYE = timedelta(seconds=5)


class FormAuth(Options):
    """User name and password in the body of the log-in."""

    kind: Literal["form"]
    username: str
    password: SecretSetting


class BasicAuth(Options):
    """User name and password in a header of every request."""

    kind: Literal["basic"]
    username: str
    password: SecretSetting


class BearerAuth(Options):
    """A token that was made elsewhere; it is read anew for each log-in."""

    kind: Literal["bearer"]
    token: SecretSetting


OsnAuth = Annotated[FormAuth | BasicAuth | BearerAuth, Field(discriminator="kind")]


class Session:
    """A signed-in user; it logs in when the first request needs it, and again when it was lost."""

    def __init__(self, http: Http, auth: FormAuth | BasicAuth | BearerAuth) -> None:
        self._http, self._auth = http, auth
        self._headers: Mapping[str, str] | None = None
        self._log_ins_left = _MOST_LOG_INS

    def begin_read(self) -> None:
        """Allow the log-ins of one read again."""
        self._log_ins_left = _MOST_LOG_INS

    def get(self, path: str, query: Mapping[str, str] | None = None) -> Answer:
        """Return an answer that a live session got; a lost session is renewed once for a request, a random id too.

        Raises SourceError when that did not help; an error status of another kind is returned as it came.
        """
        answer = self._send(path, query)
        if _is_lost(answer) or answer.status == _FORBIDDEN:
            self._headers = None
            answer = self._send(path, query)
        if answer.status == _OK and not _is_lost(answer):
            return answer
        if answer.status == _OK:
            raise self._http.doubt(path, answer, "JSON")
        return answer

    def close(self) -> None:
        """Log out; whatever comes of that, the session is forgotten."""
        headers, self._headers = self._headers, None
        if headers is not None:
            try:
                self._http.ask("DELETE", _CONNECTIONS, headers=headers, timeout=_GOODBYE)
            except SourceError:
                return  # the server ends idle sessions by itself

    def _send(self, path: str, query: Mapping[str, str] | None) -> Answer:
        if self._headers is None:
            self._headers = self._log_in()
        return self._http.ask("GET", path, query=query, headers=self._headers)

    def _log_in(self) -> Mapping[str, str]:
        if self._log_ins_left <= 0:
            where = self._http.where(_CONNECTIONS)
            raise SourceError(
                f"{where}: the session was lost again after {_MOST_LOG_INS} log-ins in one read",
                remedy="check whether somebody else uses this account, or a proxy drops cookies",
            )
        self._log_ins_left -= 1
        self._http.forget_cookies()
        authorization, body = self._credentials()
        answer = self._http.ask(
            "POST", _CONNECTIONS, headers={**authorization, "Content-Type": "application/json"}, body=body
        )
        if answer.status not in {200, 201}:
            raise self._http.refuse(_CONNECTIONS, answer)
        return {**authorization, "X-Waggle-RandomID": self._http.secrets.add(self._random_id(answer))}

    def _credentials(self) -> tuple[dict[str, str], bytes]:
        auth = self._auth
        if isinstance(auth, BearerAuth):
            return {"Authorization": f"Bearer {self._http.secrets.reveal(auth.token).strip()}"}, b""
        password = self._http.secrets.reveal(auth.password)
        if isinstance(auth, FormAuth):
            return {}, json.dumps({"name": auth.username, "password": password}).encode()
        pair = base64.b64encode(f"{auth.username}:{password}".encode()).decode()
        return {"Authorization": f"Basic {self._http.secrets.add(pair)}"}, b""

    def _random_id(self, answer: Answer) -> str:
        try:
            written = msgspec.json.decode(answer.body, type=dict[str, msgspec.Raw])
            text = msgspec.json.decode(written["apiRandomID"], type=str)
        except (msgspec.MsgspecError, UnicodeError, RecursionError, KeyError) as error:
            raise self._http.doubt(_CONNECTIONS, answer, "a log-in with an apiRandomID") from error
        if not (text and text.isascii() and text.isprintable()):
            raise self._http.doubt(_CONNECTIONS, answer, "a log-in with a usable apiRandomID")
        return text


def _is_lost(answer: Answer) -> bool:
    """A session is over by its status, by a redirect to a log-in host, or by a page where JSON belongs."""
    return answer.status in _LOST or answer.redirect is not None or (answer.status == _OK and not answer.is_json)
