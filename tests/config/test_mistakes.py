"""Mistakes in a config: each with the line, the key, what is wrong and what would be right."""

from pathlib import Path

import pytest

from tests.config.written import CHANNEL, SOURCE, errors_of, load_text

BEFORE = f'operator = ["ops"]{SOURCE}{CHANNEL}'
RULES = f"{BEFORE}[[rules]]\nname = 'r'\nevents = ['questions.new']\nchannels = ['ops']\n"

ALONE: list[tuple[str, str]] = [
    # the text of a whole config, and its one error without the file's name
    ("timezone = 'Europe/Berln'", "1: timezone: 'Europe/Berln' is no time zone; did you mean 'Europe/Berlin'"),
    ("timezone = 'berlin'", "1: timezone: 'berlin' is no time zone; there are: Europe/Berlin"),
    ("timezone = '../../etc/passwd'", "1: timezone: '../../etc/passwd' is no time zone"),
    ("timezone = 3", "1: timezone: is of the wrong kind; write a zone like Europe/Berlin in quotes"),
    ("timezon = 'UTC'", "1: timezon: is not a known key; did you mean 'timezone'?"),
    ("state_dir = 3", '1: state_dir: is not a text; write it in quotes, "like this"'),
    ("state_dir = '~no-such-user/x'", "1: state_dir: '~no-such-user/x' names a home that does not exist"),
    ("operator = 'ops'", '1: operator: is not a list; write it in brackets, ["like", "this"]'),
    ("sources = 3", "1: sources: is not a table; write [sources] and its keys below"),
    ("[sources]\ncampus = 3", "2: sources.campus: is not a table; write [sources.NAME] and its keys below"),
    ("[rules]\nname = 'x'", "1: rules: is not a list of tables; write [[rules]] and its keys below, once a rule"),
    ("[channels.x]\nurl = ''", "2: channels.x.url: the secret is empty"),
    ("[channels.x]", "1: channels.x.url: is missing; add it"),
    ("[channels.x]\nurl = 'a://'\nformt = 'text'", "3: channels.x.formt: is not a known key; did you mean 'format'?"),
    (
        "[channels.x]\nurl = 'a://'\nformat = 'xml'",
        "3: channels.x.format: is not one of the values there are; it should be 'text', 'markdown' or 'html'",
    ),
    (
        "[channels.x]\nurl = 'a://'\nsigning_keys = 'whsec_x'",
        '3: channels.x.signing_keys: is not a list; write it in brackets, ["like", "this"]',
    ),
    ("[channels.x]\nurl = 'a://'\nsigning_keys = ['']", "3: channels.x.signing_keys[1]: the secret is empty"),
    ("[channels.x]\nurl = 'a://'\nbackup = 'y'", "3: channels.x.backup: 'y' is no channel"),
    ("[channels.x]\nurl = 'a://'\nbackup = 'x'", "3: channels.x.backup: is the channel itself; name another one"),
    ("[channels.x]\nurl = 'a://'\nbackup = 3", "3: channels.x.backup: is not a text"),
    (
        "[channels.x]\nurl = 'a://'\nbackup = 'y'\n[channels.y]\nurl = 'a://'\nbackup = 'x'",
        "3: channels.x.backup: goes round in a circle: channels.x.backup, channels.y.backup; leave one of them out",
    ),
    ("[channels.'A b']\nurl = {env='URL'}", '1: channels."A b": is no name; use small letters, digits, - and _'),
    ("[channels.x]\nurl = {env='NO'}", "2: channels.x.url: the environment variable NO is not set; set it, such as:"),
    ("[deadlines]\nregistration_closng = ['1h']", "2: deadlines.registration_closng: is not a known key; did you mean"),
    ("[deadlines]\nregistration_closing = [\n'1h',\n'0s']", "4: deadlines.registration_closing[2]: is out of bounds"),
    ("[deadlines]\noperator = ['a']", "2: deadlines.operator: is not a known key here; it belongs at the top of"),
    ("[retention]\npolls = 30", "2: retention.polls: 30 has no unit; write it like 90s, 15m, 24h or 7d"),
    ("[retention]\nevents = '1s'", "2: retention.events: is out of bounds; write a duration from 1h to 100y"),
    ("[apprise]\ninclude = ['no.yml']", "2: apprise.include[1]: "),
]
IN_SOURCE: list[tuple[str, str]] = [
    ("api = 'onc'", "api: 'onc' is no API; did you mean 'osn' or 'onq'?"),
    ("api = 3", "api: is not a text"),
    ("evry = '5m'", "evry: is not a known key; did you mean 'every'?"),
    ("page_sise = 3", "page_sise: is not a known key; did you mean 'page_size'?"),
    ("every = '5 minutes'", "every: '5 minutes' is not a duration; write it like 90s, 15m, 24h, 7d or 1h30m"),
    ("every = 300", "every: 300 has no unit; write it like 90s"),
    ("every = '0s'", "every: is out of bounds; write a duration from 1s to 31d"),
    ("every = '9999999999999d'", "every: '9999999999999d' is longer than any calendar"),
    ("cron = '* * *'", "cron: '* * *' has 3 fields, not 5"),
    ("cron = 5", "cron: is of the wrong kind; write five fields in quotes"),
    ("timezone = 'Mars/Base'", "timezone: 'Mars/Base' is no time zone"),
    ("failing_after = 0", "failing_after: is out of bounds; write at least 1"),
    ("failing_after = 1.5", "failing_after: is not a whole number"),
    ("failing_after = true", "failing_after: is not a whole number"),
    ("suspect = { share = true }", "suspect.share: is not a number"),
    ("suspect = 3", "suspect: is not a table; write it in braces"),
    ("suspect = { share = 2 }", "suspect.share: is out of bounds; write at most 1"),
    ("suspect = { shar = 0.2 }", "suspect.shar: is not a known key; did you mean 'share'?"),
    ("ignore = ['external_cod']", "ignore[1]: 'external_cod' is no field of onq; did you mean 'external_code'?"),
    ("link = 'https://x/{nam}'", "link: {nam} is no field of the API; did you mean 'name'?"),
    ("link = 'https://x/{id.x}'", "link: {id.x} is no field of the API"),
    ("link = 'https://x/{id!r}'", "link: {id} is no field of the API"),
    ("link = 'https://x/{'", "link: has an odd brace; write {id}"),
    ("link = 'javascript:{id}'", "link: is no address of a page; write it like https://"),
    ("page_size = 1001", "page_size: is out of bounds; write at most 1000"),
    ("paging = 'pages'", "paging: is not one of the values there are; it should be 'auto', 'page' or 'offset'"),
    ("ca_file = 'no.pem'", "ca_file: "),
    ("proxy = ''", "proxy: the secret is empty"),
    ("auth = { kind = 'bearer' }", "auth.token: is missing; add it"),
    ("auth = { kind = 'bearer', tokn = 'k', token = 'x' }", "auth.tokn: is not a known key; did you mean 'token'?"),
    ("auth = { kind = 'form' }", "auth: is not one of the kinds there are; write 'kind' as one of 'jwt', 'bearer'"),
    (
        "auth = { kind = 'jwt', key = '', secret = 'x', issuer = '', subject = '', audience = '', lifetime = '1m' }",
        "auth.lifetime: is out of bounds; write at least 10m",
    ),
    ("auth = { token = 'x' }", "auth: does not say of which kind it is; add the key 'kind'"),
    ("auth = 'a-token'", 'auth: is not a table; write it in braces, { like = "this" }'),
]
IN_RULE: list[tuple[str, str]] = [
    ("name = ''", "name: is empty"),
    ("name = 'operator'", "name: 'operator' is the name of the built-in rule; choose another"),
    ("events = []", "events: is too short"),
    ("events = ['questions.new',\n'qestions.*']", "events[2]: 'qestions.*' matches no type of event; did you mean"),
    ("sources = ['camps']", "sources[1]: 'camps' matches no source; did you mean 'campus'?"),
    ("channels = ['opps']", "channels[1]: 'opps' is no channel; did you mean 'ops'?"),
    ("channels = ['tag:x']", "channels[1]: 'tag:x' is a tag that no channel has"),
    ("channels = []", "channels: is too short"),
    (
        "where = { 'change.delt' = 3 }",
        "where.\"change.delt\": 'change.delt' is no path of any event; did you mean 'change",
    ),
    ("where = { change.delt = 3 }", "where.change.delt: 'change.delt' is no path of any event; did you mean 'change"),
    ("where = { would_remove = 3 }", "where.would_remove: 'would_remove' is no path of the rule's events; there are:"),
    (
        "where = { conversation.fields.nam = 'x' }",
        "where.conversation.fields.nam: 'conversation.fields.nam' is no path",
    ),
    ("where = { conversation.fields.nUnread = 1 }", "where.conversation.fields.nUnread: 'conversation.fields.nUnread'"),
    ("where = { change.delta = '>= x' }", "where.change.delta: 'x' cannot be compared; write a number, a duration"),
    ("where = { change.delta = '>=' }", "where.change.delta: nothing stands after '>='; write it like '>= 3'"),
    ("where = { change.delta = [] }", "where.change.delta: an empty list never holds; name at least one value"),
    (
        "where = { change.delta = [[1]] }",
        "where.change.delta: a matcher takes a text, a number, true, false, an instant",
    ),
    ("where = { change.delta = {} }", "where.change.delta: a matcher takes"),
    ("where = { change.delta = nan }", "where.change.delta: nan equals nothing; write a number"),
    (
        "where = { change.crosses = [1, '>= 5'] }",
        "where.change.crosses: change.crosses takes numbers alone; write it like",
    ),
    (
        "where = { change.crosses = 0 }",
        "where.change.crosses: 0 is never crossed, numbers rise from 0; write it like 5",
    ),
    ("where = { conversation.name = '~ (?=a)' }", "where.conversation.name: the regex is not understood"),
    ("where = 3", "where: "),
    (
        "escalate = [{ after = '1h', channels = ['opps'] }]",
        "escalate[1].channels[1]: 'opps' is no channel; did you mean 'ops'?",
    ),
    (
        "events = ['questions.cleared']\nrepeat = '4h'",
        "repeat: none of the rule's events lasts, so nothing can follow them; name others, such as questions.waiting",
    ),
    (
        "events = ['conversation.started', 'conversation.ended']\nescalate = [{ after = '1h', channels = ['ops'] }]",
        "escalate: none of the rule's events lasts, so nothing can follow them; name others, such as questions.waiting",
    ),
    ("chanels = ['ops']", "chanels: is not a known key; did you mean 'channels'?"),
]


