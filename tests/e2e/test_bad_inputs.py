"""Whatever is wrong from outside ends in an error that says what, where and what to do, and harms nothing."""

import sqlite3
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
import trustme

from tests.cli.conftest import Ran, speaking
from tests.cli.world import World, open_world

WRONG_SECRET = "this-is-another-secret-and-a-wrong-one"
Spoil = Callable[[World, ExitStack], None]
CONVERSATIONS = ("rows", "versions", "events", "deliveries", "channels")
"""the tables that a failed poll leaves as they are; that it failed is on record in others"""


Watcher = Callable[..., Ran]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with open_world(tmp_path) as one:
        yield one


@pytest.fixture
def watcher(world: World, capsys: pytest.CaptureFixture[str]) -> Watcher:
    return speaking(capsys, "--config", str(world.path))


def _wrong_secret(world: World, _stack: ExitStack) -> None:
    world.configure(secret=WRONG_SECRET)


def _clock_skew(world: World, _stack: ExitStack) -> None:
    world.lab.onq.skew = timedelta(hours=3, seconds=30)


def _wrong_url(world: World, _stack: ExitStack) -> None:
    world.configure(url=f"{world.lab.onq.origin}/api/extrnal")


def _refused(world: World, _stack: ExitStack) -> None:
    world.lab.onq.stop()


def _unknown_host(world: World, _stack: ExitStack) -> None:
    world.configure(url="https://no-such-host.invalid/api/external")


def _untrusted_tls(world: World, stack: ExitStack) -> None:
    world.configure(url=f"https://localhost:{stack.enter_context(_tls_server())}/api/external")


RUN_TIME: list[tuple[str, Spoil, tuple[str, ...]]] = [
    ("wrong secret", _wrong_secret, ("campus: ", "HTTP 401", "check the account and its secret")),
    ("clock skew", _clock_skew, ("campus: ", "clock is 3 h behind the server's", "set this machine's clock")),
    ("wrong url", _wrong_url, ("campus: ", "/api/extrnal/conversations: HTTP 404", "check the url")),
    ("refused", _refused, ("campus: ", "the connection was refused", "check host and port")),
    ("unknown host", _unknown_host, ("campus: ", "no-such-host.invalid", "cannot be resolved", "check the url")),
    ("untrusted TLS", _untrusted_tls, ("campus: ", "its certificate", "authority that is not trusted", "trusted ones")),
]


@pytest.mark.parametrize(("spoil", "needles"), [case[1:] for case in RUN_TIME], ids=[case[0] for case in RUN_TIME])
def test_a_source_that_cannot_be_read_is_explained(
    world: World, watcher: Watcher, spoil: Spoil, needles: tuple[str, ...]
) -> None:
    assert watcher("poll").status == 0
    before, conversations = _dump(world.database), _dump(world.database, CONVERSATIONS)
    with ExitStack() as stack:
        spoil(world, stack)
        for arguments in (("check", "--online"), ("poll", "--dry-run")):
            _is_explained(world, watcher(*arguments), 1, needles)
            assert _dump(world.database) == before
        _is_explained(world, watcher("poll"), 1, needles)
    if f'url = "{world.lab.onq.url}"' in world.path.read_text(encoding="utf-8"):  # another url is another source
        assert _dump(world.database, CONVERSATIONS) == conversations


def _below_a_file(world: World) -> None:
    (world.folder / "file").touch()
    world.configure(state_dir=str(world.folder / "file" / "state"))


def _newer_database(world: World) -> None:
    with closing(sqlite3.connect(world.database)) as connection, connection:
        connection.execute(
            "INSERT INTO _sqlite_migrations(migration_set, name, applied_at) VALUES('watcher', 'm999_later', '')"
        )


def _no_database(world: World) -> None:
    world.database.write_bytes(b"something else altogether" * 100)
    for side_file in ("watcher.db-wal", "watcher.db-shm"):
        (world.state / side_file).unlink(missing_ok=True)


STATE: list[tuple[str, Callable[[World], None], tuple[str, ...]]] = [
    ("below a file", _below_a_file, ("file/state cannot be used", "make it a directory", "or set state_dir")),
    ("newer", _newer_database, ("watcher.db was written by a newer version", "m999_later", "install that version")),
    ("no database", _no_database, ("watcher.db cannot be used", "NOTADB", "watcher never overwrites it")),
]


