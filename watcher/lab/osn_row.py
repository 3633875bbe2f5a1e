"""OSN rows: every field of the documented sample and the further ones that clients have seen."""

from __future__ import annotations

from datetime import datetime
from email.utils import format_datetime

from watcher.lab.rows import Row

OSN_DEFAULTS: Row = {
    "id": "0",
    "name": "A Warm Welcome to the Team",
    "displayName": "A Warm Welcome to the Team",
    "objectType": "waggle/conversation",
    "createdByID": "24114",
    "createdByUserName": "dsmith@example.com",
    "createdByUserDisplayName": "Rosanna Channing",
    "createdDate": "Thu, 03 Sep 2015 14:39:22 GMT",
    "modifiedByID": "24114",
    "modifiedByUserName": "dsmith@example.com",
    "modifiedByUserDisplayName": "Rosanna Channing",
    "modifiedDate": "Thu, 03 Sep 2015 14:39:22 GMT",
    "dateFormatLocale": "en_US",
    "isRemoved": False,
    "latitude": None,
    "longitude": None,
    "altitude": None,
    "externalID": None,
    "discoverableID": None,
    "secondaryExternalIDs": [],
    "isScoping": False,
    "isScopingSame": False,
    "isScoped": False,
    "state": "OPEN_ACTIVE",
    "isDiscoverable": False,
    "wallPostControl": "ANYONE_CAN_POST",
    "hasMembersLocked": False,
    "isDisallowGuests": False,
    "isDisallowOutsiders": False,
    "nOutsiders": 0,
    "isExtendedAccessControl": False,
    "folderID": "45034",
    "role": "HOST",
    "isMuted": False,
    "isNew": False,
    "nChats": 0,
    "nMarkableChats": 0,
    "nUnread": 0,
    "nFollowups": 0,
    "hierarchicalMembersInfo": None,
}
_ADDRESSES = {
    "url": "conversations/{id}",
    "conversationURL": "conversations/{id}",
    "allMembershipsURL": "conversations/{id}/memberships",
    "archiveURL": "conversations/{id}/archive",
    "collectionURL": "collections/{folder}",
    "folderURL": "folders/{folder}",
    "gadgetsURL": "conversations/{id}/gadgets",
    "membersURL": "conversations/{id}/members",
    "messagesURL": "conversations/{id}/messages",
    "createdByURL": "people/{creator}",
}
OSN_URLS = tuple(_ADDRESSES)
OSN_TWINS = {"createdDate": "createdDateInISO8601Format", "modifiedDate": "modifiedDateInISO8601Format"}
OSN_FIELDS = (*OSN_DEFAULTS, *_ADDRESSES, *OSN_TWINS.values())


def osn_row(identity: int | str, **fields: object) -> Row:
    """A whole row with plain values where none is given; dates are RFC 1123 texts.

    The ISO 8601 twins are not part of it: the server writes them from the dates when its dialect has them.
    """
    unknown = fields.keys() - set(OSN_FIELDS)
    if unknown:
        raise ValueError(f"OSN has no field {min(unknown)!r}")
    row = {**OSN_DEFAULTS, "id": str(identity), **fields}
    if "name" in fields:
        row["displayName"] = fields.get("displayName", fields["name"])
    return {**row, **{field: url for field, url in _addresses(row).items() if field not in fields}}


def rfc_1123(at: datetime) -> str:
    """An instant (UTC) as OSN writes it."""
    return format_datetime(at.replace(microsecond=0), usegmt=True)


def _addresses(row: Row) -> Row:
    parts = {"id": row["id"], "folder": row["folderID"], "creator": row["createdByID"]}
    base = "https://osn.example.com/osn/social/api/v1/"
    return {field: base + path.format(**parts) for field, path in _ADDRESSES.items()}
