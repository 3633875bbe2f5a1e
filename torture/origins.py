"""Origins: no request, cookie or token goes to another server than the one that is configured."""

from __future__ import annotations

import base64
import re
import secrets
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
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

ABOUT = """A listener that stands for another, private service takes whatever comes, and counts each connection, as a
TLS hello is no request. A server, over HTTP and over
HTTPS, answers every request of both APIs, log-ins too, and every message of a channel with each kind of redirect to
it: as an address, without a scheme, with a user, with backslashes, from https to http, in `Link`, `Refresh` and
`Content-Location`, in OSN's `nextURL`, and with cookies for wider domains. Each source polls it and each channel
sends to it, which is counted for every such way. Then each of the two configured servers, of one host with two ports,
sends its clients to the other one and sets cookies for the host: no token, password or cookie of the one may reach the
other."""
_STATUSES = (301, 302, 303, 307, 308)
_ELSEWHERE = "/elsewhere"
_SECRET = "secret-of-{}."
_CLIENTS = 6
"""four sources and two channels"""
_ROW = '{"id": "%d", "name": "A", "state": "OPEN_ACTIVE", "isRemoved": false}'
Headers = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lure:
    """One way to send a client elsewhere: a status, headers and a body, with {private} or {other} for the place."""

    name: str
    status: int
    headers: Headers
    body: str = ""


class Listener(Serving):
    """Counts what reaches it, and answers all of it in the same way."""

    def __init__(self, lure: Lure | None, private: str = "", tls: ssl.SSLContext | None = None) -> None:
        self.lure, self.private = lure, private
        self.other = ""  # the address of the other configured server
        self.requests: list[str] = []
        self.said: list[str] = []  # the head of each request
        self.connections: list[str] = []
        self._lock = Lock()
        server = _server_of(self)
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        super().__init__(server)

    @property
    def mark(self) -> str:
        """The value of the cookies that it sets."""
        return f"cookie-of-{self.port}"

    def note(self, line: str, head: str) -> None:
        with self._lock:
            self.requests.append(line)
            self.said.append(f"{line}\n{head}")

    def note_connection(self) -> None:
        with self._lock:
            self.connections.append("a connection")


def try_origins(form: Form) -> Trial:
    """Redirects and other origins."""
    lures = (*form.pick(full=LURES, quick=LURES[::3]), *_SIBLINGS)
    with TemporaryDirectory() as folder, Listener(None) as private, tls_context(Path(folder)) as context:
        met = [_follow(Path(folder), lure, private, context) for lure in lures]
        missed = [one.lure for one in met if one.is_missed]
        strays = [stray for one in met for stray in one.strays]
        reached = [*private.requests, *private.connections]
        seen = exactly("connections of a client that does follow, over TLS, too", _control(private), 2)
    figures: list[Figure] = [
        none_of("connections to the other origin, and requests there", reached, of=sum(one.asked for one in met)),
        none_of("secrets and requests that went from one configured origin to another", strays),
        none_of("ways that a source or a channel did not meet", missed, of=len(met)),
        seen,
        reported("ways to send a client elsewhere", f"{len(lures)} × (2 APIs, 2 schemes, 2 channels)"),
    ]
    return Trial(key="S3", title="other origins", about=ABOUT.replace("\n", " "), figures=figures)


@dataclass(frozen=True, slots=True, kw_only=True)
class Met:
    """How the product met a lure. `strays`: what came to a configured server and was meant for the other one."""

    lure: str
    asked: int
    is_missed: bool
    strays: Sequence[str]


def _follow(folder: Path, lure: Lure, private: Listener, context: ssl.SSLContext) -> Met:
    """Let the product meet a lure."""
    with Listener(lure, f"127.0.0.1:{private.port}") as plain, Listener(lure, plain.private, context) as secure:
        plain.other, secure.other = f"https://localhost:{secure.port}", f"http://localhost:{plain.port}"
        config = folder / "config.toml"
        config.write_text(_config(folder, plain.port, secure.port), encoding="utf-8")
        config.chmod(0o600)
        with open_app(read_config(config), StringIO()) as app:
            message = Message(title="a test", body="of other origins")
            acts: list[Callable[[], object]] = [partial(app.poll, name) for name in app.sources]
            acts += [partial(channel.send, message, secrets.token_hex(16)) for channel in app.channels.values()]
            heard = [_count_during(plain, secure, act) for act in acts]
        return Met(
            lure=lure.name,
            asked=sum(heard),
            is_missed=len(heard) != _CLIENTS or 0 in heard,
            strays=[f"{lure.name}: {stray}" for stray in _strays(plain, secure)],
        )


