"""Tricks: configs that try to exhaust, to break out or to hide a mistake; each is refused, with words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from torture.commands import Said, watcher
from torture.escapes import ESCAPES
from torture.trial import Form, Trial, at_most, none_of, reported
from watcher.lab import Lab

ABOUT = """`watcher check` reads each of these configs in a process of its own: a file of 1 GB, a device that never
ends, nesting without end, keys that take a parser hours, patterns that take a backtracking engine for ever, templates
that climb out of a sandbox or grow without end, names, paths and numbers that are none. Each must end with status 2
and a message that names the file and, where there is one, the key; never with a traceback. What RE2 takes in linear
time may be accepted: then `watcher poll` matches it against a name of 20,000 letters that such a pattern is slowest
with, and the message of a rule that it must not be found for says that it was looked for."""
_HEAD = """
operator = ["out"]
[channels.out]
url = "console://"
[sources.campus]
api = "onq"
url = "https://campus.invalid/api"
auth = { kind = "bearer", token = "a-token-of-nobody" }
"""
_RULE = '[[rules]]\nname = "r"\nevents = ["*"]\nchannels = ["out"]\n'
_GIGABYTE = 2**30
_BEYOND = "9" * 5_000
_LETTERS = "a" * 20_000
SLOW = {
    "nested repeats": ("(a+)+$", _LETTERS + "!"),
    "alternatives": ("(a|aa)+$", _LETTERS + "!"),
    "many groups": ("(.*)(.*)(.*)(.*)(.*)(.*)(.*)[^a]$", _LETTERS),
}
"""patterns, each with a name in which a backtracking engine looks for it for ever"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trick:
    """A config that is to be refused; `says` is what its message must name. `is_fine`: harmless, and may be taken."""

    name: str
    text: str = ""
    says: str = "config.toml"
    is_fine: bool = False


def try_tricks(form: Form) -> Trial:
    """Hostile configs."""
    slowest_s = form.pick(full=10, quick=20)
    with TemporaryDirectory() as folder:
        tried = list(_try_all(Path(folder), form.pick(full=TRICKS, quick=TRICKS[::6])))
    matched = {name: match(*pattern) for name, pattern in SLOW.items()}
    slow = [f"{name}: {what}" for name, said in matched.items() if (what := unmatched(said, slowest_s))]
    wrong = [f"{trick.name}: {what}" for trick, said in tried if (what := complaint(trick, said))]
    slowest = max(said.took_s for _, said in tried)
    largest = max(said.peak_mb for _, said in tried)
    return Trial(
        key="S4",
        title="hostile configs",
        about=ABOUT.replace("\n", " "),
        figures=[
            reported("template escapes among the tricks", f"{sum(trick.says == 'title' for trick, _ in tried)}"),
            none_of("tricks that were not refused with a message", wrong, of=len(tried)),
            none_of("patterns that were not looked for in time", slow, of=len(matched)),
            at_most("the slowest", round(slowest, 1), slowest_s, " s"),
            at_most("the most memory that one took", round(largest), 200, " MB"),
        ],
    )


def complaint(trick: Trick, said: Said) -> str:
    """Return what is wrong with how a trick was answered, empty where nothing is."""
    if "Traceback" in said.text or said.status is None:
        return f"{said.status}: {said.text[-200:]}"
    if trick.is_fine and said.status == 0:
        return ""
    is_refused = said.status == 2 and trick.says in said.text and len(said.text) < 20_000
    return "" if is_refused else f"{said.status}: {said.text[-200:]}"


def match(pattern: str, name: str) -> Said:
    """Let a conversation take a name, and poll under a rule that asks whether a pattern is not found in it."""
    with TemporaryDirectory() as folder, Lab(story=False, conversations=1) as lab:
        config = Path(folder) / "config.toml"
        auth = f'{{ kind = "bearer", token = "{next(iter(lab.onq.bearer))}" }}'
        head = f'state_dir = "{folder}/state"\n{_HEAD.partition("[sources")[0]}'
        source = f'[sources.campus]\napi = "onq"\nurl = "{lab.onq.url}"\nauth = {auth}\n'
        config.write_text(head + source + _matching(pattern, "! ~"), encoding="utf-8")
        config.chmod(0o600)
        baseline = watcher(config, "poll")
        if baseline.status != 0:
            return baseline
        lab.onq.rows.update(next(iter(lab.onq.rows.ids())), name=name)
        return watcher(config, "poll")


def unmatched(said: Said, limit_s: float) -> str:
    """Return what is wrong with a poll that had to look for a pattern, empty where nothing is."""
    if said.status is None or said.took_s > limit_s:
        return f"{said.took_s:.0f} s"
    return "" if said.status == 0 and "(rule: r)" in said.text else f"{said.status}: {said.text[-200:]}"


def _try_all(folder: Path, some: tuple[Trick, ...]) -> Iterator[tuple[Trick, Said]]:
    homes = [folder / str(number) for number in range(len(some))]
    for home, trick in zip(homes, some, strict=True):
        home.mkdir()
        _write(home / "config.toml", trick)
    with ThreadPoolExecutor(2) as hands:
        yield from zip(some, hands.map(lambda home: watcher(home / "config.toml", "check"), homes), strict=True)


