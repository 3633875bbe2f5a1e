"""Canaries: a known text in every place where a secret can stand, and every place searched where one could come out."""

from __future__ import annotations

import base64
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from urllib.parse import quote

from torture.commands import Said, watcher
from torture.daemon import DaemonProcess, daemon_process, wait_until
from torture.trial import Figure, Form, Trial, at_least, none_of
from watcher.lab import Lab, Receiver
from watcher.lab.faults import Faults

ABOUT = """Each secret is a word that stands nowhere else: keys, tokens and passwords of both APIs in every kind of
log-in, as a text, a variable, a file and a credential, a proxy's password, passwords and tokens in channels'
addresses, signing keys, an included Apprise file; and what is made of them on the way: JWTs, cookies, session ids.
The daemon runs with -vv, its servers refuse and say the secrets back in every spelling, and unexpected errors arise
where secrets are at hand. Then the log, the tracebacks, what systemd was told, the messages, the database with its
side files, a backup, the process list and what each command prints are searched for every word, also in Base64; and
so is what `check` says of copies of the config with a mistake in, or beside, each line where a secret stands. The
product has no pages and no metrics of its own: there is nothing of these to search."""
_SOURCES = ("onq_secret", "onq_bearer", "osn_form", "osn_basic", "osn_bearer", "proxy")
_CHANNELS = ("json_user", "json_password", "json_path", "slack", "mail", "hook_password", "hook_path", "included")
_REFUSAL = '{"message": "no: %s", "error": {"message": "%s"}, "title": "%s"}'
_SIGHTS = ("status", "events", "deliveries")
_AWAY = ("onq_secret", "osn_form", "osn_bearer", "included")
"""not in the config itself: a variable, a file, a credential, an included file"""
_REFUSED = 2
"""the exit status of a command whose config is wrong"""
_SLACK_CHARS = 24
"""as long as the last part of a Slack address is"""


def try_canaries(form: Form) -> Trial:
    """Secrets."""
    words = _words(form.chance("canaries"))
    with TemporaryDirectory() as folder, ExitStack() as stack:
        labs = [stack.enter_context(Lab(story=False, conversations=6)) for _ in range(3)]
        receivers = {name: stack.enter_context(Receiver()) for name in ("json", "hook", "included")}
        _take(labs, receivers, words)
        scene = Scene(folder=Path(folder), labs=labs, receivers=receivers, words=words)
        places = dict(_gather(scene, seconds=form.pick(full=60.0, quick=4.0)))
        made = {name: value for lab in labs for name, value in _made(lab).items()}
        config = (Path(folder) / "config.toml").read_text(encoding="utf-8")
        refusals = dict(_mistaken(scene, config))
        places |= {place: said.text.encode() for place, said in refusals.items()}
    hits = [f"{name} in {place}" for place, text in places.items() for name in found_in(text, {**words, **made})]
    seen, plain = places["the log"], _plain(words)
    unrefused = [place for place, said in refusals.items() if said.status != _REFUSED]
    lost = sorted({*plain} - {*found_in(config.encode(), plain)})
    figures: list[Figure] = [
        none_of("secrets found where they must not be", hits, of=len(places) * (len(words) + len(made))),
        at_least("secrets, and what is made of them", len(words) + len(made), len(words) + 3),
        at_least("places searched", len(places), 10),
        at_least("tracebacks among them", seen.count(b"Traceback"), 2),
        at_least("refusals that said secrets back", seen.count(b"HTTP 4"), 1),
        none_of("plain secrets not found in the config, where they do stand", lost, of=len(plain)),
        at_least("lines of status that systemd was told", places["systemd's status"].count(b"STATUS="), 1),
        none_of("mistakes beside a plain secret that were not refused", unrefused, of=len(refusals)),
    ]
    return Trial(key="S1", title="secrets", about=ABOUT.replace("\n", " "), figures=figures)


def found_in(text: bytes, words: Mapping[str, str]) -> list[str]:
    """Return the names of the words that stand in a text, as they are or in Base64."""
    return [name for name, word in words.items() if any(spelling in text for spelling in _spellings(word))]


def _spellings(word: str) -> Iterator[bytes]:
    yield word.encode()
    for shift in range(
        3
    ):  # Base64 looks otherwise at each place of three; what is shared with its neighbours is cut off
        coded = base64.b64encode(b"x" * shift + word.encode())
        yield coded[4 if shift else 0 : -4]


def _words(chance: Random) -> dict[str, str]:
    names = (*_SOURCES, *_CHANNELS, "signing")
    words = {name: f"canary{name.replace('_', '')}{chance.getrandbits(96):024x}" for name in names}
    return words | {"slack": words["slack"][:_SLACK_CHARS]}


