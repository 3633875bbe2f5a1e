"""Answers: thousands that are broken in every way, and servers that mean ill; nothing of it is believed."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

from torture.raw_server import RawServer, http, misframed
from torture.reader import Reader, open_reader, secret
from torture.trial import Figure, Form, Trial, at_most, exactly, none_of, reported
from watcher.daemon.memory import give_back, share_arena
from watcher.lab import FaultKind, Kind, Lab, OnqApi, OsnApi, onq_row, osn_row

ABOUT = """A server of bytes answers each poll with a right list that was broken by lot: cut, bytes changed, dropped,
doubled or put elsewhere, packed and spoilt, with lengths that lie and heads that are none; one that the standard
library still reads as a list of rows with ids is no broken one, and another is drawn; nor is, of OSN, an object
without a list that holds nothing else, which is its empty list. Then both APIs meet servers that mean ill. After each
poll the snapshot must be as it was, row for row, and the read must not have been taken as complete, unless the whole
list came with nothing worse than cookies or a `hasMore` that stays true; a right answer in between must be read as if
nothing had been. Memory is the most that this process, with the servers in it and malloc set up as the daemon does, had
above what it had after one right read of each API, before the first broken answer; before each server garbage is
collected. What stays is looked at when all is over."""
_ROWS = 40
_OFTEN = 100_000
"""times that a fault is there for, more than there are requests: what is left of them says how often it was met"""
_HARMLESS = frozenset({FaultKind.COOKIES, FaultKind.HAS_MORE})
"""the whole list comes all the same, and may be believed"""
_LEAST = {FaultKind.REDIRECT: 4, FaultKind.ENDLESS: 100, FaultKind.HAS_MORE: 6}
"""how often two polls meet a fault at least; where it says that more follows they ask once more than there are pages"""
_KINDS = 13
_EMPTY_OSN = frozenset({"hasMore", "nextURL", "previousURL", "total"})
_GIGABYTES = 10
_MB = 1024.0
_MOST_LEFT_MB = 16
Mutator = Callable[[bytes, Random], bytes]


@dataclass(slots=True, kw_only=True)
class Harm:
    """What came of bad answers."""

    tried: int = 0
    believed: list[str] = field(default_factory=list)
    crashes: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    deaf: list[str] = field(default_factory=list)
    unmet: list[str] = field(default_factory=list)
    met: set[str] = field(default_factory=set)


def try_answers(form: Form) -> Trial:
    """Broken answers and hostile servers."""
    harm, chance = Harm(), form.chance("answers")
    share_arena()
    for api in ("onq", "osn"):
        feed_broken(api, 0, chance, harm)  # what is loaded once, by any read, is no growth
    before_mb = _settle_mb()
    for api in ("onq", "osn"):
        feed_broken(api, form.pick(full=5_000, quick=120), chance, harm)
    broken = harm.tried
    meet_hostile(harm, rounds=form.pick(full=2, quick=1))
    grown_mb = _peak_mb() - before_mb
    figures: list[Figure] = [
        reported("broken answers, and polls of hostile servers", f"{broken:,} and {harm.tried - broken}"),
        none_of("crashes", harm.crashes, of=harm.tried),
        none_of("polls that changed rows of the snapshot", harm.changed, of=harm.tried),
        none_of("polls that told of a conversation", harm.events, of=harm.tried),
        none_of("polls that were taken as complete reads", harm.believed, of=harm.tried),
        none_of("right answers that were not read afterwards", harm.deaf),
        none_of("hostile servers that were asked and could do no harm", harm.unmet),
        exactly("kinds of hostile server", len(harm.met), _KINDS),
        at_most("memory that all of them took at most", round(grown_mb, 1), 64, " MB"),
        at_most("memory that stayed of it", round(_settle_mb() - before_mb, 1), _MOST_LEFT_MB, " MB"),
    ]
    return Trial(key="R5", title="broken answers, hostile servers", about=ABOUT.replace("\n", " "), figures=figures)


def feed_broken(api: str, number: int, chance: Random, harm: Harm) -> None:
    """Poll a server whose answers are broken, and look at the snapshot after each."""
    right = _list_of(api)
    answer = [http(right)]

    def serve(first: str) -> bytes:
        return http(b'{"apiRandomID": "r1"}') if "connections" in first else answer[0]

    with RawServer(serve) as server, open_reader(api, _options(f"http://127.0.0.1:{server.port}/x")) as reader:
        reader.poll()
        for turn in range(number):
            answer[0] = _broken(api, right, chance)
            _poll(reader, harm, f"{api} {answer[0][:60]!r}")
            if turn % 25 == 24:  # what is remembered of the pages is dropped by a failed poll: let it be there again
                answer[0] = http(right)
                _poll(reader, harm, f"{api} after {turn}", is_right=True)


def _poll(reader: Reader, harm: Harm, what: str, *, is_right: bool = False, may_be_complete: bool = False) -> None:
    rows, events = reader.rows(), reader.events()
    harm.tried += not is_right
    attempt = reader.attempt()
    if (error := attempt.exception()) is not None:
        harm.crashes.append(f"{type(error).__name__} by {what}")
        return
    record = attempt.result().record
    if is_right and record.outcome != "complete":
        harm.deaf.append(f"{what}: {record.error[:200]}")
    if record.outcome == "complete" and not (is_right or may_be_complete):
        harm.believed.append(what)
    if reader.rows() != rows:
        harm.changed.append(what)
    if reader.events() != events:
        harm.events.append(what)


def _list_of(api: str) -> bytes:
    make: Callable[..., dict[str, object]] = onq_row if api == "onq" else osn_row
    rows = [make(number, name=f"Gründe & “Wege” {number} 🎓") for number in range(1, _ROWS + 1)]
    body = {"items": rows, "hasMore": False, "total": _ROWS} if api == "osn" else rows
    return json.dumps(body, ensure_ascii=False).encode()


def _options(url: str) -> dict[str, Any]:
    return {"url": url, "auth": {"kind": "bearer", "token": secret("a-token")}}


def _broken(api: str, right: bytes, chance: Random) -> bytes:
    """Return an answer that is no whole list any more."""
    while True:
        if chance.random() < 0.15:
            return misframed(right, chance)
        body = chance.choice(MUTATORS)(right, chance)
        if not is_list(api, body):
            return http(body, kind=chance.choice(("application/json", "application/json; charset=utf-8", "text/html")))


def is_list(api: str, body: bytes) -> bool:
    """Whether the standard library finds a list of rows with ids in it, which is then what the server says.

    OSN leaves out the items of an empty list, and whatever is false: an object with nothing else in it is one.
    """
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return False
    rows = next((v for v in said.values() if isinstance(v, list)), None) if isinstance(said, dict) else said
    if rows is None and isinstance(said, dict):
        return api == "osn" and said.keys() <= _EMPTY_OSN
    return isinstance(rows, list) and all(
        isinstance(row, dict) and isinstance(row.get("id"), int | str) for row in rows
    )


def _cut(right: bytes, chance: Random) -> bytes:
    return right[: chance.randrange(len(right) - 1)]


def _flip(right: bytes, chance: Random) -> bytes:
    body = bytearray(right)
    for _ in range(chance.choice((1, 1, 2, 8, 64))):
        body[chance.randrange(len(body))] = chance.randrange(256)
    return bytes(body)


def _drop(right: bytes, chance: Random) -> bytes:
    start = chance.randrange(len(right))
    return right[:start] + right[start + chance.choice((1, 2, 17, 300)) :]


def _double(right: bytes, chance: Random) -> bytes:
    start = chance.randrange(len(right))
    end = start + chance.choice((1, 2, 17, 300))
    return right[:end] + right[start:end] + right[end:]


def _insert(right: bytes, chance: Random) -> bytes:
    start = chance.randrange(len(right))
    strange = chance.choice((b"\x00", b"\xff\xfe", b'"', b"}", b"]", b"{", b"\xed\xa0\x80", b",", b"\\", b"[" * 3_000))
    return right[:start] + strange + right[start:]


def _turn_over(right: bytes, chance: Random) -> bytes:
    middle = chance.randrange(1, len(right))
    return right[middle:] + right[:middle]


def _other(right: bytes, chance: Random) -> bytes:
    others = (
        b"",
        b"null",
        b"[1, 2]",
        b'"text"',
        b"<html></html>",
        b"{}",
        b'{"error": "the database is away"}',
        b"[{}]",
        b'[{"id": null}]',
        b"[" + right,
        right + right,
    )
    return chance.choice(others)


MUTATORS: tuple[Mutator, ...] = (_cut, _flip, _flip, _drop, _double, _insert, _turn_over, _other)
Hostile = tuple[tuple[FaultKind, dict[str, Any]], ...]
HOSTILE: Hostile = (
    (FaultKind.TRUNCATED, {}),
    (FaultKind.HUGE, {"amount": _GIGABYTES * 2**30}),
    (FaultKind.GZIP_BOMB, {"amount": 2**30}),
    (FaultKind.DRIP, {"pause_s": 0.02}),
    (FaultKind.REDIRECT, {"location": "back"}),
    (FaultKind.RESET, {"is_late": True}),
    (FaultKind.NESTING, {"amount": 1_000_000}),
    (FaultKind.INVALID_UTF8, {}),
    (FaultKind.LOGIN_PAGE, {}),
    (FaultKind.ENDLESS, {}),
    (FaultKind.COOKIES, {"amount": 1_000}),
)


def meet_hostile(harm: Harm, *, rounds: int) -> None:
    """Poll servers that mean ill."""
    for number in range(rounds):
        with Lab(story=False, conversations=_ROWS) as lab:
            for api in (lab.onq, lab.osn):
                endless: Hostile = () if api.name == "onq" else ((FaultKind.HAS_MORE, {}),)  # OnQ has no such flag
                meet(api, harm, f"{number} {api.name}", (*HOSTILE, *endless))
    _meet_garbage(harm)


def meet(api: OnqApi | OsnApi, harm: Harm, what: str, hostile: Hostile) -> None:
    """Poll one API under each fault, and without any at last."""
    bearer = next(iter(api.bearer))
    options = {"url": api.url, "auth": {"kind": "bearer", "token": secret(bearer)}, "page_size": 30}
    with open_reader(api.name, options, timedelta(seconds=2)) as reader:
        reader.poll()
        for kind, settings in hostile:
            _tidy()
            api.faults.add(kind, on=Kind.LISTING, times=_OFTEN, **_round(api, settings))
            for _ in range(2):
                _poll(reader, harm, f"{what} {kind.value}", may_be_complete=kind in _HARMLESS)
            _take_met(api, harm, f"{what} {kind.value}")
            api.faults.clear()
        _poll(reader, harm, what, is_right=True)


def _take_met(api: OnqApi | OsnApi, harm: Harm, what: str) -> None:
    """Enter whether the fault was met in both polls, as often as it takes to do harm."""
    (fault,) = api.faults.active()
    times = _OFTEN - (fault.times or 0)
    if times < _LEAST.get(fault.kind, 2):
        harm.unmet.append(f"{what}: {times} times")
    else:
        harm.met.add(fault.kind.value)


def _round(api: OnqApi | OsnApi, settings: dict[str, Any]) -> dict[str, Any]:
    """Let a redirect lead to where it came from."""
    path = "/conversations" if api.name == "onq" else "/social/api/v1/conversations"
    return settings | ({"location": api.url + path} if "location" in settings else {})


def _meet_garbage(harm: Harm) -> None:
    body = _list_of("onq")
    answer = [http(body)]
    with (
        RawServer(lambda _: answer[0]) as server,
        open_reader("onq", _options(f"http://127.0.0.1:{server.port}/x")) as reader,
    ):
        reader.poll()
        for garbage in (b"\x16\x03\x01" * 100, b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 100_000, b"A" * 2**22, b""):
            answer[0], asked = garbage, server.answered
            _poll(reader, harm, f"garbage {garbage[:20]!r}")
            harm.unmet += [] if server.answered > asked else [f"garbage {garbage[:20]!r}"]
        harm.met.add("garbage")
        answer[0] = http(body)
        _poll(reader, harm, "after garbage", is_right=True)


def _settle_mb() -> float:
    """Let the kernel count the most memory anew, and return what there is without garbage."""
    _tidy()
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return _peak_mb()


def _tidy() -> None:
    gc.collect()
    give_back()


def _peak_mb() -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / _MB
