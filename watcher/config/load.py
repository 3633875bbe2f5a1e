"""Load a config: one TOML file becomes a Config, or all of its errors at once."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from watcher.config.channel import ChannelCheck, find_audience, read_channels, resolve_channels
from watcher.config.document import read_document
from watcher.config.finding import ConfigErrors, Finding
from watcher.config.model import UTC_ZONE, AppriseSettings, Config, Deadlines, GeneralSettings, Retention
from watcher.config.places import resolve
from watcher.config.reading import TOP_KEYS, Reading
from watcher.config.routing import Scope, read_rules, write_rules
from watcher.config.secrets import SecretShelf
from watcher.config.source import Apis, read_sources
from watcher.domain.errors import ConfigError
from watcher.domain.rule import Rule, operator_rule
from watcher.domain.template import TemplateCheck
from watcher.pipeline.settings import Options

ForeignTags = Callable[[Sequence[Path]], Collection[str]]
"""reads the tags of included Apprise files; raises ConfigError"""

SECTIONS = ("sources", "deadlines", "channels", "rules", "retention", "apprise")

_OTHERS_READ = 0o044


def load(
    path: Path,
    *,
    environ: Mapping[str, str],
    source_options: Mapping[str, type[Options]],
    source_fields: Mapping[str, Collection[str]],
    foreign_tags: ForeignTags = lambda _: (),
    find_faults: ChannelCheck = lambda _channel: (),
    find_flaws: TemplateCheck = lambda _text, _scope: (),
) -> Config:
    """Read a config and try each of its secrets.

    `source_options` and `source_fields` are by the API's name: the model of its options, its documented fields.
    `find_flaws` checks the templates of rules. Raises ConfigErrors with everything that is wrong.
    """
    document = read_document(path)
    reading = Reading(document=document, secrets=SecretShelf(path.parent, environ))
    config = _read(reading, Apis(options=source_options, fields=source_fields), foreign_tags, find_faults, find_flaws)
    if reading.errors or config is None:
        raise ConfigErrors(sorted(reading.errors, key=lambda finding: finding.line or 0))
    return config


def _read(
    reading: Reading, apis: Apis, foreign_tags: ForeignTags, find_faults: ChannelCheck, find_flaws: TemplateCheck
) -> Config | None:
    """Read every part, so that the errors of all are found; None where one that everything needs is wrong."""
    general = _read_general(reading)
    sources = read_sources(reading, apis)
    deadlines = reading.model(Deadlines, ("deadlines",), reading.table("deadlines"))
    channels = read_channels(reading, find_faults)
    retention = reading.model(Retention, ("retention",), reading.table("retention"))
    include = _read_include(reading)
    tags = _read_foreign(reading, include, foreign_tags)
    audience = find_audience(_whole(reading, "channels"), tags)
    operator = resolve_channels(reading, audience, ("operator",), general.operator if general else ())
    zone = general.timezone if general else UTC_ZONE
    known = _find_fields(reading, apis)
    scope = Scope(sources=known, audience=audience, zone=zone, find_flaws=find_flaws)
    rules = _read_all_rules(reading, scope, operator)
    _check_modes(reading)
    if general is None or deadlines is None or retention is None:
        return None
    return Config(
        path=reading.document.path,
        state_dir=_find_state_dir(reading, general),
        timezone=general.timezone,
        operator=operator,
        storm=general.storm,
        sources=MappingProxyType(sources),
        deadlines=deadlines,
        channels=MappingProxyType(channels),
        rules=rules,
        rules_text=write_rules(rules),
        retention=retention,
        apprise_include=include,
        foreign_tags=tags,
        warnings=tuple(reading.warnings),
    )


def _read_general(reading: Reading) -> GeneralSettings | None:
    written = reading.document.table
    for key in written.keys() - TOP_KEYS - set(SECTIONS):
        reading.refuse_unknown((key,), {*TOP_KEYS, *SECTIONS})
    return reading.model(GeneralSettings, (), {key: written[key] for key in written.keys() & TOP_KEYS})


def _read_include(reading: Reading) -> tuple[Path, ...]:
    apprise = reading.model(AppriseSettings, ("apprise",), reading.table("apprise"))
    include = apprise.include if apprise else ()
    for path in include:  # Apprise's URLs hold secrets
        reading.secrets.note_file(path)
    return include


def _read_foreign(reading: Reading, include: Sequence[Path], foreign_tags: ForeignTags) -> tuple[str, ...]:
    try:
        return tuple(sorted(foreign_tags(include))) if include else ()
    except ConfigError as error:
        reading.refuse(("apprise", "include"), error.text, error.remedy)
        return ()


def _read_all_rules(reading: Reading, scope: Scope, operator: tuple[str, ...]) -> tuple[Rule, ...]:
    """Return the rules of the file and the built-in one; gaps that are hardly meant are warnings."""
    rules = read_rules(reading, scope)
    for section, lack in _LACKS.items():
        if not reading.document.table.get(section):
            reading.warn((section,), *lack)
    heard = {name for rule in rules for name in rule.channels} | set(operator)
    heard |= {name for rule in rules for step in rule.timing.escalate for name in step.channels}
    heard |= _find_backups(reading)
    for name in _whole(reading, "channels").keys() - heard:
        reading.warn(("channels", name), "no rule sends to it", "name it in a rule or as operator")
    return (*rules, operator_rule(operator)) if operator else rules


_LACKS = {
    "sources": ("there is none, so nothing is watched", "add a table [sources.NAME]"),
    "channels": ("there is none, so nobody hears of anything", "add a table [channels.NAME]"),
    "rules": ("there is none, so nobody hears of any conversation", "add a table [[rules]]"),
    "operator": ("nobody hears when a source or a channel fails", 'add operator = ["CHANNEL"] at the top'),
}


def _find_backups(reading: Reading) -> set[str]:
    named = [table.get("backup") for table in _whole(reading, "channels").values() if isinstance(table, dict)]
    return {name for name in named if isinstance(name, str)}


def _whole(reading: Reading, section: str) -> Mapping[str, Any]:
    """Return a section as it stands, so that one error in it does not make its names unknown elsewhere."""
    written = reading.document.table.get(section, {})
    return written if isinstance(written, dict) else {}


def _find_fields(reading: Reading, apis: Apis) -> Mapping[str, Collection[str]]:
    """Return the documented fields of each source, also of those with errors."""
    named = {
        name: table.get("api") if isinstance(table, dict) else None
        for name, table in _whole(reading, "sources").items()
    }
    return {name: apis.fields.get(api, ()) if isinstance(api, str) else () for name, api in named.items()}


def _find_state_dir(reading: Reading, general: GeneralSettings) -> Path | None:
    if general.state_dir is None:
        return None
    try:
        return resolve(reading.document.path.parent, general.state_dir)
    except ValueError as error:
        wrong, _, right = str(error).partition("; ")
        reading.refuse(("state_dir",), wrong, right)
        return None


def _check_modes(reading: Reading) -> None:
    """Refuse a config that shows its secrets to others; warn of secret files that do.

    A secret file may be readable by all on purpose: container platforms mount them so, where nobody else looks.
    """
    document = reading.document
    if reading.secrets.has_plain and document.mode & _OTHERS_READ:
        wrong = f"holds secrets in plain text, and others may read it (mode {document.mode:o})"
        remedy = f"run: chmod 600 {shlex.quote(str(document.path))}"
        reading.errors.append(Finding(file=document.path.name, wrong=wrong, right=remedy))
    for path in dict.fromkeys(reading.secrets.exposed):
        remedy = f"run: chmod 600 {shlex.quote(str(path))}"
        reading.warnings.append(
            Finding(file=str(path), wrong="any user of this machine may read this secret", right=remedy)
        )
