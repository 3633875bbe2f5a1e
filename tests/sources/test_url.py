"""Addresses in the config: what is taken, what is refused, and that no password is shown."""

import pytest
from pydantic import ValidationError

from watcher.sources._url import UrlOptions, canonical


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("https://h/api", "https://h/api"),
        (" https://h/api/ ", "https://h/api"),
        ("http://127.0.0.1:8080/api", "http://127.0.0.1:8080/api"),
        ("http://[::1]:80", "http://[::1]:80"),
        ("http://localhost/api", "http://localhost/api"),
    ],
)
def test_an_address_is_taken(written: str, url: str) -> None:
    assert UrlOptions(url=written).url == url


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("h/api", "not an http or https address"),
        ("ftp://h/api", "not an http or https address"),
        ("https://", "not an http or https address"),
        ("https://h:99999/api", "not an address"),
        ("https://[::1/api", "not an address"),
        ("https://me:hunter22@h/api", "put them into auth"),
        ("https://hunter22@h/api", "put them into auth"),
        ("https://h/api?key=hunter22", "query or a fragment"),
        ("https://h/api#hunter22", "query or a fragment"),
        ("https://h/a pi", "blanks"),
        ("https://h/a\u0000pi", "blanks"),
        ("http://h/api", "set allow_http = true"),
        ("http://10.0.0.1/api", "set allow_http = true"),
        ("http://localhost.example.com/api", "set allow_http = true"),
    ],
)
def test_an_address_is_refused_with_the_way_out_and_without_its_text(written: str, words: str) -> None:
    with pytest.raises(ValidationError, match=words) as caught:
        UrlOptions(url=written)
    assert "hunter22" not in str(caught.value)


def test_http_to_another_host_must_be_wanted() -> None:
    assert UrlOptions(url="http://h/api", allow_http=True).url == "http://h/api"


def test_equal_addresses_have_one_form() -> None:
    forms = ["https://h/api", "https://H/api/", "https://h:443/api", "HTTPS://h/api"]
    assert {canonical(form) for form in forms} == {"https://h/api"}
    assert canonical("https://h:8443/api") == "https://h:8443/api"
    assert canonical("http://[::1]:80/a") == canonical("http://[::1]/a") != canonical("http://[::2]/a")


def test_an_http_address_is_refused_where_it_stands() -> None:
    with pytest.raises(ValidationError) as caught:
        UrlOptions.model_validate({"url": "http://h/api"})
    assert [error["loc"] for error in caught.value.errors(include_context=False)] == [("url",)]
