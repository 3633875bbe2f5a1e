"""Report: sections as lines for a terminal, and as the document docs/performance.md."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from benchmarks.figures import Figure, Form, Section

PLOT_NAME = "performance.svg"
_INTRODUCTION = """# Performance

Written by `make bench`; do not edit. Every figure is a median, with the middle half of the values beside it where there
are several; what is compared was measured in turns, in one run, on one machine. A figure that misses its goal is marked
✗ and stands beside the goal all the same.
"""


def tell(section: Section) -> Iterator[str]:
    """Yield a section's lines for a terminal."""
    yield f"== {section.title}"
    width = max((len(figure.name) for figure in section.figures), default=0)
    for figure in section.figures:
        goal = f"  goal {figure.goal} {figure.verdict}" if figure.goal else ""
        spread = f" ({figure.spread})" if figure.spread else ""
        yield f"   {figure.name:<{width}}  {figure.value}{spread}{goal}"
    yield from (f"   {note}" for note in section.notes)


def write(sections: Sequence[Section], machine: Mapping[str, str], form: Form) -> str:
    """Return the document."""
    parts = [_INTRODUCTION, *(f"- {name}: {value}" for name, value in machine.items())]
    if form.is_quick:
        parts.append("- **the quick form**: few rows and repetitions; the goals are meant for the full one")
    parts += ["", f"![A poll against reading the same bytes]({PLOT_NAME})", ""]
    for section in sections:
        parts += [*_section(section), ""]
    return "\n".join(parts)


def _section(section: Section) -> Iterator[str]:
    yield from (f"## {section.title}", "", section.about, "")
    if section.figures:
        yield from ("| what | measured | middle half | goal | |", "|---|---:|---:|---:|---|")
        yield from map(_line, section.figures)
    if section.notes:
        yield ""
        yield from (f"- {note}" for note in section.notes)


def _line(figure: Figure) -> str:
    cells = (figure.name, figure.value, figure.spread, figure.goal, figure.verdict.value if figure.goal else "")
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
