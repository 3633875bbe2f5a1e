"""A Matrix room gets text, and markup only where it is asked for; a name in it is neither."""

import json
from collections.abc import Iterator
from typing import Any, Self

import pytest

from tests.channels.letters import NOW, letter
from watcher.channels import apprise
from watcher.domain.message import Form
from watcher.domain.secret import Secret
from watcher.lab.request import Request
from watcher.lab.server import HttpServer, Reply

HOSTILE = "<b>@room</b> [bank](https://evil.example) #general:evil.example"


class HomeServer:
    """As much of a home server as a message needs; keeps what was said in its one room."""

    def __init__(self) -> None:
        self.said: list[dict[str, Any]] = []
        self._server = HttpServer(self._answer, host="127.0.0.1", port=0, now=lambda: NOW)

    @property
    def url(self) -> str:
        return f"{self._server.origin.replace('http://', 'matrix://user:pass@')}/!abc:localhost"

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()

    def _answer(self, request: Request) -> Reply:
        if request.path.endswith("/login"):
            return Reply(
                body=b'{"access_token":"t","user_id":"@u:localhost","home_server":"localhost","device_id":"D"}'
            )
        if "/join/" in request.path:
            return Reply(body=b'{"room_id":"!abc:localhost"}')
        if "/send/m.room.message/" in request.path:
            self.said.append(json.loads(request.body))
            return Reply(body=b'{"event_id":"$1"}')
        return Reply(body=b"{}")


@pytest.fixture
def home() -> Iterator[HomeServer]:
    with HomeServer() as home:
        yield home


def said(home: HomeServer, name: str, form: Form | None = None) -> dict[str, Any]:
    receipt = apprise.for_url("room", Secret("test", lambda: home.url), form).send(letter(name), "d1")
    assert receipt.is_confirmed
    (message,) = home.said
    return message


def test_a_message_arrives_as_text(home: HomeServer) -> None:
    message, letters = said(home, HOSTILE), letter(HOSTILE)
    assert "formatted_body" not in message
    assert [line for line in (letters.title, *letters.lines) if line not in message["body"]] == []


@pytest.mark.parametrize("form", [Form.MARKDOWN, Form.HTML])
def test_a_hostile_name_is_text_in_its_markup_too(home: HomeServer, form: Form) -> None:
    message = said(home, HOSTILE, form)
    page = message["formatted_body"]
    assert page.count("<a ") == 1
    assert 'href="https://tenant.onq.io/c/1017?a=b&amp;c=d"' in page
    assert [sign for sign in ("<b>@", "@room", "evil.example") if sign in page + message["body"]] == []
