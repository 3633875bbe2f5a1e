from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from watcher.config.secrets import SecretShelf
from watcher.domain.errors import ConfigError

KINDS = 'write a text, { env = "NAME" }, { file = "PATH" } or { credential = "NAME" }'


def _refusal(folder: Path, written: Any, environ: Mapping[str, str] | None = None) -> str:
    with pytest.raises(ValueError, match=r"\w") as caught:
        SecretShelf(folder, environ or {})(written)
    return str(caught.value)


def test_each_place_gives_its_secret(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("from a file\r\n")
    (tmp_path / "name").write_text("a credential\n")
    shelf = SecretShelf(tmp_path, {"NAME": "a variable\n", "CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert shelf("plain").reveal() == "plain"
    assert shelf({"env": "NAME"}).reveal() == "a variable\n"
    assert shelf({"file": "file"}).reveal() == "from a file"
    assert shelf({"file": str(tmp_path / "file")}).reveal() == "from a file"
    assert shelf({"credential": "name"}).reveal() == "a credential"


def test_a_secret_is_read_anew_each_time(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    secret = SecretShelf(tmp_path, {})({"file": "file"})
    path.write_text("new")
    assert secret.reveal() == "new"
    path.unlink()
    with pytest.raises(ConfigError, match="there is no secret file"):
        secret.reveal()


def test_a_secrets_text_names_its_place_only(tmp_path: Path) -> None:
    shelf = SecretShelf(tmp_path, {"NAME": "v4lue"})
    assert repr(shelf({"env": "NAME"})) == "Secret(env NAME)"
    assert str(shelf("v4lue")) == "Secret(the config)"


def test_what_is_not_there_is_refused_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "large").write_text("x" * 70_000)
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    credentials = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert _refusal(tmp_path, "  ") == f"the secret is empty; {KINDS}"
    assert _refusal(tmp_path, {"env": "A"}) == "the environment variable A is not set; set it, such as: export A=…"
    assert _refusal(tmp_path, {"env": "A"}, {"A": ""}).startswith("the environment variable A is empty;")
    assert "variable A is not UTF-8" in _refusal(tmp_path, {"env": "A"}, {"A": "x\udcff"})
    assert _refusal(tmp_path, {"file": "x"}).startswith(f"there is no secret file {tmp_path}/x;")
    assert "is empty" in _refusal(tmp_path, {"file": "empty"})
    assert "is larger than 64 kB" in _refusal(tmp_path, {"file": "large"})
    assert "is not UTF-8" in _refusal(tmp_path, {"file": "binary"})
    assert "cannot be read (Is a directory)" in _refusal(tmp_path, {"file": "."})
    assert "not a valid path" in _refusal(tmp_path, {"file": "a\0b"})
    assert "names a home that does not exist" in _refusal(tmp_path, {"file": "~no-such-user/x"})
    assert "$CREDENTIALS_DIRECTORY is not set" in _refusal(tmp_path, {"credential": "x"})
    assert "there is no credential x" in _refusal(tmp_path, {"credential": "x"}, credentials)
    assert "has no slash" in _refusal(tmp_path, {"credential": "../x"}, credentials)


@pytest.mark.parametrize("written", [3, [], {}, {"env": "A", "file": "B"}, {"vault": "A"}, {"env": 3}, {"env": ""}])
def test_what_is_no_secret_is_refused_with_the_ways_to_write_one(tmp_path: Path, written: Any) -> None:
    assert _refusal(tmp_path, written) == f"is no secret; {KINDS}"


def test_plain_and_exposed_secrets_are_remembered(tmp_path: Path) -> None:
    shelf = SecretShelf(tmp_path, {})
    for name, mode in (("open", 0o644), ("shut", 0o640)):
        (tmp_path / name).write_text("x")
        (tmp_path / name).chmod(mode)
        shelf({"file": name})
    assert shelf.exposed == [tmp_path / "open"]
    shelf("console://")  # which says nothing that others might use
    assert not shelf.has_plain
    shelf("x")
    assert shelf.has_plain


def test_secrets_that_are_not_needed_may_be_missing_but_not_empty_in_the_config(tmp_path: Path) -> None:
    shelf = SecretShelf(tmp_path, {}, are_needed=False)
    assert str(shelf({"env": "TOKEN"}).origin) == "env TOKEN"
    shelf({"file": "nowhere"})
    assert shelf.unread == ["env TOKEN", f"file {tmp_path / 'nowhere'}"]
    with pytest.raises(ValueError, match="the secret is empty"):
        shelf(" ")
    with pytest.raises(ValueError, match="is no secret"):
        shelf({"vault": "x"})
