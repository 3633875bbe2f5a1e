"""World: the rows both APIs begin with, and as many more as a benchmark wants."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

from watcher.lab.names import course, mail_name, person, topic
from watcher.lab.onq_api import OnqApi
from watcher.lab.onq_row import onq_row
from watcher.lab.osn_api import OsnApi
from watcher.lab.osn_row import osn_row, rfc_1123
from watcher.lab.rows import Row

FIRST_ONQ_ID = 1001
FIRST_OSN_ID = 689_001
_STAGES = ("planned", "enrolling", "enrolling", "running", "running", "running", "ended")
_OBJECTS = ("waggle/conversation",) * 8 + ("waggle/one-on-one", "waggle/wall", "waggle/wall-group")
_CLOSED = ("CLOSED_CHAINED", "CLOSED_DISABLED", "CLOSED_DROPPED", "CLOSED_RESOLVED")
_STORY_DATES = (  # the first enrolling courses: leads of 1 h and 24 h, and an end, that a watcher soon sees pass
    timedelta(hours=1, seconds=20),
    timedelta(hours=24, seconds=35),
    timedelta(seconds=50),
    timedelta(hours=3),
)


def fill(api: OnqApi | OsnApi, number: int, seed: int = 7, *, now: datetime | None = None) -> None:
    """Add `number` plausible rows; dates lie around `now` (default: the API's clock)."""
    chance, at = Random(seed), now or api.now()
    lowest = FIRST_ONQ_ID if isinstance(api, OnqApi) else FIRST_OSN_ID
    first = max((int(identity) + 1 for identity in api.rows.ids() if identity.isdigit()), default=lowest)
    make = onq_plausible if isinstance(api, OnqApi) else osn_plausible
    api.rows.extend(make(first + index, chance, at) for index in range(number))


def populate(onq: OnqApi, osn: OsnApi, conversations: int, seed: int, now: datetime) -> None:
    """Fill both APIs with `conversations` rows each, and give some courses dates that soon matter."""
    fill(onq, conversations, seed, now=now)
    fill(osn, conversations, seed + 1, now=now)
    enrolling = [row["id"] for row in onq.rows if row["register_status"] == "open" and row["status"] == "open"]
    for identity, ahead in zip(enrolling, _STORY_DATES, strict=False):
        onq.rows.update(identity, close_on=iso(now + ahead), start_on=iso(now + ahead + timedelta(days=2)))
    _hide_facts(osn, Random(seed))


def onq_plausible(identity: int, chance: Random, now: datetime) -> Row:
    """A course, sequence or resource in some stage of its life."""
    content, name = course(chance)
    stage = chance.choice(_STAGES)
    seats = chance.choice((0, 0, 12, 25, 40))
    return onq_row(
        identity,
        type=chance.choice(("course", "course", "course", "sequence", "resource")),
        sub_type=chance.choice(("PUBLIC", "PUBLIC", "PRIVATE", "EXTERNAL")),
        org_id=chance.choice((12, 12, 14, 31)),
        name=f"{name} with {person(chance)}",
        content_name=content,
        **onq_stage(stage, chance, now),
        private_mode=_is_so(chance, 0.1),
        external_code=f"LMS-{identity:07d}-{chance.randrange(16**8):08x}",
        max_count=seats and seats + 3,
        max_user_count=seats,
        max_facilitator_count=3 if seats else 0,
        registered_user_count=0 if stage == "planned" else chance.randrange(seats or 60),
        registered_facilitator_count=chance.randint(1, 3),
        open_questions_count=chance.choice((0, 0, 0, 1, 2, 4)) if stage == "running" else 0,
        to_facilitator_count=chance.choice((0, 0, 0, 1)) if stage == "running" else 0,
    )


def onq_stage(stage: str, chance: Random, now: datetime) -> Row:
    """Status and dates of a course that is `planned`, `enrolling`, `running` or `ended`."""
    open_on = now + timedelta(hours=chance.randint(2, 72))
    if stage != "planned":
        open_on = now - timedelta(days=chance.randint(1, 20))
    days = {"planned": 20, "enrolling": 2, "running": -4, "ended": -30}[stage] + chance.randint(0, 3)
    close_on = now + timedelta(days=days, hours=chance.randint(1, 23), minutes=chance.randint(0, 59))
    start_on = close_on + timedelta(days=2)
    end_on = start_on + timedelta(days=chance.randint(5, 24))
    if stage == "running":
        start_on, end_on = close_on + timedelta(hours=2), now + timedelta(days=chance.randint(1, 20), hours=2)
    return {
        "status": {"running": "started", "ended": "ended"}.get(stage, "open"),
        "register_status": {"planned": "available", "enrolling": "open"}.get(stage, "closed"),
        "start_register_on": iso(open_on if stage in {"planned", "enrolling"} else close_on - timedelta(days=14)),
        "close_on": iso(close_on),
        "start_on": iso(start_on),
        "end_on": iso(end_on),
        "created_on": iso(now - timedelta(days=chance.randint(40, 300))),
        "last_updated_on": iso(now - timedelta(minutes=chance.randint(5, 5000))),
        "active": stage != "ended",
    }


def osn_plausible(identity: int, chance: Random, now: datetime) -> Row:
    """A conversation among colleagues, a chat of two, or a wall."""
    author, last = person(chance), person(chance)
    kind = chance.choice(_OBJECTS)
    unread = chance.choice((0, 0, 0, 0, 1, 2, 5))
    state = chance.choice(_CLOSED) if _is_so(chance, 0.15) else "OPEN_ACTIVE"
    chats = chance.randint(unread, unread + 80)
    return osn_row(
        identity,
        name=topic(chance) if kind == "waggle/conversation" else author,
        objectType=kind,
        **_by("created", author, now - timedelta(days=chance.randint(3, 400))),
        **_by("modified", last, now - timedelta(minutes=chance.randint(1, 4000))),
        state=state,
        isDiscoverable=_is_so(chance, 0.3),
        folderID=str(identity + 5),
        isMuted=_is_so(chance, 0.1),
        nOutsiders=chance.choice((0, 0, 0, 1)),
        nChats=chats,
        nMarkableChats=chats,
        nUnread=unread,
        nFollowups=chance.choice((0, 0, 0, 1)),
    )


def iso(at: datetime) -> str:
    """An instant as OnQ rows hold it: ISO 8601, UTC, whole seconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _is_so(chance: Random, share: float) -> bool:
    return chance.random() < share


def _by(verb: str, name: str, at: datetime) -> Row:
    return {
        f"{verb}ByID": str(20_000 + sum(map(ord, name))),
        f"{verb}ByUserName": mail_name(name),
        f"{verb}ByUserDisplayName": name,
        f"{verb}Date": rfc_1123(at),
    }


def _hide_facts(osn: OsnApi, chance: Random) -> None:
    for identity in osn.rows.ids():
        members = [str(chance.randint(24_100, 24_120)) for _ in range(5)]
        gadgets = [{"id": "7001", "externalID": "crm-account", "group": "sales"}] if _is_so(chance, 0.1) else []
        osn.rows.mark(identity, members=members, starred=_is_so(chance, 0.2), activity=chance.randint(0, 90))
        osn.rows.mark(identity, gadgets=gadgets)
