"""The kinds of setting that the parts' options are made of."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from watcher.domain.secret import Secret
from watcher.pipeline.settings import SECRETS, DurationSetting, Options, SecretSetting


class Wait(Options):
    span: DurationSetting


class Account(Options):
    password: SecretSetting


def read_secret(written: Any) -> Secret:
    if not isinstance(written, str):
        raise ValueError("write it as a string")  # noqa: TRY004  # as the loader does
    return Secret("the config", lambda: written)


@pytest.mark.parametrize("written", ["1h30m", "90m", timedelta(minutes=90)])
def test_a_duration_is_written_with_its_unit(written: Any) -> None:
    assert Wait(span=written).span == timedelta(minutes=90)


@pytest.mark.parametrize(("written", "said"), [(90, "90 has no unit"), (1.5, "1.5 has no unit"), ("soon", "90s")])
def test_a_span_without_a_unit_is_refused_with_what_would_be_right(written: Any, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Wait(span=written)


def test_a_secret_is_made_by_the_reader_of_the_context() -> None:
    account = Account.model_validate({"password": "hunter2"}, context={SECRETS: read_secret})
    assert account.password.reveal() == "hunter2"
    assert "hunter2" not in repr(account)


@pytest.mark.parametrize("written", ["hunter2", {"env": "X"}, 5])
def test_without_a_reader_only_a_secret_is_one_and_the_error_does_not_show_it(written: Any) -> None:
    with pytest.raises(ValidationError) as refused:
        Account(password=written)
    assert "hunter2" not in str(refused.value)
    assert Account(password=Secret("a test", lambda: "x")).password.reveal() == "x"


def test_a_reader_that_refuses_is_a_validation_error() -> None:
    with pytest.raises(ValidationError, match="write it as a string"):
        Account.model_validate({"password": 5}, context={SECRETS: read_secret})


def test_an_unknown_key_is_an_error_and_options_do_not_change() -> None:
    with pytest.raises(ValidationError, match="spam"):
        Wait.model_validate({"span": "1h", "spam": 1})
    with pytest.raises(ValidationError, match="frozen"):
        Wait(span=timedelta(hours=1)).span = timedelta(hours=2)  # type: ignore[misc]  # what is tested
