"""A figure that falls short fails the run, so does a trial that breaks, and the others go on."""

import sys
from collections.abc import Callable

import pytest

from torture import __main__ as command
from torture import runs
from torture.trial import CannotRunError, Figure, Form, Trial, exactly


def trial(*figures: Figure) -> Callable[[Form], Trial]:
    return lambda _form: Trial(key="R1", title="Tried", about="", figures=figures)


def broken(error: Exception) -> Callable[[Form], Trial]:
    def break_off(_form: Form) -> Trial:
        """Broken."""
        raise error

    return break_off


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    monkeypatch.setattr(command, "IS_CI", False)

    def main(*trials: Callable[[Form], Trial]) -> int:
        table = {f"R{number}": one for number, one in enumerate(trials, 1)}
        for module in (runs, command):
            monkeypatch.setattr(module, "TRIALS", table)
        monkeypatch.setattr(sys, "argv", ["torture", "--quick"])
        return command.main()

    return main


WELL, SHORT = trial(exactly("lost", 0, 0)), trial(exactly("lost", 1, 0))


def test_a_figure_that_falls_short_fails_the_run_and_stands_in_its_last_lines(
    run: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(WELL) == 0
    assert capsys.readouterr().out.endswith("\n\n0 of 1 figures fell short, 0 were not measured\n")
    assert run(WELL, SHORT, WELL, broken(CannotRunError("needs root"))) == 1
    *_, count, lost, absent = capsys.readouterr().out.splitlines()
    assert count == "1 of 4 figures fell short, 1 were not measured:"
    assert lost.startswith("| R1 | lost | 1 | 0 | ✗ |")
    assert "not run: needs root" in absent


@pytest.mark.parametrize("error", [ZeroDivisionError(), AssertionError("it died"), KeyError("x"), OSError("no")])
def test_a_trial_that_breaks_falls_short_and_the_others_go_on(
    run: Callable[..., int], error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(broken(error), WELL) == 1
    said = capsys.readouterr().out
    assert type(error).__name__ in said
    assert "| R1 | lost | 0 | 0 | ✓ |" in said


@pytest.mark.parametrize(("is_ci", "status"), [(False, 0), (True, 1)])
def test_what_cannot_be_run_fails_where_everything_must_be(
    run: Callable[..., int], monkeypatch: pytest.MonkeyPatch, *, is_ci: bool, status: int
) -> None:
    monkeypatch.setattr(command, "IS_CI", is_ci)
    assert run(broken(CannotRunError("needs root")), WELL) == status
