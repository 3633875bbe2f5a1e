"""Origins: no request, cookie or token goes to another server than the one that is configured."""

from __future__ import annotations

import secrets
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock

import trustme

from torture.serving import Serving
from torture.trial import Figure, Form, Trial, exactly, none_of, reported
from watcher.bootstrap.app import open_app
from watcher.bootstrap.configuration import read_config
from watcher.domain.errors import ChannelError
from watcher.domain.message import Message

ABOUT = """A listener that stands for another, private service takes whatever comes. A server, over HTTP and over
HTTPS, answers every request of both APIs, log-ins too, and every message of a channel with each kind of redirect to
it: as an address, without a scheme, with a user, with backslashes, from https to http, in `Link`, `Refresh` and
`Content-Location`, in OSN's `nextURL`, and with cookies for wider domains. Each source polls it and each channel
sends to it."""
_STATUSES = (301, 302, 303, 307, 308)
_ROW = '{"id": "%d", "name": "A", "state": "OPEN_ACTIVE", "isRemoved": false}'
Headers = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lure:
    """One way to send a client elsewhere: a status, headers and a body, with {private} for the place."""

    name: str
    status: int
    headers: Headers
    body: str = ""


class Listener(Serving):
    """Counts what reaches it, and answers all of it in the same way."""

    def __init__(self, lure: Lure | None, private: str = "", tls: ssl.SSLContext | None = None) -> None:
        self.lure, self.private = lure, private
        self.requests: list[str] = []
        self._lock = Lock()
        server = ThreadingHTTPServer(("127.0.0.1", 0), _visit_of(self))
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        super().__init__(server)

    def note(self, line: str) -> None:
        with self._lock:
            self.requests.append(line)


def try_origins(form: Form) -> Trial:
    """Redirects and other origins."""
    lures = form.pick(full=LURES, quick=LURES[::3])
    with TemporaryDirectory() as folder, Listener(None) as private, tls_context(Path(folder)) as context:
        asked = sum(_follow(Path(folder), lure, private, context) for lure in lures)
        reached = list(private.requests)
        seen = exactly("requests of a client that does follow, which the listener saw", _control(private), 1)
    figures: list[Figure] = [
        none_of("requests that reached the other origin", reached, of=asked),
        seen,
        reported("ways to send a client elsewhere", f"{len(lures)} × (2 APIs, 2 schemes, 2 channels)"),
    ]
    return Trial(key="S3", title="other origins", about=ABOUT.replace("\n", " "), figures=figures)


def _follow(folder: Path, lure: Lure, private: Listener, context: ssl.SSLContext) -> int:
    """Let the product meet a lure; return how many requests the server that sets it has had."""
    with Listener(lure, f"127.0.0.1:{private.port}") as plain, Listener(lure, plain.private, context) as secure:
        config = folder / "config.toml"
        config.write_text(_config(folder, plain.port, secure.port), encoding="utf-8")
        config.chmod(0o600)
        with open_app(read_config(config), StringIO()) as app:
            for name in app.sources:
                app.poll(name)
            for channel in app.channels.values():
                with suppress(ChannelError):  # of most answers; none of them is what counts here
                    channel.send(Message(title="a test", body="of other origins"), secrets.token_hex(16))
        return len(plain.requests) + len(secure.requests)


def _config(folder: Path, port: int, tls_port: int) -> str:
    sources = [
        _source(f"{api}-{scheme}", api, f"{scheme}://localhost:{number}/api", folder / "ca.pem")
        for api in ("onq", "osn")
        for scheme, number in (("http", port), ("https", tls_port))
    ]
    return f"""
state_dir = "{folder / "state"}"
{"".join(sources)}
[channels.json]
url = "json://user:channel-password@127.0.0.1:{port}/x"
[channels.hook]
url = "webhook://user:channel-password@127.0.0.1:{port}/x"
[[rules]]
name = "all"
events = ["*"]
channels = ["json", "hook"]
"""


