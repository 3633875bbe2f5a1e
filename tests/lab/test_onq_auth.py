"""OnQ believes a right token and says why it does not believe another."""

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.lab.conftest import OnqClient
from watcher.lab.onq_auth import Account, refusal, signed

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
ACCOUNT = Account(key="ONQ-1", secret="s", issuer="https://me", subject="a@example.com", audience="https://t")
EPOCH = int(NOW.timestamp())
WRONG: list[tuple[str, str]] = [
    (signed(replace(ACCOUNT, secret="other"), NOW), "signature"),
    (signed(replace(ACCOUNT, key="ONQ-2"), NOW), "API key"),
    (signed(ACCOUNT, NOW, iss="https://you"), "iss"),
    (signed(ACCOUNT, NOW, sub="b@example.com"), "sub"),
    (signed(ACCOUNT, NOW, aud="https://u"), "aud"),
    (signed(ACCOUNT, NOW, life=timedelta(minutes=9)), "at least 10 minutes"),
    (signed(ACCOUNT, NOW - timedelta(minutes=30)), "expired"),
    (signed(ACCOUNT, NOW + timedelta(seconds=61)), "future"),
    (signed(ACCOUNT, NOW, exp=str(EPOCH + 3600)), "epoch seconds"),
    ("a.b.c", "not a JWT"),
    ("nonsense", "not a JWT"),
]


def test_a_token_signed_as_documented_is_accepted() -> None:
    assert refusal(f"Bearer {signed(ACCOUNT, NOW)}", ACCOUNT, (), NOW) is None


def test_a_minute_of_skew_is_forgiven() -> None:
    assert refusal(f"Bearer {signed(ACCOUNT, NOW + timedelta(seconds=59))}", ACCOUNT, (), NOW) is None


@pytest.mark.parametrize(("token", "reason"), WRONG)
def test_a_wrong_token_is_refused_with_the_reason(token: str, reason: str) -> None:
    assert reason in (refusal(f"Bearer {token}", ACCOUNT, (), NOW) or "")


@pytest.mark.parametrize("header", ["", "Bearer ", "Basic dTpw"])
def test_anything_but_a_bearer_token_is_refused(header: str) -> None:
    assert refusal(header, ACCOUNT, (), NOW) == "no bearer token"


def test_a_token_without_a_signature_is_refused() -> None:
    head = base64.urlsafe_b64encode(json.dumps({"alg": "none", "kid": "ONQ-1"}).encode()).decode().rstrip("=")
    payload = signed(ACCOUNT, NOW).split(".")[1]
    assert refusal(f"Bearer {head}.{payload}.", ACCOUNT, (), NOW) == "the algorithm is not HS256"


def test_a_skewed_server_refuses_over_http_and_shows_its_clock(onq: OnqClient) -> None:
    token = onq.api.token()
    onq.api.skew = timedelta(hours=-2)
    answer = onq.get(headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, "future" in answer.text) == (401, True)
    shown = datetime.strptime(answer.headers["Date"], "%a, %d %b %Y %H:%M:%S %Z").replace(tzinfo=UTC)
    assert abs(onq.api.now() - shown) < timedelta(seconds=5)


def test_a_ready_made_bearer_token_is_accepted(onq: OnqClient) -> None:
    onq.api.bearer.add("mine")
    codes = [onq.get(headers={"Authorization": f"Bearer {token}"}).status_code for token in ("mine", "yours")]
    assert codes == [200, 401]


def test_no_token_is_401(onq: OnqClient, http: httpx.Client) -> None:
    assert http.get(f"{onq.api.url}/conversations?size=1&page=1").status_code == 401
