# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures 1 to 4: the operations of a network with their numbers, computed by the code in use."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import jax.numpy as jnp
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.patches import Circle, Rectangle

from mesobayes.drawing.diagram import arrow, canvas
from mesobayes.drawing.drawing import Drawing
from mesobayes.drawing.style import BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILION
from mesobayes.nets.convolution import SameConvolution
from mesobayes.nets.resampling import max_pool, mean_pool

_IMAGE = np.array([[0, 1, 1, 0, 0], [1, 1, 0, 0, 1], [1, 0, 0, 1, 1], [0, 0, 1, 1, 0], [0, 1, 1, 0, 0]])
_KERNEL = np.array([[1, 0, -1], [2, 0, -2], [1, 0, -1]])
_BIAS = 1


def _grid(
    axes: Axes,
    values: np.ndarray,
    corner: tuple[float, float],
    colour: str,
    title: str = "",
    marked: Sequence[tuple[int, int]] = (),
) -> None:
    """A table of numbers with its lower left corner at `corner`, first row on top."""
    rows, columns = values.shape
    for row in range(rows):
        for column in range(columns):
            x, y = corner[0] + column, corner[1] + rows - 1 - row
            face = to_rgba(colour, 0.5) if (row, column) in marked else "white"
            axes.add_patch(Rectangle((x, y), 1, 1, facecolor=face, edgecolor=GREY, linewidth=0.7))
            axes.text(x + 0.5, y + 0.5, f"{values[row, column]:g}", ha="center", va="center", fontsize=7.5)
    axes.text(corner[0] + columns / 2, corner[1] + rows + 0.25, title, ha="center", va="bottom")


def _sign(axes: Axes, x: float, y: float, text: str) -> None:
    axes.text(x, y, text, ha="center", va="center", fontsize=13)


