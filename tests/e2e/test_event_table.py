"""Each type of event comes about over real HTTP, is stored with exactly its data, and arrives at two real receivers."""

from email.message import Message
from typing import Any

import pytest

from tests.e2e.acts import ERROR, Case, set_the_scene
from tests.e2e.table import TABLE
from tests.stage import Stage
from watcher.domain.delivery import DeliveryState
from watcher.domain.event import Event, EventType, stamp

LINKS = {
    "campus": "https://tenant.onq.io/c/{}",
    "staff": "https://osn.example.com/osn/web/cList/conversations/{}",
}
DEADLINES = """
[deadlines]
conversation_starting = ["1h"]
registration_opening = ["1h"]
"""


@pytest.mark.parametrize("kind", TABLE)
def test_an_event_of_each_type_is_stored_and_arrives(stage: Stage, kind: str) -> None:
    case = TABLE[kind]
    stage.configure(rest=DEADLINES)
    set_the_scene(stage, case)
    for act in case.acts:
        act(stage)
    noticed_at = stage.now
    (event,) = [event for event in stage.events(kind) if event.source == case.source]
    assert event.cloud_event() == {
        "specversion": "1.0",
        "id": event.id,
        "source": case.source,
        "type": kind,
        "subject": case.subject or case.source,
        "time": stamp(noticed_at),
        "datacontenttype": "application/json",
        "data": {**conversation_of(stage, case), **filled(stage, case), "severity": case.severity},
    }
    stage.deliver()
    assert delivered(stage, event) == {"json", "mail"} | pager_of(kind)
    title, lines = posted(stage, event)
    assert (title, lines) == mailed(stage, event)
    assert (title.partition(":")[0] if ERROR in case.data.values() else title) == case.title
    assert lines[0].startswith(case.source)
    assert [line for line in lines if line.startswith("http")] == links_of(case)
    assert lines[-1] == f"rule: all · event {event.id[:8]}… (watcher explain {event.id[:8]})"


def test_the_table_holds_every_type_and_no_other() -> None:
    assert list(TABLE) == [kind.value for kind in EventType]


def filled(stage: Stage, case: Case) -> dict[str, Any]:
    return {name: stage.error(case.source) if value == ERROR else value for name, value in case.data.items()}


def conversation_of(stage: Stage, case: Case) -> dict[str, Any]:
    if not case.subject:
        return {}
    row = stage.api(case.source).rows.get(case.subject) or stage.api(case.source).rows.gone(case.subject)
    state = row["status"] if case.source == "campus" else "open" if row["state"] == "OPEN_ACTIVE" else "ended"
    shown = {"id": case.subject, "name": row["name"], "url": LINKS[case.source].format(case.subject), "state": state}
    return {"conversation": {**shown, "fields": typed(row) if case.source == "campus" else typed_staff(row)}}


def typed(row: dict[str, Any]) -> dict[str, Any]:
    """An OnQ row as events carry it: its ids are text whatever the API sends."""
    return {**row, "id": str(row["id"]), "org_id": str(row["org_id"])}


def typed_staff(row: dict[str, Any]) -> dict[str, Any]:
    """An OSN row as events carry it: dates are ISO 8601, their twins are there, what is nothing is empty text."""
    instant = "2015-09-03T14:39:22Z"
    dates = {f"{name}{twin}": instant for name in ("createdDate", "modifiedDate") for twin in ("", "InISO8601Format")}
    nothing = dict.fromkeys(("externalID", "discoverableID"), "")
    return {**row, **dates, **nothing, "modifiedByURL": None}


def pager_of(kind: str) -> set[str]:
    """The operator hears of trouble, but for a channel's own."""
    return {"pager"} if kind.startswith("source.") and kind != "source.baseline" else set()


def delivered(stage: Stage, event: Event) -> set[str]:
    mine = [delivery for delivery in stage.deliveries() if delivery.event_id == event.id]
    assert {delivery.state for delivery in mine} == {DeliveryState.DELIVERED}
    return {delivery.channel for delivery in mine}


def posted(stage: Stage, event: Event) -> tuple[str, list[str]]:
    """The message at the JSON receiver, which bears the delivery's id."""
    found = [arrival for arrival in stage.receiver.accepted() if event.id[:8] in arrival.json()["message"]]
    (delivery,) = [d.id for d in stage.deliveries() if d.event_id == event.id and d.channel == "json"]
    (arrival,) = found
    assert arrival.headers["idempotency-key"] == delivery
    return arrival.json()["title"], arrival.json()["message"].split("\n")


def mailed(stage: Stage, event: Event) -> tuple[str, list[str]]:
    (mail,) = [mail for mail in stage.mailbox.mails if event.id[:8] in text_of(mail)]
    return str(mail["subject"]), text_of(mail).split("\n")


def text_of(mail: Message) -> str:
    content: str = mail.get_body(("plain",)).get_content()  # type: ignore[attr-defined]
    return content.replace("\r\n", "\n").strip()


def links_of(case: Case) -> list[str]:
    return [LINKS[case.source].format(case.subject)] if case.subject else []
