# SPDX-License-Identifier: GPL-3.0-or-later
"""The picture of a user's own volume: where it fails first, and with which probability."""

from __future__ import annotations

from typing import Any

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from mesobayes.drawing.bars import Layer, bar_axes, draw_bar, foot_note, project
from mesobayes.drawing.style import BLACK, BLUE, GREY, new_figure

_DRAWN = 64  # voxels along the longest edge: more are drawn as blocks
_NAMED = 5  # places with a number in the bar
_SHOWN = 0.01  # probability from which a place is drawn there
_COLOURS = mpl.colors.ListedColormap(mpl.colormaps["inferno"](np.linspace(0.85, 0.25, 64)))


def own_picture(pores: NDArray[np.bool_], places: xr.Dataset, content: dict[str, Any], origin: str) -> Figure:
    """Draw pores (x, y, z) with their places; `content` is its record, `origin` what all figures say."""
    block = -(-max(pores.shape) // _DRAWN)
    shown, voxel = in_blocks(pores, block), places["voxel"].values // block
    tall = min(1.0, 0.35 + 0.14 * pores.shape[2] / max(pores.shape[:2]))
    figure = new_figure(height=tall)
    standing = bar_axes(figure, figure.add_gridspec(1, 2, width_ratios=(1.0, 1.2))[0])
    right = figure.add_subplot(figure.add_gridspec(1, 2, width_ratios=(1.0, 1.2))[1])
    probability = places["probability"].values
    norm = mpl.colors.Normalize(0.0, 1.0)
    layers = [Layer(shown, GREY, 0.2)]
    for number in reversed(np.flatnonzero(probability >= _SHOWN)):
        spot = np.zeros(shown.shape, bool)
        spot[tuple(slice(max(0, c - 1), c + 2) for c in voxel[number])] = True
        layers.append(Layer(spot & ~shown, _COLOURS(norm(probability[number])), 0.95))
    draw_bar(standing, shown.shape, layers, "(a) pores (grey), likeliest places")
    rim = [withStroke(linewidth=2.0, foreground="white")]
    for number, at in enumerate(voxel[probability >= _SHOWN][:_NAMED], 1):
        text = standing.annotate(
            str(number), tuple(project(*(at + 0.5))), (5, 3), textcoords="offset points", fontsize=8, zorder=9
        )
        text.set(color=BLACK, path_effects=rim)
    rank = np.arange(1, len(probability) + 1)
    reach = np.array([probability - places["low"].values, places["high"].values - probability])
    right.bar(rank, probability, 0.75, color=_COLOURS(norm(probability)), edgecolor=BLACK, linewidth=0.4)
    right.errorbar(rank, probability, np.maximum(reach, 0.0), fmt="none", ecolor=BLACK, elinewidth=0.9)
    right.plot(rank, np.cumsum(probability), "o-", color=BLUE, markersize=3)
    right.annotate(
        "this place or one before it", (rank[-1], np.sum(probability)), (0, -11),
        textcoords="offset points", ha="right", color=BLUE, fontsize="small",
    )  # fmt: skip
    right.set(
        xticks=rank,
        ylim=(0, 1.05),
        xlabel="place, the likeliest first",
        ylabel="probability that it fails first",
    )
    right.set_title("(b) probability", loc="left")
    foot_note(figure, _note(content, block, origin))
    return figure


def in_blocks(voxels: NDArray[np.bool_], block: int) -> NDArray[np.bool_]:
    """Blocks of voxels (x, y, z) that hold any."""
    padded = np.pad(voxels, [(0, -size % block) for size in voxels.shape])
    shape = [size for count in padded.shape for size in (count // block, block)]
    return np.asarray(padded.reshape(shape).any(axis=(1, 3, 5)))


def _note(content: dict[str, Any], block: int, origin: str) -> str:
    ranker, unlike = content["ranker"], "; ".join(content["unlike_training"])
    return (
        f"{content['image']}, porosity {content['porosity']:.2g}, pulled along {content['pulled']}"
        f" (arrows); lines: range over {ranker['folds']} fits to {min(ranker['trained'])} specimens or more"
        + (f"; one cube is {block} voxels wide" if block > 1 else "")
        + f"\nof {ranker['test_specimens']} unseen specimens {ranker['likeliest_voxel_failed']:.0%} failed "
        f"at their likeliest voxel, which had a mean probability of {ranker['its_mean_probability']:.2f}"
        + (f"\nunlike the training set: {unlike}" if unlike else "")
        + f"; {origin}"
    )
