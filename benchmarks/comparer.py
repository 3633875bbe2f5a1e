"""Comparer: reads the pages it is given and compares them with what it kept of the last time, by a peer's library."""

import csv
import io
import json
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx

Rows = Sequence[dict[str, Any]]


def main() -> None:
    """Read, compare, keep."""
    library, urls, kept = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    rows = _read(urls.read_text(encoding="utf-8").split())
    if kept.exists():
        print({"deepdiff": _by_deepdiff, "csv-diff": _by_csv_diff}[library](json.loads(kept.read_bytes()), rows))
    kept.write_text(json.dumps(rows), encoding="utf-8")


def _read(urls: Sequence[str]) -> Rows:
    with httpx.Client(trust_env=False) as client:
        return [row for url in urls for row in client.get(url).json()]


def _by_deepdiff(before: Rows, after: Rows) -> Any:
    deepdiff: Any = import_module("deepdiff")

    def keyed(rows: Rows) -> dict[Any, Any]:
        return {row["id"]: row for row in rows}

    return deepdiff.DeepDiff(keyed(before), keyed(after))


def _by_csv_diff(before: Rows, after: Rows) -> Any:
    csv_diff: Any = import_module("csv_diff")

    def loaded(rows: Rows) -> Any:
        table = io.StringIO()
        writer = csv.DictWriter(table, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
        table.seek(0)
        return csv_diff.load_csv(table, key="id")

    return csv_diff.compare(loaded(before), loaded(after))


if __name__ == "__main__":
    main()
