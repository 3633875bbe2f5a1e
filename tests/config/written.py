"""A small world for config tests: two APIs with a few options, and files written where a test wants them."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from watcher.config.finding import ConfigErrors
from watcher.config.load import load
from watcher.config.model import Config
from watcher.pipeline.settings import DurationSetting, Options, SecretSetting


class Jwt(Options):
    kind: Literal["jwt"]
    key: str
    secret: SecretSetting
    issuer: str
    subject: str
    audience: str
    lifetime: Annotated[DurationSetting, Field(ge=timedelta(minutes=10))] = timedelta(minutes=30)


class Bearer(Options):
    kind: Literal["bearer"]
    token: SecretSetting


class Form(Options):
    kind: Literal["form"]
    username: str
    password: SecretSetting


class OnqOptions(Options):
    url: str
    auth: Annotated[Jwt | Bearer, Field(discriminator="kind")]
    page_size: Annotated[int, Field(ge=1, le=1000)] = 1000
    paging: Literal["auto", "page", "offset"] = "auto"
    format: Literal["json", "csv"] = "json"
    check_total: bool = True
    allow_http: bool = False


class Filter(Options):
    exclude_muted: bool | None = None
    include_enabled: bool | None = None
    sort_field: str | None = None
    extra: dict[str, Any] = Field(default_factory=dict)


class OsnOptions(Options):
    url: str
    auth: Annotated[Form | Bearer, Field(discriminator="kind")]
    page_size: int = 100
    patience: DurationSetting | None = None
    filter: Filter = Filter()
    filter_names: Literal["camel", "pascal"] = "camel"
    check_total: bool = True
    allow_http: bool = False


OPTIONS: dict[str, type[Options]] = {"onq": OnqOptions, "osn": OsnOptions}
FIELDS = {"onq": ("id", "type", "name", "status", "external_code"), "osn": ("id", "displayName", "state", "nUnread")}

SOURCE = """
[sources.campus]
api = "onq"
url = "https://api.example"
auth = { kind = "bearer", token = { env = "TOKEN" } }
"""
CHANNEL = """
[channels.ops]
url = { env = "URL" }
"""
ENVIRON = {"TOKEN": "t0ken", "URL": "json://localhost", "HOME": "/home/nobody"}


def load_text(folder: Path, text: str, *, mode: int = 0o600, **extra: Any) -> Config:
    path = folder / "config.toml"
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return load_file(path, **extra)


def load_file(path: Path, **extra: Any) -> Config:
    environ = {**ENVIRON, **extra.pop("environ", {})}
    return load(path, environ=environ, source_options=OPTIONS, source_fields=FIELDS, **extra)


def errors_of(folder: Path, text: str, **extra: Any) -> list[str]:
    """The errors of a config, none where it loads."""
    try:
        load_text(folder, text, **extra)
    except ConfigErrors as errors:
        return str(errors).splitlines()
    return []