@pytest.mark.parametrize("text, said", ALONE)
def test_a_mistake_is_named_with_its_place_and_remedy(tmp_path: Path, text: str, said: str) -> None:
    found = errors_of(tmp_path, text)
    assert len([line for line in found if line.startswith(f"config.toml:{said}")]) == 1, found


@pytest.mark.parametrize("line, said", IN_SOURCE)
def test_a_mistake_in_a_source_is_named_with_its_place_and_remedy(tmp_path: Path, line: str, said: str) -> None:
    key = line.partition(" =")[0]
    text = "\n".join(one for one in BEFORE.splitlines() if not one.startswith(f"{key} ="))
    text = text.replace("[sources.campus]", f"[sources.campus]\n{line}")
    assert _only(errors_of(tmp_path, text)).startswith(f"config.toml:3: sources.campus.{said}")


@pytest.mark.parametrize("line, said", IN_RULE)
def test_a_mistake_in_a_rule_is_named_with_its_place_and_remedy(tmp_path: Path, line: str, said: str) -> None:
    key = line.partition(" =")[0]
    rule = {"name": "name = 'r'", "events": "events = ['questions.new']", "channels": "channels = ['ops']", key: line}
    text = f"{BEFORE}[[rules]]\n" + "\n".join(rule.values())
    place = text[: text.index(line)].count("\n") + 1 + line.count("\n")
    assert _only(errors_of(tmp_path, text)).startswith(f"config.toml:{place}: rules[1].{said}")


