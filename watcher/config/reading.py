"""A reading: one document on its way to a config, and everything found wrong so far."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from watcher.config.document import Document
from watcher.config.finding import Finding
from watcher.config.lines import Path as KeyPath
from watcher.config.model import GeneralSettings
from watcher.config.secrets import SecretShelf
from watcher.config.setting import FOLDER
from watcher.domain.duration import write_duration
from watcher.domain.nearness import near
from watcher.pipeline.settings import SECRETS

Model = TypeVar("Model", bound=BaseModel)

TOP_KEYS = frozenset(GeneralSettings.model_fields)
"""the keys that stand above every table"""


@dataclass(slots=True, kw_only=True)
class Reading:
    """Collects errors and warnings while the parts of a document are read."""

    document: Document
    secrets: SecretShelf
    errors: list[Finding] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)

    def refuse(self, path: KeyPath, wrong: str, right: str = "") -> None:
        """Add an error."""
        self.errors.append(self.document.find(path, wrong, right))

    def warn(self, path: KeyPath, wrong: str, right: str = "") -> None:
        """Add a warning."""
        self.warnings.append(self.document.find(path, wrong, right))

    def refuse_unknown(self, path: KeyPath, known: set[str]) -> None:
        """Add the error that a key is not known, and name the near ones."""
        name = str(path[-1])
        if len(path) > 1 and name in TOP_KEYS:
            self.refuse(path, "is not a known key here", "it belongs at the top of the file, above the first [table]")
        else:
            self.refuse(path, "is not a known key", near(name, known))

    def model(
        self, model: type[Model], path: KeyPath, written: Mapping[str, Any], fallback: Mapping[str, Any] | None = None
    ) -> Model | None:
        """Return a table as a model; what is wrong in it becomes errors.

        Then the right keys alone, and `fallback` for required ones, are returned, so that errors between keys are found
        as well; None where that is no model either.
        """
        valid, details = self._validate(model, written)
        if valid is None:
            wrong = {detail["loc"][0] for detail in details if detail["loc"]}
            right = {key: value for key, value in written.items() if key not in wrong}
            valid, more = self._validate(model, {**(fallback or {}), **right})
            details += [detail for detail in more if wrong and detail["type"] != "missing"]
        for detail in details:
            self._refuse_detail(model, path, written, detail)
        return valid

    def tables(self, key: str) -> dict[str, Mapping[str, Any]]:
        """Return the named tables below a key, such as `sources`; what is no table is an error."""
        named = self.table(key)
        found: dict[str, Mapping[str, Any]] = {}
        for name, written in named.items():
            if isinstance(written, dict):
                found[name] = written
            else:
                self.refuse((key, name), "is not a table", f"write [{key}.NAME] and its keys below")
        return found

    def table(self, key: str) -> Mapping[str, Any]:
        """Return one table of the document, empty where it is absent or (an error) none."""
        written = self.document.table.get(key, {})
        if isinstance(written, dict):
            return written
        self.refuse((key,), "is not a table", f"write [{key}] and its keys below")
        return {}

    def _validate(self, model: type[Model], written: Mapping[str, Any]) -> tuple[Model | None, list[ErrorDetails]]:
        context = {SECRETS: self.secrets, FOLDER: self.document.path.parent}
        try:
            return model.model_validate(written, context=context), []
        except ValidationError as error:
            return None, error.errors(include_url=False)

    def _refuse_detail(
        self, model: type[BaseModel], path: KeyPath, written: Mapping[str, Any], detail: ErrorDetails
    ) -> None:
        key = (*path, *_locate(written, detail["loc"]))
        if detail["type"] == "extra_forbidden":
            self.refuse_unknown(key, _keys_at(model, detail["loc"][:-1]))
        else:
            self.refuse(key, *_say(detail))


def known_keys(model: type[BaseModel]) -> set[str]:
    """Return the keys that a table of a model may have."""
    return {field.alias or name for name, field in model.model_fields.items()}


def _locate(written: Any, loc: KeyPath) -> KeyPath:
    """Return pydantic's path without the steps that name a variant of a union instead of a key."""
    path: KeyPath = ()
    for place, step in enumerate(loc):
        is_there = _has(written, step)
        if is_there:
            written = written[step]
        if is_there or place == len(loc) - 1:
            path = (*path, step)
    return path


