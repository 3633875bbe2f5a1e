"""Plot: bars beside their goals, as an SVG that needs nothing to be looked at."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from benchmarks.figures import Figure, Verdict

_WIDTH, _LABELS, _BAR, _STEP, _TOP = 860, 300, 14, 26, 56
_MET, _MISSED, _INK, _GOAL = "#2b7a4b", "#b3412f", "#333333", "#1f4e9c"
_STYLE = f"font-family='sans-serif' font-size='13' fill='{_INK}'"


def draw(title: str, figures: Sequence[Figure]) -> str:
    """Return a chart of the figures that are ratios with a goal; the mark on each bar's line is its goal."""
    drawn = [figure for figure in figures if figure.bar is not None and figure.bar_goal and "×" in figure.goal]
    most = max((max(figure.bar or 0, figure.bar_goal or 0) for figure in drawn), default=1.0)
    scale = (_WIDTH - _LABELS - 90) / most
    height = _TOP + _STEP * len(drawn) + 16
    lines = [line for place, figure in enumerate(drawn) for line in _bar(figure, _TOP + _STEP * place, scale)]
    return "\n".join(
        [
            f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {_WIDTH} {height}' role='img'>",
            f"<title>{escape(title)}</title>",
            f"<rect width='{_WIDTH}' height='{height}' fill='white'/>",
            f"<text x='12' y='24' {_STYLE} font-weight='bold'>{escape(title)}</text>",
            f"<text x='12' y='42' {_STYLE}>bar: measured (green: goal met, red: missed) · blue mark: goal</text>",
            *lines,
            "</svg>",
            "",
        ]
    )


def _bar(figure: Figure, top: int, scale: float) -> list[str]:
    value, goal = figure.bar or 0.0, figure.bar_goal or 0.0
    colour = _MET if figure.verdict is Verdict.MET else _MISSED
    mark = _LABELS + goal * scale
    return [
        f"<text x='{_LABELS - 8}' y='{top + 12}' text-anchor='end' {_STYLE}>{escape(figure.name)}</text>",
        f"<rect x='{_LABELS}' y='{top}' width='{value * scale:.1f}' height='{_BAR}' fill='{colour}'/>",
        f"<path d='M {mark:.1f} {top - 4} V {top + _BAR + 4}' stroke='{_GOAL}' stroke-width='3'/>",
        f"<text x='{_LABELS + max(value, goal) * scale + 8:.1f}' y='{top + 12}' {_STYLE}>{value:.2f} ×</text>",
    ]
