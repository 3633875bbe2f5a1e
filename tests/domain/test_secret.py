"""A secret is read when it is needed and never shown."""

from watcher.domain.secret import Secret


def test_a_secret_shows_where_it_is_from_and_not_what_it_is() -> None:
    secret = Secret("env ONQ_SECRET", lambda: "hunter2")
    assert secret.reveal() == "hunter2"
    assert str(secret) == repr(secret) == f"{secret}" == "Secret(env ONQ_SECRET)"


def test_a_rotated_secret_is_read_anew() -> None:
    values = iter(["old", "new"])
    secret = Secret("file osn-password", lambda: next(values))
    assert [secret.reveal(), secret.reveal()] == ["old", "new"]


def test_secrets_are_the_same_when_they_come_from_one_place_and_read_the_same() -> None:
    here = Secret("the config", lambda: "hunter2")
    assert here == Secret("the config", lambda: "hunter2")
    assert hash(here) == hash(Secret("the config", lambda: "hunter2"))
    assert here != Secret("the config", lambda: "hunter3")
    assert here != Secret("env ONQ_SECRET", lambda: "hunter2")
    assert here != "hunter2"
