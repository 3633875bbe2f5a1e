"""The channels of a config, and who is meant by a name or a tag."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from watcher.config.lines import Path as KeyPath
from watcher.config.model import ChannelConfig, ChannelSettings
from watcher.config.reading import Reading
from watcher.config.source import check_name
from watcher.domain.nearness import near

TAG = "tag:"
"""what a name begins with that means every channel with a tag"""

ChannelCheck = Callable[[ChannelConfig], Iterable[tuple[KeyPath, str]]]
"""yields what is wrong with a channel: the key in its table, and words that show no secret; the remedy after a `; `"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """Whom rules may name: channels, and tags with their channels. Channels with errors are in it as well."""

    names: tuple[str, ...]
    tags: Mapping[str, tuple[str, ...]]

    @property
    def known(self) -> tuple[str, ...]:
        """Everything that may be named."""
        return (*self.names, *(TAG + tag for tag in self.tags))


def read_channels(reading: Reading, find_faults: ChannelCheck) -> dict[str, ChannelConfig]:
    """Return the channels that are right; errors of the others are in the reading."""
    channels = {}
    for name, written in reading.tables("channels").items():
        check_name(reading, "channels", name)
        settings = reading.model(ChannelSettings, ("channels", name), written)
        if settings is None:
            continue
        channels[name] = ChannelConfig(
            name=name,
            url=settings.url,
            tags=settings.tags,
            form=settings.format,
            signing_keys=settings.signing_keys,
            backup=settings.backup,
        )
        for key, complaint in find_faults(channels[name]):
            wrong, _, right = complaint.partition("; ")
            reading.refuse(("channels", name, *key), wrong, right)
    _check_backups(reading, {name: channel.backup for name, channel in channels.items() if channel.backup})
    return channels


def _check_backups(reading: Reading, backups: Mapping[str, str]) -> None:
    """Refuse a backup that is no channel, the channel itself, or one of a circle: then nobody would be the last."""
    known = tuple(reading.document.table["channels"]) if backups else ()
    told: set[str] = set()
    for name, backup in backups.items():
        path = ("channels", name, "backup")
        if backup not in known:
            reading.refuse(path, f"{backup!r} is no channel", near(backup, known))
        elif backup == name:
            reading.refuse(path, "is the channel itself", "name another one")
        elif name not in told and (circle := _find_circle(name, backups)):
            told |= set(circle)
            keys = ", ".join(f"channels.{one}.backup" for one in circle)
            reading.refuse(path, f"goes round in a circle: {keys}", "leave one of them out")


def _find_circle(name: str, backups: Mapping[str, str]) -> tuple[str, ...]:
    """Return the channels of the circle that one is in, by the way that its messages would take; none for no circle."""
    way = [name]
    while (following := backups.get(way[-1])) is not None and following not in way:
        way.append(following)
    return tuple(way) if following == name else ()


def find_audience(written: Mapping[str, Any], foreign_tags: Collection[str]) -> Audience:
    """Return whom rules may name, from the table `channels` as it stands and the tags of included Apprise files.

    The services of a foreign tag are one channel, which has the tag's whole name: `tag:NAME`.
    """
    tags: dict[str, list[str]] = {}
    for name, table in written.items():
        for tag in _tags(table):
            tags.setdefault(tag, []).append(name)
    for tag in foreign_tags:
        tags.setdefault(tag, []).append(TAG + tag)
    return Audience(names=tuple(written), tags={tag: tuple(dict.fromkeys(names)) for tag, names in tags.items()})


def resolve_channels(reading: Reading, audience: Audience, path: KeyPath, written: Iterable[str]) -> tuple[str, ...]:
    """Return the names of the channels that are meant, each once; an unknown name or tag is an error."""
    channels: dict[str, None] = {}
    for place, name in enumerate(written):
        meant = audience.tags.get(name.removeprefix(TAG), ()) if name.startswith(TAG) else (name,)
        if not meant or (not name.startswith(TAG) and name not in audience.names):
            what = "is a tag that no channel has" if name.startswith(TAG) else "is no channel"
            reading.refuse((*path, place), f"{name!r} {what}", near(name, audience.known) or "add a table [channels.…]")
        channels.update(dict.fromkeys(meant))
    return tuple(channels)


def _tags(table: Any) -> list[str]:
    tags = table.get("tags", []) if isinstance(table, dict) else []
    return [tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else []
