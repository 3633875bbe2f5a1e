"""The configuration: found, loaded with what each API and channel knows of its own options, and its state directory."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from watcher.bootstrap import clock
from watcher.channels import apprise
from watcher.channels.registry import Fault, Order, Outfit, find_all_faults, find_faults
from watcher.config.load import load
from watcher.config.model import ChannelConfig, Config
from watcher.config.places import find_config, find_state_dir
from watcher.domain.errors import ConfigError
from watcher.domain.template import Flaw, Scope
from watcher.sources.registry import SOURCES
from watcher.store.database import FILE_NAME


def read_config(path: Path | None, *, needs_secrets: bool = True, asks_services: bool = False) -> Config:
    """Find and load the config. Raises ConfigError with everything that is wrong with it.

    Who sends and polls nothing `needs_secrets` neither: then those that cannot be read are no error. `asks_services`:
    the service of each channel, which is loaded for it, is asked whether a message could be made; nothing is sent.
    """
    known = _find_all_faults if asks_services else _find_faults
    return load(
        find_config(path, os.environ),
        environ=os.environ,
        source_options={name: kind.options for name, kind in SOURCES.items()},
        source_fields={name: tuple(kind.api.fields) for name, kind in SOURCES.items()},
        foreign_tags=apprise.tags_of,
        find_faults=known if needs_secrets else _find_known_faults,
        find_flaws=_find_flaws,
        needs_secrets=needs_secrets,
    )


def documented_fields() -> frozenset[str]:
    """Return the fields that any API documents for its conversations."""
    return frozenset(field for kind in SOURCES.values() for field in kind.api.fields)


def state_dir(config: Config) -> Path:
    """Return the directory that holds the state."""
    return find_state_dir(config.state_dir, os.environ)


def database_path(config: Config) -> Path:
    """Return the database's file."""
    return state_dir(config) / FILE_NAME


def order_of(channel: ChannelConfig) -> Order:
    """Return what the config asks of a channel, as the channels' registry takes it."""
    return Order(name=channel.name, url=channel.url, form=channel.form, signing_keys=channel.signing_keys)


def _find_faults(channel: ChannelConfig) -> Iterable[Fault]:
    """Say what is wrong with a channel as far as its form shows."""
    return find_faults(order_of(channel))


def _find_all_faults(channel: ChannelConfig) -> Iterable[Fault]:
    return find_all_faults(order_of(channel), Outfit(stream=sys.stdout, now=clock.now))


def _find_known_faults(channel: ChannelConfig) -> Iterable[Fault]:
    """Say the same as far as the channel's secrets can be read."""
    try:
        return list(_find_faults(channel))
    except ConfigError:
        return []


def _find_flaws(text: str, scope: Scope) -> Sequence[Flaw]:
    """Say what is wrong with a template; who writes none does not wait for Jinja to be loaded."""
    from watcher.templates.template import find_flaws

    return find_flaws(text, scope)
