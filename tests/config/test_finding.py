from watcher.config.finding import ConfigErrors, Finding, near
from watcher.domain.errors import WatcherError

WHOLE = Finding(file="config.toml", line=12, key="sources.campus.every", wrong="'5' is no duration", right="write 5m")


def test_a_finding_reads_as_place_key_wrong_and_right() -> None:
    assert str(WHOLE) == "config.toml:12: sources.campus.every: '5' is no duration; write 5m"
    assert str(Finding(file="config.toml", wrong="is empty")) == "config.toml: is empty"


def test_errors_hold_every_finding_one_a_line() -> None:
    errors = ConfigErrors([WHOLE, Finding(file="a.toml", wrong="x")])
    assert isinstance(errors, WatcherError)
    assert str(errors).splitlines() == [str(WHOLE), "a.toml: x"]
    assert len(errors.findings) == 2


def test_a_near_name_is_hinted_at_alone_and_equals_together() -> None:
    assert near("onc", {"onq", "osn", "xml"}) == "did you mean 'osn' or 'onq'?"
    assert near("page_sise", {"page_size", "page_limit"}) == "did you mean 'page_size'?"


def test_without_a_near_name_all_are_listed_up_to_a_bound() -> None:
    assert near("zzz", ("b", "a")) == "there are: a, b"
    assert near("zzz", ()) == ""
    assert near("zzz", [f"name{number:03}" for number in range(100)]).endswith("name039 and 60 more")
