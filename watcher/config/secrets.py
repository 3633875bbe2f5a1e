"""Secrets: how the config's texts, variables, files and credentials become values that are read when needed."""

from __future__ import annotations

import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from watcher.config.places import resolve
from watcher.domain.errors import ConfigError
from watcher.domain.secret import Secret

PLAIN = "the config"
"""the origin of a secret that stands in the config itself"""

SIZE_LIMIT_BYTES = 65_536
_NO_SECRETS = frozenset({"console://"})
"""addresses that are the same for everybody"""
_KINDS = 'write a text, { env = "NAME" }, { file = "PATH" } or { credential = "NAME" }'


class SecretShelf:
    """Makes secrets of what stands in one config, tries each once, and remembers what was odd about them.

    `has_plain`: one stood in the config itself. `exposed`: secret files that any user of the machine may read.
    `unread`: where those are kept that could not be read, which is an error only where they `are_needed`.
    """

    def __init__(self, folder: Path, environ: Mapping[str, str], *, are_needed: bool = True) -> None:
        self._folder = folder
        self._environ = environ
        self._are_needed = are_needed
        self.unread: list[str] = []
        self.has_plain = False
        self.exposed: list[Path] = []

    def __call__(self, written: Any) -> Secret:
        """Return the secret. Raises ValueError where it is not there or is empty; the text never holds its value."""
        secret = self._make(written)
        try:
            secret.reveal()
        except ConfigError as error:
            if self._are_needed or secret.origin == PLAIN:
                raise ValueError(f"{error.text}; {error.remedy}") from error
            self.unread.append(secret.origin)
        return secret

    def note_file(self, path: Path) -> None:
        """Remember a file that holds secrets, if any user of the machine may read it."""
        if _is_exposed(path):
            self.exposed.append(path)

    def _make(self, written: Any) -> Secret:
        if isinstance(written, str):
            self.has_plain |= written not in _NO_SECRETS
            return Secret(PLAIN, lambda: _plain(written))
        if not isinstance(written, Mapping) or len(written) != 1:
            raise ValueError(f"is no secret; {_KINDS}")
        ((kind, name),) = written.items()
        makers: dict[str, Callable[[str], Secret]] = {
            "env": self._from_env,
            "file": self._from_file,
            "credential": self._from_credential,
        }
        if kind not in makers or not isinstance(name, str) or not name:
            raise ValueError(f"is no secret; {_KINDS}")
        return makers[kind](name)

    def _from_env(self, name: str) -> Secret:
        return Secret(f"env {name}", lambda: _env(self._environ, name))

    def _from_file(self, name: str) -> Secret:
        path = resolve(self._folder, name)
        self.note_file(path)
        return Secret(f"file {path}", lambda: _file(path))

    def _from_credential(self, name: str) -> Secret:
        return Secret(f"credential {name}", lambda: _credential(self._environ, name))


def _plain(value: str) -> str:
    if not value.strip():
        raise ConfigError("the secret is empty", remedy=f"{_KINDS}")
    return value


def _env(environ: Mapping[str, str], name: str) -> str:
    if not environ.get(name, "").strip():
        state = "is empty" if name in environ else "is not set"
        raise ConfigError(f"the environment variable {name} {state}", remedy=f"set it, such as: export {name}=…")
    if any("\ud800" <= char <= "\udfff" for char in environ[name]):  # how Python keeps bytes that are no text
        raise ConfigError(f"the environment variable {name} is not UTF-8", remedy="set it to a text in UTF-8")
    return environ[name]


def _file(path: Path) -> str:
    try:
        with path.open("rb") as file:
            body = file.read(SIZE_LIMIT_BYTES + 1)
        if len(body) > SIZE_LIMIT_BYTES:
            raise ConfigError(f"the secret file {path} is larger than 64 kB", remedy="name another file")
        value = body.decode("utf-8").rstrip("\r\n")
    except FileNotFoundError as error:
        raise ConfigError(
            f"there is no secret file {path}", remedy="write the secret into it, with mode 600"
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"the secret file {path} is not UTF-8", remedy="name a text file") from error
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or "not a valid path"
        raise ConfigError(f"the secret file {path} cannot be read ({said})", remedy="mend its owner or mode") from error
    if not value.strip():
        raise ConfigError(f"the secret file {path} is empty", remedy="write the secret into it")
    return value


def _credential(environ: Mapping[str, str], name: str) -> str:
    folder = environ.get("CREDENTIALS_DIRECTORY")
    if not folder:
        raise ConfigError(
            f"the credential {name} is asked for, but $CREDENTIALS_DIRECTORY is not set",
            remedy=f"start under systemd with LoadCredential={name}:/path, or use {{ file = … }}",
        )
    if "/" in name or name in {".", ".."}:
        raise ConfigError(f"{name!r} is no name of a credential", remedy="a credential's name has no slash")
    path = Path(folder) / name
    if not path.exists():
        raise ConfigError(
            f"there is no credential {name} in {folder}", remedy=f"add LoadCredential={name}:/path to the unit"
        )
    return _file(path)


def _is_exposed(path: Path) -> bool:
    try:
        return bool(path.stat().st_mode & stat.S_IROTH)
    except (OSError, ValueError):
        return False
