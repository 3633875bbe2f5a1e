"""A link: from a template in the config to the page of one conversation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote


def make_link(template: str, conversation_id: str, fields: Mapping[str, Any]) -> str | None:
    """Return a template with `{id}` and the names of fields filled in, URL-quoted; None where there is no template."""
    if not template:
        return None
    url = template.replace("{id}", quote(conversation_id, safe=""))
    for name, value in fields.items():
        if f"{{{name}}}" in url:
            url = url.replace(f"{{{name}}}", quote("" if value is None else str(value), safe=""))
    return url
