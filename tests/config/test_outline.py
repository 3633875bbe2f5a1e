"""The outline: where the state is and how times are shown, whatever else is wrong with the config."""

from __future__ import annotations

from pathlib import Path

import pytest

from watcher.config.outline import read_outline
from watcher.domain.errors import ConfigError


def write(folder: Path, text: str) -> Path:
    path = folder / "config.toml"
    path.write_text(text)
    return path


def test_the_state_is_beside_the_config_and_the_zone_is_the_configs(tmp_path: Path) -> None:
    path = write(tmp_path, 'state_dir = "state"\ntimezone = "Europe/Berlin"\n[sources.x]\nnonsense = 1\n')
    outline = read_outline(path, {})
    assert (outline.path, outline.state_dir) == (path, tmp_path / "state")
    assert outline.timezone.key == "Europe/Berlin"


def test_without_a_word_of_it_the_surroundings_and_utc_hold(tmp_path: Path) -> None:
    outline = read_outline(write(tmp_path, ""), {"STATE_DIRECTORY": "/var/lib/watcher"})
    assert (outline.state_dir, outline.timezone.key) == (Path("/var/lib/watcher"), "UTC")


def test_what_there_is_has_names_however_it_is_configured(tmp_path: Path) -> None:
    text = """
        [sources.campus]
        [sources.staff]
        api = "none"
        [channels.mail]
        [[rules]]
        name = "all"
        [[rules]]
        name = 3
        [apprise]
        include = ["apprise.yml"]
    """
    outline = read_outline(write(tmp_path, text), {})
    assert (outline.sources, outline.channels, outline.rules) == (("campus", "staff"), ("mail",), ("all",))
    assert outline.has_tags


@pytest.mark.parametrize("text", ["", "sources = 3\nchannels = []\nrules = 'x'", "rules = [1]"])
def test_without_tables_there_is_only_the_built_in_rule(tmp_path: Path, text: str) -> None:
    outline = read_outline(write(tmp_path, text), {})
    assert (outline.sources, outline.channels, outline.rules) == ((), (), ())
    assert not outline.has_tags


@pytest.mark.parametrize(
    "text, said",
    [
        ('timezone = "Mars"', "config.toml:1: timezone"),
        ("timezone = 3", "timezone"),
        ('\nstate_dir = "~nobody-of-that-name/x"', "config.toml:2: state_dir"),
        ("state_dir = [", "config.toml"),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        read_outline(write(tmp_path, text), {})


def test_a_config_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"missing\.toml"):
        read_outline(tmp_path / "missing.toml", {})
