# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures 6 to 9 and 11 of Bridgman et al. 2022: targets, weights, the network, distributions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr
from matplotlib.patches import FancyArrowPatch, Rectangle

from mesobayes.drawing.bars import Layer, bar_axes, colour_key, draw_bar, foot_note
from mesobayes.drawing.drawing import NOT_SHOWN, Drawing, Finding
from mesobayes.drawing.style import (
    BLACK,
    BLUE,
    GREY,
    SKY,
    VERMILION,
    new_figure,
)
from mesobayes.studies.failure.target import TRANSFORM_NAMES

WEIGHT_NAME = {
    "uniform": "uniform",
    "logistic": "logistic",
    "IH": "inverse histogram",
    "IHpr": "inverse histogram per realization",
}


def damage_loss_histograms(scores: xr.Dataset, note: str) -> Drawing:
    """Figure 6: (a) damage values and their parts of the squared error, (b) squared error per value."""
    total = scores.sum("fold")
    count, error = total["true_count"].values.astype(float), total["squared_error"].values
    edges = np.linspace(0, 1, len(count) + 1)
    figure = new_figure(height=0.36)
    left, right = figure.subplots(1, 2)
    left.stairs(count / count.sum(), edges, color=GREY, fill=True, alpha=0.5, label="voxels")
    left.stairs(error / error.sum(), edges, color=VERMILION, linewidth=1.5, label="part of the squared error")
    left.set(xlabel="true value", ylabel="share per bin", yscale="log", ylim=(1e-5, 1))
    left.set_title("(a)", loc="left")
    left.legend()
    right.stairs(_ratio(error, count), edges, color=BLUE, linewidth=1.5)
    right.set(xlabel="true value", ylabel="mean squared error", yscale="log")
    right.set_title("(b)", loc="left")
    foot_note(figure, note)
    high = slice(len(count) // 2, None)
    return Drawing(
        figure,
        {},
        {
            "share_of_voxels_above_half": float(count[high].sum() / count.sum()),
            "share_of_error_above_half": float(error[high].sum() / error.sum()),
        },
    )


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0)


