"""OnQ's check of a caller's token: an HS256 JWT verified for real, or a known bearer token."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

SHORTEST_LIFE = timedelta(minutes=10)
CLOCK_TOLERANCE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Who may call: what a JWT must be signed with and must claim."""

    key: str
    secret: str
    issuer: str
    subject: str
    audience: str


def refusal(authorization: str, account: Account, tokens: Collection[str], now: datetime) -> str | None:
    """Why an Authorization header is not accepted at `now`, or None if it is."""
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token:
        return "no bearer token"
    if token in tokens:
        return None
    try:
        return _jwt_refusal(token, account, now)
    except (ValueError, TypeError, AttributeError, binascii.Error):
        return "the token is not a JWT"


def signed(account: Account, now: datetime, *, life: timedelta = timedelta(minutes=30), **claims: object) -> str:
    """A JWT as a caller of that account would sign it; `claims` replace the usual ones."""
    issued = int(now.timestamp())
    usual = {"iss": account.issuer, "sub": account.subject, "aud": account.audience, "iat": issued}
    payload = {**usual, "exp": issued + int(life.total_seconds()), **claims}
    head = {"alg": "HS256", "typ": "JWT", "kid": account.key}
    text = f"{_encoded(head)}.{_encoded(payload)}"
    return f"{text}.{_base64(_signature(text, account.secret))}"


def _jwt_refusal(token: str, account: Account, now: datetime) -> str | None:
    head_text, payload_text, signature = token.split(".")
    head, payload = _decoded(head_text), _decoded(payload_text)
    if head.get("alg") != "HS256":
        return "the algorithm is not HS256"
    if head.get("kid") != account.key:
        return "unknown API key"
    if not hmac.compare_digest(_plain(signature), _signature(f"{head_text}.{payload_text}", account.secret)):
        return "the signature does not match"
    return _claims_refusal(payload, account, now)


def _claims_refusal(payload: Mapping[str, object], account: Account, now: datetime) -> str | None:
    for claim, wanted in (("iss", account.issuer), ("sub", account.subject), ("aud", account.audience)):
        if payload.get(claim) != wanted:
            return f"wrong {claim}"
    issued, expires = payload.get("iat"), payload.get("exp")
    if not isinstance(issued, int) or not isinstance(expires, int):
        return "iat and exp must be epoch seconds"
    if expires - issued < SHORTEST_LIFE.total_seconds():
        return "a token must live at least 10 minutes"
    if expires <= now.timestamp():
        return "the token has expired"
    return "the token is from the future" if issued > (now + CLOCK_TOLERANCE).timestamp() else None


def _signature(text: str, secret: str) -> bytes:
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()


def _encoded(part: Mapping[str, object]) -> str:
    return _base64(json.dumps(part, separators=(",", ":")).encode())


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decoded(text: str) -> dict[str, object]:
    return dict(json.loads(_plain(text)))


def _plain(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
