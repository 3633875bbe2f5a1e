"""A link from a template."""

from typing import Any

import pytest

from watcher.domain.link import make_link


@pytest.mark.parametrize(
    ("template", "row_id", "fields", "url"),
    [
        ("", "1017", {}, None),
        ("https://h/c/{id}", "1017", {}, "https://h/c/1017"),
        ("https://h/c/{id}", "a/b?c#d e", {}, "https://h/c/a%2Fb%3Fc%23d%20e"),  # an id stays one segment
        ("https://h/{org}/{id}", "1", {"org": "ä&b"}, "https://h/%C3%A4%26b/1"),
        ("https://h/{org}/{id}", "1", {"org": None}, "https://h//1"),
        ("https://h/{org}/{id}", "1", {}, "https://h/{org}/1"),  # a field that the row does not have
        ("https://h/{n}", "1", {"n": 5}, "https://h/5"),
        ("https://h/{a}", "1", {"a": "{b}", "b": "x"}, "https://h/%7Bb%7D"),  # a value is no template
        ("https://h/{{x}}/{id}", "1", {"x": "y"}, "https://h/{x}/1"),
        ("https://h/{id}", "{a}", {"a": "x"}, "https://h/%7Ba%7D"),
    ],
)
def test_a_template_is_filled_in(template: str, row_id: str, fields: dict[str, Any], url: str | None) -> None:
    assert make_link(template, row_id, fields) == url
