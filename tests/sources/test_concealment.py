"""Secrets stay out of every text, however they are written back."""

import html
import json
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from tests.sources.wiring import NOTHING, lab, secret, settings
from tests.sources.wiring import onq as build_onq
from tests.sources.wiring import osn as build_osn
from watcher.domain.errors import ConfigError, SourceError
from watcher.domain.secret import Secret
from watcher.sources._answer import Answer
from watcher.sources._concealment import Concealment
from watcher.sources._http import Http

PASSWORD = 'p"ss  wö&rd/\\x'


def missing() -> str:
    raise ConfigError("there is no secret file /run/x", remedy="write it")


@pytest.mark.parametrize(
    "written",
    [
        PASSWORD,
        json.dumps({"password": PASSWORD}),
        json.dumps({"password": PASSWORD}, ensure_ascii=False),
        json.dumps({"message": json.dumps({"password": PASSWORD})}),
        json.dumps({"error": {"message": f"no such user: {PASSWORD}"}}),
        quote(PASSWORD, safe=""),
        quote(PASSWORD),
        quote_plus(PASSWORD),
        f"<title>{html.escape(PASSWORD)}</title>",
        f"<h1>{html.escape(PASSWORD, quote=False)}</h1>",
        "x" * 190 + PASSWORD,  # cut in its middle it would no longer be recognised
    ],
)
def test_no_part_of_a_secret_that_a_server_writes_back_is_shown(written: str) -> None:
    http = Http("http://h", settings())
    http.secrets.reveal(secret(PASSWORD))
    text = http.refuse("x", Answer(status=400, headers={}, body=written.encode())).text
    http.close()
    assert not [part for part in ("ss ", "ss%", "rd/", "rd%", 'p"', "p\\", "p&") if part in text]


def test_a_secret_with_a_line_end_is_concealed_without_it_too() -> None:
    secrets = Concealment()
    assert secrets.reveal(secret("a-token\n")) == "a-token\n"
    assert secrets.conceal("Bearer a-token, a-token\n") == "Bearer …, …\n"


@pytest.mark.parametrize(
    ("value", "words"),
    [(Secret("file /run/x", missing), "there is no secret file /run/x"), (secret("abc\udcff"), "is not UTF-8")],
    ids=["gone", "no text"],
)
@pytest.mark.parametrize(
    ("api", "auth"),
    [
        ("onq", {"kind": "bearer", "token": ...}),
        ("onq", {"kind": "jwt", "key": "k", "secret": ..., "issuer": "i", "subject": "s", "audience": "a"}),
        ("osn", {"kind": "form", "username": "u", "password": ...}),
        ("osn", {"kind": "basic", "username": "u", "password": ...}),
        ("osn", {"kind": "bearer", "token": ...}),
    ],
)
def test_a_secret_that_cannot_be_read_fails_the_poll_of_its_source_alone(
    value: Secret, words: str, api: str, auth: dict[str, Any]
) -> None:
    written = {name: value if setting is ... else setting for name, setting in auth.items()}
    with lab() as played:
        source = build_onq(played.onq, auth=written) if api == "onq" else build_osn(played.osn, auth=written)
        with pytest.raises(SourceError, match=words) as caught:
            list(source.read(NOTHING))
    assert caught.value.is_permanent
    assert "abc" not in repr(caught.value.__cause__)
