"""Files: who may read and write the state, and what is refused."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from torture.commands import Said, watcher
from torture.daemon import DaemonProcess, audience, daemon_process, sources
from torture.machine import require_root
from torture.trial import Figure, Form, Trial, exactly, none_of
from watcher.lab import Lab, Receiver

ABOUT = """The daemon runs under umask 000, and `watcher backup` besides; then the modes of everything that it made
are read. `watcher poll` is begun on a state directory that is a link, on one of another user, on one that all may
write to, with links in place of the database and the lock (to a file that is there, and to none), and with a config
that shows its secrets to others: each must be refused, with what is wrong and what to do, and all that lies beside the
state, what a link points to with it, must be as it was: nothing made, nothing written, no mode or owner changed."""
_STRANGER = 54_321
Spoil = Callable[[Path], str]
"""spoils a directory that holds a config and maybe a state, and returns what must be said of it"""


def try_files(form: Form) -> Trial:
    """Files and their modes."""
    require_root()
    with TemporaryDirectory() as folder, Lab(story=False, conversations=5) as lab, Receiver() as receiver:
        text = sources(lab) + audience(json=receiver)
        figures = [
            *_modes(Path(folder), text, receiver),
            *_refusals(Path(folder), text, form.pick(full=SPOILS, quick=SPOILS[::2])),
        ]
    return Trial(key="S2", title="files", about=ABOUT.replace("\n", " "), figures=figures)


def _modes(folder: Path, text: str, receiver: Receiver) -> Iterator[Figure]:
    home = folder / "running"
    home.mkdir()
    before = os.umask(0)
    try:
        with daemon_process(home) as daemon:
            daemon.configure(text)
            daemon.start()
            receiver.wait_for(2, 20)
            said = watcher(daemon.config, "backup", str(home / "state" / "copy.db"), umask=0)
            yield status_of_backup(said)
            yield from _wide(daemon)
            daemon.stop()
    finally:
        os.umask(before)


def status_of_backup(said: Said) -> Figure:
    """Return how the backup ended; one that did not has no status."""
    value = "it did not end" if said.status is None else f"{said.status}"
    return Figure(name="status of the backup", value=value, goal="0", is_met=said.status == 0)


def _wide(daemon: DaemonProcess) -> Iterator[Figure]:
    found = sorted(daemon.state.rglob("*"))
    wide = [f"{path.name} {mode_of(path):o}" for path in found if mode_of(path) != 0o600]
    yield Figure(name="mode of the directory", value=f"{mode_of(daemon.state):o}", goal="700", is_met=_is_own(daemon))
    yield none_of("files with another mode than 600", wide, of=len(found))
    yield exactly("database, its side files, lock and backup there", len({path.name for path in found} & _FILES), 5)


_FILES = frozenset({"watcher.db", "watcher.db-wal", "watcher.db-shm", "watcher.lock", "copy.db"})


def _is_own(daemon: DaemonProcess) -> bool:
    return mode_of(daemon.state) == 0o700


def mode_of(path: Path) -> int:
    """Return the permission bits of a file."""
    return stat.S_IMODE(path.stat().st_mode)


def _refusals(folder: Path, text: str, spoils: Sequence[Spoil]) -> Iterator[Figure]:
    wrong = []
    for number, spoil in enumerate(spoils):
        home = folder / f"spoilt {number}"
        home.mkdir(mode=0o700)
        config = home / "config.toml"
        config.write_text(f'state_dir = "{home / "state"}"\n{text}', encoding="utf-8")
        config.chmod(0o600)
        wrong += complaints(home, spoil)
    yield none_of("spoilt places that were not refused with the remedy", wrong, of=len(spoils))


def complaints(home: Path, spoil: Spoil) -> list[str]:
    """Spoil a place and return what is wrong with how that is refused."""
    wanted = spoil(home)
    before = _outside(home)
    said = watcher(home / "config.toml", "poll")
    name = spoil.__name__.strip("_").replace("_", " ")
    if said.status not in {1, 2} or wanted not in said.text or "Traceback" in said.text:
        return [f"{name}: {said.status}: {said.text[-200:]}"]
    after = _outside(home)
    touched = sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))
    return [f"{name}: touched {', '.join(touched)}"] if touched else []


def _outside(home: Path) -> dict[str, tuple[int, int, int, bytes]]:
    """Return what lies beside the state: mode, owner and content; a state that is a link is looked at as such."""
    found = [path for path in home.rglob("*") if (home / "state") not in path.parents]
    return {str(path.relative_to(home)): _look(path) for path in found}


def _look(path: Path) -> tuple[int, int, int, bytes]:
    about = path.lstat()
    return about.st_mode, about.st_uid, about.st_gid, path.read_bytes() if stat.S_ISREG(about.st_mode) else b""


def _a_linked_directory(home: Path) -> str:
    (home / "victim").mkdir(mode=0o700)
    (home / "state").symlink_to(home / "victim")
    return "set state_dir to what it points to"


def _a_strangers_directory(home: Path) -> str:
    (home / "state").mkdir(mode=0o700)
    os.chown(home / "state", _STRANGER, _STRANGER)
    return "change its owner with chown"


def _a_strangers_link(home: Path) -> str:
    (home / "victim").mkdir(mode=0o700)
    (home / "state").symlink_to(home / "victim")
    os.chown(home / "state", _STRANGER, _STRANGER, follow_symlinks=False)
    return "set state_dir to what it points to"


def _a_directory_for_all(home: Path) -> str:
    (home / "state").mkdir()
    (home / "state").chmod(0o777)
    return "chmod 700"


def _a_database_linked_to_a_file(home: Path) -> str:
    return _link(home, "watcher.db", "what another wrote")


def _a_database_linked_to_nothing(home: Path) -> str:
    return _link(home, "watcher.db")


def _a_lock_linked_to_a_file(home: Path) -> str:
    return _link(home, "watcher.lock", "what another wrote")


def _a_lock_linked_to_nothing(home: Path) -> str:
    return _link(home, "watcher.lock")


def _link(home: Path, name: str, content: str = "") -> str:
    (home / "state").mkdir(mode=0o700)
    (home / "state" / name).symlink_to(home / "elsewhere")
    if content:
        (home / "elsewhere").write_text(content, encoding="utf-8")
    return "it is a symbolic link"


def _a_config_that_all_may_read(home: Path) -> str:
    (home / "config.toml").chmod(0o644)
    return "chmod 600"


def _a_config_that_the_group_may_read(home: Path) -> str:
    (home / "config.toml").chmod(0o640)
    return "chmod 600"


SPOILS: tuple[Spoil, ...] = (
    _a_linked_directory,
    _a_strangers_directory,
    _a_strangers_link,
    _a_directory_for_all,
    _a_database_linked_to_a_file,
    _a_lock_linked_to_a_file,
    _a_lock_linked_to_nothing,
    _a_database_linked_to_nothing,
    _a_config_that_all_may_read,
    _a_config_that_the_group_may_read,
)
