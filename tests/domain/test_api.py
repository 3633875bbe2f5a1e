"""An API's roles."""

from tests.domain.facts import API, BARE
from watcher.domain.api import Role


def test_a_role_names_its_field_or_none() -> None:
    assert API.field_of(Role.STATE) == "state"
    assert BARE.field_of(Role.STATE) is None
