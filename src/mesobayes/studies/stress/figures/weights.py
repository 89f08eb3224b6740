# SPDX-License-Identifier: GPL-3.0-or-later
"""Figure 9: fixed beside random weights, drawn from the layers that all networks are made of."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Circle, Rectangle

from mesobayes.drawing.bars import foot_note
from mesobayes.drawing.diagram import Point, canvas
from mesobayes.drawing.drawing import Drawing
from mesobayes.drawing.style import BLACK, BLUE, GREY
from mesobayes.nets.keys import WeightPlan
from mesobayes.nets.layers import Linear
from mesobayes.nets.operators import Dense
from mesobayes.nets.settings import Estimator, StressNetworkSettings
from mesobayes.studies.stress.figures.parts import MATERIAL

_UNITS = (2, 3, 1)  # of the two small networks


_NETWORKS: tuple[tuple[float, Estimator], ...] = ((0.0, "none"), (22.0, "shared"))  # left edge, weights


def nn_vs_bnn() -> Drawing:
    """Draw figure 9: the same layers with a number for each weight, and with a Gaussian for each."""
    figure, axes = canvas(1.0, 0.41, 42.4, 15.8)
    drawn: dict[str, Any] = {}
    for left, estimator in _NETWORKS:
        means, spreads = small_weights(estimator)
        _draw_small_network(axes, left, means, spreads)
        title = "(a) one number per weight" if estimator == "none" else "(b) one distribution per weight"
        axes.text(left + 0.3, 15.2, title, ha="left", va="center", fontsize=8.5)
        drawn[estimator] = {"mean": means, "std": spreads}
    foot_note(
        figure, "both: layers of the networks in use before a fit, from one seed; biases left out; tick: zero"
    )
    return Drawing(figure, drawn=drawn)


def small_weights(estimator: Estimator) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Means and standard deviations of the weights (in, out) of two dense layers, from one seed."""
    settings, plan = StressNetworkSettings("printed", estimator=estimator, posterior_std=0.35), WeightPlan(0)
    kernels = [Linear(Dense(), shape, shape[1], settings, plan).kernel for shape in pairwise(_UNITS)]
    return [np.asarray(k.mu[...]) for k in kernels], [np.asarray(k.sigma) for k in kernels]


def _draw_small_network(axes: Axes, left: float, means: list[np.ndarray], spreads: list[np.ndarray]) -> None:
    """Draw units as circles and each weight on its edge."""
    places = [
        [(left + x, 7.2 + 5.8 * ((count - 1) / 2 - i)) for i in range(count)]
        for x, count in zip((1.2, 10.2, 19.2), _UNITS, strict=True)
    ]
    for mean, std, starts, ends in zip(means, spreads, places[:-1], places[1:], strict=True):
        for (i, j), weight in np.ndenumerate(mean):
            a, b = starts[i], ends[j]
            axes.plot(*zip(a, b, strict=True), color=GREY, linewidth=0.8, zorder=1)
            far = abs(a[1] - b[1]) > 6.0  # edges that cross others have their weight near their end
            share = 0.5 if len(ends) == 1 else 0.8 if far else 0.3
            centre = (a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1]))
            _draw_weight(axes, centre, float(weight), float(std[i, j]))
    for points, name in zip(places, ("x", "h", "y"), strict=True):
        for number, point in enumerate(points, 1):
            axes.add_patch(Circle(point, 0.9, facecolor=MATERIAL, edgecolor=BLACK, linewidth=0.8, zorder=3))
            text = f"${name}_{number}$" if len(points) > 1 else f"${name}$"
            axes.text(*point, text, ha="center", va="center", zorder=4, fontsize=9)


def _draw_weight(axes: Axes, centre: Point, mean: float, std: float) -> None:
    """Draw a number on an edge, or the density of a Gaussian on [-2.5, 2.5]."""
    x, y = centre
    if std == 0.0:
        plain = {"facecolor": "white", "edgecolor": GREY, "linewidth": 0.5, "pad": 2.0}
        axes.text(
            x,
            y,
            f"{mean:.2f}".replace("-", "−"),
            ha="center",
            va="center",
            fontsize=7.5,
            bbox=plain,
            zorder=5,
        )
        return
    wide, high = 2.6, 1.35
    box = Rectangle((x - wide / 2, y - high / 2), wide, high, zorder=5)
    box.set(facecolor="white", edgecolor=GREY, linewidth=0.5)
    axes.add_patch(box)
    w = np.linspace(-2.5, 2.5, 121)
    density = np.exp(-0.5 * ((w - mean) / std) ** 2)
    low = y - 0.38 * high
    axes.plot(x + w / 2.5 * 0.46 * wide, low + 0.75 * high * density, color=BLUE, linewidth=1.0, zorder=6)
    axes.plot([x, x], [low, low - 0.12], color=BLACK, linewidth=0.6, zorder=6)
    axes.plot([x - 0.46 * wide, x + 0.46 * wide], [low, low], color=BLACK, linewidth=0.5, zorder=5)
