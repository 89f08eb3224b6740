# SPDX-License-Identifier: GPL-3.0-or-later
"""What every solver of a problem costs over ours, and over the floor of a core."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from mesobayes.drawing.drawing import Drawing
from mesobayes.drawing.style import BLUE, GREY, ORANGE, VERMILION, new_figure
from mesobayes.studies.speed.figures.notes import circumstances, ratio_text, rounds_of
from mesobayes.studies.speed.records import Problem, Solver, read_problems

_COLUMNS = (
    ("plate", "strip", "cell_2d", "cell_3d", "bar"),
    ("stressnet", "permeability_cnn", "heteroencoder", "variational_step"),
)
_ROW = 0.032  # height of a row, in page widths
_LIMITS = (1e-4, 1e4)


def benchmark_peers(records: list[Path]) -> Drawing:
    """Draw CPU and wall time of all solvers over ours, a panel for every problem.

    Args:
        records: of problems; those that are not there have no panel.
    """
    problems = {problem.name: problem for problem in read_problems(records)}
    columns = [[problems[name] for name in names if name in problems] for names in _COLUMNS]
    columns = [column for column in columns if column]
    tallest = max(sum(len(problem.solvers) + 2.5 for problem in column) for column in columns)
    figure = new_figure(1.0, _ROW * tallest + 0.12)
    for part, column in zip(figure.subfigures(1, len(columns), squeeze=False)[0], columns, strict=True):
        heights = [len(problem.solvers) + 1 for problem in column]
        panels = np.ravel(part.subplots(len(column), 1, height_ratios=heights, sharex=True))
        for axes, problem in zip(panels, column, strict=True):
            _draw_problem(axes, problem)
        panels[-1].set_xlabel("time over that of our default")
    made = [problem.made for column in columns for problem in column]
    rounds = rounds_of([len(problem.solvers[0].cpu) for column in columns for problem in column])
    note = (
        f"{circumstances(made)}; rounds of the same problem: {rounds}; markers: medians, "
        "bars: range over rounds; numbers: ratios of CPU time"
    )
    figure.suptitle("\n".join(textwrap.wrap(note, 130)), fontsize=7)
    figure.legend(handles=_legend(), loc="outside lower center", ncols=5)
    return Drawing(figure, {}, {problem.name: _drawn(problem) for problem in problems.values()})


def _draw_problem(axes: Axes, problem: Problem) -> None:
    """Draw one panel, our default on top."""
    axes.set_xscale("log")
    axes.set_xlim(*_LIMITS)
    axes.axvline(1.0, color=BLUE, linewidth=0.8)
    if problem.floor is not None:
        floor = problem.floor / float(np.median(problem.solvers[0].cpu))
        axes.axvline(floor, color=GREY, linestyle="--", linewidth=1.0)
    for place, solver in enumerate(problem.solvers):
        ratios, walls = problem.ratios(solver), problem.ratios(solver, "wall")
        middle, colour = float(np.median(ratios)), _colour(problem, solver)
        axes.plot([ratios.min(), ratios.max()], [place, place], color=colour, linewidth=2.0)
        axes.plot(middle, place, "o", color=colour, markersize=4.5)
        axes.plot(float(np.median(walls)), place, "D", mfc="none", mec=colour, markersize=5.5)
        axes.text(
            1.01, place, ratio_text(middle), va="center", fontsize=6.5, transform=axes.get_yaxis_transform()
        )
    axes.set_yticks(range(len(problem.solvers)), [solver.name for solver in problem.solvers], fontsize=6.5)
    axes.set_ylim(len(problem.solvers) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.set_xticks([1e-4, 1e-2, 1.0, 1e2, 1e4])
    size = ", ".join(f"{count:,} {what}" for what, count in problem.size.items())
    axes.set_title("\n".join(textwrap.wrap(f"{problem.title} ({size})", 48)), fontsize=7, loc="right")


def _colour(problem: Problem, solver: Solver) -> str:
    """Blue is ours; of the others, orange costs more than our default and vermilion less."""
    if solver.ours:
        return BLUE
    return ORANGE if float(np.median(problem.ratios(solver))) >= 1.0 else VERMILION


def _legend() -> list[Line2D]:
    def marker(colour: str, shape: str = "o", fill: str | None = None) -> dict[str, object]:
        return {"marker": shape, "color": colour, "linestyle": "", "markerfacecolor": fill or colour}

    return [
        Line2D([], [], label="ours", **marker(BLUE)),  # type: ignore[arg-type]
        Line2D([], [], label="others, costlier", **marker(ORANGE)),  # type: ignore[arg-type]
        Line2D([], [], label="others, cheaper", **marker(VERMILION)),  # type: ignore[arg-type]
        Line2D([], [], label="open: wall time", **marker(GREY, "D", "none")),  # type: ignore[arg-type]
        Line2D([], [], label="floor of a core", color=GREY, linestyle="--"),
    ]


def _drawn(problem: Problem) -> dict[str, object]:
    """Return what a panel shows."""

    def ratios(solvers: Sequence[Solver], clock: str) -> dict[str, list[float]]:
        return {solver.name: problem.ratios(solver, clock).tolist() for solver in solvers}

    first = float(np.median(problem.solvers[0].cpu))
    return {
        "title": problem.title,
        "size": problem.size,
        "CPU time over ours": ratios(problem.solvers, "cpu"),
        "wall time over ours": ratios(problem.solvers, "wall"),
        "difference from ours": {solver.name: solver.difference for solver in problem.solvers},
        "CPU seconds of ours": first,
        "floor over ours": None if problem.floor is None else problem.floor / first,
        "floor": problem.because,
        "made": problem.made,
    }
