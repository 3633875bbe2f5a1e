"""JWT: a token that the caller signs for itself (RFC 7519, HS256), or that was given to it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

_LEAST_LEFT = 1 / 5
"""of the lifetime: with less left a token is signed anew"""


def sign(key: str, secret: str, claims: Mapping[str, object]) -> str:
    """Return a token with these claims, `key` as the header's `kid`."""
    header = {"alg": "HS256", "typ": "JWT", "kid": key}
    text = f"{_encode(header)}.{_encode(claims)}"
    signature = hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()
    return f"{text}.{_base64(signature)}"


class SignedToken:
    """A token that is kept until less than a fifth of its life is left, or until it is dropped.

    `sign_for` signs one from an instant on until another.
    """

    def __init__(self, sign_for: Callable[[datetime, datetime], str], lifetime: timedelta) -> None:
        self._sign_for, self._lifetime = sign_for, lifetime
        self._kept: tuple[str, datetime] | None = None

    def text(self, now: datetime) -> str:
        """Return the token to use now; an old one is signed anew, and one from the future (the clock went back) too."""
        if self._kept is None or not timedelta(0) <= now - self._kept[1] <= self._lifetime * (1 - _LEAST_LEFT):
            self._kept = (self._sign_for(now, now + self._lifetime), now)
        return self._kept[0]

    def drop(self) -> None:
        """Forget the token, so that the next one is signed anew."""
        self._kept = None


class GivenToken:
    """A token that was made elsewhere, read anew each time."""

    def __init__(self, reveal: Callable[[], str]) -> None:
        self._reveal = reveal

    def text(self, now: datetime) -> str:  # noqa: ARG002 - it cannot be made younger
        """Return the token as it stands now."""
        return self._reveal().strip()

    def drop(self) -> None:
        """Do nothing: a new one comes from where this one came from."""


def _encode(part: Mapping[str, object]) -> str:
    return _base64(json.dumps(part, separators=(",", ":")).encode())


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
