"""The questions that `watcher init` asks on a terminal."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from urllib.parse import urlsplit

import click

from watcher.cli.zone import is_zone, local_zone
from watcher.config.template import Answers, Written

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
CONSOLE = "console://"


def ask() -> Answers:
    """Ask for what a config needs to begin with; Enter takes what stands in brackets."""
    click.echo("A few questions; Enter takes what stands in [brackets].")
    click.echo("Secrets stay out of the file: it names environment variables that hold them.")
    usual = Answers()
    api = click.prompt("Which API", type=click.Choice(["onq", "osn"]), default="onq")
    name = click.prompt("A name for this source", default=_NAMES[api], value_proc=_checked(_NAME.fullmatch, _NAME_HINT))
    url = click.prompt("Its address", default=_ADDRESSES[api], value_proc=_checked(_is_address, _ADDRESS_HINT))
    channel_url = _ask_channel_url()
    return replace(
        usual,
        timezone=click.prompt("Time zone", default=local_zone(), value_proc=_checked(is_zone, _ZONE_HINT)),
        source=name,
        api=api,
        url=url,
        auth=_ask_auth(api),
        channel_url=channel_url,
    )


_NAMES = {"onq": "campus", "osn": "staff"}
_ADDRESSES = {"onq": "https://api.onq.io/api/external", "osn": "https://social.example/osn"}
_NAME_HINT = "use small letters, digits, - and _, beginning with a letter or digit"
_ADDRESS_HINT = "write it like https://host.example/path"
_ZONE_HINT = "write it like Europe/Berlin"
_VARIABLE_HINT = "write the name of a variable, such as ONQ_SECRET, not the secret itself"


def _ask_auth(api: str) -> Mapping[str, Written]:
    kinds = {"onq": ["jwt", "bearer"], "osn": ["form", "basic", "bearer"]}[api]
    kind = click.prompt("How to log in", type=click.Choice(kinds), default=kinds[0])
    if kind == "bearer":
        return {"kind": kind, "token": _ask_variable("the token", f"{api.upper()}_TOKEN")}
    if kind == "jwt":
        return {
            "kind": kind,
            "key": click.prompt("API key (ONQ-…)"),
            "secret": _ask_variable("the API secret", "ONQ_SECRET"),
            "issuer": click.prompt("Issuer (the address of your site)"),
            "subject": click.prompt("Subject (the e-mail address of a user)"),
            "audience": click.prompt("Audience (the address of the tenant, https://TENANT.onq.io)"),
        }
    password = _ask_variable("the password", "OSN_PASSWORD")
    return {"kind": kind, "username": click.prompt("User name"), "password": password}


def _ask_channel_url() -> Written:
    """Ask where messages go: the URL is a secret as a whole, so the file holds only where to find it."""
    question = "Variable for the Apprise URL of a channel, - to print messages here"
    name = click.prompt(question, default="-", value_proc=_checked(_is_variable_or_none, _VARIABLE_HINT))
    return CONSOLE if name == "-" else {"env": name}


def _ask_variable(what: str, usual: str) -> Written:
    question = f"Variable for {what}"
    return {"env": click.prompt(question, default=usual, value_proc=_checked(_VARIABLE.fullmatch, _VARIABLE_HINT))}


def _checked(is_right: Callable[[str], object], hint: str) -> Callable[[str], str]:
    """Return what click asks again with until the answer is right."""

    def convert(written: str) -> str:
        if not is_right(written.strip()):
            raise click.UsageError(hint)
        return written.strip()

    return convert


def _is_address(written: str) -> bool:
    try:
        parts = urlsplit(written)
    except ValueError:
        return False
    return parts.scheme in {"https", "http"} and bool(parts.hostname)


def _is_variable_or_none(written: str) -> bool:
    return written == "-" or bool(_VARIABLE.fullmatch(written))