def test_a_schedule_is_one_of_two(tmp_path: Path) -> None:
    text = BEFORE.replace("[channels.ops]", "every = '5m'\ncron = '* * * * *'\n[channels.ops]")
    assert errors_of(tmp_path, text) == [
        "config.toml:2: sources.campus: has both every and cron; leave one of them out"
    ]


def test_a_mistake_between_keys_is_found_beside_one_in_a_key(tmp_path: Path) -> None:
    text = BEFORE.replace("[channels.ops]", "every = '5m'\ncron = '* * * * *'\nfailing_after = 0\n[channels.ops]")
    assert [line.split(": ", 2)[1:] for line in errors_of(tmp_path, text)] == [
        ["sources.campus", "has both every and cron; leave one of them out"],
        ["sources.campus.failing_after", "is out of bounds; write at least 1"],
    ]


def test_a_wrong_log_in_hides_no_other_mistake_of_its_source(tmp_path: Path) -> None:
    more = "every = 3\nignore = ['external_cod', 5]\nlink = 'https://x/{idd}'"
    text = BEFORE.replace("[channels.ops]", f"{more}\n[channels.ops]").replace("token =", "tokn =")
    keys = [line.split(": ")[1].removeprefix("sources.campus.") for line in errors_of(tmp_path, text)]
    assert sorted(keys) == ["auth.token", "auth.tokn", "every", "ignore[1]", "ignore[2]", "link"]