def _plain(words: Mapping[str, str]) -> dict[str, str]:
    """Return those that stand in the config itself."""
    return {name: word for name, word in words.items() if name not in _AWAY}


def _mistaken(scene: Scene, config: str) -> Iterator[tuple[str, Said]]:
    """Yield what `check` says of the config with a mistake in, or beside, each line where a secret stands."""
    lines, path = config.splitlines(), scene.folder / "mistaken.toml"
    for name, word in _plain(scene.words).items():
        at = next((at for at, line in enumerate(lines) if found_in(line.encode(), {name: word})), None)
        if at is None:
            continue  # which is a figure of its own
        cut = lines[at].rpartition('"')
        for mistake, wrong in {
            "an open quote": [cut[0] + cut[2]],
            "an unknown key": [lines[at], f'nonsense = "{word}"'],
        }.items():
            path.write_text("\n".join([*lines[:at], *wrong, *lines[at + 1 :]]), encoding="utf-8")
            path.chmod(0o600)
            said = watcher(path, "-v", "-v", "check", environ=_environ(scene))
            yield f"{mistake} beside {name}", said


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Who takes part: each server knows the secrets of those that talk to it, and no others."""

    folder: Path
    labs: Sequence[Lab]
    receivers: Mapping[str, Receiver]
    words: Mapping[str, str]


def _take(labs: Sequence[Lab], receivers: Mapping[str, Receiver], words: Mapping[str, str]) -> None:
    """The servers know the secrets, and refuse some requests with a text that says them."""
    first, second, third = labs
    first.onq.secret, first.osn.password = words["onq_secret"], words["osn_form"]
    second.onq.bearer, second.osn.password = {words["onq_bearer"]}, words["osn_basic"]
    third.osn.bearer = {words["osn_bearer"]}
    _refuse(first.onq.faults, words["onq_secret"])
    _refuse(first.osn.faults, words["osn_form"])
    _refuse(second.onq.faults, words["onq_bearer"])
    _refuse(second.osn.faults, words["osn_basic"])
    _refuse(third.osn.faults, words["osn_bearer"])
    for name, receiver in receivers.items():
        _refuse(receiver.faults, *(word for key, word in words.items() if key.startswith(name)))


def _refuse(faults: Faults, *said: str) -> None:
    body = _REFUSAL.replace("%s", " ".join(said))
    for status, text in ((401, body), (400, f"<html><h1>{body}</h1></html>"), (503, quote(body))):
        faults.add("status", status=status, body=text, times=2)


def _gather(scene: Scene, *, seconds: float) -> Iterator[tuple[str, bytes]]:
    """Let the daemon run for a while, and yield every place in which a secret could come out."""
    folder, environ = scene.folder, _lay_out(scene)
    with daemon_process(folder) as daemon:
        daemon.under, daemon.environ = (sys.executable, "-m", "torture.ambush"), environ
        told = _ready(scene, daemon)
        yield "the process list", _process_list(daemon)
        _stir(scene, daemon, told, seconds)
        commands = (*((sight,) for sight in _SIGHTS), ("check", "--online"), ("notify", "json"), ("silence", "list"))
        for arguments in commands:
            said = watcher(daemon.config, "-v", "-v", *arguments, environ=environ)
            told += daemon.told()
            yield f"watcher {' '.join(arguments)}", said.text.encode()
        watcher(daemon.config, "backup", str(folder / "copy.db"), environ=environ)
        yield "the backup", (folder / "copy.db").read_bytes()
        told += daemon.told()
        yield "systemd's status", "\n".join(told).encode()
        for path in sorted(daemon.state.iterdir()):
            yield path.name, path.read_bytes()
        daemon.stop()
        yield "the log", daemon.log().encode()
    arrivals = [arrival for receiver in scene.receivers.values() for arrival in receiver.arrivals()]
    yield "the messages", b"\n".join(arrival.body for arrival in arrivals)


def _ready(scene: Scene, daemon: DaemonProcess) -> list[str]:
    """Start the daemon; return what it told systemd until it was ready."""
    told: list[str] = []

    def is_ready() -> bool:
        told.extend(daemon.told())
        return "READY=1" in told

    daemon.spawn()
    wait_until(scene.receivers["json"], is_ready)
    return told


def _stir(scene: Scene, daemon: DaemonProcess, told: list[str], seconds: float) -> None:
    """Let things happen in the APIs for a while; what systemd is told is read at once: its queue is short."""
    end = time.monotonic() + seconds

    def is_over() -> bool:
        told.extend(daemon.told())
        for lab in scene.labs:
            lab.story.step()
        return time.monotonic() > end

    wait_until(scene.receivers["json"], is_over, seconds + 30)


def _process_list(daemon: DaemonProcess) -> bytes:
    return Path(f"/proc/{daemon.child.pid}/cmdline").read_bytes()


def _made(lab: Lab) -> dict[str, str]:
    """Return what was made of secrets and went over the wire: tokens, cookies and session ids."""
    made: dict[str, str] = {}
    for api in (lab.onq, lab.osn):
        for served in api.requests.all():
            values = [served.headers.get("authorization", "").rpartition(" ")[2]]
            values += [served.headers.get("x-waggle-randomid", "")]
            values += [part.partition("=")[2] for part in served.headers.get("cookie", "").split(";")]
            made.update({f"what went over the wire ({value[:9]}…)": value for value in values if len(value) > 12})
    return made


def _lay_out(scene: Scene) -> dict[str, str]:
    """Write the config with its files; return the variables that go with it."""
    folder, words = scene.folder, scene.words
    host = _host(scene, "included")
    (folder / "secret").write_text(words["osn_form"], encoding="utf-8")
    (folder / "credentials").mkdir()
    (folder / "credentials" / "osn").write_text(words["osn_bearer"], encoding="utf-8")
    (folder / "apprise.yml").write_text(
        f"urls:\n  - json://u:{words['included']}@{host}/:\n      tag: more\n", encoding="utf-8"
    )
    for path in (folder / "secret", folder / "credentials" / "osn", folder / "apprise.yml"):
        path.chmod(0o600)
    config = folder / "config.toml"
    config.write_text("\n".join(_config(scene)), encoding="utf-8")
    config.chmod(0o600)
    return _environ(scene)


def _environ(scene: Scene) -> dict[str, str]:
    return {"ONQ_SECRET": scene.words["onq_secret"], "CREDENTIALS_DIRECTORY": str(scene.folder / "credentials")}


def _config(scene: Scene) -> Iterable[str]:
    yield f'state_dir = "{scene.folder / "state"}"\nstorm = 0\n[apprise]\ninclude = ["apprise.yml"]'
    yield from _source_tables(scene)
    yield from _channel_tables(scene)
    yield '[[rules]]\nname = "all"\nevents = ["*"]\nchannels = ["json", "slack", "mail", "hook", "tag:more"]'


def _source_tables(scene: Scene) -> Iterator[str]:
    (first, second, third), words = scene.labs, scene.words
    onq, name = first.onq, first.osn.username
    who = f'key = "{onq.key}", issuer = "{onq.issuer}", subject = "{onq.subject}", audience = "{onq.audience}"'
    logs_in = {
        "jwt": ("onq", onq.url, f'{{ kind = "jwt", secret = {{ env = "ONQ_SECRET" }}, {who} }}'),
        "token": ("onq", second.onq.url, f'{{ kind = "bearer", token = "{words["onq_bearer"]}" }}'),
        "form": ("osn", first.osn.url, f'{{ kind = "form", username = "{name}", password = {{ file = "secret" }} }}'),
        "basic": (
            "osn",
            second.osn.url,
            f'{{ kind = "basic", username = "{name}", password = "{words["osn_basic"]}" }}',
        ),
        "credential": ("osn", third.osn.url, '{ kind = "bearer", token = { credential = "osn" } }'),
    }
    for source, (api, url, auth) in logs_in.items():
        yield f'[sources.{source}]\napi = "{api}"\nurl = "{url}"\nauth = {auth}\nevery = "1s"'
    yield '[sources.proxied]\napi = "onq"\nurl = "http://127.0.0.1:1/x"\nallow_http = true\nevery = "1s"'
    yield f'auth = {{ kind = "bearer", token = "{words["onq_bearer"]}" }}\nproxy = "http://u:{words["proxy"]}@127.0.0.1:1"'


def _channel_tables(scene: Scene) -> Iterator[str]:
    words = scene.words
    urls = {
        "json": f"json://{words['json_user']}:{words['json_password']}@{_host(scene, 'json')}/{words['json_path']}",
        "slack": f"slack://T1JJ3T3L2/A1BRTD4JD/{words['slack']}/#x",
        "mail": f"mailto://u:{words['mail']}@127.0.0.1:1/?to=a@b.example&from=c@d.example",
        "hook": f"webhook://u:{words['hook_password']}@{_host(scene, 'hook')}/{words['hook_path']}",
    }
    for name, url in urls.items():
        yield f'[channels.{name}]\nurl = "{url}"'
    key = base64.b64encode(words["signing"].encode()[:48]).decode()
    yield f'signing_keys = ["whsec_{key}"]'


def _host(scene: Scene, receiver: str) -> str:
    return scene.receivers[receiver].url.removeprefix("http://")
