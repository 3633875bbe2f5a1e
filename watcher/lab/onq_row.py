"""OnQ rows: the 25 documented fields, in their documented order."""

from __future__ import annotations

from watcher.lab.rows import Row

ONQ_DEFAULTS: Row = {
    "id": 0,
    "type": "course",
    "sub_type": "PUBLIC",
    "org_id": 12,
    "name": "Leading Change",
    "content_name": "Leading Change",
    "status": "open",
    "register_status": "open",
    "start_on": None,
    "end_on": None,
    "close_on": None,
    "start_register_on": None,
    "last_updated_on": None,
    "created_on": "2026-01-05T09:00:00Z",
    "visible": True,
    "active": True,
    "private_mode": False,
    "external_code": "",
    "max_count": 0,
    "max_user_count": 0,
    "max_facilitator_count": 0,
    "registered_user_count": 0,
    "registered_facilitator_count": 1,
    "open_questions_count": 0,
    "to_facilitator_count": 0,
}
ONQ_FIELDS = tuple(ONQ_DEFAULTS)
ONQ_DATES = tuple(field for field in ONQ_FIELDS if field.endswith("_on"))


def onq_row(identity: int, **fields: object) -> Row:
    """A whole row with plain values where none is given; dates are ISO 8601 texts or None.

    Raises ValueError for a field that OnQ does not have.
    """
    unknown = fields.keys() - ONQ_DEFAULTS.keys()
    if unknown:
        raise ValueError(f"OnQ has no field {min(unknown)!r}")
    return {**ONQ_DEFAULTS, "id": identity, **fields}
