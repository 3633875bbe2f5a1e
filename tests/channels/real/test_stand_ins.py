"""What arrives under the real names of chat services, certificates checked: a network of its own has those names."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import trustme
from slack_sdk.models.blocks import Block

from tests.channels.letters import letter
from tests.channels.real.stand_ins import ANSWERS
from tests.domain.test_inert import HOSTILE
from tests.machine import require_debian, require_root

ROOT = Path(__file__).parents[3]
SLACK = "slack://T1JJ3T3L2/A1BRTD4JD/{}TIiajkdnlazkcOXrIdevi"
NATIVE = "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
DISCORD = "discord://12345678901234567890/abcdefghijklmnopqrstuvwxyz"
TELEGRAM = "tgram://123456789:abcdefghijklmnopqrstuvwxyzABCDEFGHI/987654321"
INSIDE = 'ip link set lo up && mount --bind "$1/hosts" /etc/hosts && shift && exec "$@"'
NAMES = HOSTILE[:12]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    require_root()
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    authority.issue_cert(*ANSWERS).private_key_and_cert_chain_pem.write_to_path(tmp_path / "tls.pem")
    (tmp_path / "hosts").write_text(f"127.0.0.1 localhost {' '.join(ANSWERS)}\n")
    return tmp_path


def sent(folder: Path, wanted: list[tuple[str, str]], *, is_trusted: bool = True) -> dict[str, Any]:
    unshare = require_debian("unshare", package="util-linux")
    require_debian("ip", package="iproute2")
    script = [sys.executable, "-m", "tests.channels.real.stand_ins", str(folder), json.dumps(wanted)]
    command = [unshare, "--net", "--mount", "sh", "-c", INSIDE, "sh", str(folder), *script]
    trust = {"REQUESTS_CA_BUNDLE": str(folder / "ca.pem")} if is_trusted else {}
    environ = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")} | trust
    run = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False, timeout=50)
    assert run.returncode == 0, run.stderr
    said: dict[str, Any] = json.loads(run.stdout)
    return said


def test_each_service_gets_its_message_under_its_own_name(folder: Path) -> None:
    urls = (SLACK.format("7FQ"), NATIVE, DISCORD, TELEGRAM)
    said = sent(folder, [(url, "Leading Change") for url in urls])
    assert said["came_to"] == [{"status": 200, "confirmed": True}] * 2 + [
        {"status": 204, "confirmed": True},
        {"status": 200, "confirmed": True},
    ]
    hosts = [arrival["host"] for arrival in said["arrived"]]
    assert hosts == ["hooks.slack.com", "hooks.slack.com", "discord.com", "api.telegram.org"]
    slack, native, discord, telegram = (arrival["body"] for arrival in said["arrived"])
    assert slack == native
    for block in slack["blocks"]:
        parsed = Block.parse(block)
        assert parsed is not None
        parsed.validate_json()
    message = letter()
    assert slack["text"] == message.title
    for line in (message.title, *message.body.splitlines(), message.footer):
        assert line in discord["content"]
        assert line in telegram["text"]


def test_a_certificate_of_nobody_known_is_refused_before_anything_is_said(folder: Path) -> None:
    said = sent(folder, [(SLACK.format("7FQ"), "x")], is_trusted=False)
    assert [each["error"] for each in said["came_to"]] == ["its TLS certificate is not accepted"]
    assert said["arrived"] == []


def test_what_slack_answers_decides_what_comes_next(folder: Path) -> None:
    said = sent(folder, [(SLACK.format(word), "x") for word in ("GONE", "BUSY", "MOVED")])
    gone, busy, moved = said["came_to"]
    assert (gone["status"], gone["permanent"], gone["error"]) == (
        404, True, "the service answered 404 Not Found: no_service",
    )  # fmt: skip
    assert (busy["status"], busy["permanent"], busy["wait"]) == (429, False, 30)
    assert (moved["status"], "redirect" in moved["error"]) == (302, True)
    assert len(said["arrived"]) == 3


def test_no_hostile_name_is_more_than_text_in_what_arrives(folder: Path) -> None:
    wanted = [(url, name) for url in (SLACK.format("7FQ"), DISCORD, TELEGRAM) for name in NAMES]
    said = sent(folder, wanted)
    assert len(said["arrived"]) == len(wanted)
    for arrival in said["arrived"]:
        text = json.dumps(arrival["body"], ensure_ascii=False)
        assert [
            sign for sign in ("<!", "<@", "<#", "@everyone", "@here", "@channel", "@all", "@room") if sign in text
        ] == []
