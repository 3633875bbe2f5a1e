"""The parts: sources with their plans and channels, built from the config."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from types import MappingProxyType
from typing import TextIO

from watcher import __version__
from watcher.bootstrap import clock
from watcher.bootstrap.configuration import order_of
from watcher.channels import apprise, registry
from watcher.channels.registry import BuiltChannel
from watcher.config.model import CommonSettings, Config, Deadlines, SourceConfig
from watcher.domain.absence import Guard
from watcher.domain.arrangement import Policy
from watcher.domain.deadline import Leads
from watcher.domain.errors import ConfigError
from watcher.domain.event import EventType
from watcher.domain.rule import Router, Rule
from watcher.pipeline.arranging import Arranger
from watcher.pipeline.plan import Plan, Route
from watcher.pipeline.ports import Digest, Source
from watcher.pipeline.settling import Aftermath
from watcher.sources.registry import SOURCES
from watcher.sources.settings import SourceSettings

_TAG = "tag:"


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedSource:
    """A source that is ready to be read, and how it is polled."""

    source: Source
    plan: Plan
    config: SourceConfig


def make_route(config: Config) -> Route:
    """Return the function that says which deliveries an event is owed."""
    return route_by(config.rules)


def route_by(rules: Iterable[Rule]) -> Route:
    """Return the function that says which deliveries an event is owed by some rules."""
    return Router(rules).route


def channel_names(config: Config) -> tuple[str, ...]:
    """Return the name of every channel that there is: the configured ones and the tags of included Apprise files."""
    return (*config.channels, *(f"{_TAG}{tag}" for tag in config.foreign_tags))


def make_arranger(config: Config) -> Arranger:
    """Return what decides, by the rules, which deliveries go out now and together with what."""
    timings = {rule.name: rule.timing for rule in config.rules}
    apis = {name: SOURCES[source.settings.api].api for name, source in config.sources.items()}
    channels = frozenset(channel_names(config))
    return Arranger(policy=Policy(timings=timings, storm=config.storm), apis=apis, channels=channels)


def make_aftermath(config: Config, route: Route) -> Aftermath:
    """Return what follows an attempt: further stages by the rules that follow up, the channels' backups."""
    return Aftermath(
        route=route,
        timings={rule.name: rule.timing for rule in config.rules if rule.timing.follows_up},
        backups={name: channel.backup for name, channel in config.channels.items() if channel.backup},
    )


def make_source(
    config: Config,
    name: str,
    digest: Digest,
    route: Route,
    hold: Callable[[str], AbstractContextManager[object]],
    known: WatchedSource | None = None,
) -> WatchedSource:
    """Return a configured source with its plan; a `known` one of the same config goes on. Raises ConfigError."""
    source_config = config.sources[name]
    settings, kind = source_config.settings, SOURCES[source_config.settings.api]
    if known is not None and known.config == source_config:
        source = known.source
    else:
        source = kind.build(name, source_config.options, _common(settings), digest)
    plan = Plan(
        identity=kind.identity(source_config.options),
        interval=settings.interval,
        leads=leads_of(config.deadlines),
        route=route,
        ruleset=config.rules_text,
        now=clock.now,
        zone=settings.timezone.key,
        link=settings.link,
        guard=Guard(share=settings.suspect.share, rows=settings.suspect.rows, hold=settings.suspect.hold),
        failing_after=settings.failing_after,
        ignore=frozenset(settings.ignore),
        look_budget=settings.look_budget,
        hold=hold,
    )
    return WatchedSource(source=source, plan=plan, config=source_config)


def make_channels(
    config: Config, stream: TextIO, known: Mapping[str, BuiltChannel] = MappingProxyType({})
) -> Mapping[str, BuiltChannel]:
    """Return every channel that a rule can name: the configured ones and the tags of included Apprise files.

    Those that are `known` go on, whatever the config says of them.
    """
    outfit = registry.Outfit(stream=stream, now=clock.now)
    channels = {
        name: known.get(name) or registry.build(order_of(channel), outfit) for name, channel in config.channels.items()
    }
    tags = {f"{_TAG}{tag}": apprise.for_tag(tag, config.apprise_include) for tag in config.foreign_tags}
    return {**channels, **tags}


def leads_of(deadlines: Deadlines) -> Leads:
    """Return the configured leads by the event that they fire."""
    return {
        EventType.REGISTRATION_CLOSING: deadlines.registration_closing,
        EventType.REGISTRATION_OPENING: deadlines.registration_opening,
        EventType.CONVERSATION_ENDING: deadlines.conversation_ending,
        EventType.CONVERSATION_STARTING: deadlines.conversation_starting,
        EventType.QUESTIONS_WAITING: deadlines.questions_waiting,
    }


def _common(settings: CommonSettings) -> SourceSettings:
    return SourceSettings(
        timezone=settings.timezone,
        now=clock.now,
        monotonic=clock.monotonic,
        request_timeout=settings.request_timeout,
        page_bytes=settings.page_bytes,
        page_limit=settings.page_limit,
        user_agent=f"watcher/{__version__}",
        proxy=settings.proxy.reveal() if settings.proxy else None,
        tls=_trust(settings),
    )


def _trust(settings: CommonSettings) -> ssl.SSLContext | None:
    if settings.ca_file is None:
        return None
    try:
        return ssl.create_default_context(cafile=str(settings.ca_file))
    except (ssl.SSLError, OSError) as error:
        text = f"ca_file {settings.ca_file} holds no certificates that can be used"
        raise ConfigError(text, remedy="name a file of certificates in PEM form") from error
