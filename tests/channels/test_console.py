"""The console prints messages."""

import io
import threading
import unicodedata

import pytest

from tests.channels.letters import letter
from tests.domain.test_inert import HOSTILE
from watcher.channels.console import ConsoleChannel
from watcher.domain.errors import ChannelError
from watcher.domain.message import Message

HELLO = Message(title="title", body="line 1\nline 2")


def test_each_message_is_printed_with_an_empty_line_after_it() -> None:
    stream = io.StringIO()
    console = ConsoleChannel("screen", stream)
    assert console.send(HELLO, "1").is_confirmed
    console.send(HELLO, "2")
    assert stream.getvalue() == "title\nline 1\nline 2\n\n" * 2


def test_a_stream_that_is_gone_is_a_failed_attempt() -> None:
    stream = io.StringIO()
    stream.close()
    with pytest.raises(ChannelError, match="is gone"):
        ConsoleChannel("screen", stream).send(HELLO, "1")


def test_messages_of_two_channels_on_one_stream_stay_whole() -> None:
    stream = io.StringIO()
    threads = [threading.Thread(target=ConsoleChannel(name, stream).send, args=(HELLO, name)) for name in "abcdefgh"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert stream.getvalue() == "title\nline 1\nline 2\n\n" * 8


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_name_neither_moves_the_cursor_nor_adds_a_line(name: str) -> None:
    stream, message = io.StringIO(), letter(name)
    ConsoleChannel("screen", stream).send(message, "1")
    shown = stream.getvalue()
    assert [
        sign for sign in shown if sign != "\n" and unicodedata.category(sign) in {"Cc", "Cf", "Cs", "Zl", "Zp"}
    ] == []
    assert shown.split("\n") == [message.title, *message.lines, "", ""]