def _count_during(plain: Listener, secure: Listener, act: Callable[[], object]) -> int:
    """Return how many requests the servers have had of one source or channel."""
    before = len(plain.requests) + len(secure.requests)
    with suppress(ChannelError):  # of most answers; none of them is what counts here
        act()
    return len(plain.requests) + len(secure.requests) - before


def _strays(plain: Listener, secure: Listener) -> Iterator[str]:
    """Yield what one server was told that belongs to the other, and requests that the other had sent on."""
    for here, there, foreign in ((plain, secure, ("https",)), (secure, plain, ("http", "json", "hook"))):
        for said in here.said:
            head = _plainly(said)
            line = said.partition("\n")[0]
            yield from (f"{mark} in {line}" for mark in (*map(_SECRET.format, foreign), there.mark) if mark in head)
            if _ELSEWHERE in line:
                yield line


def _plainly(head: str) -> str:
    """Return a head with what is in Base64 in it in plain, too."""
    coded = re.findall(r"Basic ([\w+/=]+)", head)
    return "\n".join([head, *(base64.b64decode(text).decode(errors="replace") for text in coded)])


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
url = "json://user:{_SECRET.format("json")}@127.0.0.1:{port}/x"
[channels.hook]
url = "webhook://user:{_SECRET.format("hook")}@127.0.0.1:{port}/x"
[[rules]]
name = "all"
events = ["*"]
channels = ["json", "hook"]
"""


def _source(name: str, api: str, url: str, authority: Path) -> str:
    auth = f'{{ kind = "bearer", token = "{_SECRET.format(name.rpartition("-")[2])}" }}'
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

    private.connections.clear()
    lure = Lure(name="control", status=302, headers={"Location": "http://{private}/"})
    with Listener(lure, f"127.0.0.1:{private.port}") as server:
        httpx.get(f"http://127.0.0.1:{server.port}/", follow_redirects=True, timeout=timedelta(seconds=10).seconds)
    with suppress(httpx.TransportError):  # it speaks no TLS; that somebody came is what counts
        httpx.get(f"https://127.0.0.1:{private.port}/", timeout=timedelta(seconds=10).seconds)
    return len(private.connections)


def _server_of(listener: Listener) -> ThreadingHTTPServer:
    class Server(ThreadingHTTPServer):
        def verify_request(self, *_: object) -> bool:
            listener.note_connection()
            return True

    return Server(("127.0.0.1", 0), _visit_of(listener))


def _visit_of(listener: Listener) -> Callable[..., BaseHTTPRequestHandler]:
    class Visit(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            listener.note(f"{self.command} {self.path[:60]}", str(self.headers))
            lure = listener.lure or Lure(name="nothing", status=200, headers={}, body="[]")
            body = self._filled(lure.body).encode()
            self.send_response(200 if self._is_log_in(lure) else lure.status)
            for name, value in lure.headers.items():
                self.send_header(name, self._filled(value))
            body = b'{"apiRandomID": "r1"}' if self._is_log_in(lure) else body
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _filled(self, text: str) -> str:
            places = {"{private}": listener.private, "{other}": listener.other, "{mark}": listener.mark}
            return re.sub(r"\{\w+\}", lambda found: places.get(found.group(), found.group()), text)

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


def _siblings() -> Iterator[Lure]:
    """Yield ways from one configured server to the other one, with cookies for both."""
    cookie = {"Set-Cookie": "mark={mark}; Domain=localhost; Path=/"}
    for status in (302, 307):
        yield Lure(name=f"{status} to a sibling", status=status, headers={"Location": "{other}" + _ELSEWHERE, **cookie})
    rows = ", ".join(_ROW % number for number in (1, 2))
    next_url = '{"items": [%s], "hasMore": true, "nextURL": "{other}%s"}' % (rows, _ELSEWHERE)  # noqa: UP031
    yield Lure(name="nextURL to a sibling", status=200, headers=cookie, body=next_url)


_SIBLINGS = tuple(_siblings())
