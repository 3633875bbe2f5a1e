"""Cell: the scene of the network trial, inside a network and a mount namespace.

`python -m torture.cell FOLDER SECONDS`
"""

from __future__ import annotations

import json
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path

import trustme

from torture.commands import watcher
from torture.daemon import DaemonProcess, daemon_process
from torture.network import CAME_THROUGH, NAMED
from torture.raw_server import RawServer, http
from torture.trial import TrialError
from watcher.lab import onq_row

_PATIENCE_S = 45.0
_TLS = ("expired", "other-host", "self-signed")
_LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


class Cell:
    """One server a trouble, all of them watched by one daemon."""

    def __init__(self, folder: Path, interval_s: int, stack: ExitStack) -> None:
        self.folder, self.interval_s = folder, interval_s
        self.authority = trustme.CA()
        self.authority.cert_pem.write_to_path(str(folder / "ca.pem"))
        body = http(json.dumps([onq_row(number) for number in range(1, 4)]).encode())
        self.servers = {
            name: stack.enter_context(RawServer(lambda _: body, tls=self._right(name) if name in _TLS else None))
            for name in NAMED
        }
        self.hosts = folder / "hosts"
        self._write_hosts(NAMED)
        (folder / "resolv.conf").write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n", encoding="ascii")
        for name in ("hosts", "resolv.conf"):
            _run("mount", "--bind", str(folder / name), f"/etc/{name}")
        self.daemon: DaemonProcess = stack.enter_context(daemon_process(folder))

    def learn(self) -> None:
        """Start, and wait until every source has its baseline."""
        self.daemon.configure("\n".join(self._table(name) for name in NAMED))
        self.daemon.start()
        self._wait(lambda: len(self._complete_since(0)) == len(NAMED))

    def trouble(self) -> dict[str, str]:
        """Let everything go wrong; return what status did not name, and what it said instead.

        Of the lossy line a poll may come through; it is waited for one that does not, but not for ever.
        """
        _iptables("-A", "INPUT", self._port("refused"), "REJECT", "--reject-with", "tcp-reset")
        _iptables("-A", "INPUT", self._port("dropped"), "DROP")
        for side in ("--dport", "--sport"):
            loss = ("-m", "statistic", "--mode", "random", "--probability", "0.4")
            _iptables("-A", "INPUT", self._port("lossy"), "DROP", *loss, side=side)
        self.servers["reset"].resets = True
        self.servers["stalled"].held.clear()
        self._write_hosts([name for name in NAMED if name != "nameless"])
        self.servers["expired"].tls = self._context(self.authority.issue_cert("expired.test", not_after=_LONG_AGO))
        self.servers["other-host"].tls = self._context(self.authority.issue_cert("another.test"))
        self.servers["self-signed"].tls = self._self_signed("self-signed.test")
        self.passed = {name: self.servers[name].answered for name in _TLS}
        end, unnamed = time.monotonic() + _PATIENCE_S, self._unnamed()
        while (unnamed or self.lossy == CAME_THROUGH) and time.monotonic() < end:
            unnamed = self._unnamed()
        return unnamed

    def mend(self) -> dict[str, float]:
        """Let everything be well again; return after how many seconds each source had been read whole."""
        self.reached = sum(self.servers[name].answered - before for name, before in self.passed.items())
        _run("iptables", "-F")
        self.servers["reset"].resets = False
        self.servers["stalled"].held.set()
        self._write_hosts(NAMED)
        for name in _TLS:
            self.servers[name].tls = self._right(name)
        since_ms = int(time.time() * 1000)
        self._wait(lambda: len(self._complete_since(since_ms)) == len(NAMED))
        return {name: (at - since_ms) / 1000 for name, at in self._complete_since(since_ms).items()}

    def _unnamed(self) -> dict[str, str]:
        said = json.loads(watcher(self.daemon.config, "status", "--format", "json").text)
        errors = {source["name"]: str(source["error"]) for source in said["sources"]}
        wrong = {name: errors[name] for name, words in NAMED.items() if words not in errors[name]}
        self.lossy = errors["lossy"] or CAME_THROUGH
        if not errors["lossy"]:
            wrong.pop("lossy", None)  # TCP came through: then there is nothing to name
        return wrong

    def _complete_since(self, since_ms: int) -> dict[str, int]:
        """Return when each source was first read whole since a moment, by a poll that began after it."""
        query = f"""SELECT s.name, min(p.ended_at_ms) FROM polls p JOIN sources s ON s.key = p.source
            WHERE p.outcome = 'complete' AND p.started_at_ms >= {since_ms} GROUP BY s.name"""
        return {str(name): int(at) for name, at in self.daemon.rows(query)}

    def _wait(self, holds: Callable[[], bool]) -> None:
        end = time.monotonic() + _PATIENCE_S
        while not holds():
            if time.monotonic() > end:
                raise TrialError(f"not every source was read: {self.daemon.log()[-2_000:]}")
            with suppress(subprocess.TimeoutExpired):
                self.daemon.child.wait(0.1)
                raise TrialError(f"the daemon has ended: {self.daemon.log()[-2_000:]}")

    def _table(self, name: str) -> str:
        scheme = "https" if name in _TLS else "http"
        url = f"{scheme}://{name}.test:{self.servers[name].port}/api"
        extra = f'ca_file = "{self.folder / "ca.pem"}"' if name in _TLS else "allow_http = true"
        auth = '{ kind = "bearer", token = "a-token-of-nobody" }'
        every = f'every = "{self.interval_s}s"\nrequest_timeout = "1s"\nfailing_after = 1'
        return f'[sources.{name}]\napi = "onq"\nurl = "{url}"\nauth = {auth}\n{every}\n{extra}'

    def _write_hosts(self, names: Iterable[str]) -> None:
        lines = ["127.0.0.1 localhost", *(f"127.0.0.1 {name}.test" for name in names)]
        self.hosts.write_text("\n".join(lines) + "\n", encoding="ascii")

    def _port(self, name: str) -> int:
        return self.servers[name].port

    def _right(self, name: str) -> ssl.SSLContext:
        return self._context(self.authority.issue_cert(f"{name}.test"))

    def _context(self, leaf: trustme.LeafCert) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        leaf.configure_cert(context)
        return context

    def _self_signed(self, host: str) -> ssl.SSLContext:
        key, certificate = self.folder / "key.pem", self.folder / "certificate.pem"
        made = ("-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={host}")
        name = ("-addext", f"subjectAltName=DNS:{host}")
        _run("openssl", "req", *made, *name, "-keyout", str(key), "-out", str(certificate))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        return context


def main(folder: Path, interval_s: int) -> None:
    """Play the scene and write down what was found."""
    _run("ip", "link", "set", "lo", "up")
    with ExitStack() as stack:
        cell = Cell(folder, interval_s, stack)
        cell.learn()
        unnamed = cell.trouble()
        recovery_s = cell.mend()
        told = cell.daemon.rows("SELECT count(*) FROM events WHERE type NOT LIKE 'source.%'")
        found = {"unnamed": unnamed, "recovery_s": recovery_s, "passed": cell.reached, "lossy": cell.lossy}
        report = json.dumps({**found, "events": told[0][0], "unexpected": cell.daemon.unexpected()})
        (folder / "report.json").write_text(report, encoding="utf-8")


def _iptables(verb: str, chain: str, port: int, target: str, *options: str, side: str = "--dport") -> None:
    match = [option for option in options if target == "DROP"]
    rest = [option for option in options if target != "DROP"]
    _run("iptables", verb, chain, "-p", "tcp", side, str(port), *match, "-j", target, *rest)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=30)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
