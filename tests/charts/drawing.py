"""Courses as one picture: a grid of panels, in which a line per member climbs with each record they get.

Plain SVG text: it is committed, so it has to be the same on each machine, and a change has to be readable.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import Final

from tests.charts.simulation import AWAY, JOINS_AT, RECORDS, Course

COLUMNS: Final = 4
WIDTH: Final = 236
HEIGHT: Final = 216
MARGIN: Final = 20
PLOT_LEFT: Final = 26
PLOT_TOP: Final = 46
PLOT_WIDTH: Final = 150
PLOT_HEIGHT: Final = 132
HIGHEST: Final = 42
GRID: Final = (0, 10, 20, 30, 40)
LABEL_GAP: Final = 13
COLOURS: Final = ("#0072b2", "#d55e00", "#009e73")
"""Distinct to colour-blind readers, too. By place: the third is the one who is away, or joins later."""

STYLE: Final = """\
text { font-family: system-ui, -apple-system, 'Segoe UI', 'Liberation Sans', sans-serif; fill: #1f2933; }
.title { font-size: 14px; font-weight: 600; }
.subtitle, .axis, .note { font-size: 10px; fill: #6b7785; }
.label { font-size: 11px; font-weight: 600; }
.grid { stroke: #e4e8ec; stroke-width: 1; }
.band { fill: #eef1f4; }
.joins { stroke: #9aa5b1; stroke-width: 1; stroke-dasharray: 3 3; }
.line { fill: none; stroke-width: 2.25; stroke-linejoin: round; stroke-linecap: round; }"""


def picture(courses: Sequence[Course]) -> str:
    """All panels as an SVG document."""
    rows = -(-len(courses) // COLUMNS)
    width, height = COLUMNS * WIDTH + 2 * MARGIN, rows * HEIGHT + 2 * MARGIN
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">',
        "<title>How many records each member has had, by strategy and by way of entering</title>",
        f"<style>\n{STYLE}\n</style>",
        f'<rect width="{width}" height="{height}" rx="10" fill="#ffffff"/>',
    ]
    for number, course in enumerate(courses):
        row, column = divmod(number, COLUMNS)
        lines.append(f'<g transform="translate({MARGIN + column * WIDTH} {MARGIN + row * HEIGHT})">')
        lines += _panel(course)
        lines.append("</g>")
    return "\n".join([*lines, "</svg>", ""])


def _panel(course: Course) -> Iterator[str]:
    story = course.story
    yield _text(PLOT_LEFT, 14, story.title, "title")
    yield _text(PLOT_LEFT, 30, story.subtitle, "subtitle")
    if story.away:
        start, end = _x(AWAY.start), _x(AWAY.stop)
        yield f'<rect class="band" x="{start:g}" y="{PLOT_TOP}" width="{end - start:g}" height="{PLOT_HEIGHT}"/>'
    for count in GRID:
        end = PLOT_LEFT + PLOT_WIDTH
        yield f'<line class="grid" x1="{PLOT_LEFT}" x2="{end}" y1="{_y(count):g}" y2="{_y(count):g}"/>'
        yield _text(PLOT_LEFT - 6, _y(count) + 3.5, str(count), "axis", anchor="end")
    if story.away:
        yield _text((_x(AWAY.start) + _x(AWAY.stop)) / 2, PLOT_TOP + 12, f"{story.away} away", "note", anchor="middle")
    if story.joins:
        at = _x(JOINS_AT)
        yield f'<line class="joins" x1="{at:g}" x2="{at:g}" y1="{PLOT_TOP}" y2="{PLOT_TOP + PLOT_HEIGHT}"/>'
        yield _text(at - 5, PLOT_TOP + 12, f"{story.joins} joins", "note", anchor="end")
    yield _text(PLOT_LEFT + PLOT_WIDTH / 2, PLOT_TOP + PLOT_HEIGHT + 15, f"{RECORDS} records", "axis", anchor="middle")
    yield from _lines(course)


def _lines(course: Course) -> Iterator[str]:
    """A line per member, the last one on top, with name and count where it ends. Who joins later begins then."""
    ends = []
    for (person, counts), colour in zip(course.counts.items(), COLOURS, strict=True):
        first = JOINS_AT if person == course.story.joins else 0
        points = " ".join(f"{_x(number):g},{_y(counts[number]):g}" for number in range(first, len(counts)))
        yield f'<polyline class="line" stroke="{colour}" points="{points}"/>'
        ends.append((_y(counts[-1]), f"{person} {counts[-1]}", colour))
    below = 0.0
    for height, words, colour in sorted(ends):
        below = max(height + 4, below + LABEL_GAP)
        yield _text(_x(RECORDS) + 7, below, words, "label", colour=colour)


def _x(number: int) -> float:
    return round(PLOT_LEFT + PLOT_WIDTH * number / RECORDS, 2)


def _y(count: int) -> float:
    return round(PLOT_TOP + PLOT_HEIGHT * (1 - count / HIGHEST), 2)


def _text(x: float, y: float, words: str, kind: str, *, anchor: str = "start", colour: str = "") -> str:
    fill = f' style="fill: {colour}"' if colour else ""
    return f'<text class="{kind}" x="{x:g}" y="{y:g}" text-anchor="{anchor}"{fill}>{escape(words)}</text>'
