"""Dependencies: each is needed, pinned with its hash, and what is installed is what is pinned."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from importlib.metadata import distributions, packages_distributions

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from benchmarks.commands import ROOT
from torture.trial import Form, Trial, none_of, reported

ABOUT = """`constraints.txt` is read entry by entry, the imports of every module of the product are collected, and
both are held against what pyproject.toml declares and what is installed here. Known vulnerabilities are looked up by
hand: docs/operating.md has the command."""
_DATA = {"tzdata": "zones for systems that ship none; zoneinfo finds it by itself"}
"""packages that nobody imports, and why they are there"""
_AUDIT = "pip-audit --require-hashes -r constraints.txt"


def try_dependencies(_form: Form) -> Trial:
    """Dependencies."""
    lock = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    declared, imported = declared_names(), imported_names()
    pins = {str(canonicalize_name(name)): pin for name, pin in re.findall(r"^([\w.-]+)==([^\s;]+)", lock, re.MULTILINE)}
    here = {str(canonicalize_name(found.metadata["Name"])): found.version for found in distributions()}
    documented = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    figures = [
        none_of("packages without a hash", without_hash(lock), of=len(pins)),
        none_of("installed in another version than is pinned", _others(pins, here), of=len(pins.keys() & here)),
        none_of("declared, and not imported by the product", declared - imported - _DATA.keys(), of=len(declared)),
        none_of("imported, and not declared", imported - declared, of=len(imported)),
        none_of("ways to look for known vulnerabilities left undocumented", [] if _AUDIT in documented else [_AUDIT]),
        reported("packages that the product declares", ", ".join(sorted(declared))),
    ]
    return Trial(key="S5", title="dependencies", about=ABOUT.replace("\n", " "), figures=figures)


def declared_names() -> set[str]:
    """Return what the product itself needs, by pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return {str(canonicalize_name(Requirement(line).name)) for line in project["dependencies"]}


def imported_names() -> set[str]:
    """Return the distributions that the product's modules import by name."""
    providers = packages_distributions()
    modules = {module for path in (ROOT / "watcher").rglob("*.py") for module in _modules(path.read_text("utf-8"))}
    third_party = modules - sys.stdlib_module_names - {"watcher"}
    named = {str(canonicalize_name(name)) for module in third_party for name in providers.get(module, [module])}
    return named - _BELOW.keys()


_BELOW: Mapping[str, str] = {
    "httpcore": "httpx",
    "requests": "apprise",
    "markdown": "apprise",
    "urllib3": "apprise",
    "pydantic-core": "pydantic",
}
"""parts that a declared package is built on, and always brings"""


def without_hash(lock: str) -> list[str]:
    """Return the entries of a lock that have no hash."""
    entries = re.split(r"^(?=\S)", lock, flags=re.MULTILINE)
    return [entry.split("==")[0] for entry in entries if "==" in entry and "--hash=sha256:" not in entry]


def _others(pins: Mapping[str, str], here: Mapping[str, str]) -> list[str]:
    return [f"{name} {here[name]}, not {pin}" for name, pin in pins.items() if here.get(name, pin) != pin]


def _modules(text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]
