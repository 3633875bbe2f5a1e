"""Apprise sends once, over real sockets, and says what became of it without a word of the URL."""

import logging
import socket
import ssl
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from types import SimpleNamespace

import pytest
import trustme

from tests.channels.mail_server import mail_server
from watcher.channels import apprise
from watcher.channels.apprise import AppriseChannel
from watcher.domain.errors import ChannelError, ConfigError
from watcher.domain.message import Message, Urgency
from watcher.domain.secret import Secret
from watcher.lab.receiver import Receiver

HELLO = Message(title="3 new open questions in “X” (5 open)", body="campus\nline 2 <b> & _x_", urgency=Urgency.WARNING)
SECRETS = ("us3rname", "p4ssw0rd", "t0ken-of-path", "qu3ry-value")


def channel(url: str) -> AppriseChannel:
    return apprise.for_url("ops", Secret("env OPS_URL", lambda: url))


def with_secrets(receiver: Receiver) -> str:
    place = receiver.json_url.removeprefix("json://")
    return f"json://us3rname:p4ssw0rd@{place}/t0ken-of-path?+X-Key=qu3ry-value"


def refusal(url: str) -> ChannelError:
    with pytest.raises(ChannelError) as caught:
        channel(url).send(HELLO, "delivery-1")
    said = f"{caught.value} {caught.value!r} {caught.value.__cause__}"
    assert [secret for secret in SECRETS if secret in said] == []
    return caught.value


def test_a_message_arrives_with_the_id_of_its_delivery() -> None:
    with Receiver() as receiver:
        receipt = channel(receiver.json_url).send(HELLO, "delivery-1")
        (arrival,) = receiver.wait_for(1)
    assert (receipt.status, receipt.is_confirmed) == (200, True)
    assert arrival.headers["idempotency-key"] == "delivery-1"
    sent = arrival.json()
    assert (sent["title"], sent["message"], sent["type"]) == (HELLO.title, HELLO.body, "warning")


def test_each_repetition_carries_the_same_id() -> None:
    with Receiver() as receiver:
        ops = channel(receiver.json_url)
        ops.send(HELLO, "delivery-1")
        ops.send(HELLO, "delivery-1")
        assert {arrival.headers["idempotency-key"] for arrival in receiver.wait_for(2)} == {"delivery-1"}


@pytest.mark.parametrize(
    "status, is_permanent",
    [(400, True), (401, True), (403, True), (404, True), (410, True), (413, True), (408, False), (409, False),
     (429, False), (500, False), (502, False), (503, False), (301, True), (302, False), (307, False), (308, True)],
)  # fmt: skip
def test_a_status_says_whether_a_repetition_can_help(status: int, is_permanent: bool) -> None:
    with Receiver() as receiver:
        receiver.refuse(status, retry_after=7)
        error = refusal(with_secrets(receiver))
        assert len(receiver.arrivals()) == 1  # tried once, and no redirect followed
    assert (error.status, error.is_permanent) == (status, is_permanent)
    assert f"answered {status}" in error.text


def test_a_retry_after_is_passed_on() -> None:
    with Receiver() as receiver:
        receiver.refuse(429, retry_after=7)
        assert refusal(receiver.json_url).retry_after == timedelta(seconds=7)


def test_a_redirect_is_not_followed_even_when_the_url_asks_for_it() -> None:
    with Receiver() as receiver:
        receiver.refuse(302)
        assert "redirect" in refusal(f"{receiver.json_url}/?redirect=yes&retry=3&optional=yes").text
        assert len(receiver.arrivals()) == 1


def test_a_service_that_hangs_is_left_and_other_channels_go_on() -> None:
    with Receiver() as hanging, Receiver() as working, ThreadPoolExecutor(1) as pool:
        hanging.hang()
        stuck = pool.submit(refusal, f"{hanging.json_url}/?rto=0.5")
        hanging.wait_for(1)
        assert channel(working.json_url).send(HELLO, "delivery-2").status == 200
        assert stuck.result(timeout=10).text == "it did not answer in time"
        hanging.faults.clear()


def test_a_refused_connection_says_so_and_what_to_do() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        error = refusal(f"json://us3rname:p4ssw0rd@127.0.0.1:{nobody.getsockname()[1]}/t0ken-of-path")
    assert error.text == "the connection was refused"
    assert error.remedy
    assert (error.status, error.is_permanent) == (None, False)


def test_a_foreign_certificate_is_not_accepted() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    with socket.create_server(("127.0.0.1", 0)) as server:
        answering = threading.Thread(target=_shake_hands, args=(server, context))
        answering.start()
        error = refusal(f"jsons://localhost:{server.getsockname()[1]}/")
        answering.join(5)
    assert error.text == "its TLS certificate is not accepted"


def _shake_hands(server: socket.socket, context: ssl.SSLContext) -> None:
    raw, _ = server.accept()
    with raw, pytest.raises(ssl.SSLError):
        context.wrap_socket(raw, server_side=True)