def loss_weightings(
    scores: Mapping[str, xr.Dataset], weights: Mapping[str, np.ndarray], note: str
) -> Drawing:
    """Figure 7: weight by value, and the squared error per value it leads to, for four weightings.

    `weights` (row, bin): one row, or some specimens' rows of the weighting per realization.
    """
    figure = new_figure(height=0.46)
    panels = figure.subplots(2, 4, sharex=True, sharey="row")
    centres = scores["point_t_uniform"]["bin"].values
    base = _error_by_value(scores["point_t_uniform"])
    drawn = {}
    for column, (name, label) in enumerate(WEIGHT_NAME.items()):
        top, bottom = panels[:, column]
        table = weights[name]
        middle = (np.arange(table.shape[1]) + 0.5) / table.shape[1]
        top.plot(middle, table.T, color=GREY, linewidth=0.5, alpha=0.6 if len(table) > 1 else 0)
        top.plot(middle, np.median(table, axis=0), color=BLUE)
        top.set_title(label.replace(" per realization", "\nper realization"), loc="left")
        top.set(yscale="log")
        error = _error_by_value(scores[f"point_t_{name}"])
        bottom.plot(centres, base, color=GREY, linewidth=1.0, label="uniform")
        bottom.plot(centres, error, color=VERMILION, label="this weighting")
        bottom.set(yscale="log", xlabel="true value")
        drawn[name] = {
            "low": float(np.nanmean(error[: len(error) // 2])),
            "high": float(np.nanmean(error[len(error) // 2 :])),
        }
    panels[0, 0].set_ylabel("weight")
    panels[1, 0].set_ylabel("mean squared error")
    panels[1, 1].legend()
    foot_note(figure, note)
    return Drawing(figure, {}, {"mean_squared_error_below_and_above_half": drawn})


def _error_by_value(scores: xr.Dataset) -> np.ndarray:
    total = scores.sum("fold")
    return _ratio(total["squared_error"].values, total["true_count"].values.astype(float))


def heteroencoder_architecture(channels: Sequence[int], shape: tuple[int, int, int], note: str) -> Drawing:
    """Figure 8: the layers, drawn from the network's own output channels."""
    levels = [0, 1, 2, 1, 0, 0]
    names = ["conv, ReLU", "pool, conv, ReLU", "pool, conv, ReLU", "up, conv, ReLU", "up, conv, ReLU", "conv"]
    figure = new_figure(height=0.34)
    axes = figure.add_subplot()
    axes.set_axis_off()
    blocks = [("pores", 1, 0), *zip(names, channels, levels, strict=True)]
    x = 0.0
    for number, (name, count, level) in enumerate(blocks):
        height, width = 1.0 / 2**level, 0.12 + 0.03 * count
        colour = GREY if number == 0 else (VERMILION if number == len(blocks) - 1 else SKY)
        axes.add_patch(
            Rectangle((x, -height / 2), width, height, facecolor=colour, edgecolor=BLACK, alpha=0.75)
        )
        size = " × ".join(str(n // 2**level) for n in shape)
        axes.text(
            x + width / 2, -height / 2 - 0.06, f"{size}\n× {count}", ha="center", va="top", fontsize=6.5
        )
        axes.text(
            x + width / 2,
            height / 2 + 0.05,
            name.replace(", ", ",\n"),
            ha="center",
            va="bottom",
            fontsize=6.5,
        )
        if number < len(blocks) - 1:
            axes.add_patch(
                FancyArrowPatch(
                    (x + width + 0.03, 0),
                    (x + width + 0.27, 0),
                    arrowstyle="-|>",
                    mutation_scale=8,
                    color=BLACK,
                    linewidth=0.8,
                )
            )
        x += width + 0.3
    latent = channels[2] * int(np.prod([n // 4 for n in shape]))
    axes.set(xlim=(-0.1, x), ylim=(-0.95, 0.95))
    foot_note(figure, f"kernels 3 × 3 × 3, padding 'same'; {latent} values in the narrowest layer. " + note)
    printed_latent = channels[2] * 5 * 5 * 20
    reason = f"eight channels of 5 × 5 × 20 are {printed_latent}; the layer before holds 8 × 10 × 10 × 40"
    return Drawing(figure, {"latent_text": Finding(printed_latent, NOT_SHOWN, reason)}, {"latent": latent})


def confusion_illustration(fit: xr.Dataset, note: str, threshold: float = 0.6) -> Drawing:
    """Figure 9: true and false positives and false negatives of one test specimen."""
    truth, found = fit["target"].values >= threshold, fit["mean"].values >= threshold
    both = (truth & found).sum(axis=(1, 2, 3))
    mixed = both * np.minimum((~truth & found).sum(axis=(1, 2, 3)), (truth & ~found).sum(axis=(1, 2, 3)))
    row = int(np.argmax(mixed if mixed.any() else both))
    t, p = truth[row], found[row]
    figure = new_figure(height=0.33)
    axes = bar_axes(figure, 111)
    draw_bar(
        axes,
        t.shape,
        [Layer(t & ~p, "#E8000B", 0.6), Layer(p & ~t, BLUE, 0.45), Layer(t & p, "#FF00FF", 1.0)],
    )
    counts = {
        "true positive": int((t & p).sum()),
        "false positive": int((p & ~t).sum()),
        "false negative": int((t & ~p).sum()),
        "true negative": int((~t & ~p).sum()),
    }
    colour_key(
        figure,
        [
            (f"{name} ({counts[name]})", colour)
            for name, colour in (
                ("true positive", "#FF00FF"),
                ("false positive", BLUE),
                ("false negative", "#E8000B"),
                ("true negative", "white"),
            )
        ],
    )
    foot_note(figure, note)
    return Drawing(figure, {}, {"voxels": counts, "threshold": threshold})


def damage_frequency_levelsets(scores: Mapping[str, xr.Dataset], note: str) -> Drawing:
    """Figure 11: distributions of true and predicted values, and volumes above a threshold."""
    figure = new_figure(height=0.46)
    panels = figure.subplots(2, 4, sharex=True, sharey="row")
    for column, transform in enumerate(("id", "g", "sigma", "t")):
        total = scores[f"point_{transform}_uniform"].sum("fold")
        edges = np.linspace(0, 1, total.sizes["bin"] + 1)
        for what, colour, label in (
            ("true_count", BLACK, "true"),
            ("predicted_count", VERMILION, "predicted"),
        ):
            share = total[what].values / total[what].values.sum()
            above = np.concatenate([[1.0], 1.0 - np.cumsum(share)])
            panels[0, column].stairs(np.maximum(share, 1e-6), edges, color=colour, linewidth=1.2, label=label)
            panels[1, column].plot(edges, np.maximum(above, 1e-6), color=colour, label=label)
        panels[0, column].set(yscale="log", ylim=(1e-5, 1))
        panels[0, column].set_title(TRANSFORM_NAMES[transform].replace(" ∘ ", " ∘\n"), loc="left")
        panels[1, column].set(yscale="log", xlabel="threshold", ylim=(1e-5, 1.2))
    panels[0, 0].set_ylabel("share of voxels")
    panels[1, 0].set_ylabel("share above")
    panels[0, -1].legend()
    foot_note(figure, note)
    return Drawing(figure)
