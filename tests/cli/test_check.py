import socket
from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.cli.conftest import Ran, speaking
from tests.cli.world import World

Check = Callable[..., Ran]


@pytest.fixture
def check(world: World, capsys: pytest.CaptureFixture[str]) -> Check:
    return speaking(capsys, "--config", str(world.path), "check")


def test_a_right_config_is_one_line(world: World, check: Check) -> None:
    ran = check()
    assert ran.out == f"✓ {world.path}: 2 sources, 1 channel, 2 rules\n"
    assert (ran.status, ran.err) == (0, "")


def test_every_mistake_is_named_with_line_key_and_remedy(world: World, check: Check) -> None:
    world.configure(top='timezone = "Europe/Berlinn"', campus='evry = "5m"', rest="[retention]\npolls = 3")
    ran = check("--online")
    assert ran.status == 2
    lines = ran.err.splitlines()
    assert [line.split(":")[0] for line in lines] == ["✗ config.toml"] * 3
    assert "timezone: 'Europe/Berlinn'" in lines[0]
    assert "sources.campus.evry: is not a known key; did you mean 'every'?" in lines[1]
    assert "retention.polls" in lines[2]
    assert world.lab.onq.requests.all() == []


@pytest.mark.parametrize(
    ("channel", "wrong"),
    [
        ('url = "slak://a/b/c"', "url: no service has the scheme slak://; did you mean slack://?"),
        (
            'url = "slack://"',
            "url: Apprise cannot use this slack:// url, a part is missing or malformed; correct the url",
        ),
        ('url = "ntfy://topic"\nformat = "html"', "format: ntfy:// does not take html; set format to text or markdown"),
    ],
)
def test_what_a_service_would_not_take_is_a_mistake_of_the_config(
    world: World, check: Check, channel: str, wrong: str
) -> None:
    world.configure(rest=f"[channels.bad]\n{channel}\n[retention]\npolls = 3")
    ran = check()
    assert (ran.status, len(ran.err.splitlines())) == (2, 2), "with the others, not instead of them"
    assert f"channels.bad.{wrong}" in ran.err


def test_an_address_as_a_service_gives_it_out_is_right(world: World, check: Check) -> None:
    address = "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
    world.configure(rest=f'[channels.slack]\nurl = "{address}"')
    assert (check().status, check().err) == (0, "")


def test_an_unknown_scheme_is_refused_by_whoever_reads_the_config(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.configure(rest='[channels.bad]\nurl = "slak://a/b/c"')
    ran = speaking(capsys, "--config", str(world.path), "poll")()
    assert ran.status == 2
    assert "channels.bad.url: no service has the scheme slak://" in ran.err


def test_warnings_are_shown_and_do_no_harm(world: World, check: Check) -> None:
    world.configure(rest='[channels.spare]\nurl = "console://"')
    ran = check()
    assert ran.status == 0
    assert "! config.toml:" in ran.out
    assert "channels.spare: no rule sends to it" in ran.out


def test_online_everything_is_tried_and_nothing_sent_or_stored(world: World, check: Check) -> None:
    world.configure(campus="page_size = 20")
    ran = check("--online")
    assert ran.status == 0, ran.out
    assert "✓ source campus: logged in; 20 rows on page 1" in ran.out
    assert "✓ source campus: paging: " in ran.out
    assert "✓ source staff: logged in; 40 rows on page 1" in ran.out
    assert "✓ channel hook: json://… can be used; not contacted" in ran.out
    assert "nothing was sent; a test message: watcher notify hook" in ran.out
    assert f"✓ state: {world.database} will be made by the first poll" in ran.out
    assert world.receiver.arrivals() == []
    assert not world.state.exists()


def test_online_every_failure_is_told_beside_what_works(world: World, check: Check) -> None:
    world.lab.onq.skew = timedelta(hours=-2)
    ran = check("--online")
    assert ran.status == 1
    assert "✗ source campus: " in ran.out
    assert "this machine's clock is 2 h ahead of the server's" in ran.out
    assert "✓ source staff: logged in" in ran.out


def test_a_clock_that_is_off_is_told_though_the_source_still_answers(world: World, check: Check) -> None:
    world.lab.osn.skew = timedelta(minutes=-3)
    ran = check("--online")
    assert ran.status == 1
    assert "✓ source staff: logged in" in ran.out
    assert "✗ source staff: this machine's clock is 3 min ahead of the server's" in ran.out


def test_a_state_that_cannot_be_kept_is_told(world: World, check: Check) -> None:
    (world.folder / "file").touch()
    world.configure(state_dir=str(world.folder / "file" / "state"))
    ran = check("--online")
    assert ran.status == 1
    assert f"✗ state: the state directory {world.folder / 'file' / 'state'} cannot be used" in ran.out


def test_a_host_that_does_not_answer_does_not_keep_the_rest_from_being_told(world: World, check: Check) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))  # bound, but not listening: refused
        world.configure(url=f"http://127.0.0.1:{silent.getsockname()[1]}/api/external")
        ran = check("--online")
    assert ran.status == 1
    assert "the connection was refused" in ran.out
    assert "✓ source staff: logged in" in ran.out