def _has(written: Any, step: str | int) -> bool:
    if isinstance(step, int):
        return isinstance(written, list) and step < len(written)
    return isinstance(written, dict) and step in written


def _say(detail: ErrorDetails) -> tuple[str, str]:
    """Return what is wrong and what would be right, without the value: it may be a secret."""
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "missing":
        return "is missing", "add it"
    if kind == "value_error":
        wrong, _, right = str(context.get("error", detail["msg"])).partition("; ")
        return wrong, right
    if kind in _BOUNDS:
        word, bound = _BOUNDS[kind]
        return "is out of bounds", f"write {word} {_write_bound(context[bound])}"
    if kind in _TABLES:
        return "is not a table", 'write it in braces, { like = "this" }'
    if kind in _TAGS:
        return _SAID[kind], _TAGS[kind].format(**context)
    return _SAID.get(kind, "is not allowed here"), _remedy(detail["msg"])


def _write_bound(bound: object) -> str:
    """Return a bound as a user would write it; pydantic tells one of a duration as the text of its repr."""
    parts = {unit: int(number) for unit, number in _TIMEDELTA.findall(str(bound))}
    return write_duration(timedelta(**parts)) if parts else str(bound)


_TABLES = frozenset({"model_type", "model_attributes_type", "dict_type", "mapping_type"})
_TAGS = {
    "union_tag_not_found": "add the key {discriminator}",
    "union_tag_invalid": "write {discriminator} as one of {expected_tags}",
}
_TIMEDELTA = re.compile(r"(days|seconds)=(\d+)")
_BOUNDS = {
    "greater_than_equal": ("at least", "ge"),
    "greater_than": ("more than", "gt"),
    "less_than_equal": ("at most", "le"),
    "less_than": ("less than", "lt"),
}
_SAID = {
    "string_type": "is not a text",
    "is_instance_of": "is of the wrong kind",
    "int_type": "is not a whole number",
    "int_from_float": "is not a whole number",
    "int_parsing": "is not a whole number",
    "float_type": "is not a number",
    "bool_type": "is neither true nor false",
    "bool_parsing": "is neither true nor false",
    "tuple_type": "is not a list",
    "list_type": "is not a list",
    "too_short": "is too short",
    "string_too_short": "is empty",
    "string_too_long": "is too long",
    "literal_error": "is not one of the values there are",
    "enum": "is not one of the values there are",
    "union_tag_invalid": "is not one of the kinds there are",
    "union_tag_not_found": "does not say of which kind it is",
    "time_delta_type": "is not a duration",
}
_REMEDY = {
    "Input should be an instance of ZoneInfo": "write a zone like Europe/Berlin in quotes",
    "Input should be an instance of Path": "write a path in quotes",
    "Input should be an instance of Cron": "write five fields in quotes, like */5 7-19 * * mon-fri",
    "Input should be a valid string": 'write it in quotes, "like this"',
    "Input should be a valid tuple": 'write it in brackets, ["like", "this"]',
    "Input should be a valid list": 'write it in brackets, ["like", "this"]',
    "Input should be a valid timedelta": 'write it like "90s", "15m", "24h" or "7d"',
}


def _remedy(said: str) -> str:
    if said in _REMEDY:
        return _REMEDY[said]
    return said.replace("Input should be", "it should be").replace("Input tag", "the kind").replace("Value error, ", "")


def _keys_at(model: type[BaseModel], loc: KeyPath) -> set[str]:
    """Return the keys known at a place below a model; a step that is no key names a variant of a union."""
    models = {model}
    for step in loc:
        inner = {one for above in models for one in _below(above, step)}
        models = inner or {one for one in models if _is_variant(one, step)} or models
    return {key for one in models for key in known_keys(one)}


def _below(model: type[BaseModel], step: str | int) -> set[type[BaseModel]]:
    field = model.model_fields.get(str(step))
    return _models_in(field.annotation) if field else set()


def _is_variant(model: type[BaseModel], step: str | int) -> bool:
    return any(step in get_args(field.annotation) for field in model.model_fields.values())


def _models_in(annotation: Any) -> set[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return {annotation}
    return {model for part in get_args(annotation) for model in _models_in(part)}
