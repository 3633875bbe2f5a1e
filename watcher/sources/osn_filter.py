"""OSN's filter: every property whose name is known, its contradictions, and how it is written into a request."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator

from watcher.pipeline.settings import Options

_PREFIX = "CONVERSATION_"
_UPPER_WORDS = {"id": "ID", "ids": "IDs"}


class FilterNames(StrEnum):
    """How a filter's properties are spelt."""

    CAMEL = "camel"
    PASCAL = "pascal"


class SortField(StrEnum):
    """What the list can be sorted by."""

    ACTIVITY = "CONVERSATION_ACTIVITY"
    CONFERENCES = "CONVERSATION_CONFERENCES"
    CREATED_DATE = "CONVERSATION_CREATED_DATE"
    IS_NEW = "CONVERSATION_IS_NEW"
    LAST_POST = "CONVERSATION_LAST_POST"
    N_ENTERED = "CONVERSATION_N_ENTERED"
    N_FOLLOWUPS = "CONVERSATION_N_FOLLOWUPS"
    N_MESSAGES = "CONVERSATION_N_MESSAGES"
    N_MESSAGES_UNREAD = "CONVERSATION_N_MESSAGES_UNREAD"
    NAME = "CONVERSATION_NAME"
    STATE = "CONVERSATION_STATE"
    TYPE = "CONVERSATION_TYPE"


def _prefixed(written: Any) -> Any:
    if not isinstance(written, str):
        return written
    name = written.strip().upper()
    return name if name.startswith(_PREFIX) else _PREFIX + name


class OsnFilter(Options):
    """What narrows the list; a property that is left out is not sent.

    `extra` is passed on untouched, for properties whose names nobody documents. Each contradiction is refused at the
    later of its two properties, because the service would answer it with an empty list and no word why.
    """

    model_config = ConfigDict(validate_default=True)

    common_member_id: str | None = None
    include_discoverable: bool | None = None
    exclude_closed: bool | None = None
    exclude_fully_read: bool | None = None
    exclude_membered: bool | None = None
    exclude_muted: bool | None = None
    exclude_one_on_one: bool | None = None
    exclude_open: bool | None = None
    exclude_walls: bool | None = None
    include_disabled: bool | None = None
    include_enabled: bool | None = None
    limit_to_gadget_id: str | None = None
    limit_to_gadget_ids: tuple[str, ...] | None = None
    limit_to_gadget_group: str | None = None
    limit_to_gadget_external_id: str | None = None
    limit_to_group_walls: bool | None = None
    limit_to_user_walls: bool | None = None
    limit_to_one_on_one: bool | None = None
    limit_to_muted: bool | None = None
    limit_to_starred: bool | None = None
    limit_to_walls: bool | None = None
    sort_field: Annotated[SortField | None, BeforeValidator(_prefixed)] = None
    extra: dict[str, Any] = Field(default_factory=dict)

    @field_validator("*", mode="after")
    @classmethod
    def _is_consistent(cls, value: Any, info: ValidationInfo) -> Any:
        if not value:
            return value
        if info.field_name == "exclude_membered" and not info.data.get("include_discoverable"):
            raise ValueError(
                "exclude_membered without include_discoverable never shows a conversation: "
                "set include_discoverable = true, or leave out exclude_membered"
            )
        for group, reason in _EXCLUSIVE:
            rival = next((name for name in group if name != info.field_name and info.data.get(name)), None)
            if info.field_name in group and rival:
                raise ValueError(f"{rival} and {info.field_name} {reason}: leave out one of them")
        return value

    @field_validator("extra", mode="after")
    @classmethod
    def _is_extra(cls, extra: dict[str, Any]) -> dict[str, Any]:
        typed = {_spelt(name, FilterNames.CAMEL).lower(): name for name in cls.model_fields if name != "extra"}
        typed.update({name: name for name in cls.model_fields if name != "extra"})
        try:
            json.dumps(extra, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise ValueError("extra holds what JSON cannot: write dates as text, and no nan or inf") from error
        for name in extra:
            if known := typed.get(name.lower()):
                raise ValueError(f"{known} has a setting of its own: write {known} = … instead of naming it in extra")
        return extra


def encode_filter(settings: OsnFilter, names: FilterNames = FilterNames.CAMEL) -> str | None:
    """Return the filter as the request's strict JSON, None where nothing is set."""
    typed = settings.model_dump(mode="json", exclude_none=True, exclude={"extra"})
    properties = {_spelt(name, names): value for name, value in typed.items()} | settings.extra
    return json.dumps(properties, separators=(",", ":"), sort_keys=True) if properties else None


_GADGETS = ("limit_to_gadget_id", "limit_to_gadget_ids", "limit_to_gadget_group", "limit_to_gadget_external_id")
_EXCLUSIVE: tuple[tuple[tuple[str, ...], str], ...] = (
    (("exclude_open", "exclude_closed"), "together never show a conversation"),
    (("exclude_muted", "limit_to_muted"), "contradict each other"),
    (("exclude_one_on_one", "limit_to_one_on_one"), "contradict each other"),
    (("exclude_walls", "limit_to_walls"), "contradict each other"),
    (("limit_to_group_walls", "limit_to_user_walls", "limit_to_one_on_one"), "cannot both be the only kind shown"),
    (_GADGETS, "are two ways to name the gadget, of which the service takes one"),
)


def _spelt(name: str, names: FilterNames) -> str:
    first, *rest = name.split("_")
    words = [_UPPER_WORDS.get(word, word.capitalize()) for word in rest]
    return "".join([first.capitalize() if names is FilterNames.PASCAL else first, *words])