def _source(name: str, api: str, url: str, authority: Path) -> str:
    auth = '{ kind = "bearer", token = "token-of-the-source" }'
    return f'[sources.{name}]\napi = "{api}"\nurl = "{url}"\nauth = {auth}\nca_file = "{authority}"\npage_size = 2\n'


@contextmanager
def tls_context(folder: Path) -> Iterator[ssl.SSLContext]:
    """Give the context of a server that is localhost; what signs it is written to `ca.pem`."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    yield context


def _control(private: Listener) -> int:
    """A client that follows wherever it is sent does reach the listener: so it counts."""
    import httpx  # noqa: PLC0415 - a client of the trial's own

    private.requests.clear()
    lure = Lure(name="control", status=302, headers={"Location": "http://{private}/"})
    with Listener(lure, f"127.0.0.1:{private.port}") as server:
        httpx.get(f"http://127.0.0.1:{server.port}/", follow_redirects=True, timeout=timedelta(seconds=10).seconds)
    return len(private.requests)


def _visit_of(listener: Listener) -> Callable[..., BaseHTTPRequestHandler]:
    class Visit(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            listener.note(f"{self.command} {self.path[:60]}")
            lure = listener.lure or Lure(name="nothing", status=200, headers={}, body="[]")
            body = lure.body.replace("{private}", listener.private).encode()
            self.send_response(200 if self._is_log_in(lure) else lure.status)
            for name, value in lure.headers.items():
                self.send_header(name, value.replace("{private}", listener.private))
            body = b'{"apiRandomID": "r1"}' if self._is_log_in(lure) else body
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _is_log_in(self, lure: Lure) -> bool:
            """Whether a log-in is let through: for what only a list can say."""
            return self.path.endswith("connections") and self.command == "POST" and lure.status == 200

        do_GET = do_POST = do_DELETE = do_HEAD = do_PUT = _answer  # noqa: N815 - named by http.server

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - named by http.server
            pass

    return Visit


def _redirects() -> Iterator[Lure]:
    for number, place in enumerate(_PLACES):
        for status in _STATUSES if not number else (302, 307):
            yield Lure(name=f"{status} {place}", status=status, headers={"Location": place})


_PLACES = (
    "http://{private}/secret",
    "//{private}/secret",
    "http://localhost@{private}/",
    "http:\\\\{private}\\x",
    "https://{private}/secret",
    "/\\{private}/x",
    "http://localhost:80@{private}/",
    "\thttp://{private}/",
)


def _lists() -> Iterator[Lure]:
    rows = ", ".join(_ROW % number for number in (1, 2))
    next_url = '{"items": [%s], "hasMore": true, "nextURL": "http://{private}/next"}' % rows  # noqa: UP031
    yield Lure(name="nextURL", status=200, headers={}, body=next_url)
    yield Lure(name="Link", status=200, headers={"Link": "<http://{private}/2>; rel=next"}, body=f"[{rows}]")
    yield Lure(name="Refresh", status=200, headers={"Refresh": "0; url=http://{private}/"}, body="[]")
    yield Lure(name="Content-Location", status=200, headers={"Content-Location": "http://{private}/"}, body="[]")
    yield Lure(name="Alt-Svc", status=200, headers={"Alt-Svc": 'h2="{private}"'}, body="[]")
    page = '<meta http-equiv="refresh" content="0; url=http://{private}/">'
    yield Lure(name="a page that refreshes", status=200, headers={"Content-Type": "text/html"}, body=page)
    wide = {"Set-Cookie": "a=b; Domain=localhost; Path=/", "Location": "http://{private}/"}
    yield Lure(name="a cookie for all", status=302, headers=wide)
    yield Lure(name="407", status=407, headers={"Proxy-Authenticate": "Basic", "Location": "http://{private}/"})
    yield Lure(name="305 use proxy", status=305, headers={"Location": "http://{private}/"})
    yield Lure(name="300 choices", status=300, headers={"Location": "http://{private}/"})
    yield Lure(name="201 elsewhere", status=201, headers={"Location": "http://{private}/"}, body="[]")


LURES = (*_redirects(), *_lists())
