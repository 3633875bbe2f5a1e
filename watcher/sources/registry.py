"""Registry: every API that can be watched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from watcher.domain.api import Api
from watcher.pipeline.ports import Digest, Source
from watcher.pipeline.settings import Options
from watcher.sources import onq, osn
from watcher.sources.settings import SourceSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceKind:
    """How sources of one API are described, configured, told apart and built.

    `identity` returns, without secrets, what makes a configured source another one than before (a new baseline).
    """

    api: Api
    options: type[Options]
    identity: Callable[[Any], str]
    build: Callable[[str, Any, SourceSettings, Digest], Source]


SOURCES: dict[str, SourceKind] = {
    "onq": SourceKind(api=onq.ONQ, options=onq.OnqOptions, identity=onq.identity, build=onq.build),
    "osn": SourceKind(api=osn.OSN, options=osn.OsnOptions, identity=osn.identity, build=osn.build),
}
