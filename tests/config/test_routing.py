import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.config.written import CHANNEL, SOURCE, load_text
from watcher.config.ruleset import read_ruleset
from watcher.domain.event import Event, EventType, Severity
from watcher.domain.rule import Match, route
from watcher.domain.timing import Escalation

BEFORE = f'operator = ["ops"]{SOURCE}{CHANNEL}'
RULE = "[[rules]]\nname = 'r'\nevents = ['registration.*', 'questions.new']\nchannels = ['ops']\n"
WHERE = """
[rules.where]
"conversation.fields.type" = ["course", "! sequence"]
conversation.fields.id = 1017
conversation.name = "~ ^Lead"
type = ["questions.new", "registration.closed"]
severity = "! info"
subject = [true, 3.5, 2026-12-01T10:00:00+01:00, 2026-12-01]
"""


def test_the_record_of_the_rules_reads_back_as_the_same_rules(tmp_path: Path) -> None:
    config = load_text(tmp_path, BEFORE + RULE + WHERE)
    in_path_order = [
        replace(rule, where=tuple(sorted(rule.where, key=lambda matcher: matcher.path))) for rule in config.rules
    ]
    assert list(read_ruleset(config.rules_text)) == in_path_order


def test_the_record_is_json_with_its_keys_in_order(tmp_path: Path) -> None:
    text = load_text(tmp_path, BEFORE + RULE).rules_text
    assert text == json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"))


def test_a_table_in_a_table_is_a_path(tmp_path: Path) -> None:
    rule = load_text(tmp_path, BEFORE + RULE + WHERE).rules[0]
    assert [matcher.path for matcher in rule.where][:3] == [
        "conversation.fields.type",
        "conversation.fields.id",
        "conversation.name",
    ]


def test_a_rule_knows_its_line(tmp_path: Path) -> None:
    config = load_text(tmp_path, BEFORE + RULE)
    assert [rule.line for rule in config.rules] == [BEFORE.count("\n") + 1, None]


def test_loaded_rules_route(tmp_path: Path) -> None:
    config = load_text(tmp_path, BEFORE + RULE.replace("'questions.new'", "'source.*'"))
    event = Event(
        id="e", source="campus", type=EventType.SOURCE_FAILING, subject="campus", severity=Severity.WARNING,
        time=datetime(2026, 11, 23, tzinfo=UTC),
    )  # fmt: skip
    assert route(event, config.rules) == (Match(channel="ops", rule="r"),)


def test_an_escalation_may_name_tags_and_its_channels_are_heard_of(tmp_path: Path) -> None:
    leads = '[channels.leads]\nurl = "json://leads"\ntags = ["bosses"]\nbackup = "spare"\n'
    spare = '[channels.spare]\nurl = "json://spare"\n'
    text = BEFORE + leads + spare + RULE + "escalate = [{ after = '1d', channels = ['tag:bosses', 'ops'] }]\n"
    config = load_text(tmp_path, text)
    assert config.rules[0].timing.escalate == (Escalation(after=timedelta(days=1), channels=("leads", "ops")),)
    assert list(read_ruleset(config.rules_text)) == list(config.rules)
    assert (config.channels["leads"].backup, config.channels["spare"].backup) == ("spare", None)
    assert [str(warning) for warning in config.warnings if "no rule sends" in str(warning)] == []
