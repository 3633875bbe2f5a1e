"""One message loads one service; whatever is not in the table is found all the same."""

import json
import subprocess
import sys
from typing import Any

import pytest

from watcher.channels._loading import MODULES
from watcher.channels._schemes import SCHEMES

# Apprise keeps what is loaded for the whole process: each of these is one of its own.
PRELUDE = """
import json, sys
from watcher.channels import apprise, _loading
from watcher.domain.errors import ConfigError
from watcher.domain.secret import Secret

def verify(url):
    try:
        apprise.for_url("ops", Secret("env OPS_URL", lambda: url)).verify()
    except ConfigError as error:
        return error.text
    return "ok"

def loaded():
    parts = [name.split(".") for name in sys.modules if name.startswith("apprise.plugins.")]
    return sorted({part[2] for part in parts} - {"base"})
"""


def said(script: str) -> Any:
    done = subprocess.run(
        [sys.executable, "-c", PRELUDE + script], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return json.loads(done.stdout)


def test_a_url_loads_its_own_service_and_no_other() -> None:
    found, modules = said('print(json.dumps([verify("json://127.0.0.1"), loaded()]))')
    assert found == "ok"
    assert modules == ["custom_json"]


def test_after_one_service_every_other_is_still_known() -> None:
    urls = {
        "json://127.0.0.1": "ok",
        "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ": "ok",  # in the table
        "prowl://abcdefghijklmnopqrstuvwxyzabcdefghijklmn": "ok",  # not in it
        "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ": "ok",  # as Slack shows it
        "https://example.org/hook": "channel ops: Apprise knows no service by this https:// url; write json://… or"
        " webhook(s)://… for one of your own",
        "kde://[": "channel ops: kde:// needs a package that is not installed",
        "jsno://127.0.0.1": "channel ops: no service has the scheme jsno://; did you mean json://?",
    }
    assert said(f"print(json.dumps([verify(url) for url in {list(urls)!r}]))") == list(urls.values())


def test_a_mistyped_scheme_is_told_by_the_near_one_also_after_a_message() -> None:
    found = said('print(json.dumps([verify("json://127.0.0.1"), verify("slak://a/b/c")]))')
    assert found == ["ok", "channel ops: no service has the scheme slak://; did you mean slack://?"]


def test_where_no_directory_can_be_made_all_services_are_loaded() -> None:
    script = """
import tempfile
tempfile.tempdir = "/proc/nowhere"
print(json.dumps([verify("json://127.0.0.1"), len(loaded()) > 100]))
"""
    assert said(script) == ["ok", True]


@pytest.fixture(scope="module")
def homes() -> dict[str, str]:
    """The module of each scheme, as Apprise itself has it."""
    script = """
import apprise as library
_loading.load_all_services()
services = library.manager_plugins.NotificationManager()
print(json.dumps({name: services[name].__module__.split(".")[2] for name in services.schemas()}))
"""
    found: dict[str, str] = said(script)
    return found


def test_the_table_is_right(homes: dict[str, str]) -> None:
    assert {scheme: homes.get(scheme) for scheme in MODULES} == MODULES


def test_the_schemes_are_those_of_apprise(homes: dict[str, str]) -> None:
    assert homes.keys() == SCHEMES


@pytest.mark.parametrize(
    ("scheme", "wrong"),
    [
        ("slack", ""),
        ("prowl", ""),
        ("https", ""),
        ("slak", "no service has the scheme slak://; did you mean slack://?"),
    ],
)
def test_a_scheme_is_known_without_loading_apprise(scheme: str, wrong: str) -> None:
    script = f"""
print(json.dumps([_loading.find_unknown_scheme({scheme!r}), "apprise" in sys.modules]))
"""
    assert said(script) == [wrong, bool(wrong)]


def test_the_table_names_all_schemes_of_a_service(homes: dict[str, str]) -> None:
    named = set(MODULES.values())
    assert [scheme for scheme, module in homes.items() if module in named and scheme not in MODULES] == []
