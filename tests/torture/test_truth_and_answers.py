"""The oracle, the broken answers, the files and the tricks each see a fault that is planted where they once did not."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from torture import answers, files, tricks
from torture.commands import Said
from torture.escapes import ESCAPES
from torture.raw_server import http
from torture.trial import Form
from torture.truth.knowledge import Reader, Told
from torture.truth.ledger import Ledger
from torture.truth.meaning import ONQ, Values
from torture.truth.oracle import Oracle, Read
from torture.truth.run import LEADS, run_world
from torture.truth.watch import News, Watch
from torture.truth.world import START
from watcher.lab import FaultKind, Lab

LIE: Told = ("conversation.removed",)
QUICK = Form(is_quick=True)


@pytest.mark.parametrize(
    ("told", "expected", "precision", "recall"),
    [([], [LIE], 1, 0), ([LIE], [], 0, 1), ([LIE], [LIE], 1, 1), ([], [], 1, 1)],
)
def test_a_type_that_was_only_missed_or_only_false_has_one_share(
    told: Sequence[Told], expected: Sequence[Told], precision: float, recall: float
) -> None:
    ledger = Ledger()
    ledger.compare("here", told, expected)
    assert (ledger.precision, ledger.recall) == (precision, recall)


def _oracle() -> Oracle:
    return Oracle(name="campus", reader=Reader(meaning=ONQ, leads=LEADS), ledger=Ledger())


def _read(outcome: str, window: Mapping[str, list[Values | None]]) -> Read:
    return Read(now=START, outcome=outcome, window=window, is_calm=True, is_one_page=True)


@pytest.mark.parametrize("outcome", ["failed", "incomplete"])
def test_what_is_told_before_there_is_a_baseline_is_false(outcome: str) -> None:
    oracle = _oracle()
    with Lab(story=False, conversations=1) as lab:
        window: dict[str, list[Values | None]] = {str(row["id"]): [ONQ.read(row)] for row in lab.onq.rows}
    oracle.take_poll(_read(outcome, window), {})
    assert not oracle.ledger.notes
    oracle.take_poll(_read(outcome, window), {identity: [LIE] for identity in window})
    assert oracle.ledger.false == {"conversation.removed": 1}


def test_what_is_told_of_an_unknown_conversation_when_time_passes_is_false() -> None:
    oracle = _oracle()
    oracle.take_ring(START, {"nobody": [LIE]})
    assert oracle.ledger.false == {"conversation.removed": 1}


@pytest.mark.parametrize("source", ["campus", "staff", "a third one"])
def test_what_is_told_of_a_source_that_was_not_asked_is_false(monkeypatch: pytest.MonkeyPatch, source: str) -> None:
    right: Callable[..., Any] = Watch.poll

    def gossip(self: Watch, name: str, *, is_hasty: bool) -> tuple[Any, News]:
        report, news = right(self, name, is_hasty=is_hasty)
        return report, news if name == source else {**news, source: {"1": [LIE]}}

    monkeypatch.setattr(Watch, "poll", gossip)
    ledger = run_world(seed=2, polls=2).ledger
    assert ledger.false["conversation.removed"] >= 2


@pytest.mark.parametrize(
    ("api", "body", "is_right"),
    [
        ("onq", b"{}", False),
        ("onq", b'{"error": "away"}', False),
        ("osn", b'{"error": "away"}', False),
        ("osn", b'{"hasMore": false, "error": "away"}', False),
        ("osn", b"{}", True),
        ("osn", b'{"hasMore": false, "total": 0}', True),
        ("onq", b'[{"id": null}]', False),
        ("osn", b'{"items": [{"id": null}]}', False),
        ("onq", b'[{"id": 1}]', True),
        ("onq", b"[", False),
    ],
)
def test_a_list_is_a_list_of_rows_with_ids(api: str, body: bytes, is_right: bool) -> None:
    assert answers.is_list(api, body) is is_right


def test_a_broken_answer_that_is_taken_as_complete_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "_broken", lambda _api, right, _chance: http(right))
    harm = answers.Harm()
    answers.feed_broken("onq", 2, QUICK.chance("planted"), harm)
    assert len(harm.believed) == 2


def test_a_fault_that_is_not_met_is_seen() -> None:
    harm = answers.Harm()
    with Lab(story=False, conversations=3) as lab:
        answers.meet(lab.onq, harm, "onq", ((FaultKind.HAS_MORE, {}), (FaultKind.EMPTY, {})))
    assert [what.partition(":")[0] for what in harm.unmet] == ["onq has_more"]
    assert harm.met == {"empty"}


def test_a_hostile_server_that_is_believed_is_seen() -> None:
    """A fault that changes nothing stands for a reader that takes what it gets."""
    harm = answers.Harm()
    with Lab(story=False, conversations=3) as lab:
        answers.meet(lab.onq, harm, "onq", ((FaultKind.CONTENT_TYPE, {"content_type": "application/json"}),))
    assert len(harm.believed) == 2


def test_memory_that_is_kept_is_measured() -> None:
    before_mb = answers._settle_mb()
    kept = bytearray(b"x") * (40 * 2**20)
    assert answers._peak_mb() - before_mb > 30
    assert answers._settle_mb() - before_mb > 30
    del kept
    assert answers._settle_mb() - before_mb < 10


@pytest.mark.parametrize(("status", "is_met"), [(0, True), (1, False), (None, False)])
def test_a_backup_that_does_not_end_is_no_success(status: int | None, is_met: bool) -> None:
    assert files.status_of_backup(Said(status=status, text="")).is_met is is_met


@pytest.mark.parametrize("spoil", [s for s in files.SPOILS if "linked" in s.__name__], ids=lambda s: s.__name__)
def test_what_a_link_points_to_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spoil: files.Spoil
) -> None:
    (tmp_path / "asked").mkdir()
    wanted = spoil(tmp_path / "asked")

    def heedless(config: Path, *_: str) -> Said:
        for place in (config.parent / "victim" / "watcher.db", config.parent / "elsewhere"):
            if place.parent.is_dir():
                place.write_text("mine", encoding="utf-8")
        return Said(status=1, text=wanted)

    monkeypatch.setattr(files, "watcher", heedless)
    home = tmp_path / "home"
    home.mkdir()
    assert [complaint for complaint in files.complaints(home, spoil) if "touched" in complaint]


@pytest.mark.parametrize(
    ("said", "is_wrong"),
    [
        (Said(status=0, text="✓ out: 5a8502ca (rule: r)", took_s=1), False),
        (Said(status=0, text='{"type":"conversation.changed"}', took_s=1), True),
        (Said(status=1, text="✓ out: 5a8502ca (rule: r)", took_s=1), True),
        (Said(status=0, text="✓ out: 5a8502ca (rule: r)", took_s=11), True),
        (Said(status=None, text=""), True),
    ],
)
def test_a_pattern_must_be_looked_for_in_time(said: Said, is_wrong: bool) -> None:
    assert bool(tricks.unmatched(said, 10)) is is_wrong


def test_a_pattern_that_is_found_sends_nothing() -> None:
    """So that a message shows that it was looked for."""
    assert tricks.unmatched(tricks.match("^a+$", "aaa"), 10)
    assert not tricks.unmatched(tricks.match("^a+$", "aab"), 10)


def test_there_are_forty_template_escapes() -> None:
    assert len(set(ESCAPES)) >= 40