def _write(path: Path, trick: Trick) -> None:
    if trick.name == "a file of 1 GB":
        with path.open("wb") as file:
            file.truncate(_GIGABYTE)
    elif trick.name == "a device that never ends":
        path.symlink_to("/dev/zero")
    elif trick.name == "no UTF-8":
        path.write_bytes(b'timezone = "\xff\xfe"\n')
    else:
        path.write_text(trick.text, encoding="utf-8")
    if not path.is_symlink():
        path.chmod(0o600)


def _file_tricks() -> Iterator[Trick]:
    yield Trick(name="a file of 1 GB", says="larger than 1 MB")
    yield Trick(name="a device that never ends", says="larger than 1 MB")
    yield Trick(name="no UTF-8", says="is not UTF-8")
    yield Trick(name="arrays in arrays", text="a = " + "[" * 100_000 + "]" * 100_000, says="nested")
    yield Trick(name="tables in tables", text="a = " + "{b=" * 20_000 + "1" + "}" * 20_000, says="nested")
    yield Trick(name="a key of 400,000 parts", text="a" + ".a" * 400_000 + " = 1", says="nested")
    yield Trick(name="a table of 300,000 parts", text="[a" + ".a" * 300_000 + "]", says="nested")
    yield Trick(name="60,000 unknown keys", text="\n".join(f"k{n} = 1" for n in range(60_000)), says="k0")
    yield Trick(name="an unclosed text", text='a = "' + "x" * 900_000, says="TOML")
    yield Trick(name="a number of 5,000 digits", text=f"storm = {_BEYOND}", says="config.toml")
    yield Trick(name="control characters", text='timezone = "\\u001b[2J\\u0007"', says="timezone")
    yield Trick(name="a key in another script", text='timеzone = "UTC"', says="config.toml")


def _value_tricks() -> Iterator[Trick]:
    yield Trick(name="an address with a user", text=_HEAD.replace("//campus", "//admin:pw@campus"), says="auth")
    yield Trick(name="an address without TLS", text=_HEAD.replace("https", "http"), says="unencrypted")
    yield Trick(name="a file as an address", text=_HEAD.replace("https://campus.invalid", "file:///etc"), says="http")
    yield Trick(name="a header in an address", text=_HEAD.replace("/api", "/a\\r\\nX: y"), says="blanks")
    yield Trick(name="a port that is none", text=_HEAD.replace(".invalid/", ".invalid:99999/"), says="address")
    yield Trick(name="a token with line breaks", text=_HEAD.replace("a-token", "a\\r\\nEvil: 1"), is_fine=True)
    yield Trick(name="a secret from a directory", text=_HEAD.replace('"a-token-of-nobody"', '{ file = "/etc" }'))
    endless = _HEAD.replace('"a-token-of-nobody"', '{ file = "/dev/zero" }')
    yield Trick(name="a secret that never ends", text=endless, says="token")
    climbing = _HEAD.replace('"a-token-of-nobody"', '{ credential = "../../etc/passwd" }')
    yield Trick(name="a credential that climbs", text=climbing, says="token")
    yield Trick(name="an interval of nothing", text=_HEAD + 'every = "0s"', says="every")
    yield Trick(name="an interval of ages", text=_HEAD + f'every = "{_BEYOND}d"', says="every")
    yield Trick(name="a cron that never comes", text=_HEAD + 'cron = "0 0 31 2 *"', says="cron")
    yield Trick(name="a zone that is a path", text='timezone = "../../etc/passwd"', says="timezone")
    yield Trick(name="a name that is a path", text=_HEAD.replace("sources.campus", 'sources."../x"'), says="no name")
    yield Trick(name="a page without end", text=_HEAD + "page_bytes = 99999999999", says="page_bytes")


def _pattern_tricks() -> Iterator[Trick]:
    for name, (pattern, _) in SLOW.items():  # linear in RE2, so that there is nothing to refuse
        yield Trick(name=f"a pattern of {name}", text=_HEAD + _matching(pattern), is_fine=True)
    refused = {"look-ahead": "(?=a+)b", "a back-reference": "(a+)\\\\1", "a million repeats": "a{1000000}"}
    refused |= {"repeats of repeats": "((a{1000}){1000}){1000}", "a broken class": "[z-a]", "length": "a" * 100_000}
    for name, pattern in refused.items():
        yield Trick(name=f"a pattern of {name}", text=_HEAD + _matching(pattern), says="where")


def _matching(pattern: str, sign: str = "~") -> str:
    return _RULE + f'where = {{ "conversation.name" = "{sign} {pattern}" }}\n'


def _template_tricks() -> Iterator[Trick]:
    for number, template in enumerate(ESCAPES):
        text = _HEAD + _RULE + f"title = {json.dumps(template)}\n"  # which TOML reads, too
        yield Trick(name=f"template {number + 1} ({template[:30]})", text=text, says="title")


TRICKS = (*_file_tricks(), *_value_tricks(), *_pattern_tricks(), *_template_tricks())
