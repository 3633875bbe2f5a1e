"""URL: the address of a source, as it may be written in the config."""

from __future__ import annotations

import ipaddress
from urllib.parse import SplitResult, urlsplit

from pydantic import ValidationInfo, field_validator

from watcher.pipeline.settings import Options

_DEFAULT_PORTS = {"http": 80, "https": 443}


class UrlOptions(Options):
    """Options with the address of an API.

    `allow_http` permits http to another host than this one: then secrets cross the network unencrypted.
    """

    allow_http: bool = False
    url: str

    @field_validator("url")
    @classmethod
    def _is_address(cls, written: str, info: ValidationInfo) -> str:
        """Whether http is allowed is read first, so that the error stands at the address."""
        parts = _checked(written.strip())
        if parts.scheme == "http" and not info.data.get("allow_http") and not _is_loopback(parts.hostname or ""):
            raise ValueError("is http, which sends the secrets unencrypted; use https, or set allow_http = true")
        return written.strip().rstrip("/")


def canonical(url: str) -> str:
    """Return an address in the one form that equal addresses share."""
    parts = urlsplit(url)
    port = "" if parts.port in {None, _DEFAULT_PORTS.get(parts.scheme)} else f":{parts.port}"
    return f"{parts.scheme}://{(parts.hostname or '').lower()}{port}{parts.path.rstrip('/')}"


def _checked(written: str) -> SplitResult:
    """Raise ValueError, without the address itself, which may hold a password."""
    try:
        parts = urlsplit(written)
        port_is_right = parts.port != 0
    except ValueError as error:
        raise ValueError("not an address: write it like https://HOST/PATH") from error
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or not port_is_right:
        raise ValueError("not an http or https address: write it like https://HOST/PATH")
    if "@" in parts.netloc:
        raise ValueError("holds a user name or password: put them into auth")
    if "?" in written or "#" in written:
        raise ValueError("holds a query or a fragment: leave out everything from ? or # on")
    if not written.isprintable() or " " in written:
        raise ValueError("holds blanks or control characters: write it like https://HOST/PATH")
    return parts


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
