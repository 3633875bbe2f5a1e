"""In each markup a message is its own text and its own links, and nothing that a name brought."""

from html import unescape
from html.parser import HTMLParser

import pytest
from apprise.conversion import markdown_to_html

from tests.channels.letters import letter
from tests.domain.test_inert import HOSTILE
from watcher.channels._form import write_body, write_title
from watcher.domain.message import Form, Message

RAW = Message(
    title="<b>*x*</b> [a](b)",
    body="# <script>alert(1)</script>\n1. `code` **bold** ~~x~~ | a |\n> quote\n- list\n![i](https://evil.example)",
)
"""what no composing would let through"""


class Tags(HTMLParser):
    """Notes every tag and address of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs).get("href")))

    def handle_data(self, data: str) -> None:
        self.text += data


def links(message: Message) -> list[tuple[str, str | None]]:
    return [("a", message.link)] if message.link else []


def test_text_is_the_lines_as_they_are() -> None:
    assert write_body(RAW, Form.TEXT) == RAW.text
    assert write_title(RAW, Form.TEXT) == RAW.title


@pytest.mark.parametrize("message", [RAW, letter()])
def test_html_shows_the_lines_as_they_are(message: Message) -> None:
    page = Tags(write_body(message, Form.HTML))
    assert [tag for tag in page.found if tag[0] != "br"] == links(message)
    assert page.text == message.text
    assert unescape(write_title(message, Form.HTML)) == message.title


@pytest.mark.parametrize("message", [RAW, letter()])
def test_markdown_shows_the_lines_as_they_are(message: Message) -> None:
    page = Tags(rendered(message))
    assert [tag for tag in page.found if tag[0] not in {"br", "p"}] == links(message)
    assert page.text.split() == message.text.split()


def rendered(message: Message) -> str:
    """The Markdown as a service shows it; bare addresses stay what they are."""
    return str(markdown_to_html(write_body(message, Form.MARKDOWN)))


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_name_is_text_in_every_form(name: str) -> None:
    message = letter(name, link=f"https://host/{name}", changes=[{"field": name, "before": name, "after": name}])
    for page in (Tags(write_body(message, Form.HTML)), Tags(rendered(message))):
        assert [tag for tag in page.found if tag[0] not in {"br", "p"}] == links(message)
        assert page.text.split() == message.text.split()
