import re
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.config.written import CHANNEL, SOURCE, OnqOptions, errors_of, load_file, load_text
from watcher.config.finding import ConfigErrors
from watcher.config.template import Answers, render
from watcher.domain.errors import ConfigError
from watcher.domain.message import Form

RULE = """
[[rules]]
name = "all"
events = ["*.new"]
channels = ["ops"]
"""
WHOLE = f'operator = ["ops"]\n{SOURCE}{CHANNEL}{RULE}'


def test_a_small_config_has_the_documented_defaults(tmp_path: Path) -> None:
    config = load_text(tmp_path, WHOLE)
    campus = config.sources["campus"].settings
    assert config.warnings == ()
    assert (campus.schedule, campus.failing_after, campus.timezone) == (timedelta(minutes=5), 3, ZoneInfo("UTC"))
    assert (campus.suspect.share, campus.suspect.rows, campus.suspect.hold) == (0.2, 20, timedelta(minutes=30))
    assert config.deadlines.registration_closing == (timedelta(days=7), timedelta(days=1), timedelta(hours=1))
    assert (config.retention.polls, config.retention.events) == (timedelta(days=30), timedelta(days=730))
    assert config.state_dir is None


def test_an_api_keeps_its_own_options_beside_those_of_every_source(tmp_path: Path) -> None:
    options = load_text(tmp_path, WHOLE.replace('api = "onq"', 'api = "onq"\npage_size = 7')).sources["campus"].options
    assert isinstance(options, OnqOptions)
    assert options.page_size == 7


def test_tags_become_channels_and_the_operator_a_rule_that_is_tried_last(tmp_path: Path) -> None:
    more = '[channels.a]\nurl = { env = "URL" }\ntags = ["t"]\n[channels.b]\nurl = { env = "URL" }\ntags = ["t"]\n'
    config = load_text(tmp_path, WHOLE.replace('channels = ["ops"]', 'channels = ["b", "tag:t"]') + more)
    assert [(rule.name, rule.channels) for rule in config.rules] == [("all", ("b", "a")), ("operator", ("ops",))]
    assert config.operator == ("ops",)


def test_a_foreign_tag_is_one_channel_with_the_tags_name(tmp_path: Path) -> None:
    (tmp_path / "apprise.yml").write_text("urls: []")
    text = WHOLE.replace('channels = ["ops"]', 'channels = ["tag:far"]') + '[apprise]\ninclude = ["apprise.yml"]'
    config = load_text(tmp_path, text, foreign_tags=lambda _paths: {"near", "far"})
    assert config.rules[0].channels == ("tag:far",)
    assert config.foreign_tags == ("far", "near")
    assert config.apprise_include == (tmp_path / "apprise.yml",)


def test_an_included_file_that_cannot_be_used_is_an_error_of_the_config(tmp_path: Path) -> None:
    def refuse(_paths: Any) -> list[str]:
        raise ConfigError("is no Apprise file", remedy="mend it")

    (tmp_path / "apprise.yml").write_text("")
    found = errors_of(tmp_path, WHOLE + '[apprise]\ninclude = ["apprise.yml"]', foreign_tags=refuse)
    assert found == ["config.toml:16: apprise.include: is no Apprise file; mend it"]


def test_the_channels_room_may_refuse_a_channel_at_each_of_its_keys(tmp_path: Path) -> None:
    text = WHOLE.replace("[channels.ops]", "[channels.ops]\nsigning_keys = ['a', 'b']")
    faults = [(("url",), "no such service; write slack://…"), (("signing_keys", 1), "is no key")]
    assert errors_of(tmp_path, text, find_faults=lambda _channel: faults) == [
        "config.toml:9: channels.ops.signing_keys[2]: is no key",
        "config.toml:10: channels.ops.url: no such service; write slack://…",
    ]


def test_a_channel_has_a_form_and_keys_where_they_are_set(tmp_path: Path) -> None:
    text = WHOLE.replace("[channels.ops]", "[channels.ops]\nformat = 'html'\nsigning_keys = ['a', { env = 'URL' }]")
    ops = load_text(tmp_path, text, environ={"URL": "b"}).channels["ops"]
    assert (ops.form, [key.reveal() for key in ops.signing_keys]) == (Form.HTML, ["a", "b"])
    plain = load_text(tmp_path, WHOLE).channels["ops"]
    assert (plain.form, plain.signing_keys) == (None, ())


def test_the_record_of_the_rules_is_the_same_for_the_same_rules_and_holds_no_secret(tmp_path: Path) -> None:
    one = load_text(tmp_path, WHOLE).rules_text
    other = load_text(tmp_path, WHOLE.replace('events = ["*.new"]', 'events    = [\n "*.new", # all\n]')).rules_text
    assert one == other
    assert "json://" not in one
    assert one != load_text(tmp_path, WHOLE.replace("*.new", "*")).rules_text


def test_all_errors_are_named_at_once_in_the_order_of_the_lines(tmp_path: Path) -> None:
    text = WHOLE.replace("*.new", "*.nw").replace("[channels.ops]", "[channels.opps]").replace("https", "x = 1 #")
    assert len({line.split(":")[1] for line in errors_of(tmp_path, text)}) > 2
    assert errors_of(tmp_path, text) == sorted(errors_of(tmp_path, text), key=lambda line: int(line.split(":")[1]))


