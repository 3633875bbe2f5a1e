"""A mail has two parts that say the same, threads by its conversation, and holds no header that a name brought."""

from dataclasses import replace
from email import message_from_string
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest
from apprise import Apprise

from tests.channels.letters import LINK, letter
from tests.channels.mail_server import mail_server
from tests.domain.test_inert import HOSTILE, live
from watcher.channels import apprise
from watcher.channels._mail import write_mail
from watcher.channels._service import ask_for
from watcher.domain.errors import ChannelError
from watcher.domain.message import Form, Message
from watcher.domain.secret import Secret

URL = "mailto://mail.example.org/?from=Watcher<watcher@example.org>&to=ops@example.org"
HELLO = letter()
HEADERS = {
    "Subject", "From", "To", "Date", "Message-ID", "In-Reply-To", "References", "Auto-Submitted", "X-Application",
    "MIME-Version", "Content-Type",
}  # fmt: skip


def service(url: str = URL) -> Any:
    return Apprise.instantiate(url)


def written(
    message: Message = HELLO, delivery_id: str = "d1", url: str = URL, form: Form | None = None
) -> EmailMessage:
    """A mail as a reader takes it from the wire."""
    made = service(url)
    ask_for(made, form)
    mail = message_from_string(write_mail(made, message, delivery_id, made.targets[0]), policy=default)
    assert isinstance(mail, EmailMessage)
    return mail


def content(mail: EmailMessage, subtype: str) -> str:
    part = mail.get_body((subtype,))
    assert part is not None
    return str(part.get_content()).rstrip("\n")


def test_a_mail_says_the_same_as_text_and_as_html() -> None:
    mail = written()
    assert mail.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    assert mail["Subject"] == HELLO.title
    assert content(mail, "plain") == HELLO.text
    assert '<a href="https://tenant.onq.io/c/1017?a=b&amp;c=d">' in content(mail, "html")


@pytest.mark.parametrize("url, form", [(f"{URL}&format=text", None), (URL, Form.TEXT)])
def test_a_mail_is_text_alone_where_that_is_asked_for(url: str, form: Form | None) -> None:
    assert written(url=url, form=form).get_content_type() == "text/plain"


def test_a_repetition_has_the_same_message_id_and_another_delivery_another() -> None:
    ids = [written(delivery_id=each)["Message-ID"] for each in ("d1", "d1", "d2")]
    assert ids == ["<d1@example.org>", "<d1@example.org>", "<d2@example.org>"]


@pytest.mark.parametrize("odd", ["a b>\r\nBcc: x@y.org", "é@", "<>"])
def test_a_message_id_is_one_word_whatever_the_delivery_is_called(odd: str) -> None:
    mail = written(delivery_id=odd)
    assert set(mail.keys()) == HEADERS
    assert len(str(mail["Message-ID"]).split()) == 1


def test_mails_about_one_conversation_are_one_thread() -> None:
    one, same, other = (
        written(replace(HELLO, conversation=key), each)
        for key, each in (("campus/1", "d1"), ("campus/1", "d2"), ("staff/1", "d3"))
    )
    assert one["References"] == one["In-Reply-To"] == same["References"] != other["References"]
    assert str(one["References"]).endswith("@example.org>")


def test_a_mail_about_several_conversations_belongs_to_no_thread() -> None:
    mail = written(replace(HELLO, conversation=None))
    assert (mail["References"], mail["In-Reply-To"]) == (None, None)


def test_no_machine_is_to_answer() -> None:
    assert written()["Auto-Submitted"] == "auto-generated"


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_name_adds_no_header_no_recipient_and_no_markup(name: str) -> None:
    made = service()
    raw = write_mail(made, letter(name, link=f"https://host/{name}"), "d1", made.targets[0])
    head = raw.partition("\n\n")[0]
    assert {line.partition(":")[0] for line in head.splitlines() if not line[0].isspace()} == HEADERS
    assert max(len(line) for line in raw.splitlines()) < 998  # RFC 5322, 2.1.1
    mail = message_from_string(raw, policy=default)
    assert isinstance(mail, EmailMessage)
    assert (mail["To"], mail["From"], mail["Bcc"]) == ("ops@example.org", "Watcher <watcher@example.org>", None)
    assert live(str(mail["Subject"])) == []
    html = content(mail, "html").partition("<p>")[2].replace("<br />", "").rpartition("</p>")[0]
    links = html.count('<a href="https://host/')
    assert html.count("<") == 2 * links <= 2


