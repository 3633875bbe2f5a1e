"""The sources of a config: the part that all have, and the options of each one's API."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from string import Formatter
from typing import Any

from watcher.config.model import CommonSettings, SourceConfig
from watcher.config.reading import Reading, known_keys
from watcher.domain.nearness import near
from watcher.pipeline.settings import Options

NAME_LIMIT = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Apis:
    """The APIs there are: by name, the model of their options and the names of their documented fields."""

    options: Mapping[str, type[Options]]
    fields: Mapping[str, Collection[str]]


def read_sources(reading: Reading, apis: Apis) -> dict[str, SourceConfig]:
    """Return the sources that are right; errors of the others are in the reading."""
    sources = {}
    for name, written in reading.tables("sources").items():
        check_name(reading, "sources", name)
        source = _read_source(reading, apis, name, written)
        if source is not None:
            sources[name] = source
    return sources


def check_name(reading: Reading, section: str, name: str) -> None:
    """Refuse a name that could be mistaken for something else on a command line or in `SOURCE/ID`."""
    if _NAME.fullmatch(name) and len(name) <= NAME_LIMIT:
        return
    plain = re.sub(r"[^a-z0-9_-]+", "-", name.lower()).strip("-_")[:NAME_LIMIT]
    hint = f", such as {plain!r}" if plain else ""
    reading.refuse(
        (section, name),
        "is no name",
        f"use small letters, digits, - and _, beginning with a letter or digit, at most {NAME_LIMIT}{hint}",
    )


_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")


def _read_source(reading: Reading, apis: Apis, name: str, written: Mapping[str, Any]) -> SourceConfig | None:
    """Read one source; the keys of the common part and of the API stand side by side."""
    path = ("sources", name)
    common = known_keys(CommonSettings)
    settings = reading.model(CommonSettings, path, {key: value for key, value in written.items() if key in common})
    model = _find_model(reading, apis, name, written)
    if model is None:
        return None
    own = known_keys(model)
    for key in written.keys() - common - own:
        reading.refuse_unknown((*path, key), common | own)
    options = reading.model(model, path, {key: value for key, value in written.items() if key in own})
    _check_fields(reading, name, written, apis.fields.get(written["api"], ()))
    if settings is None or options is None:
        return None
    return SourceConfig(name=name, settings=settings, options=options)


def _find_model(reading: Reading, apis: Apis, name: str, written: Mapping[str, Any]) -> type[Options] | None:
    api = written.get("api")
    if isinstance(api, str) and api and api not in apis.options:
        reading.refuse(("sources", name, "api"), f"{api[:80]!r} is no API", near(api, apis.options))
    return apis.options.get(api) if isinstance(api, str) else None


def _check_fields(reading: Reading, name: str, written: Mapping[str, Any], fields: Collection[str]) -> None:
    """Refuse fields that the API does not have, as they are written: whatever else may be wrong with the source."""
    ignore, link = written.get("ignore"), written.get("link")
    for place, ignored in enumerate(ignore if isinstance(ignore, list) else ()):
        if fields and isinstance(ignored, str) and ignored and ignored not in fields:
            path = ("sources", name, "ignore", place)
            reading.refuse(path, f"{ignored[:80]!r} is no field of {written['api']}", near(ignored, fields))
    wrong = _find_bad_link(link, {"id", *fields}) if isinstance(link, str) else None
    if wrong:
        reading.refuse(("sources", name, "link"), *wrong)


def _find_bad_link(link: str, fields: Collection[str]) -> tuple[str, str] | None:
    """Return what is wrong with a link template and what would be right, None where nothing is."""
    if link and not link.startswith(("https://", "http://")):
        return "is no address of a page", "write it like https://tenant.example/c/{id}"
    try:
        parts = list(Formatter().parse(link))
    except ValueError:
        return "has an odd brace", "write {id} for the conversation's id, {{ for a brace"
    for _, field, layout, conversion in parts:
        if field is not None and (field not in fields or layout or conversion):
            return f"{'{'}{field}{'}'} is no field of the API", near(field, fields)
    return None
