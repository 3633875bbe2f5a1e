from pathlib import Path

import pytest

from tests.config.written import load_text
from watcher.config.places import find_config, find_state_dir, resolve
from watcher.domain.errors import ConfigError


def _touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


def test_a_config_is_looked_for_from_the_nearest_place_to_the_farthest(tmp_path: Path) -> None:
    environ = {"XDG_CONFIG_HOME": str(tmp_path / "xdg"), "HOME": str(tmp_path / "home")}
    far = _touch(tmp_path / "xdg" / "watcher" / "config.toml")
    assert find_config(None, environ, folder=tmp_path) == far
    here = _touch(tmp_path / "config.toml")
    assert find_config(None, environ, folder=tmp_path) == here
    assert find_config(None, {**environ, "WATCHER_CONFIG": "/named"}, folder=tmp_path) == Path("/named")
    assert find_config(Path("/explicit"), {"WATCHER_CONFIG": "/named"}, folder=tmp_path) == Path("/explicit")


def test_without_an_xdg_home_it_lies_below_the_users(tmp_path: Path) -> None:
    config = _touch(tmp_path / "home" / ".config" / "watcher" / "config.toml")
    environ = {"HOME": str(tmp_path / "home"), "XDG_CONFIG_HOME": "relative/is/ignored"}
    assert find_config(None, environ, folder=tmp_path) == config


def test_where_none_is_found_all_places_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        find_config(None, {"HOME": str(tmp_path)}, folder=tmp_path)
    said = str(caught.value)
    assert f"{tmp_path}/config.toml, {tmp_path}/.config/watcher/config.toml, /etc/watcher/config.toml" in said
    assert "watcher init" in said


@pytest.mark.parametrize(
    "written, environ, expected",
    [
        ('state_dir = "/var/lib/w"', {"STATE_DIRECTORY": "/s"}, "/var/lib/w"),
        ('state_dir = "state"', {}, "{folder}/state"),
        ("", {"STATE_DIRECTORY": "/s:/t", "XDG_STATE_HOME": "/x"}, "/s"),
        ("", {"XDG_STATE_HOME": "/x"}, "/x/watcher"),
        ("", {"HOME": "/h"}, "/h/.local/state/watcher"),
    ],
)
def test_the_state_lives_where_the_nearest_setting_says(
    tmp_path: Path, written: str, environ: dict[str, str], expected: str
) -> None:
    config = load_text(tmp_path, written)
    assert str(find_state_dir(config.state_dir, environ)) == expected.format(folder=tmp_path)


def test_a_home_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="names a home that does not exist"):
        resolve(tmp_path, "~no-such-user/x")
