"""Peers: programs from PyPI that watch pages or compare lists, installed here, each set up its simplest way.

They see one row a line, so that a diff by lines shows rows without a filter in front of it.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.commands import ROOT, Cost, run
from benchmarks.outcome import Snapshots, Tell, by_field, by_id

VENVS = ROOT / ".bench"
LIGHT = ("urlwatch==2.29", "webchanges==3.37.0", "deepdiff==9.1.0", "csv-diff==1.2", "httpx==0.28.1")
HEAVY = ("changedetection.io==0.60.10",)
_INSTALL_LIMIT_S = 600
_WORDS = 300
_COMPARERS = Path(__file__).with_name("comparer.py")
_URLWATCH = "report: {text: {details: true}, stdout: {enabled: true, color: false}}\n"
_WEBCHANGES = "report: {text: {details: true}, stdout: {enabled: true, color: false}}\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """A program, and how it is found out what it told; None for one that tells nothing."""

    run: Callable[[], Cost]
    told: Tell | None = by_id


def installed_peers(folder: Path, urls: Sequence[str]) -> tuple[dict[str, Contender], list[str]]:
    """Return the peers that could be installed, ready to watch the pages, and a note for each group that could not."""
    folder.mkdir(parents=True)
    contenders: dict[str, Contender] = {}
    notes = []
    for name, packages, group in (("light", LIGHT, _light), ("heavy", HEAVY, _heavy)):
        try:
            contenders |= group(_venv(name, packages), folder, urls)
        except (OSError, subprocess.SubprocessError) as error:
            said = getattr(error, "stderr", None) or b""
            why = f"{type(error).__name__} {said.decode(errors='replace')[-_WORDS:]}".strip()
            notes.append(f"{', '.join(packages)} could not be installed: not measured. {why}")
    return contenders, [*notes, f"Peers: {', '.join((*LIGHT[:-1], *HEAVY))}."]


def _venv(name: str, packages: Sequence[str]) -> Path:
    """Install packages once into a virtual environment of their own and return where its commands are."""
    venv = VENVS / name
    ready = venv / ".ready"
    if not ready.is_file() or ready.read_text(encoding="utf-8") != " ".join(packages):
        command = [sys.executable, "-m", "venv", "--clear", str(venv)]
        subprocess.run(command, check=True, capture_output=True, timeout=_INSTALL_LIMIT_S)
        pip = [str(venv / "bin/python"), "-m", "pip", "install", "-qq", "--disable-pip-version-check", *packages]
        subprocess.run(pip, check=True, capture_output=True, timeout=_INSTALL_LIMIT_S)
        ready.write_text(" ".join(packages), encoding="utf-8")
    return venv / "bin"


def _light(commands: Path, folder: Path, urls: Sequence[str]) -> dict[str, Contender]:
    deep = [f"{url}&for=deepdiff" for url in urls]
    return {
        "urlwatch": _urlwatch(commands, folder, urls),
        "webchanges": _webchanges(commands, folder / "webchanges", urls, ""),
        "webchanges with deepdiff": _webchanges(
            commands, folder / "deep", deep, "\ndiffer: {name: deepdiff}", told=by_field
        ),
        "deepdiff": _comparer(commands, folder, "deepdiff", urls),
        "csv-diff": _comparer(commands, folder, "csv-diff", urls),
    }


def _heavy(commands: Path, folder: Path, urls: Sequence[str]) -> dict[str, Contender]:
    """changedetection.io: as a batch that checks every watch once; its first run adds the watches."""
    state = folder / "changedetection"
    program = [str(commands / "changedetection.io"), "-d", str(state), "-C", "-p", "0", "-l", "ERROR"]
    added = [part for url in urls for part in ("-u", url)]
    environ = {"ALLOW_IANA_RESTRICTED_ADDRESSES": "true", "FETCH_WORKERS": "4", "DISABLE_VERSION_CHECK": "true"}

    def check() -> Cost:
        is_known = state.is_dir()
        return run([*program, *([] if is_known else added), "-r", "all", "-b"], environ=environ)

    return {"changedetection.io": Contender(run=check, told=Snapshots(state).told)}


def _urlwatch(commands: Path, folder: Path, urls: Sequence[str]) -> Contender:
    (folder / "urlwatch.yaml").write_text("\n---\n".join(f"url: {url}" for url in urls), encoding="utf-8")
    (folder / "urlwatch-config.yaml").write_text(_URLWATCH, encoding="utf-8")
    (folder / "hooks.py").write_text("", encoding="utf-8")
    command = [str(commands / "urlwatch"), "--urls", "urlwatch.yaml", "--config", "urlwatch-config.yaml"]
    return Contender(run=lambda: run([*command, "--hooks", "hooks.py", "--cache", "urlwatch.db"], folder=folder))


def _webchanges(commands: Path, folder: Path, urls: Sequence[str], differ: str, told: Tell = by_id) -> Contender:
    folder.mkdir()
    watched = "\n---\n".join(f"url: {url}{differ}" for url in urls)
    (folder / "jobs.yaml").write_text(watched, encoding="utf-8")
    (folder / "config.yaml").write_text(_WEBCHANGES, encoding="utf-8")
    (folder / "hooks.py").write_text("", encoding="utf-8")
    command = [str(commands / "webchanges"), "--jobs", "jobs.yaml", "--config", "config.yaml"]
    return Contender(
        run=lambda: run([*command, "--hooks", "hooks.py", "--database", "pages.db"], folder=folder), told=told
    )


def _comparer(commands: Path, folder: Path, library: str, urls: Sequence[str]) -> Contender:
    """A library has no program that reads and remembers: a small one of ours does that for it."""
    addresses = folder / "urls.txt"
    addresses.write_text("\n".join(urls), encoding="utf-8")
    kept = folder / f"{library}.kept"
    return Contender(run=lambda: run([str(commands / "python"), str(_COMPARERS), library, str(addresses), str(kept)]))
