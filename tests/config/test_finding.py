from watcher.config.finding import MOST_SHOWN, ConfigErrors, Finding
from watcher.domain.errors import WatcherError

WHOLE = Finding(file="config.toml", line=12, key="sources.campus.every", wrong="'5' is no duration", right="write 5m")


def test_a_finding_reads_as_place_key_wrong_and_right() -> None:
    assert str(WHOLE) == "config.toml:12: sources.campus.every: '5' is no duration; write 5m"
    assert str(Finding(file="config.toml", wrong="is empty")) == "config.toml: is empty"
    assert str(Finding(file="config.toml", line=3, column=7, wrong="is no name")) == "config.toml:3:7: is no name"


def test_errors_hold_every_finding_one_a_line() -> None:
    errors = ConfigErrors([WHOLE, Finding(file="a.toml", wrong="x")])
    assert isinstance(errors, WatcherError)
    assert str(errors).splitlines() == [str(WHOLE), "a.toml: x"]
    assert len(errors.findings) == 2


def test_of_very_many_findings_the_first_are_told_and_how_many_more_there_are() -> None:
    lines = str(ConfigErrors([WHOLE] * (MOST_SHOWN + 7))).splitlines()
    assert len(lines) == MOST_SHOWN + 1
    assert lines[-1] == "config.toml: and 7 more things are wrong"
