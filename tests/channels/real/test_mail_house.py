"""What lies in a mailbox after postfix took it over TLS and dovecot shows it over IMAP."""

from collections.abc import Iterator

import pytest

from tests.channels.letters import letter
from tests.channels.real.mail_house import MailHouse, mail_house
from tests.domain.test_inert import HOSTILE
from watcher.channels import apprise
from watcher.domain.errors import ChannelError
from watcher.domain.message import Message
from watcher.domain.secret import Secret

HELLO = letter("Führung & <Wandel> 🎉")
OURS = {
    "Subject", "From", "To", "Date", "Message-ID", "In-Reply-To", "References", "Auto-Submitted", "X-Application",
    "MIME-Version", "Content-Type",
}  # fmt: skip
TRACES = {"Return-Path", "X-Original-To", "Delivered-To", "Received"}


@pytest.fixture(scope="module")
def house() -> Iterator[MailHouse]:
    with mail_house() as house:
        yield house


@pytest.fixture
def is_trusted(house: MailHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(house.ca_file))


def send(house: MailHouse, message: Message, delivery_id: str, to: str = "ops@example.org") -> None:
    receipt = apprise.for_url("ops", Secret("test", lambda: house.url(to))).send(message, delivery_id)
    assert receipt.is_confirmed


def test_without_its_authority_the_server_is_not_spoken_to(house: MailHouse) -> None:
    with pytest.raises(ChannelError, match="its TLS certificate is not accepted"):
        send(house, HELLO, "refused")


def test_a_recipient_that_does_not_exist_is_a_permanent_error(house: MailHouse, is_trusted: None) -> None:
    with pytest.raises(ChannelError, match=r"550 5\.1\.1") as caught:
        send(house, HELLO, "nobody", to="nobody@example.org")
    assert caught.value.is_permanent


def test_mails_arrive_as_one_thread_with_the_same_id_at_each_repetition(house: MailHouse, is_trusted: None) -> None:
    before = len(house.delivered(0))
    for delivery_id in ("d1", "d1", "d2"):
        send(house, HELLO, delivery_id)
    mails = house.delivered(before + 3)[before:]
    ids = sorted(mail["Message-ID"] for mail in mails)  # postfix delivers several at once, in any order
    assert ids == ["<d1@example.net>", "<d1@example.net>", "<d2@example.net>"]
    assert len({mail["References"] for mail in mails}) == 1
    for mail in mails:
        assert "with ESMTPS" in str(mail["Received"])
        assert (mail["Subject"], mail["Auto-Submitted"]) == (HELLO.title, "auto-generated")
        text, html = (part.get_content() for part in mail.iter_parts())
        assert text.splitlines() == list(HELLO.lines)
        assert "‹Wandel›" in html


def test_no_hostile_name_adds_a_header_a_recipient_or_markup(house: MailHouse, is_trusted: None) -> None:
    before = len(house.delivered(0))
    names = [name for name in HOSTILE if "\n" in name or "\r" in name or "@" in name or "<" in name][:40]
    for number, name in enumerate(names):
        send(house, letter(name), f"hostile{number}")
    mails = house.delivered(before + len(names))[before:]
    assert len(mails) == len(names) > 20
    for mail in mails:
        assert set(mail.keys()) - TRACES == OURS
        assert (mail["To"], mail["Delivered-To"]) == ("ops@example.org", "ops@example.org")
        html = [part.get_content() for part in mail.iter_parts()][1]
        assert html.count("<a ") == 1
        assert "<script" not in html
