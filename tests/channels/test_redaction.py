"""No piece of a channel's URL is left in a foreign text."""

import base64
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watcher.channels._redaction import redact


@pytest.mark.parametrize(
    "text, url, clean",
    [
        ("user joe-x failed", "json://joe-x:secret1@host/", "user ••• failed"),
        ("password s%40crets and s@crets", "json://joe:s%40crets@host/", "password ••• and •••"),
        ("no_team T0A1/B2C3D4/xYz12345", "slack://T0A1/B2C3D4/xYz12345", "no_team •••/•••"),
        ("token 123456789:AAbbCC failed", "tgram://123456789:AAbbCC/987654", "token ••• failed"),
        ("key QV-1 refused", "ntfys://host/topic?token=QV-1", "key ••• refused"),
        ("cannot reach host:8080", "json://joe:pw@host:8080/", "cannot reach host:8080"),
        ("the other there", "json://u:the@host/", "••• other there"),
        ("TOKEN-ABC", "slack://token-abc/x/y", "•••"),
        ("token-\u200babc", "slack://token-abc/x/y", "•••"),
        ("a line\r\nand another", "json://host", "a line and another"),
    ],
)
def test_each_piece_is_hidden_and_the_rest_can_be_read(text: str, url: str, clean: str) -> None:
    assert redact(text, url) == clean


@pytest.mark.parametrize("answer", [b"\0joe\0s@crets", b"s@crets"], ids=["PLAIN", "LOGIN"])
def test_what_a_mail_server_was_told_is_hidden(answer: bytes) -> None:
    said = base64.b64encode(answer).decode()
    assert redact(f"535 bad {said}", "mailto://joe:s%40crets@mail.example.org") == "535 bad •••"


def test_a_log_in_header_is_hidden() -> None:
    basic = base64.b64encode(b"joe:s@crets").decode()
    assert basic not in redact(f"Authorization: Basic {basic}", "json://joe:s%40crets@host/")


secrets = st.text(st.characters(codec="ascii", categories=["Lu", "Ll", "Nd"]), min_size=6, max_size=40)


@settings(deadline=None)
@given(user=secrets, password=secrets, token=secrets, value=secrets, before=st.text(), after=st.text())
def test_no_secret_survives(user: str, password: str, token: str, value: str, before: str, after: str) -> None:
    url = f"slack://{user}:{quote(password)}@{token}/{token}?key={value}"
    clean = redact(f"{before} {user}/{password}?{token}&{value} {after}", url, length=10_000)
    # What the text around them says by itself is not theirs.
    assert not [secret for secret in (user, password, token, value) if secret.lower() in clean.lower()]
