"""Tokens: their form by an independent reading, and when they are signed anew."""

import base64
import hashlib
import hmac
import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.sources.wiring import NOW
from watcher.sources._jwt import GivenToken, SignedToken, sign

HOUR = timedelta(hours=1)


def decoded(part: str) -> Any:
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def test_a_token_is_three_parts_signed_with_hs256() -> None:
    head, claims, signature = sign("ONQ-1", "geheim – ü", {"iss": "i", "iat": 5}).split(".")
    assert decoded(head) == {"alg": "HS256", "typ": "JWT", "kid": "ONQ-1"}
    assert decoded(claims) == {"iss": "i", "iat": 5}
    wanted = hmac.new("geheim – ü".encode(), f"{head}.{claims}".encode(), hashlib.sha256).digest()
    assert base64.urlsafe_b64encode(wanted).rstrip(b"=").decode() == signature


@pytest.mark.parametrize(
    ("later", "signed"),
    [
        (timedelta(0), 1),
        (timedelta(minutes=48), 1),  # a fifth is left
        (timedelta(minutes=49), 2),
        (timedelta(days=1), 2),
        (timedelta(seconds=-1), 2),  # the clock went back: the token would be from the future
    ],
)
def test_a_token_is_signed_anew_when_little_of_its_life_is_left(later: timedelta, signed: int) -> None:
    lives: list[tuple[datetime, datetime]] = []

    def sign_for(issued: datetime, expires: datetime) -> str:
        lives.append((issued, expires))
        return f"token {len(lives)}"

    token = SignedToken(sign_for, HOUR)
    token.text(NOW)
    assert token.text(NOW + later) == f"token {signed}"
    assert all(expires - issued == HOUR for issued, expires in lives)


def test_a_dropped_token_is_signed_anew() -> None:
    count = iter("12")
    token = SignedToken(lambda _issued, _expires: next(count), HOUR)
    assert token.text(NOW) == "1"
    token.drop()
    assert token.text(NOW) == "2"


def test_a_given_token_is_stripped() -> None:
    assert GivenToken(lambda: " abc\n").text(NOW) == "abc"