def test_a_host_that_does_not_exist_says_so() -> None:
    assert refusal("json://no-such-host.invalid/").text == "its host name is not known"


def test_what_apprise_and_its_libraries_log_stays_silent(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with Receiver() as receiver:
        receiver.refuse(500)
        refusal(with_secrets(receiver))
    assert [secret for secret in SECRETS if secret in caplog.text] == []


def test_mails_are_not_slowed_down_by_apprise() -> None:
    with mail_server() as mailbox:
        ops = channel(mailbox.url)
        for number in range(3):  # 11 s of sleep with Apprise's own pace
            ops.send(HELLO, f"delivery-{number}")
    assert len(mailbox.mails) == 3


@pytest.mark.parametrize(
    "answer, rcpt, status, is_permanent",
    [
        ("451 come back later", "250 yes", 451, False),
        ("554 5.7.1 this is spam", "250 yes", 554, True),
        ("552 mailbox full", "250 yes", 552, False),
        ("250 taken", "550 5.1.1 no such user", 550, True),
        ("250 taken", "450 greylisted", 450, False),
    ],
)
def test_a_mail_servers_answer_is_read(answer: str, rcpt: str, status: int, is_permanent: bool) -> None:
    with mail_server(answer, rcpt) as mailbox:
        error = refusal(mailbox.url)
    assert (error.status, error.is_permanent) == (status, is_permanent)
    assert error.text.startswith(f"the mail server answered {status} ")
    assert "ops-team@example.org" not in error.text


@pytest.mark.parametrize("wish", ["mode=starttls", "user=us3rname&pass=p4ssw0rd"])
def test_a_mail_server_that_does_not_offer_what_is_asked_for_is_no_broken_line(wish: str) -> None:
    with mail_server() as mailbox:
        url = mailbox.url.replace("mode=insecure", wish) if "mode" in wish else f"{mailbox.url}&{wish}"
        error = refusal(url)
    assert "does not offer" in error.text
    assert mailbox.mails == []


def test_a_mail_server_that_is_not_there_is_no_answer() -> None:
    with mail_server() as mailbox:
        url = mailbox.url
    error = refusal(url)
    assert (error.text, error.status) == ("the connection was refused", None)


def test_two_channels_at_once_do_not_mix_their_answers() -> None:
    with Receiver() as good, Receiver() as bad, ThreadPoolExecutor(8) as pool:
        bad.refuse(503)
        fine = [pool.submit(channel(good.json_url).send, HELLO, f"good-{number}") for number in range(20)]
        poor = [pool.submit(refusal, bad.json_url) for _ in range(20)]
        assert {sent.result().status for sent in fine} == {200}
        assert {sent.result().status for sent in poor} == {503}
        assert {arrival.headers["idempotency-key"] for arrival in good.arrivals()} == {
            f"good-{number}" for number in range(20)
        }


def test_a_rotated_secret_is_picked_up() -> None:
    with Receiver() as old, Receiver() as new:
        urls = [old.json_url]
        ops = apprise.for_url("ops", Secret("file url", lambda: urls[-1]))
        ops.send(HELLO, "1")
        urls.append(new.json_url)
        ops.send(HELLO, "2")
        assert (len(old.arrivals()), len(new.arrivals())) == (1, 1)


@pytest.mark.parametrize(
    "url, said",
    [
        ("slak://a/b/c", "did you mean slack://?"),
        ("slack://t0ken-of-path", "a part is missing or malformed"),
        ("json://", "a part is missing or malformed"),
        ("xmpp://user:t0ken-of-path@localhost", "needs a package that is not installed"),
        ("t0ken-of-path", "no scheme"),
    ],
)
def test_a_bad_url_is_found_without_sending_and_without_being_shown(url: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        channel(url).verify()
    assert said in caught.value.text
    assert "env OPS_URL" in caught.value.remedy
    assert "t0ken-of-path" not in str(caught.value)
    assert not refusal(url).is_permanent  # an edit mends it, and then the message still goes out


def test_a_good_url_is_verified_without_sending() -> None:
    with Receiver() as receiver:
        channel(receiver.json_url).verify()
        assert receiver.arrivals() == []


@pytest.mark.parametrize(
    "scheme, qos, is_confirmed", [("irc", 0, False), ("mqtt", 0, False), ("mqtts", 1, True), ("slack", 0, True)]
)
def test_a_service_that_cannot_acknowledge_is_known(scheme: str, qos: int, is_confirmed: bool) -> None:
    assert apprise._can_confirm(SimpleNamespace(schema=scheme, qos=qos)) is is_confirmed


def test_syslog_over_udp_is_sent_and_unconfirmed() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(5)
        receipt = channel(f"rsyslog://127.0.0.1:{listener.getsockname()[1]}/").send(HELLO, "1")
        assert b"open questions" in listener.recv(4096)
    assert not receipt.is_confirmed
