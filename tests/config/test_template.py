import re
from pathlib import Path

import pytest

from tests.config.written import ENVIRON, load_file, load_text
from watcher.config.model import Config
from watcher.config.template import Answers, render

EXAMPLE = Path(__file__).parents[2] / "config.example.toml"
OFF = re.compile(r"^#(?=[^\s#])", re.MULTILINE)


def test_the_example_is_what_init_writes() -> None:
    assert EXAMPLE.read_text(encoding="utf-8") == render(Answers())


def test_the_example_is_valid_as_it_stands_without_any_environment(tmp_path: Path) -> None:
    config = load_text(tmp_path, EXAMPLE.read_text(encoding="utf-8"), environ=dict.fromkeys(ENVIRON, ""))
    assert config.warnings == ()
    assert list(config.sources) == ["campus"]


def test_the_example_is_valid_with_every_setting_turned_on(tmp_path: Path) -> None:
    config = _with_everything(tmp_path)
    assert list(config.sources) == ["campus", "academy", "staff"]
    assert list(config.channels) == ["facilitators", "office", "mail", "crm"]
    assert [rule.name for rule in config.rules][-2:] == ["a wave of questions", "operator"]
    assert config.warnings == ()


def test_the_settings_that_are_off_show_the_defaults(tmp_path: Path) -> None:
    on, off = _with_everything(tmp_path), load_text(tmp_path, render(Answers()))
    assert on.deadlines == off.deadlines
    assert on.retention == off.retention
    changed = {"ca_file": None, "proxy": None}
    assert on.sources["campus"].settings.model_copy(update=changed) == off.sources["campus"].settings


@pytest.mark.parametrize(
    "answers",
    [
        Answers(
            source="staff", api="osn", auth={"kind": "form", "username": 'a "b"\\\x7f', "password": {"env": "URL"}}
        ),
        Answers(channel="ops", channel_url={"env": "URL"}, timezone="Europe/Berlin"),
    ],
)
def test_answers_stand_in_the_text(tmp_path: Path, answers: Answers) -> None:
    config = load_text(tmp_path, render(answers))
    assert list(config.sources) == [answers.source]
    assert config.sources[answers.source].settings.api == answers.api
    assert config.operator == (answers.channel,)
    assert config.timezone.key == answers.timezone


def _with_everything(folder: Path) -> Config:
    (folder / "company-ca.pem").touch()
    (folder / "apprise.yml").touch(mode=0o600)
    for name in ("osn-password", "mail-url", "crm-key-old"):
        (folder / name).write_text("secret")
        (folder / name).chmod(0o600)
    path = folder / "all.toml"
    path.write_text(OFF.sub("", EXAMPLE.read_text(encoding="utf-8")), encoding="utf-8")
    path.chmod(0o600)
    secrets = {"ONQ_SECRET": "x", "OFFICE_URL": "json://x", "CRM_KEY": "x", "WATCHER_PROXY": "http://proxy"}
    return load_file(path, environ={**secrets, "CREDENTIALS_DIRECTORY": str(folder)})
