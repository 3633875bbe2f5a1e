import os
import pty
import select
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.world import ROOT
from watcher.cli import run
from watcher.cli.questions import CONSOLE
from watcher.config.template import Answers, render

ANSWERS = {
    "Which API": "",
    "A name for this source": "Not A Name",
    "Error: use small letters": "uni",
    "Its address": "api.onq.io",
    "Error: write it like https": "https://api.onq.example/external",
    "Variable for the Apprise URL": "slack://token@host/secret",
    "not the secret itself": "HOOK_URL",
    "Time zone": "Europe/Berlinn",
    "Error: write it like Europe": "Europe/Berlin",
    "How to log in": "",
    "API key": "ONQ-1",
    "Variable for the API secret": "",
    "Issuer": "https://me.example",
    "Subject": "a@me.example",
    "Audience": "https://tenant.onq.io",
}


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_without_a_terminal_the_defaults_are_written_for_the_owner_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["init"]) == 0
    assert Path("config.toml").read_text(encoding="utf-8") == render(Answers())
    assert Path("config.toml").stat().st_mode & 0o777 == 0o600
    assert "watcher check --online" in capsys.readouterr().out
    assert run(["check"]) == 0


def test_the_commands_that_come_next_name_another_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["init", "my own.toml"]) == 0
    assert "watcher --config 'my own.toml' run" in capsys.readouterr().out


@pytest.mark.parametrize("kind", ["file", "dangling link"])
def test_nothing_that_is_there_is_overwritten(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    if kind == "file":
        Path("config.toml").write_text("mine", encoding="utf-8")
    else:
        Path("config.toml").symlink_to("elsewhere.toml")
    assert run(["init"]) == 2
    said = capsys.readouterr().err
    assert "config.toml exists already" in said
    assert "→ name another file: watcher init FILE" in said
    assert not Path("elsewhere.toml").exists()


def test_a_place_that_cannot_be_written_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["init", "missing/config.toml"]) == 2
    assert "missing/config.toml cannot be written: No such file or directory" in capsys.readouterr().err


def test_on_a_terminal_it_asks_until_an_answer_is_right_and_keeps_secrets_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown = _talk(["init"], ANSWERS)
    assert "export ONQ_SECRET=…" in shown
    assert "export HOOK_URL=…" in shown
    text = Path("config.toml").read_text(encoding="utf-8")
    assert "slack://" not in text
    assert CONSOLE not in text
    monkeypatch.setenv("ONQ_SECRET", "s")
    monkeypatch.setenv("HOOK_URL", "json://host")
    assert run(["check"]) == 0


def _talk(arguments: list[str], answers: dict[str, str]) -> str:
    """Run a command on a terminal and answer each question once it is asked; return all that was shown."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "dumb"}
    command = [sys.executable, "-m", "watcher", *arguments]
    with subprocess.Popen(command, env=environment, stdin=theirs, stdout=theirs, stderr=theirs):
        os.close(theirs)
        shown = seen = ""
        for question, answer in answers.items():
            while not (question in seen and seen.rstrip().endswith(":")):
                seen += _read(ours)
            os.write(ours, answer.encode() + b"\n")
            shown, seen = shown + seen, ""
        while chunk := _read(ours):
            shown += chunk
    os.close(ours)
    return shown


def _read(terminal: int) -> str:
    """Return what is shown next, empty at the end."""
    ready, _, _ = select.select([terminal], [], [], 10)
    if not ready:
        raise TimeoutError
    try:
        return os.read(terminal, 10_000).decode()
    except OSError:  # the other side has closed
        return ""


def test_a_config_that_does_not_fit_on_the_disk_leaves_nothing_behind(tmp_path: Path) -> None:
    """A limit on the size of files stands for a full disk."""
    limited = ["sh", "-c", 'ulimit -f 1 && exec "$@"', "sh"]
    command = [*limited, sys.executable, "-B", "-m", "watcher", "init", str(tmp_path / "new.toml")]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, stdin=subprocess.DEVNULL)
    assert ran.returncode == 2
    assert "new.toml cannot be written: File too large" in ran.stderr
    assert not (tmp_path / "new.toml").exists()