def test_two_rules_of_one_name_are_refused_with_the_line_of_the_first(tmp_path: Path) -> None:
    text = RULES + RULES[len(BEFORE) :]
    assert errors_of(tmp_path, text) == [
        "config.toml:14: rules[2].name: 'r' is the rule at line 9 already; choose another"
    ]


def test_an_error_in_one_table_makes_nothing_unknown_in_another(tmp_path: Path) -> None:
    text = RULES.replace('{ env = "URL" }', "3").replace('api = "onq"', 'api = "onq"\nevery = 3')
    assert [line.split(": ")[1] for line in errors_of(tmp_path, text)] == ["sources.campus.every", "channels.ops.url"]


def test_a_wrong_key_hides_no_other_mistake_of_its_table(tmp_path: Path) -> None:
    text = RULES.replace("channels = ['ops']", "colour = 1\nchannels = ['opps']")
    assert [line.split(": ")[1] for line in errors_of(tmp_path, text)] == ["rules[1].colour", "rules[1].channels[1]"]


@pytest.mark.parametrize(
    "events, where, said",
    [
        ("['questions.*']", "change.delta = 3", "is never in questions.waiting, so the rule never holds for those"),
        (
            "['*']",
            "conversation.name = 'x'",
            "is never in source.baseline, source.failing, source.recovered and 5 more, so",
        ),
        ("['questions.new']", "conversation.fields.type = 'x'", "is never in conversations of staff, so"),
    ],
)
def test_a_path_that_some_events_lack_is_a_warning(tmp_path: Path, events: str, where: str, said: str) -> None:
    staff = '[sources.staff]\napi = "osn"\nurl = "u"\nauth = { kind = "bearer", token = { env = "TOKEN" } }\n'
    text = RULES.replace("['questions.new']", events) + f"where = {{ {where} }}\n" + staff
    (warning,) = load_text(tmp_path, text).warnings
    assert str(warning).startswith("config.toml:13: rules[1].where.")
    assert said in str(warning)


def test_a_rule_about_channels_may_name_one_as_its_source(tmp_path: Path) -> None:
    text = RULES.replace("['questions.new']", "['channel.*']\nsources = ['ops']")
    assert errors_of(tmp_path, text) == []


def _only(found: list[str]) -> str:
    assert len(found) == 1, found
    return found[0]
