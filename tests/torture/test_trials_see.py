"""Each trial sees the fault that it is for, where one is planted."""

import base64
from pathlib import Path
from typing import Any

import httpx
import pytest

from torture import answers, canaries, clocks, day, dependencies, files, network, origins, tricks
from torture.commands import Said
from torture.gauge import Seen
from torture.trial import Figure, Form
from watcher.domain.errors import SourceError
from watcher.sources import onq
from watcher.sources._cut import cut_page
from watcher.sources._http import Http
from watcher.sources._page import Sheet, split_json

QUICK = Form(is_quick=True)
WORDS = {"password": "canarypassword0123456789abcdef"}


def short(figures: Any) -> list[str]:
    return [figure.name for figure in figures if isinstance(figure, Figure) and figure.is_met is False]


@pytest.mark.parametrize("before", ["", "u", "us", "user:"])
def test_a_secret_is_found_as_it_is_and_in_base64(before: str) -> None:
    text = f"{before}{WORDS['password']}:end".encode()
    assert canaries.found_in(b"log: " + text, WORDS) == ["password"]
    assert canaries.found_in(b"Basic " + base64.b64encode(text), WORDS) == ["password"]
    assert canaries.found_in(b"another text", WORDS) == []


def test_a_state_that_is_not_refused_is_a_complaint(tmp_path: Path) -> None:
    def nothing_at_all(_home: Path) -> str:
        return "chmod 700"

    (tmp_path / "config.toml").write_text(f'state_dir = "{tmp_path / "state"}"\n', encoding="utf-8")
    assert len(files.complaints(tmp_path, nothing_at_all)) == 1


@pytest.mark.parametrize(
    ("status", "text", "is_wrong"),
    [
        (2, "config.toml:3: timezone: is no zone", False),
        (0, "1 source", True),
        (2, "something else", True),
        (1, "Traceback (most recent call last)", True),
        (None, "", True),
    ],
)
def test_a_trick_must_be_refused_with_words(status: int | None, text: str, is_wrong: bool) -> None:
    trick = tricks.Trick(name="a zone", says="timezone")
    assert bool(tricks.complaint(trick, Said(status=status, text=text))) is is_wrong


def test_a_client_that_follows_everywhere_is_seen_at_the_other_origin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Http, "_is_own", lambda *_: True)
    with origins.Listener(None) as private, origins.tls_context(tmp_path) as context:
        origins._follow(tmp_path, origins.LURES[0], private, context)
        reached = list(private.requests)
        assert httpx.get(f"http://127.0.0.1:{private.port}/").status_code == 200
    assert reached


def test_a_reader_that_takes_broken_answers_for_empty_lists_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    right = split_json

    def gullible(body: bytes, envelope: Any) -> Sheet:
        try:
            return right(body, envelope)
        except SourceError:
            return Sheet(rows=[])

    monkeypatch.setattr(onq, "split_json", gullible)
    harm = answers.Harm()
    answers.feed_broken("onq", 12, QUICK.chance("planted"), harm)
    assert harm.changed


def test_a_reader_that_crashes_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = iter([False])

    def fragile(*arguments: Any, **named: Any) -> Any:
        return cut_page(*arguments, **named) if not next(calls, True) else 1 / 0

    monkeypatch.setattr(onq, "cut_page", fragile)
    harm = answers.Harm()
    answers.feed_broken("onq", 12, QUICK.chance("planted"), harm)
    assert any("ZeroDivisionError" in crash for crash in harm.crashes)


def test_a_package_without_a_hash_or_a_use_is_seen() -> None:
    assert dependencies.without_hash("a==1 \\\n    --hash=sha256:0\nb==2\n") == ["b"]
    assert dependencies.declared_names() - dependencies.imported_names() == {"tzdata"}


def test_what_the_network_trial_finds_decides() -> None:
    well = {"unnamed": {}, "recovery_s": {"reset": 1.0}, "passed": 0, "events": 0, "lossy": "read", "unexpected": 0}
    assert short(network._figures([well], 3)) == []
    ill = {**well, "unnamed": {"reset": "?"}, "recovery_s": {"reset": 4.5}, "passed": 1, "events": 1, "unexpected": 1}
    assert len(short(network._figures([ill], 3))) == 5


def test_what_the_clock_trial_finds_decides() -> None:
    well = clocks.Course(longest_gap_s=2.0, digests=1, closed=1, again=1, asked=1)
    ill = clocks.Course(longest_gap_s=9.0, twice=["a digest"], missed=["a closing"], unexpected=1)
    assert short(clocks._figures(clocks.JUMPS[:1], [well], 2)) == []
    assert len(short(clocks._figures(clocks.JUMPS[:1], [ill], 2))) == 8


def _samples(leak_mb: float, descriptors: int, growth_mb: float) -> list[day.Sample]:
    return [
        day.Sample(
            seen=Seen(
                memory_mb=60 + leak_mb * hour,
                most_mb=90,
                descriptors=20 + descriptors * hour,
                wal_mb=10,
            ),
            database_mb=5 + growth_mb * hour,
        )
        for hour in range(36)
    ]


@pytest.mark.parametrize("form", [QUICK, Form(is_quick=False)])
def test_growth_of_every_kind_is_seen(form: Form) -> None:
    assert short(day._growth(form, _samples(0.03, 0, 0))) == []
    assert len(short(day._growth(form, _samples(1.5, 3, 2)))) == 3