def test_gaps_that_are_hardly_meant_are_warnings(tmp_path: Path) -> None:
    said = [str(warning) for warning in load_text(tmp_path, CHANNEL).warnings]
    assert said == [
        "config.toml: sources: there is none, so nothing is watched; add a table [sources.NAME]",
        "config.toml: rules: there is none, so nobody hears of any conversation; add a table [[rules]]",
        'config.toml: operator: nobody hears when a source or a channel fails; add operator = ["CHANNEL"] at the top',
        "config.toml:2: channels.ops: no rule sends to it; name it in a rule or as operator",
    ]


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_a_config_with_plain_secrets_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    text = WHOLE.replace('{ env = "URL" }', '"json://localhost"')
    wrong = "holds secrets in plain text, and others may read it"
    assert errors_of(tmp_path, text, mode=mode) == [
        f"config.toml: {wrong} (mode {mode:o}); run: chmod 600 {tmp_path}/config.toml"
    ]
    assert errors_of(tmp_path, text, mode=0o600) == []
    assert errors_of(tmp_path, WHOLE, mode=mode) == []


def test_an_included_file_that_all_may_read_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "apprise.yml").touch()
    (tmp_path / "apprise.yml").chmod(0o644)
    config = load_text(tmp_path, WHOLE + '[apprise]\ninclude = ["apprise.yml"]')
    assert "apprise.yml: any user of this machine may read this secret" in " ".join(map(str, config.warnings))


def test_a_secret_file_that_all_may_read_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("json://localhost\n")
    (tmp_path / "url").chmod(0o644)
    config = load_text(tmp_path, WHOLE.replace('{ env = "URL" }', '{ file = "url" }'))
    assert [str(warning) for warning in config.warnings] == [
        f"{tmp_path}/url: any user of this machine may read this secret; run: chmod 600 {tmp_path}/url"
    ]
    assert config.channels["ops"].url.reveal() == "json://localhost"


def test_no_error_shows_a_secret(tmp_path: Path) -> None:
    secret = "s3cr3t-value"
    texts = [
        f'[channels.a]\nurl = ["{secret}"]',
        f'[channels.a]\nurl = {{ password = "{secret}" }}',
        f'[sources.a]\napi = "onq"\nurl = "u"\nauth = {{ kind = "{secret}" }}',
        f'[sources.a]\napi = "onq"\nurl = "u"\nauth = {{ kind = "bearer", token = {{ file = 3, x = "{secret}" }} }}',
        f'[sources.a]\napi = "onq"\nurl = ["{secret}"]\nauth = "{secret}"\npaging = "{secret}"',
    ]
    for text in texts:
        found = errors_of(tmp_path, text)
        assert found
        assert secret not in "\n".join(found)


KEYS = st.sampled_from(
    "state_dir timezone operator sources channels rules deadlines retention apprise api url auth every cron suspect "
    "name events where ops campus kind token env file credential include tags polls link ignore x".split()
)
SCALARS = st.one_of(
    st.integers(),
    st.booleans(),
    st.floats(),
    st.sampled_from(["onq", "5m", "*", "ops", "tag:t", ">= 3", "~ (", "! x", "UTC", "bearer", "", "~nobody/x", "\0"]),
    st.text(max_size=8),
)


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_toml(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_toml(inner) for inner in value) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return (
            '"'
            + "".join(f"\\U{ord(sign):08x}" if ord(sign) < 32 or sign in '"\\\x7f' else sign for sign in value)
            + '"'
        )
    return str(value)


TREES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(document=st.dictionaries(KEYS, TREES, max_size=6))
def test_a_document_of_any_shape_loads_or_is_refused(tmp_path: Path, document: dict[str, Any]) -> None:
    text = "\n".join(f"{key} = {_toml(value)}" for key, value in document.items())
    with suppress(ConfigErrors):
        assert load_text(tmp_path, text).path == tmp_path / "config.toml"


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(body=st.binary(max_size=80) | st.text(alphabet="[]{}=.,\"'\\#\n ax1", max_size=60).map(str.encode))
def test_bytes_of_any_kind_load_or_are_refused(tmp_path: Path, body: bytes) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(WHOLE.encode() + body)
    path.chmod(0o600)
    with suppress(ConfigErrors):
        assert load_file(path).rules


EXAMPLE = re.sub(r"^#(?=[^\s#])", "", render(Answers()), flags=re.MULTILINE)
CUTS = st.tuples(
    st.integers(0, len(EXAMPLE)), st.integers(0, 30), st.sampled_from(["", "3", '"', "{}", "\n", "[[x]]\n", "= "])
)


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(cuts=st.lists(CUTS, min_size=1, max_size=3))
def test_a_whole_config_with_pieces_torn_out_loads_or_is_refused_at_its_lines(
    tmp_path: Path, cuts: list[tuple[int, int, str]]
) -> None:
    text = EXAMPLE
    for start, length, patch in cuts:
        text = text[:start] + patch + text[start + length :]
    try:
        findings = load_text(tmp_path, text).warnings
    except ConfigErrors as errors:
        findings = errors.findings
    assert all(finding.line is None or 1 <= finding.line <= text.count("\n") + 1 for finding in findings)
