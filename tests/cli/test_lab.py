import json
import signal
import socket
import tomllib
import urllib.request
from pathlib import Path

import pytest

from tests.cli.world import spawn
from watcher.cli import run


def test_it_serves_until_it_is_stopped_and_its_config_works(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with spawn("lab", "--onq-port", "0", "--osn-port", "0", "--conversations", "3", folder=tmp_path) as lab:
        assert lab.stdout is not None
        lines = []
        for line in lab.stdout:
            lines.append(line.rstrip("\n"))
            if '"session"' in line:
                break
        config = "\n".join(line.removeprefix("    ") for line in _snippet(lines))
        assert {"campus", "staff"} == tomllib.loads(config)["sources"].keys()
        (tmp_path / "config.toml").write_text(config, encoding="utf-8")
        (tmp_path / "config.toml").chmod(0o600)
        monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
        assert run(["--config", str(tmp_path / "config.toml"), "poll", "--format", "table"]) == 0
        assert "baseline of" in capsys.readouterr().out
        _obey(next(line for line in lines if "503" in line))
        assert run(["--config", str(tmp_path / "config.toml"), "poll", "campus", "--format", "table"]) == 1
        assert "HTTP 503" in capsys.readouterr().out
        lab.send_signal(signal.SIGINT)
        _, errors = lab.communicate(timeout=10)
    assert (lab.returncode, errors) == (0, "")


def test_a_port_that_is_taken_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert run(["lab", "--onq-port", port, "--osn-port", "0"]) == 1
    said = capsys.readouterr().err
    assert f"cannot listen on port {port}" in said
    assert "→ name others with --onq-port" in said
    assert {number: signal.getsignal(number) for number in handlers} == handlers


def _snippet(lines: list[str]) -> list[str]:
    first = next(place for place, line in enumerate(lines) if line.startswith("    operator"))
    last = next(place for place, line in enumerate(lines) if line.startswith("What goes on"))
    return lines[first:last]


def _obey(line: str) -> None:
    """Send what a shown line of curl would."""
    address, _, orders = line.strip().removeprefix("curl ").partition(" -d ")
    with urllib.request.urlopen(address, data=orders.strip("'").encode(), timeout=5) as answer:
        assert json.load(answer)
