"""A link: from a template in the config to the page of one conversation."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

_PLACE = re.compile(r"\{\{|\}\}|\{(\w+)\}")


def make_link(template: str, conversation_id: str, fields: Mapping[str, Any]) -> str | None:
    """Return a template with `{id}` and the names of fields filled in, URL-quoted; None where there is no template.

    `{{` and `}}` stand for braces, as in Python's format strings; what is filled in is never looked at again.
    """
    if not template:
        return None

    def fill(found: re.Match[str]) -> str:
        if found[0] in {"{{", "}}"}:
            return found[0][0]
        if found[1] != "id" and found[1] not in fields:
            return found[0]
        value = conversation_id if found[1] == "id" else fields[found[1]]
        return quote("" if value is None else str(value), safe="")

    return _PLACE.sub(fill, template)
