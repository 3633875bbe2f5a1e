"""Templates from a config to a message, with the real check."""

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from watcher.bootstrap.configuration import read_config
from watcher.bootstrap.wording import make_templates, make_words
from watcher.config.finding import ConfigErrors
from watcher.config.model import Config
from watcher.domain.event import Event, EventType, Severity
from watcher.domain.stage import CLEARED
from watcher.domain.template import Occasion

CONFIG = """
operator = ["ops"]
[sources.campus]
api = "onq"
url = "https://api.onq.io/api/external"
auth = { kind = "bearer", token = "t0ken" }
[channels.ops]
url = "console://"
[[rules]]
name = "trouble"
events = ["source.failing"]
channels = ["ops"]
"""
NOW = datetime(2026, 11, 23, 8, 15, tzinfo=UTC)
FAILING = Event(
    id="e" * 32, source="campus", type=EventType.SOURCE_FAILING, subject="campus", severity=Severity.WARNING,
    time=NOW, details={"error": "timed out <b>", "since": "2026-11-23T08:00:00Z"},
)  # fmt: skip


def _config(folder: Path, rest: str) -> Config:
    path = folder / "config.toml"
    path.write_text(CONFIG + rest, encoding="utf-8")
    path.chmod(0o600)
    return read_config(path)


def test_a_rules_templates_word_its_messages(tmp_path: Path) -> None:
    made = make_templates(_config(tmp_path, "title = '{{ subject }} fails'\nbody = '{{ error }} since {{ since }}'"))
    occasion = Occasion(events=(FAILING,), rule="trouble", title="t", body="b", zone=UTC, now=NOW)
    assert made.keys() == {"trouble"}
    shown = made["trouble"].render(occasion)
    assert (shown.title, shown.body, shown.problem) == ("campus fails", "timed out ‹b› since 08:00 Mon 23 Nov", "")


def test_a_config_without_templates_has_none(tmp_path: Path) -> None:
    assert make_templates(_config(tmp_path, "")) == {}


def test_a_mistake_in_a_template_is_a_config_error_at_its_place(tmp_path: Path) -> None:
    with pytest.raises(ConfigErrors) as raised:
        _config(tmp_path, 'body = """\nfails:\n  {{ eror }}\n"""')
    assert str(raised.value) == "config.toml:15:6: rules[1].body: 'eror' is no name here; did you mean 'error'?"


def test_every_field_of_an_api_may_be_named(tmp_path: Path) -> None:
    rule = "\n[[rules]]\nname = 'b'\nevents = ['questions.new']\nchannels = ['ops']\n"
    assert _config(tmp_path, rule + "title = '{{ conversation.fields.close_on }} {{ change.delta }}'").warnings == ()


def test_jinja_is_loaded_for_who_writes_templates_only(tmp_path: Path) -> None:
    _config(tmp_path, "")
    script = (
        "import sys, pathlib\nfrom watcher.bootstrap.configuration import read_config\n"
        "from watcher.bootstrap.wording import make_templates\n"
        "make_templates(read_config(pathlib.Path(sys.argv[1])))\nprint('jinja2' in sys.modules)"
    )
    run = [sys.executable, "-c", script, str(tmp_path / "config.toml")]
    assert subprocess.run(run, capture_output=True, text=True, check=True, timeout=30).stdout == "False\n"


def test_several_events_are_in_the_words_of_a_rule_that_asks_for_a_digest_only(tmp_path: Path) -> None:
    occasion = Occasion(events=(FAILING, FAILING), rule="trouble", title="t", body="b", zone=UTC, now=NOW, count=2)
    shown = make_words(_config(tmp_path, "digest = '15m'\ntitle = '{{ count }} fail'"))(occasion)
    assert shown is not None
    assert shown.title == "2 fail"
    assert make_words(_config(tmp_path, "title = '{{ subject }} fails'"))(occasion) is None


def test_the_end_of_something_that_a_rule_does_not_speak_of_keeps_the_built_in_words(tmp_path: Path) -> None:
    reword = make_words(_config(tmp_path, "body = '{{ error }}'"))
    occasion = Occasion(events=(FAILING,), rule="trouble", title="t", body="b", zone=UTC, now=NOW)
    assert reword(occasion) is not None
    recovered = replace(FAILING, type=EventType.SOURCE_RECOVERED)
    assert reword(replace(occasion, events=(recovered,), stage=CLEARED)) is None
