import os
from pathlib import Path

import pytest

from watcher.config.document import SIZE_LIMIT_BYTES, read_document, write_path
from watcher.config.finding import ConfigErrors

TABLE: list[tuple[bytes, str]] = [
    (b"a = 1\nb = \nc = 3", "config.toml:2: is not TOML: Invalid value; see https://toml.io"),
    (b"a = 1\na = 2\n", "config.toml:2: is not TOML: Cannot overwrite a value; see https://toml.io"),
    (b"a = [", "config.toml:1: is not TOML: Invalid value; see https://toml.io"),
    (b"a = 1\n\nb = '\xff'", "config.toml:3: is not UTF-8; save the file as UTF-8"),
    (b"a = " + b"[" * 20 + b"]" * 20, "config.toml: tables and arrays are nested more than 16 deep; make it flatter"),
    (b"a = " + b"[" * 9999, "config.toml: tables and arrays are nested more than 16 deep; make it flatter"),
    (b".".join([b"a"] * 99) + b" = 1", "config.toml: tables and arrays are nested more than 16 deep; make it flatter"),
    (
        b"b = 1\n" + b"a." * 400_000 + b"a = 1",
        "config.toml:2: tables and arrays are nested more than 16 deep; make it flatter",
    ),
    (
        b"b = 1\n[" + b"'a' ." * 100_000 + b"a]",
        "config.toml:2: tables and arrays are nested more than 16 deep; make it flatter",
    ),
    (
        b"# " + b"x" * SIZE_LIMIT_BYTES,
        "config.toml: is larger than 1 MB; this is hardly a config; name another file with --config",
    ),
]


@pytest.mark.parametrize("body, said", TABLE)
def test_a_file_that_cannot_be_read_says_why_and_what_to_do(tmp_path: Path, body: bytes, said: str) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(body)
    assert _refusal(path) == said


def test_a_number_of_too_many_digits_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("a = " + "9" * 5_000)
    assert _refusal(path).startswith("config.toml: is not TOML: ")


def test_a_missing_file_is_named_with_a_remedy(tmp_path: Path) -> None:
    path = tmp_path / "none.toml"
    assert _refusal(path) == (
        f"{path}: there is no such file; name another with --config, or write one with 'watcher init'"
    )


def test_a_directory_is_no_config(tmp_path: Path) -> None:
    assert _refusal(tmp_path) == f"{tmp_path}: is a directory; name the file, such as {tmp_path}/config.toml"


def test_a_path_through_a_file_or_with_a_nul_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "cannot be read (Not a directory)" in _refusal(tmp_path / "file" / "config.toml")
    assert "cannot be read (embedded null byte)" in _refusal(tmp_path / "a\0b")


def test_a_byte_order_mark_and_windows_line_ends_are_taken(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(b"\xef\xbb\xbfa = 1\r\nb = 2\r\n")
    document = read_document(path)
    assert document.table == {"a": 1, "b": 2}
    assert document.find(("b",), "x").line == 2


def test_the_mode_is_the_permission_bits(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.touch()
    path.chmod(0o640)
    assert read_document(path).mode == 0o640


def test_a_file_without_end_is_read_no_further_than_the_limit() -> None:
    assert "is larger than 1 MB" in _refusal(Path("/dev/zero"))


def test_paths_are_written_as_a_reader_counts() -> None:
    assert write_path(("rules", 1, "where", "a b")) == 'rules[2].where."a b"'
    assert write_path(()) == ""
    assert len(write_path(("x" * 500,))) < 100


def _refusal(path: Path) -> str:
    with pytest.raises(ConfigErrors) as caught:
        read_document(path)
    return str(caught.value)


def test_a_file_that_this_user_may_not_read_is_refused_with_a_remedy(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.touch()
    path.chmod(0)
    if os.geteuid() == 0:
        assert read_document(path).table == {}  # root may read everything
    else:
        assert "may not be read by this user" in _refusal(path)
