"""OnQ: its options, its identity and its fields."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from tests.sources.wiring import JWT, secret
from watcher.domain.api import FieldKind
from watcher.pipeline.settings import SECRETS
from watcher.sources.onq import ONQ, JwtAuth, OnqOptions, identity


@pytest.mark.parametrize(
    "wrong",
    [
        {"page_size": 0},
        {"page_size": 1001},
        {"paging": "cursor"},
        {"format": "xml"},
        {"auth": {"kind": "basic", "username": "u", "password": secret("p")}},
        {"auth": {**JWT, "lifetime": timedelta(minutes=5)}},
        {"auth": {**JWT, "lifetime": "9m"}},
        {"pagesize": 5},
    ],
)
def test_wrong_options_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        OnqOptions.model_validate({"auth": JWT, **wrong})


def test_options_are_taken_as_the_config_writes_them() -> None:
    written = {"kind": "jwt", "key": "K", "secret": {"env": "S"}, "issuer": "i", "subject": "s", "audience": "a"}
    read = OnqOptions.model_validate({"auth": {**written, "lifetime": "45m"}}, context={SECRETS: lambda _: secret("S")})
    assert isinstance(read.auth, JwtAuth)
    assert read.auth.lifetime == timedelta(minutes=45)
    assert read.auth.secret.reveal() == "S"
    assert read.url == "https://api.onq.io/api/external"


def test_the_identity_follows_address_and_account_only() -> None:
    def of(**changes: Any) -> str:
        return identity(OnqOptions.model_validate({"url": "https://h/api", "auth": JWT, **changes}))

    same: list[dict[str, Any]] = [
        {"page_size": 5},
        {"paging": "page"},
        {"format": "csv"},
        {"url": "https://H:443/api/"},
        {"check_total": False},
    ]
    other: list[dict[str, Any]] = [
        {"url": "https://h/b"},
        {"auth": {**JWT, "subject": "you"}},
        {"auth": {"kind": "bearer", "token": secret("t")}},
    ]
    assert {of(**changes) for changes in same} == {of()}
    assert len({of(), *(of(**changes) for changes in other)}) == 4
    assert of(auth={**JWT, "secret": secret("another"), "key": "K2"}) == of()


def test_every_documented_field_is_described() -> None:
    assert len(ONQ.fields) == 25
    assert {name for name, field in ONQ.fields.items() if field.end_of_day} == {"close_on", "end_on"}
    assert {name for name in ONQ.fields if name.endswith("_count")} == {
        name for name, field in ONQ.fields.items() if field.kind is FieldKind.COUNT
    }
    assert set(ONQ.roles.values()) <= ONQ.fields.keys()
    assert ONQ.own_events <= ONQ.fields.keys()
