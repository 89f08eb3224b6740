# SPDX-License-Identifier: GPL-3.0-or-later
"""`mesobayes graph <file>`: the picture of all rules and what they hand on, one panel a study.

A dot marks the rules from whose files figures and tables are drawn; an arrow that others imply is left out.
"""

from __future__ import annotations

import re
import subprocess
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from mesobayes.command.status import is_drawn
from mesobayes.command.workflow import registry, scale_of, snakemake
from mesobayes.drawing.diagram import arrow, box
from mesobayes.drawing.style import BLUE, GREEN, ORANGE, SKY, VERMILION, drawing_style, new_figure
from mesobayes.record.errors import MesobayesError
from mesobayes.record.files import replacing

Edges = Mapping[str, frozenset[str]]  # rule -> the rules whose files it reads
_COLOURS = {
    "krokos2022": ("stress", SKY),
    "aldakheel2023": ("permeability", GREEN),
    "bridgman2022": ("failure", ORANGE),
}
_BOX, _HEIGHT = 2.6, 0.42  # width and height of a box
_STEP, _ROW = 3.2, 0.62  # distances of columns and rows


def graph(file: Path, scale: str | None) -> int:
    """Draw the rules behind all figures to an SVG, PDF or PNG file."""
    command = snakemake("all", "--rulegraph", "dot", "--config", f"scale={scale_of(scale)}")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise MesobayesError(f"snakemake draws no graph: {done.stderr.strip().splitlines()[-1]}")
    edges = read_dot(done.stdout)
    paper_of = {target.rule: target.paper for target in registry().targets}
    drawn = {paper: {rule for rule in edges if paper_of.get(rule) == paper} for paper in _COLOURS}
    read = {paper: set().union(*(edges[target] for target in drawn[paper])) for paper in _COLOURS}
    panels = {paper: without_shortcuts(upstream(edges, read[paper])) for paper in _COLOURS}
    placed = {paper: places(panel) for paper, panel in panels.items()}
    heights = [1 + max(row for _, row in place.values()) for place in placed.values()]
    with drawing_style():
        figure = new_figure(1.35, 0.045 * sum(heights) + 0.1)
        axes = figure.subplots(len(panels), 1, height_ratios=heights)
        for some, (paper, panel) in zip(axes, panels.items(), strict=True):
            study, colour = _COLOURS[paper]
            title = f"{study}: {len(drawn[paper])} figures and tables, drawn from what has a dot"
            draw_panel(some, panel, placed[paper], read[paper], title, colour)
        with replacing(file) as temporary:
            figure.savefig(temporary, format=file.suffix.removeprefix("."), dpi=150)
    rules, targets = (sum(map(len, some.values())) for some in (panels, drawn))
    print(f"{file}: {rules} rules and {targets} figures and tables")
    return 0


def read_dot(text: str) -> dict[str, frozenset[str]]:
    """Read the graph that `snakemake --rulegraph dot` prints."""
    names = dict(re.findall(r'(\d+)\[label = "(\w+)"', text))
    found: dict[str, set[str]] = {name: set() for name in names.values()}
    for start, end in re.findall(r"(\d+) -> (\d+)", text):
        if start != end:  # a chain of fits reads what its rule wrote before
            found[names[end]].add(names[start])
    return {name: frozenset(before) for name, before in found.items()}


def upstream(edges: Edges, rules: set[str]) -> dict[str, frozenset[str]]:
    """Return the part of the graph that some rules need, without figures and tables."""
    found: dict[str, frozenset[str]] = {}
    todo = [rule for rule in rules if not is_drawn(rule)]
    while todo:
        rule = todo.pop()
        if rule not in found:
            found[rule] = edges[rule]
            todo.extend(edges[rule])
    return found


def without_shortcuts(edges: Edges) -> dict[str, frozenset[str]]:
    """Leave out every arrow from a rule to one that it also reaches through others."""
    reach: dict[str, frozenset[str]] = {}

    def before(rule: str) -> frozenset[str]:
        if rule not in reach:
            reach[rule] = edges[rule].union(*(before(other) for other in edges[rule]))
        return reach[rule]

    return {
        rule: frozenset(one for one in some if not any(one in before(other) for other in some))
        for rule, some in edges.items()
    }


def places(edges: Edges) -> dict[str, tuple[int, float]]:
    """Return column and row of each box: a column behind all it reads, near the rows of its neighbours."""
    depth: dict[str, int] = {}

    def column(rule: str) -> int:
        if rule not in depth:
            depth[rule] = max((column(other) + 1 for other in edges[rule]), default=0)
        return depth[rule]

    columns = defaultdict(list)
    for rule in sorted(edges):
        columns[column(rule)].append(rule)
    rows: dict[str, float] = {}
    tallest = max(map(len, columns.values()))
    for _ in range(8):  # sweeps by the mean row of what a box reads and of what reads it
        for rules in (columns[key] for key in sorted(columns)):
            near = {
                rule: [rows[o] for o in (*edges[rule], *readers(edges, rule)) if o in rows] for rule in rules
            }
            rules.sort(key=lambda rule: sum(near[rule]) / len(near[rule]) if near[rule] else tallest / 2)
            for place, rule in enumerate(rules):
                rows[rule] = place + (tallest - len(rules)) / 2
    return {rule: (depth[rule], rows[rule]) for rule in edges}


def readers(edges: Edges, rule: str) -> list[str]:
    """Return the rules that read the files of one."""
    return [other for other, before in edges.items() if rule in before]


def draw_panel(
    axes: Axes, edges: Edges, placed: Mapping[str, tuple[int, float]], read: set[str], title: str, colour: str
) -> None:
    """Draw boxes and arrows of one study."""
    columns, rows = (max(place[axis] for place in placed.values()) for axis in (0, 1))
    axes.set(xlim=(-0.1, columns * _STEP + _BOX + 0.2), ylim=((rows + 0.6) * _ROW, -0.6 * _ROW))
    axes.set_axis_off()
    axes.set_title(title, loc="left", fontsize=9)
    line: dict[str, Any] = {"colour": BLUE, "linewidth": 0.7, "zorder": 0.5}
    for rule, before in edges.items():
        for other in before:
            (x0, y0), (x1, y1) = placed[other], placed[rule]
            arrow(axes, (x0 * _STEP + _BOX, y0 * _ROW), (x1 * _STEP, y1 * _ROW), **line)
    for rule, (x, y) in placed.items():
        corner = (x * _STEP, y * _ROW - _HEIGHT / 2)
        axes.add_patch(Rectangle(corner, _BOX, _HEIGHT, facecolor="white", zorder=0.9))
        box(axes, (x * _STEP + _BOX / 2, y * _ROW), (_BOX, _HEIGHT), rule.replace("_", " "), colour, 6.5)
        if rule in read:
            axes.plot(x * _STEP + _BOX, y * _ROW, "o", color=VERMILION, markersize=4.5, zorder=3)
