"""A subject: what an event is about, also where two APIs list the same thing as conversations of their own."""

from __future__ import annotations

from watcher.domain.event import Event

CODE_FIELDS = ("external_code", "externalID")
"""the fields in which OnQ and OSN keep what a third system calls the conversation"""


def code_of(event: Event) -> str:
    """Return what a third system calls the conversation of an event, empty where nothing is known of that."""
    fields = event.conversation.fields if event.conversation else {}
    codes = (fields.get(name) for name in CODE_FIELDS)
    return next((code for written in codes if isinstance(written, str) and (code := written.strip())), "")


def subject_of(event: Event) -> tuple[str, str]:
    """Return what events about the same subject have in common, and no others.

    That is the code, whichever source it came from; without one the source and what it calls the subject: an id alone
    may belong to two sources.
    """
    code = code_of(event)
    return ("", code) if code else (event.source, event.subject)
