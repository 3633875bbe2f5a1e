"""Network: every way in which it fails, each named in `watcher status`, and how soon all is well again."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.commands import ROOT
from torture.machine import require_debian, require_root
from torture.trial import Figure, Form, Trial, TrialError, at_least, at_most, exactly, none_of, reported

ABOUT = """In a network namespace of its own the daemon watches one source for each trouble, all at once: a connection
that is refused, packets dropped, a connection reset in the middle of an answer, one that stalls, a name that is gone,
40 % of the packets lost both ways, certificates that have expired, are for another host, are self-signed. It has
learnt every list before. Each trouble must be named in `watcher status`; then all is mended, and the time until each
source has been read whole is taken. No request may have passed the certificates that are none."""
_LIMIT_S = 180.0
_REQUEST_S = 1
"""the time-out of a request"""
NAMED = {
    "refused": "the connection was refused",
    "dropped": "no connection within",
    "reset": "the answer broke off",
    "stalled": "no whole answer within",
    "nameless": "the host name cannot be resolved",
    "lossy": "within",
    "expired": "its certificate has expired",
    "other-host": "its certificate is for another host name",
    "self-signed": "its certificate is self-signed",
}
"""what each source has, and what `status` must say of it"""


CAME_THROUGH = "read whole all the same"


def try_network(form: Form) -> Trial:
    """Network."""
    require_root()
    require_debian("unshare", package="util-linux")
    require_debian("ip", package="iproute2")
    require_debian("iptables", package="iptables")
    require_debian("openssl", package="openssl")
    interval_s = form.pick(full=10, quick=3)
    found = [_in_a_cell(interval_s) for _ in range(form.pick(full=5, quick=1))]
    return Trial(key="R8", title="network", about=ABOUT.replace("\n", " "), figures=list(_figures(found, interval_s)))


def _figures(found: list[dict[str, Any]], interval_s: int) -> Iterator[Figure]:
    unnamed = [f"{name}: {said}" for one in found for name, said in one["unnamed"].items()]
    slowest = max(((seconds, name) for one in found for name, seconds in one["recovery_s"].items()))
    came_through = sum(one["lossy"] == CAME_THROUGH for one in found)
    yield none_of("troubles not named in status", unnamed, of=len(found) * len(NAMED) - came_through)
    name = "rounds in which the lossy line could not be read, and was named"
    yield at_least(name, len(found) - came_through, int(len(found) > 1))
    name = f"slowest recovery ({slowest[1]}): an interval, after the request that was under way"
    yield at_most(name, round(slowest[0], 1), interval_s + _REQUEST_S, " s")
    yield exactly("requests that passed a bad certificate", sum(one["passed"] for one in found), 0)
    yield exactly("events told of conversations", sum(one["events"] for one in found), 0)
    yield exactly("unexpected errors in the log", sum(one["unexpected"] for one in found), 0)
    lossy = ", ".join(sorted({one["lossy"] for one in found}))
    yield reported("what the lossy line came to", lossy)


def _in_a_cell(interval_s: int) -> dict[str, Any]:
    """Run the scene in a namespace of its own and return what it found."""
    with TemporaryDirectory() as folder:
        command = ["unshare", "--net", "--mount", sys.executable, "-m", "torture.cell", folder, str(interval_s)]
        ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=_LIMIT_S)
        report = Path(folder) / "report.json"
        if ran.returncode or not report.exists():
            raise TrialError(f"the cell ended with {ran.returncode}: {ran.stderr[-500:]}")
        found: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
        return found
