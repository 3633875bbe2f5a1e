"""Simulated OnQ and OSN APIs on loopback, for trying things out, for tests and for benchmarks.

    with Lab(story=False) as lab:
        lab.onq.rows.put(onq_row(1, name="Leading Change"))
        lab.onq.speak(paging="offset", envelope="items")
        lab.osn.faults.add("status", status=503, retry_after=5, times=2, on="listing")

Each server has an endpoint for people, beside the API's own path and without log-in:

    curl http://127.0.0.1:PORT/lab                                    # what it is, its rows, switches and faults
    curl http://127.0.0.1:PORT/lab -d '{"dialect": {"dates": "epoch_ms"}}'
    curl http://127.0.0.1:PORT/lab -d '{"fault": {"kind": "status", "status": 503, "times": 3, "on": "listing"}}'
    curl http://127.0.0.1:PORT/lab -d '{"clear": true}'               # every fault off, hanging requests let go
    curl http://127.0.0.1:PORT/lab -d '{"release": true}'             # only let hanging requests go
    curl http://127.0.0.1:PORT/lab -d '{"session": "expire"}'         # OSN: end all sessions ("stale": new random ids)

`watcher.lab.dialect` lists the switches, `watcher.lab.faults` the faults. Nothing here knows the rest of watcher.
"""

from watcher.lab.act import Truth, What
from watcher.lab.dialect import OnqDialect, OsnDialect
from watcher.lab.faults import Fault, FaultKind
from watcher.lab.lab import Lab
from watcher.lab.onq_api import OnqApi
from watcher.lab.onq_row import ONQ_FIELDS, onq_row
from watcher.lab.osn_api import OsnApi
from watcher.lab.osn_row import OSN_FIELDS, osn_row
from watcher.lab.receiver import Arrival, Receiver
from watcher.lab.request import Kind, Request, Served
from watcher.lab.rows import Row, Rows
from watcher.lab.story import Story
from watcher.lab.world import fill

__all__ = [
    "ONQ_FIELDS",
    "OSN_FIELDS",
    "Arrival",
    "Fault",
    "FaultKind",
    "Kind",
    "Lab",
    "OnqApi",
    "OnqDialect",
    "OsnApi",
    "OsnDialect",
    "Receiver",
    "Request",
    "Row",
    "Rows",
    "Served",
    "Story",
    "Truth",
    "What",
    "fill",
    "onq_row",
    "osn_row",
]
