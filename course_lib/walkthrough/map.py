"""The map of prerequisites as a picture: site/map.svg, drawn from course_lib/check/assignments.py."""

from __future__ import annotations

import textwrap
from html import escape

from course_lib.check.assignments import ASSIGNMENTS

COLUMN, ROW, WIDE, HIGH, EDGE = 150, 76, 112, 60, 12


def map_svg() -> str:
    """The picture as SVG text: a box for each assignment, arrows from what it builds on; black on white in every theme."""
    at = {n: (EDGE + a.place[0] * COLUMN, EDGE + a.place[1] * ROW) for n, a in ASSIGNMENTS.items()}
    width, height = (max(p[i] for p in at.values()) + size + EDGE for i, size in ((0, WIDE), (1, HIGH)))
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" viewBox="0 0 {width:g} {height:g}" '
             'font-family="system-ui, sans-serif" text-anchor="middle">', f'<rect width="{width:g}" height="{height:g}" rx="8" fill="#ffffff"/>']
    for number, assignment in ASSIGNMENTS.items():
        for before in assignment.builds_on:
            (x, y), (u, v) = at[number], at[before]
            u, v, y = u + WIDE, v + HIGH / 2, y + HIGH / 2
            bend = min(34, (x - u) / 2)
            lines.append(f'<path d="M{u:g} {v:g}C{u + bend:g} {v:g} {x - 8 - bend:g} {y:g} {x - 8:g} {y:g}" fill="none" stroke="#6b727d" stroke-width="1.4"/>')
            lines.append(f'<path d="M{x - 9:g} {y - 4:g}L{x - 1:g} {y:g}L{x - 9:g} {y + 4:g}z" fill="#6b727d"/>')
    for number, assignment in ASSIGNMENTS.items():
        x, y = at[number]
        lines.append(f'<rect x="{x:g}" y="{y:g}" width="{WIDE}" height="{HIGH}" rx="6" fill="#f4f5f7" stroke="#30343b" stroke-width="1.2"/>')
        lines.append(f'<text x="{x + WIDE / 2:g}" y="{y + 18:g}" font-size="14" font-weight="600" fill="#22262c">{number}</text>')
        for i, words in enumerate(textwrap.wrap(assignment.title, 17)):
            lines.append(f'<text x="{x + WIDE / 2:g}" y="{y + 35 + 14 * i:g}" font-size="11" fill="#22262c">{escape(words)}</text>')
    return "\n".join([*lines, "</svg>"]) + "\n"
