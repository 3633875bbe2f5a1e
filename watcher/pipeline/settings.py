"""The kinds of setting that the parts' options are made of."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, InstanceOf, ValidationInfo

from watcher.domain.duration import parse_duration
from watcher.domain.secret import Secret

SecretReader = Callable[[Any], Secret]
"""makes a Secret of what stands in the config: a string, {env = …}, {file = …}, {credential = …}; raises ValueError"""

SECRETS = "secrets"
"""the key under which the loader puts a SecretReader into pydantic's validation context"""


class Options(BaseModel):
    """Options of one part: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, hide_input_in_errors=True)


def _read_secret(written: Any, info: ValidationInfo) -> Any:
    if isinstance(written, Secret) or not info.context:
        return written
    reader: SecretReader = info.context[SECRETS]
    return reader(written)


def _read_duration(written: Any) -> Any:
    if isinstance(written, int | float):
        raise ValueError(f"{written} has no unit; write it like 90s, 15m, 24h or 7d")  # noqa: TRY004  # pydantic's way
    return parse_duration(written) if isinstance(written, str) else written


SecretSetting = Annotated[InstanceOf[Secret], BeforeValidator(_read_secret)]
DurationSetting = Annotated[timedelta, BeforeValidator(_read_duration)]