def _correlate(image: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Equation 7 by the convolution of the networks, without its padding."""
    result = SameConvolution()(
        jnp.asarray(image, jnp.float32)[None, :, :, None], jnp.asarray(kernel, jnp.float32)[:, :, None, None]
    )
    return np.asarray(result)[0, 1:-1, 1:-1, 0]


def convolution_gray() -> Drawing:
    """One kernel and a bias on a grey image."""
    feature = _correlate(_IMAGE, _KERNEL) + _BIAS
    figure, axes = canvas(0.9, 0.37, 19, 7.3)
    window = [(i, j) for i in range(3) for j in range(3)]
    _grid(axes, _IMAGE, (0.5, 1.2), SKY, "image", window)
    _sign(axes, 6.4, 3.7, "∗")
    _grid(axes, _KERNEL, (7.2, 2.2), ORANGE, "kernel", window)
    _sign(axes, 11.1, 3.7, "+")
    _grid(axes, np.array([[_BIAS]]), (11.8, 3.2), GREEN, "bias", [(0, 0)])
    _sign(axes, 13.7, 3.7, "=")
    _grid(axes, feature, (14.5, 2.2), VERMILION, "feature map", [(0, 0)])
    sum_of = " ".join(
        f"{a:+d}·{b}" for a, b in zip(_KERNEL[:, [0, 2]].ravel(), _IMAGE[:3, [0, 2]].ravel(), strict=True)
    )
    axes.text(9.5, 0.45, f"first value: {sum_of} {_BIAS:+d} = {feature[0, 0]:g}", ha="center", fontsize=8)
    return Drawing(figure, drawn={"image": _IMAGE, "kernel": _KERNEL, "bias": _BIAS, "feature_map": feature})


def convolution_rgb() -> Drawing:
    """One kernel per channel, the results added up with one bias."""
    channels = [_IMAGE, np.rot90(_IMAGE), 1 - _IMAGE]
    kernels = [_KERNEL, _KERNEL.T, np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]])]
    parts = [_correlate(image, kernel) for image, kernel in zip(channels, kernels, strict=True)]
    total = np.sum(parts, axis=0) + _BIAS
    figure, axes = canvas(1.0, 0.86, 25, 21.4)
    for i, (name, colour) in enumerate(zip(("red", "green", "blue"), (VERMILION, GREEN, BLUE), strict=True)):
        y = 14.6 - 6.9 * i
        _grid(
            axes,
            channels[i],
            (0.5, y),
            colour,
            f"{name} channel",
            [(a, b) for a in range(3) for b in range(3)],
        )
        _sign(axes, 6.3, y + 2.5, "∗")
        _grid(axes, kernels[i], (7.1, y + 1), colour, "kernel", [(a, b) for a in range(3) for b in range(3)])
        _sign(axes, 10.9, y + 2.5, "=")
        _grid(axes, parts[i], (11.7, y + 1), colour, "", [(0, 0)])
        start, end = (14.9, y + 2.5), (16.2, 10.2)
        arrow(axes, start, end, colour=GREY)
    _sign(axes, 16.6, 10.2, "+")
    _grid(axes, np.array([[_BIAS]]), (17.4, 9.7), SKY, "bias", [(0, 0)])
    _sign(axes, 19.4, 10.2, "=")
    _grid(axes, total, (20.4, 8.7), ORANGE, "feature map", [(0, 0)])
    return Drawing(figure, drawn={"parts": parts, "bias": _BIAS, "feature_map": total})


def pooling() -> Drawing:
    """Maximum and mean over windows of two by two pixels, stride 2."""
    values = np.array([[1, 3, 2, 9], [5, 4, 1, 1], [8, 2, 4, 6], [0, 2, 5, 1]])
    as_tensor = jnp.asarray(values, jnp.float32)[None, :, :, None]
    largest, mean = (np.asarray(pool(as_tensor))[0, :, :, 0] for pool in (max_pool, mean_pool))
    figure, axes = canvas(0.7, 0.42, 12.5, 7.2)
    colours = (SKY, ORANGE, GREEN, PURPLE)
    for k, colour in enumerate(colours):
        i, j = divmod(k, 2)
        _block(axes, values, (0.5, 1.2), colour, [(2 * i + a, 2 * j + b) for a in range(2) for b in range(2)])
        _block(axes, largest, (9.0, 4.0), colour, [(i, j)])
        _block(axes, mean, (9.0, 0.6), colour, [(i, j)])
    axes.text(2.5, 5.45, "feature map", ha="center")
    axes.text(10.0, 6.25, "maximum", ha="center")
    axes.text(10.0, 2.85, "mean", ha="center")
    for y in (5.0, 1.6):
        arrow(axes, (5.2, 3.2), (8.5, y), colour=GREY)
    axes.text(
        6.7, 3.2, "windows 2 × 2\nstride 2", ha="center", va="center", fontsize=7.5, backgroundcolor="white"
    )
    return Drawing(figure, drawn={"values": values, "maximum": largest, "mean": mean, "stride": 2})


def _block(axes: Axes, values: np.ndarray, corner: tuple[float, float], colour: str, cells: list) -> None:
    """Some cells of a table, coloured."""
    rows = len(values)
    for row, column in cells:
        x, y = corner[0] + column, corner[1] + rows - 1 - row
        axes.add_patch(Rectangle((x, y), 1, 1, facecolor=f"{colour}88", edgecolor=GREY, linewidth=0.7))
        axes.text(x + 0.5, y + 0.5, f"{values[row, column]:g}", ha="center", va="center", fontsize=8)


def mlp() -> Drawing:
    """Input, hidden and output layer; biases B1 and B2."""
    figure, axes = canvas(0.62, 0.46, 10, 7.4)
    layers = [(1.5, 4, SKY, "input layer"), (5.0, 5, ORANGE, "hidden layer"), (8.5, 2, GREEN, "output layer")]
    places = [[(x, 3.3 + 1.1 * (i - (n - 1) / 2)) for i in range(n)] for x, n, _, _ in layers]
    biases = [(3.2, 6.6), (6.8, 6.6)]
    for left, right in pairwise(places):
        for a in left:
            for b in right:
                axes.plot(*zip(a, b, strict=True), color=GREY, linewidth=0.5, zorder=1)
    for bias, right, name in zip(biases, places[1:], ("B1", "B2"), strict=True):
        for b in right:
            axes.plot(*zip(bias, b, strict=True), color=VERMILION, linewidth=0.5, linestyle="--", zorder=1)
        axes.add_patch(Circle(bias, 0.38, facecolor="white", edgecolor=VERMILION, zorder=2))
        axes.text(*bias, name, ha="center", va="center", zorder=3)
    for points, (x, _, colour, name) in zip(places, layers, strict=True):
        for point in points:
            axes.add_patch(Circle(point, 0.38, facecolor=colour, edgecolor="black", linewidth=0.6, zorder=2))
        axes.text(x, 0.05, name, ha="center", va="bottom")
    return Drawing(figure, drawn={"units": [n for _, n, _, _ in layers]})
