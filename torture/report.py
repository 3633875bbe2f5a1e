"""Report: trials as lines for a terminal, and as the document docs/reliability.md."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from torture.trial import Figure, Trial, command_of

_INTRODUCTION = """# Reliability

Written by `make torture`; do not edit. R1 to R3 and R6 to R10 run the real daemon as a process of its own, against
servers on loopback, most of them both APIs simulated, which know what truly happened; S1, S2 and S4 run it and the
commands. R4, R5 and S3 run the product's own sources, pipeline and store in the process of the trial; S5 reads what is
declared and installed. A figure that falls short is marked ✗ and fails the run.

## What is promised, and what is not

- **Nothing is lost** means: a change that stood in two complete reads is told, whatever happened between them. What was
  undone before the next read never was, for whoever polls: a counter that rose and fell between two polls did nothing,
  and `2 → 5` may have been five questions and two answers. A conversation that came and went between two polls was
  never there.
- **At least once** means: a message whose acknowledgement was on its way when the process or the power went is sent
  again, with the same id, and says that it may be a repetition. Nobody can do better without the help of the service
  that takes it; a receiver that drops the ids it has seen gets each message once. Whatever was acknowledged and stored
  is not sent again.
- **Stored** means: on the disk (`synchronous=FULL`), as far as the disk tells the truth about that. A disk that
  acknowledges what it has not written, or that changes what it holds, is beyond what a program can mend: such a
  database is refused, never overwritten.
- A service that cannot acknowledge leaves its deliveries `unconfirmed`; they are not part of these figures.
"""


_DONE = "## What was done"


def tell(trial: Trial) -> Iterator[str]:
    """Yield a trial's lines for a terminal."""
    yield f"== {trial.key} {trial.title}"
    width = max((len(figure.name) for figure in trial.figures), default=0)
    for figure in trial.figures:
        goal = f"  (goal {figure.goal})" if figure.goal else ""
        yield f"   {mark(figure) or ' '} {figure.name:<{width}}  {figure.value}{goal}"
    yield from (f"     {note}" for note in trial.notes)


def table(trials: Sequence[Trial]) -> Iterator[str]:
    """Yield every figure of every trial as one table."""
    yield from ("| trial | what | measured | goal | | command |", "|---|---|---:|---:|---|---|")
    for trial in trials:
        for figure in trial.figures:
            command = f"`{trial.command or command_of(trial.key)}`"
            yield _line(trial.key, figure.name, figure.value, figure.goal, mark(figure), command)


def verdict(trials: Sequence[Trial], falls_short: Callable[[Figure], bool]) -> Iterator[str]:
    """Yield how it ended: how many figures fell short, or were not measured, and which; a log's last lines."""
    figures = [figure for trial in trials for figure in trial.figures]
    short, absent = sum(map(falls_short, figures)), sum(figure.is_met is None for figure in figures)
    yield f"{short} of {len(figures)} figures fell short, {absent} were not measured" + (":" if short + absent else "")
    for trial in trials:
        named = [figure for figure in trial.figures if falls_short(figure) or figure.is_met is None]
        yield from list(table([replace(trial, figures=named)]))[2:]


def write(trials: Sequence[Trial], machine: Mapping[str, str], *, is_quick: bool) -> str:
    """Return the document."""
    parts = [_INTRODUCTION, "## Measured", "", *(f"- {name}: {value}" for name, value in machine.items())]
    if is_quick:
        parts.append("- **the quick form**: fewer of everything")
    parts += ["", *table(trials), "", _DONE, ""]
    for trial in trials:
        parts += [*_told(trial), ""]
    return "\n".join(parts).rstrip() + "\n"


def amend(document: str, trials: Sequence[Trial], machine: Mapping[str, str]) -> str:
    """Return a document in which some trials, measured anew, stand in the place of what it had of them.

    It says when and of which commit they are. Raises ValueError for a document without one of them.
    """
    for trial in trials:
        key, anew = trial.key, f"{trial.key} anew: {machine['date']}, commit {machine['commit']}"
        document = re.sub(rf"^- {key} anew: .*\n", "", document, flags=re.MULTILINE)
        document = _put(document, r"(?=\n\| trial \|)", [f"- {anew}"])
        document = _put(document, rf"(?:^\| {key} \|.*\n)+", list(table([trial]))[2:])
        document = _put(document, rf"^\*\*{key} .*\n(?:\n(?:- .*\n)+)?", list(_told(trial)))
    return document


def _put(document: str, pattern: str, lines: Sequence[str]) -> str:
    """Return a document with lines in the place of the first text of a pattern."""
    found = re.search(pattern, document, re.MULTILINE)
    if found is None:
        raise ValueError(f"the document has nothing like {pattern}")
    return document[: found.start()] + "".join(f"{line}\n" for line in lines) + document[found.end() :]


def _told(trial: Trial) -> Iterator[str]:
    yield f"**{trial.key} {trial.title}.** {trial.about}"
    if trial.notes:
        yield ""
        yield from (f"- {_inline(note)}" for note in trial.notes)


def _inline(text: str) -> str:
    return " ".join(text.split())


def mark(figure: Figure) -> str:
    """Return how a figure stands to its goal, in one sign."""
    if figure.is_met is None:
        return "–"
    if not figure.is_met:
        return "✗"
    return "✓" if figure.goal else ""


def _line(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
