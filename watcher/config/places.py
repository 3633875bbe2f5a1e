"""Places: where the config is looked for, and where the state lives."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from watcher.domain.errors import ConfigError

NAME = "config.toml"


def find_config(explicit: Path | None, environ: Mapping[str, str], *, folder: Path | None = None) -> Path:
    """Return the config to use; `folder` is the working directory, if it is another.

    One that is named, by the user or in $WATCHER_CONFIG, is returned whether it is there or not: reading it says so.
    Raises ConfigError with all places where none was found.
    """
    named = explicit or (Path(environ["WATCHER_CONFIG"]) if environ.get("WATCHER_CONFIG") else None)
    if named is not None:
        return named
    places = (
        (folder or Path()) / NAME,
        _base(environ, "XDG_CONFIG_HOME", ".config") / "watcher" / NAME,
        Path("/etc/watcher") / NAME,
    )
    for place in places:
        if place.is_file():
            return place
    looked = ", ".join(str(place) for place in places)
    raise ConfigError(f"no config was found at {looked}", remedy="name one with --config, or write one: watcher init")


def find_state_dir(configured: Path | None, environ: Mapping[str, str]) -> Path:
    """Return the directory of the state: the config's, $STATE_DIRECTORY (systemd's first one), or the user's own."""
    if configured is not None:
        return configured
    given = environ.get("STATE_DIRECTORY", "").partition(":")[0]
    return Path(given) if given else _base(environ, "XDG_STATE_HOME", ".local/state") / "watcher"


def resolve(folder: Path, written: str) -> Path:
    """Return a path of the config, relative to its folder; `~` is a home. Raises ValueError for a home there is not."""
    try:
        return folder / Path(written).expanduser()
    except RuntimeError:
        raise ValueError(f"{written[:80]!r} names a home that does not exist; write the whole path") from None


def _base(environ: Mapping[str, str], variable: str, below_home: str) -> Path:
    """Return an XDG base directory; a relative one is ignored (XDG Base Directory Specification 0.8)."""
    given = Path(environ.get(variable, ""))
    if given.is_absolute():
        return given
    home = Path(environ["HOME"]) if environ.get("HOME") else Path.home()
    return home / below_home
