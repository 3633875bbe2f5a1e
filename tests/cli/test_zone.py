from pathlib import Path

import pytest

from watcher.cli.zone import is_zone, local_zone


@pytest.fixture(autouse=True)
def _no_tz(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TZ", raising=False)


@pytest.mark.parametrize(
    ("target", "name"),
    [
        ("/usr/share/zoneinfo/Europe/Berlin", "Europe/Berlin"),
        ("/usr/share/zoneinfo/Etc/UTC", "UTC"),
        ("/usr/share/zoneinfo/Atlantis/Capital", "UTC"),
        ("/etc/somewhere/else", "UTC"),
    ],
)
def test_the_machines_zone_is_what_its_link_names(tmp_path: Path, target: str, name: str) -> None:
    link = tmp_path / "localtime"
    link.symlink_to(target)
    assert local_zone(link) == name


def test_a_zone_that_the_user_has_set_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", ":Asia/Kolkata")
    assert local_zone(tmp_path / "none") == "Asia/Kolkata"


@pytest.mark.parametrize(
    ("name", "is_one"), [("Europe/Berlin", True), ("", False), ("../etc", False), ("Mars/X", False)]
)
def test_only_zones_of_the_database_are_zones(name: str, is_one: bool) -> None:
    assert is_zone(name) is is_one
