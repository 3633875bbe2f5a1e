"""The audit as `watcher status` shows it: when the daemon last looked, and what is wrong."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from watcher.bootstrap import clock
from watcher.cli.output import Format, write_json, write_marked, write_ndjson
from watcher.cli.words import Teller, iso
from watcher.store.history_audit import AuditStatus

_FINE = "all that is owed is on its way"


def write_audit(seen: AuditStatus, teller: Teller) -> None:
    """Write a line for all that is well, or one for each thing that is wrong.

    Who polls without the daemon has none that could give signs of life: that is only marked.
    """
    silence = [f"! {one}: nobody looks whether all is sent" for one in seen.silence(_monotonic())]
    lapses = [f"✗ {lapse.say()}" for lapse in seen.lapses]
    write_marked([*silence, *lapses] or [f"✓ {_FINE} (looked {teller.left(seen.looked_at)})"])


def check(seen: AuditStatus, form: Format) -> int:
    """Write what is wrong, and return the exit status."""
    wrong = _wrong(seen)
    if form is Format.TABLE:
        write_marked([f"✗ {one}" for one in wrong] or [f"✓ {_FINE}"])
    elif form is Format.JSON:
        write_json(audit_record(seen))
    else:
        write_ndjson([audit_record(seen)])
    return int(bool(wrong))


def audit_record(seen: AuditStatus) -> dict[str, Any]:
    """Return the audit for JSON."""
    wrong = _wrong(seen)
    return {
        "is_well": not wrong,
        "looked": iso(seen.looked_at),
        "wrong": list(wrong),
        "lapses": [
            {
                "kind": lapse.kind.value,
                "subject": lapse.subject,
                "since": iso(lapse.since),
                "text": lapse.text,
                "delivery": lapse.delivery,
            }
            for lapse in seen.lapses
        ],
    }


def _wrong(seen: AuditStatus) -> tuple[str, ...]:
    return seen.wrong(_monotonic())


def _monotonic() -> timedelta:
    return timedelta(seconds=clock.monotonic())
