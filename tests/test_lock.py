"""constraints.txt is in step with pyproject.toml: run `make lock` where it is not."""

import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
LOCK = (ROOT / "constraints.txt").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PINS = dict(re.findall(r"^([\w.-]+)==([^\s;]+)", LOCK, flags=re.MULTILINE))


def test_every_declared_dependency_is_pinned_within_its_bounds() -> None:
    declared = [
        *PROJECT["dependencies"],
        *(line for extra in PROJECT["optional-dependencies"].values() for line in extra),
    ]
    out_of_step = [
        line
        for line in declared
        if (name := canonicalize_name(Requirement(line).name)) not in PINS
        or not Requirement(line).specifier.contains(PINS[name], prereleases=True)
    ]
    assert out_of_step == []


def test_every_pin_has_a_hash_and_nothing_says_where_it_came_from() -> None:
    entries = re.split(r"^(?=\S)", LOCK, flags=re.MULTILINE)
    assert [entry for entry in entries if "==" in entry.split("\n")[0] and "--hash=sha256:" not in entry] == []
    assert re.findall(r"https?://|file:|^--|^-e|^\.", LOCK, flags=re.MULTILINE) == []
