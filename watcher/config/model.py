"""The config's values: everything that one TOML file says, frozen and checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import Field, StrictFloat, StrictInt, field_validator, model_validator

from watcher.config.cron import Cron
from watcher.config.finding import Finding
from watcher.config.setting import CronSetting, FileSetting, Text, ZoneSetting, bounded
from watcher.config.timing import TimingSettings
from watcher.domain.message import Form
from watcher.domain.rule import Rule
from watcher.domain.secret import Secret
from watcher.pipeline.settings import DurationSetting, Options, SecretSetting

DEFAULT_EVERY = timedelta(minutes=5)
UTC_ZONE = ZoneInfo("UTC")

Interval = Annotated[DurationSetting, bounded("1s", "31d")]
Lead = Annotated[DurationSetting, bounded("1s", "366d")]
Keep = Annotated[DurationSetting, bounded("1h", "100y")]


class Suspect(Options):
    """When a complete read is too different to be believed at once, and how long its absences are held."""

    share: Annotated[StrictFloat, Field(ge=0, le=1)] = 0.2
    rows: Annotated[StrictInt, Field(ge=0, le=1_000_000)] = 20
    hold: Annotated[DurationSetting, bounded("0s", "31d")] = timedelta(minutes=30)


class CommonSettings(Options):
    """What every source can be told, whatever its API.

    `timezone`: for dates that carry no zone. `failing_after`: polls in a row. `link`: a template with `{id}`.
    `request_timeout`: for one whole request. `page_bytes`: decoded bytes of a page. `page_limit`: pages of a listing.
    `look_budget`: hidden conversations asked after in a poll. `ca_file`: certificates to trust instead of the system's.
    `proxy`: its URL, a secret because it may hold a password; the environment's proxies are not used.
    """

    api: Text
    every: Interval | None = None
    cron: CronSetting | None = None
    timezone: ZoneSetting = UTC_ZONE
    failing_after: Annotated[StrictInt, Field(ge=1, le=1_000)] = 3
    suspect: Suspect = Suspect()
    ignore: tuple[Text, ...] = ()
    link: str = ""
    request_timeout: Annotated[DurationSetting, bounded("1s", "10m")] = timedelta(seconds=30)
    page_bytes: Annotated[StrictInt, Field(ge=1_024, le=1_073_741_824)] = 16_777_216
    page_limit: Annotated[StrictInt, Field(ge=1, le=1_000_000)] = 10_000
    look_budget: Annotated[StrictInt, Field(ge=0, le=10_000)] = 50
    ca_file: FileSetting | None = None
    proxy: SecretSetting | None = None

    @model_validator(mode="after")
    def _has_one_schedule(self) -> CommonSettings:
        if self.every is not None and self.cron is not None:
            raise ValueError("has both every and cron; leave one of them out")
        return self

    @property
    def schedule(self) -> timedelta | Cron:
        """When it is polled."""
        return self.cron or self.every or DEFAULT_EVERY

    @property
    def interval(self) -> timedelta:
        """The time between two polls; of a cron expression the shortest."""
        schedule = self.schedule
        return schedule.shortest_gap() if isinstance(schedule, Cron) else schedule


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceConfig:
    """One configured API: what all have, and its API's own options."""

    name: str
    settings: CommonSettings
    options: Options


class Deadlines(Options):
    """How long before (`questions_waiting`: after) an instant to tell of it, the longest lead first."""

    registration_closing: tuple[Lead, ...] = (timedelta(days=7), timedelta(hours=24), timedelta(hours=1))
    registration_opening: tuple[Lead, ...] = ()
    conversation_ending: tuple[Lead, ...] = (timedelta(hours=24),)
    conversation_starting: tuple[Lead, ...] = ()
    questions_waiting: tuple[Lead, ...] = (timedelta(hours=24),)

    @field_validator("*")
    @classmethod
    def _sort(cls, leads: tuple[timedelta, ...]) -> tuple[timedelta, ...]:
        return tuple(sorted(set(leads), reverse=True))


class ChannelSettings(Options):
    """One way out: its URL, which is a secret as a whole, the tags that rules may name, and how it is written to.

    `format`: None for what suits the service best. `signing_keys`: of a webhook, each signs. `backup`: the channel that
    is sent what this one does not take.
    """

    url: SecretSetting
    tags: tuple[Text, ...] = ()
    format: Form | None = None
    signing_keys: tuple[SecretSetting, ...] = ()
    backup: Text | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelConfig:
    """One configured way out; `form` is its setting `format`."""

    name: str
    url: Secret
    tags: tuple[str, ...] = ()
    form: Form | None = None
    signing_keys: tuple[Secret, ...] = ()
    backup: str | None = None


class RuleSettings(TimingSettings):
    """One rule as it is written; see domain.rule and domain.timing for what it means.

    `title`, `body`: templates for the words of its messages.
    """

    name: Text
    events: Annotated[tuple[Text, ...], Field(min_length=1)]
    channels: Annotated[tuple[Text, ...], Field(min_length=1)]
    sources: Annotated[tuple[Text, ...], Field(min_length=1)] = ("*",)
    where: Mapping[str, Any] = Field(default_factory=dict)
    title: str | None = None
    body: str | None = None


class Retention(Options):
    """How long things are kept."""

    polls: Keep = timedelta(days=30)
    events: Keep = timedelta(days=730)


class AppriseSettings(Options):
    """Apprise config files whose channels and tags are used as well, relative to the config."""

    include: tuple[FileSetting, ...] = ()


class GeneralSettings(Options):
    """What stands at the top of the file; `storm`: messages that one poll makes on a channel at most, 0: any number."""

    state_dir: str | None = None
    timezone: ZoneSetting = UTC_ZONE
    operator: tuple[Text, ...] = ()
    storm: Annotated[StrictInt, Field(ge=0, le=1_000_000)] = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """A whole config.

    `timezone`: how times are shown. `operator`: names of channels, tags resolved. `storm`: messages that one poll makes
    on a channel at most. `rules`: in file order, the built-in rule for the operator last. `rules_text`: the rules as
    canonical JSON, without secrets, for the record.
    `state_dir` is None where the file does not set it. `foreign_tags`: the tags of included Apprise files; the services
    of one are the channel `tag:NAME` of rules.
    """

    path: Path
    state_dir: Path | None
    timezone: ZoneInfo
    operator: tuple[str, ...]
    storm: int
    sources: Mapping[str, SourceConfig]
    deadlines: Deadlines
    channels: Mapping[str, ChannelConfig]
    rules: tuple[Rule, ...]
    rules_text: str
    retention: Retention
    apprise_include: tuple[Path, ...]
    foreign_tags: tuple[str, ...]
    warnings: tuple[Finding, ...]