def test_a_text_that_was_never_made_inert_cannot_leave_its_place_either() -> None:
    raw = Message(title="a\r\nBcc: x@evil.example\r\n\r\nbody", body="<script>alert(1)</script> & <a href='x'>")
    mail = written(raw)
    assert set(mail.keys()) == HEADERS - {"In-Reply-To", "References"}
    assert mail["Subject"] == "a Bcc: x@evil.example body"
    assert "&lt;script&gt;" in content(mail, "html")
    assert "<a " not in content(mail, "html")


def test_a_subject_in_any_script_arrives_as_it_was() -> None:
    title = "3 neue Fragen in “Führung & Wandel 日本語 🎉” " * 4
    made = service()
    raw = write_mail(made, replace(HELLO, title=title.strip()), "d1", made.targets[0])
    subject = message_from_string(raw)["Subject"]
    assert str(make_header(decode_header(subject))) == title.strip()


def test_headers_of_the_url_are_added_but_never_in_place_of_ours() -> None:
    mail = written(url=f"{URL}&+X-Team=ops&+Auto-Submitted=no&+message-id=x")
    assert (mail["X-Team"], mail.get_all("Auto-Submitted")) == ("ops", ["auto-generated"])
    assert mail.get_all("Message-ID") == ["<d1@example.org>"]


@pytest.mark.parametrize("form", [None, *Form])
def test_a_mail_is_ours_in_whatever_form(form: Form | None) -> None:
    with mail_server() as mailbox:
        apprise.for_url("ops", Secret("test", lambda: mailbox.url), form).send(HELLO, "d1")
    (mail,) = mailbox.mails
    assert (mail["Message-ID"], mail["Auto-Submitted"]) == ("<d1@example.org>", "auto-generated")
    assert mail.is_multipart() is (form is not Form.TEXT)


def test_a_mail_that_pgp_signs_is_never_sent_without_its_signature() -> None:
    with mail_server() as mailbox, pytest.raises(ChannelError):
        apprise.for_url("ops", Secret("test", lambda: f"{mailbox.url}&pgp=sign")).send(HELLO, "d1")
    assert mailbox.mails == []  # there is no key, and Apprise makes none


def test_each_recipient_gets_a_mail_of_his_own_and_copies_are_no_secret_but_blind_ones() -> None:
    more = "&to=a@example.org,b@example.org&cc=c@example.org&bcc=d@example.org&reply=r@example.org"
    with mail_server() as mailbox:
        url = mailbox.url.replace("&to=ops-team@example.org", more)
        apprise.for_url("ops", Secret("test", lambda: url)).send(HELLO, "d1")
    assert [mail["To"] for mail in mailbox.mails] == ["a@example.org", "b@example.org"]
    assert mailbox.recipients == [
        [each, "c@example.org", "d@example.org"] for each in ("a@example.org", "b@example.org")
    ]
    assert {(mail["Cc"], mail["Bcc"], mail["Reply-To"]) for mail in mailbox.mails} == {
        ("c@example.org", None, "r@example.org")
    }


def test_one_recipient_that_is_refused_is_a_failed_attempt() -> None:
    with mail_server(rcpt="550 5.1.1 no such user") as mailbox, pytest.raises(ChannelError, match="550"):
        apprise.for_url("ops", Secret("test", lambda: mailbox.url)).send(HELLO, "d1")


def test_the_link_stands_in_both_parts() -> None:
    assert LINK in content(written(), "plain")