@pytest.mark.parametrize(("spoil", "needles"), [case[1:] for case in STATE], ids=[case[0] for case in STATE])
def test_a_state_that_cannot_be_used_is_explained_and_left_alone(
    world: World, watcher: Watcher, spoil: Callable[[World], None], needles: tuple[str, ...]
) -> None:
    assert watcher("poll").status == 0
    spoil(world)
    before = world.database.read_bytes()
    for arguments in (("check", "--online"), ("poll", "--dry-run"), ("poll",)):
        _is_explained(world, watcher(*arguments), 1, needles)
    assert world.database.read_bytes() == before


CONFIGS: list[tuple[str, dict[str, str], tuple[str, ...]]] = [
    ("unknown key", {"campus": "page_sise = 5"}, ("sources.campus.page_sise", "not a known key", "'page_size'")),
    ("bad cron", {"staff": 'cron = "61 * * * *"'}, ("sources.staff.cron", "61", "0 to 59")),
    ("bad time zone", {"top": 'timezone = "Mars/Olympus"'}, ("timezone", "Mars/Olympus", "Europe/Berlin")),
    (
        "unknown channel",
        {"rest": '[[rules]]\nname = "x"\nevents = ["*"]\nchannels = ["hok"]'},
        ("rules", "channels", "'hok' is no channel", "did you mean 'hook'?"),
    ),
    (
        "contradictory filter",
        {"staff": "filter = { exclude_open = true, exclude_closed = true }"},
        ("sources.staff.filter", "exclude_open", "exclude_closed"),
    ),
    (
        "no signing key",
        {"rest": '[channels.crm]\nurl = "webhook://127.0.0.1/x"\nsigning_keys = ["whsec_short"]'},
        ("channels.crm.signing_keys[1]", "is no signing key", "write whsec_ and 24 to 64 bytes in Base64"),
    ),
    (
        "a form for a webhook",
        {"rest": '[channels.crm]\nurl = "webhook://127.0.0.1/x"\nformat = "html"'},
        ("channels.crm.format", "does not go with a webhook", "leave it out"),
    ),
    ("no TOML", {"top": "a = = b"}, ("TOML",)),
]


@pytest.mark.parametrize(("written", "needles"), [case[1:] for case in CONFIGS], ids=[case[0] for case in CONFIGS])
def test_a_wrong_config_is_explained_with_its_line(
    world: World, watcher: Watcher, written: dict[str, str], needles: tuple[str, ...]
) -> None:
    assert watcher("poll").status == 0
    before = _dump(world.database)
    world.configure(**written)
    for arguments in (("check",), ("poll",), ("poll", "--dry-run"), ("notify", "hook"), ("accept", "campus")):
        said = watcher(*arguments)
        _is_explained(world, said, 2, needles)
        assert f"config.toml:{_line_of(world, written)}" in said.out + said.err
    assert _dump(world.database) == before
    assert world.receiver.arrivals() == []


def _is_explained(world: World, said: Ran, status: int, needles: tuple[str, ...]) -> None:
    assert said.status == status, said.out + said.err
    assert [needle for needle in needles if needle not in said.out + said.err] == [], said.out + said.err
    assert [secret for secret in (*world.secrets, WRONG_SECRET) if secret in said.out + said.err] == []
    assert "Traceback" not in said.out + said.err


def _line_of(world: World, written: dict[str, str]) -> int:
    """Return the number of the line that is wrong: the last one of what was written."""
    wrong = next(iter(written.values())).splitlines()[-1]
    return world.path.read_text(encoding="utf-8").splitlines().index(wrong) + 1


def _dump(path: Path, tables: tuple[str, ...] | None = None) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        lines = list(connection.iterdump())
    if tables is None:
        return lines
    return [line for line in lines if line.startswith(tuple(f'INSERT INTO "{table}"' for table in tables))]


class _QuietServer(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """A client that turns away from the certificate is what is wanted."""


@contextmanager
def _tls_server() -> Iterator[int]:
    """Serve HTTPS under a certificate of an authority that nobody knows; give the port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    with _QuietServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        serving = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        serving.start()
        yield server.server_address[1]
        server.shutdown()
        serving.join()
