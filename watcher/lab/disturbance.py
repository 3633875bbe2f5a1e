"""Disturbance: what a fault does to the reply that would have been sent."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from email.utils import format_datetime
from functools import cache
from itertools import count
from threading import Event

from watcher.lab.faults import Fault, FaultKind
from watcher.lab.server import Reply

LOGIN_PAGE = (
    b"<!DOCTYPE html><html><head><title>Sign in</title></head><body><form method=post action=/login>"
    b"<input name=user><input name=password type=password></form></body></html>"
)
HTML = "text/html; charset=utf-8"
_CHUNK = b" " * 65_536
_GZIP_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"  # RFC 1952: deflate, no name, no time
_fresh = count(1)


def disturb(reply: Reply, fault: Fault, held: Event) -> Reply:
    """The reply as the fault leaves it; faults of the listing itself (repeat, endless, loop, totals) change nothing."""
    change = _CHANGES.get(fault.kind)
    if fault.kind is FaultKind.HANG:
        return replace(reply, hold=held)
    return reply if change is None else change(reply, fault)


def _status(_reply: Reply, fault: Fault) -> Reply:
    headers = () if fault.retry_after is None else (("Retry-After", _retry_after(fault.retry_after)),)
    body = fault.body if fault.body is not None else f"<html><body><h1>Error {fault.status}</h1></body></html>"
    return Reply(status=fault.status, headers=headers, body=body.encode(), content_type=fault.content_type)


def _retry_after(value: int | str | datetime) -> str:
    return format_datetime(value, usegmt=True) if isinstance(value, datetime) else str(value)


def _login_page(_reply: Reply, _fault: Fault) -> Reply:
    return Reply(body=LOGIN_PAGE, content_type=HTML)


def _truncated(reply: Reply, _fault: Fault) -> Reply:
    return replace(reply, body=_half(reply.body), declared_bytes=len(reply.body) + 1)


def _cut(reply: Reply, _fault: Fault) -> Reply:
    return replace(reply, body=_half(reply.body))


def _half(body: bytes) -> bytes:
    return body[: max(1, len(body) // 2)]


def _garbage(reply: Reply, _fault: Fault) -> Reply:
    return replace(reply, body=bytes(range(128)) * 8)


def _invalid_utf8(reply: Reply, _fault: Fault) -> Reply:
    return replace(reply, body=b'[{"id": 1, "name": "\xff\xfe\xc3\x28"}]')


def _empty(reply: Reply, _fault: Fault) -> Reply:
    return replace(reply, body=b"")


def _drip(reply: Reply, fault: Fault) -> Reply:
    return replace(reply, pause_s=fault.pause_s)


def _reset(reply: Reply, fault: Fault) -> Reply:
    if not fault.is_late:
        return Reply(status=0, is_reset=True)
    return replace(reply, body=_half(reply.body), declared_bytes=len(reply.body) + 1, is_reset=True)


def _gzip_bomb(reply: Reply, fault: Fault) -> Reply:
    return replace(reply, headers=(*reply.headers, ("Content-Encoding", "gzip")), body=_bomb(fault.amount))


@cache
def _bomb(decoded_bytes: int) -> bytes:
    """A gzip member of spaces and an empty list; one fully flushed block is repeated instead of packing each."""
    squeeze = zlib.compressobj(level=9, wbits=-15)
    block = squeeze.compress(_CHUNK) + squeeze.flush(zlib.Z_FULL_FLUSH)
    blocks, checksum = decoded_bytes // len(_CHUNK), 0
    for _ in range(blocks):
        checksum = zlib.crc32(_CHUNK, checksum)
    end = squeeze.compress(b"[]") + squeeze.flush()
    trailer = struct.pack("<II", zlib.crc32(b"[]", checksum), (blocks * len(_CHUNK) + 2) % 2**32)
    return _GZIP_HEAD + block * blocks + end + trailer


def _huge(reply: Reply, fault: Fault) -> Reply:
    def pour() -> Iterator[bytes]:
        yield b"["
        for _ in range(fault.amount // len(_CHUNK)):
            yield _CHUNK

    return replace(reply, body=b"", stream=pour)


def _redirect(_reply: Reply, fault: Fault) -> Reply:
    places = {
        "same": "/elsewhere",
        "other": "http://login.example.invalid/sign-in",
        "http": "http://api.example.invalid/conversations",
    }
    return Reply(status=302, headers=(("Location", places.get(fault.location, fault.location)),), content_type=HTML)


def _content_type(reply: Reply, fault: Fault) -> Reply:
    return replace(reply, content_type=fault.content_type)


def _nesting(reply: Reply, fault: Fault) -> Reply:
    return replace(reply, body=b'{"items": ' + b"[" * fault.amount + b"]" * fault.amount + b"}")


def _cookies(reply: Reply, fault: Fault) -> Reply:
    fresh = tuple(("Set-Cookie", f"crumb-{next(_fresh)}=1; Path=/") for _ in range(fault.amount))
    return replace(reply, headers=reply.headers + fresh)


_CHANGES: dict[FaultKind, Callable[[Reply, Fault], Reply]] = {
    FaultKind.STATUS: _status,
    FaultKind.LOGIN_PAGE: _login_page,
    FaultKind.TRUNCATED: _truncated,
    FaultKind.CUT: _cut,
    FaultKind.GARBAGE: _garbage,
    FaultKind.INVALID_UTF8: _invalid_utf8,
    FaultKind.EMPTY: _empty,
    FaultKind.DRIP: _drip,
    FaultKind.RESET: _reset,
    FaultKind.GZIP_BOMB: _gzip_bomb,
    FaultKind.HUGE: _huge,
    FaultKind.REDIRECT: _redirect,
    FaultKind.CONTENT_TYPE: _content_type,
    FaultKind.NESTING: _nesting,
    FaultKind.COOKIES: _cookies,
}
