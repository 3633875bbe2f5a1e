"""OSN's filter: spelling, types, contradictions."""

import json
from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from watcher.sources.osn_filter import FilterNames, OsnFilter, encode_filter

DOCUMENTED = """
commonMemberID excludeClosed excludeFullyRead excludeMembered excludeMuted excludeOneOnOne excludeOpen excludeWalls
includeDisabled includeDiscoverable includeEnabled limitToStarred sortField limitToGadgetExternalID limitToGadgetGroup
limitToGadgetID limitToGadgetIDs limitToGroupWalls limitToMuted limitToOneOnOne limitToUserWalls limitToWalls
"""


def written(names: FilterNames = FilterNames.CAMEL, **settings: Any) -> Any:
    return json.loads(encode_filter(OsnFilter.model_validate(settings), names) or "null")


def test_every_documented_name_has_a_setting() -> None:
    one_by_one: dict[str, Any] = {"sort_field": "name", "limit_to_gadget_ids": ["5"], "include_discoverable": True}
    names = set()
    for setting in OsnFilter.model_fields.keys() - {"extra"}:
        value = one_by_one.get(setting, "5" if setting.endswith(("id", "group")) else True)
        needed: dict[str, Any] = {"include_discoverable": True} if setting == "exclude_membered" else {}
        names |= written(**{setting: value, **needed}).keys()
    assert names == set(DOCUMENTED.split())


def test_nothing_set_is_no_filter_and_false_is_said() -> None:
    assert written() is None
    assert written(exclude_muted=False) == {"excludeMuted": False}


def test_names_can_be_spelt_in_pascal_case() -> None:
    settings = {"exclude_muted": True, "limit_to_gadget_ids": ["1", "2"], "extra": {"limitToLiked": True}}
    assert written(FilterNames.PASCAL, **settings) == {
        "ExcludeMuted": True,
        "LimitToGadgetIDs": ["1", "2"],
        "limitToLiked": True,  # untouched
    }


@pytest.mark.parametrize("name", ["CONVERSATION_LAST_POST", "last_post", "Last_Post", "conversation_last_post"])
def test_a_sort_field_is_known_by_its_long_and_its_short_name(name: str) -> None:
    assert written(sort_field=name) == {"sortField": "CONVERSATION_LAST_POST"}


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"exclude_open": True, "exclude_closed": True}, ["exclude_open", "exclude_closed", "leave out one"]),
        ({"exclude_membered": True}, ["exclude_membered", "include_discoverable", "set include_discoverable = true"]),
        ({"exclude_membered": True, "include_discoverable": False}, ["exclude_membered", "include_discoverable"]),
        ({"exclude_muted": True, "limit_to_muted": True}, ["exclude_muted", "limit_to_muted", "leave out one"]),
        ({"exclude_one_on_one": True, "limit_to_one_on_one": True}, ["exclude_one_on_one", "limit_to_one_on_one"]),
        ({"exclude_walls": True, "limit_to_walls": True}, ["exclude_walls", "limit_to_walls"]),
        ({"limit_to_group_walls": True, "limit_to_user_walls": True}, ["limit_to_group_walls", "limit_to_user_walls"]),
        ({"limit_to_group_walls": True, "limit_to_one_on_one": True}, ["limit_to_group_walls", "limit_to_one_on_one"]),
        ({"limit_to_user_walls": True, "limit_to_one_on_one": True}, ["limit_to_user_walls", "limit_to_one_on_one"]),
        ({"limit_to_gadget_id": "1", "limit_to_gadget_group": "2"}, ["limit_to_gadget_id", "limit_to_gadget_group"]),
        ({"limit_to_gadget_ids": ["1"], "limit_to_gadget_external_id": "2"}, ["limit_to_gadget_ids", "_external_id"]),
    ],
)
def test_a_contradiction_is_one_error_that_names_both_and_the_way_out(
    settings: dict[str, Any], words: list[str]
) -> None:
    with pytest.raises(ValidationError) as caught:
        OsnFilter.model_validate(settings)
    (error,) = caught.value.errors()
    assert all(word in error["msg"] for word in words)


def test_two_contradictions_are_two_errors() -> None:
    settings = {"exclude_open": True, "exclude_closed": True, "exclude_walls": True, "limit_to_walls": True}
    with pytest.raises(ValidationError) as caught:
        OsnFilter.model_validate(settings)
    assert caught.value.error_count() == 2


@pytest.mark.parametrize(
    "settings",
    [
        {"exclude_open": True, "exclude_closed": False},
        {"exclude_membered": True, "include_discoverable": True},
        {"exclude_walls": False, "limit_to_walls": True},
        {"exclude_closed": True, "exclude_fully_read": True, "exclude_muted": True, "include_enabled": True},
    ],
)
def test_what_does_not_contradict_is_taken(settings: dict[str, Any]) -> None:
    OsnFilter.model_validate(settings)


@pytest.mark.parametrize("name", ["excludeMuted", "ExcludeMuted", "exclude_muted", "limitToGadgetIDs"])
def test_extra_may_not_repeat_what_has_a_setting(name: str) -> None:
    with pytest.raises(ValidationError, match="has a setting of its own"):
        OsnFilter.model_validate({"extra": {name: True}})


@pytest.mark.parametrize(
    "settings",
    [{"sort_is_descending": True}, {"exclude_mute": True}, {"sort_field": "colour"}, {"exclude_muted": "perhaps"}],
)
def test_what_nobody_documents_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        OsnFilter.model_validate(settings)


@pytest.mark.parametrize("value", [date(2026, 11, 23), float("nan"), {"a": [float("inf")]}])
def test_extra_holds_only_what_json_can(value: Any) -> None:
    with pytest.raises(ValidationError, match="what JSON cannot"):
        OsnFilter.model_validate({"extra": {"since": value}})


def test_extra_carries_what_has_no_name() -> None:
    assert written(extra={"sortIsDescending": True}) == {"sortIsDescending": True}
