"""Run in a network of its own: stands in for chat services under their real names, and sends messages to them.

Prints as JSON what arrived and what each send came to. Arguments: the folder with tls.pem, and a JSON list of pairs of
an Apprise URL and a name.
"""

import json
import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.channels.letters import letter
from watcher.channels import apprise
from watcher.domain.errors import ChannelError
from watcher.domain.secret import Secret

ANSWERS = {
    "hooks.slack.com": (200, b"ok"),
    "discord.com": (204, b""),
    "api.telegram.org": (200, b'{"ok":true,"result":{"message_id":1}}'),
}
PLANS = {"GONE": (404, b"no_service"), "BUSY": (429, b"rate_limited"), "MOVED": (302, b"")}
"""what a path with one of these words gets instead"""


class StandIn(BaseHTTPRequestHandler):
    """Takes what is posted under any name."""

    arrived: list[dict[str, Any]] = []  # noqa: RUF012 — the library makes one of these for each request

    def do_POST(self) -> None:
        host = self.headers["Host"]
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.arrived.append({"host": host, "path": self.path, "body": json.loads(body)})
        status, said = next((plan for word, plan in PLANS.items() if word in self.path), ANSWERS[host])
        self.send_response(status)
        self.send_header("Retry-After", "30")
        self.send_header("Location", "https://hooks.slack.com/elsewhere")
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 — the library's name
        """What went wrong is in what the sends came to."""


def serve(folder: Path) -> ThreadingHTTPServer:
    server = ThreadingHTTPServer(("127.0.0.1", 443), StandIn)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "tls.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    return server


def send(url: str, name: str) -> dict[str, Any]:
    try:
        receipt = apprise.for_url("team", Secret("test", lambda: url)).send(letter(name), "d1")
    except ChannelError as error:
        wait = error.retry_after.total_seconds() if error.retry_after else None
        return {"error": error.text, "status": error.status, "permanent": error.is_permanent, "wait": wait}
    return {"status": receipt.status, "confirmed": receipt.is_confirmed}


def main(folder: str, wanted: str) -> None:
    server = serve(Path(folder))
    came_to = [send(url, name) for url, name in json.loads(wanted)]
    server.shutdown()
    print(json.dumps({"came_to": came_to, "arrived": StandIn.arrived}))


if __name__ == "__main__":
    main(*sys.argv[1:])
