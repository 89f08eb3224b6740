# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures 8 and 9 of Bridgman et al. 2022: the network, and what right and wrong voxels are."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.patches import Rectangle

from mesobayes.drawing.bars import Layer, bar_axes, colour_key, draw_bar, draw_scale, foot_note
from mesobayes.drawing.diagram import arrow
from mesobayes.drawing.drawing import Drawing, Number
from mesobayes.drawing.style import BLACK, GREY, PURPLE, SKY, VERMILION, new_figure
from mesobayes.geometry.settings import PorositySettings
from mesobayes.nets.settings import HeteroencoderSettings
from mesobayes.record.provenance import Run
from mesobayes.studies.failure.figures.labels import fit_note
from mesobayes.studies.failure.settings import FigureSettings


def heteroencoder_architecture(
    network: HeteroencoderSettings, porosity: PorositySettings, run: Run
) -> Drawing:
    """Figure 8: the layers, drawn from the channels and the grid in use."""
    channels, shape = [outputs for _, outputs in network.channels], porosity.shape
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
            arrow(axes, (x + width + 0.03, 0), (x + width + 0.27, 0), linewidth=0.8)
        x += width + 0.3
    latent = channels[2] * int(np.prod([n // 4 for n in shape]))
    axes.set(xlim=(-0.1, x), ylim=(-0.95, 0.95))
    grid = " × ".join(map(str, shape))
    foot_note(
        figure,
        f"kernels 3 × 3 × 3, padding 'same'; {latent} values in the narrowest layer on {grid} voxels. "
        f"{run.label}",
    )
    return Drawing(
        figure,
        {"latent_text": Number(latent, note=f"{channels[2]} channels, on {grid} voxels")},
        {"latent": latent, "channels": channels, "shape": list(shape)},
    )


def confusion_illustration(fit: xr.Dataset, figures: FigureSettings, voxel_mm: float, run: Run) -> Drawing:
    """Figure 9: true and false positives and false negatives of one test specimen."""
    threshold = figures.level
    truth, found = fit["target"].values >= threshold, fit["mean"].values >= threshold
    both = (truth & found).sum(axis=(1, 2, 3))
    mixed = both * np.minimum((~truth & found).sum(axis=(1, 2, 3)), (truth & ~found).sum(axis=(1, 2, 3)))
    row = int(np.argmax(mixed if mixed.any() else both))
    t, p = truth[row], found[row]
    figure = new_figure(width=0.6, height=0.5)
    axes = bar_axes(figure, 111)
    pores = fit["pores"].values[row].astype(bool)
    layers = [Layer(pores, GREY, 0.15), Layer(t & ~p, VERMILION, 0.75), Layer(p & ~t, SKY, 0.5)]
    draw_bar(axes, t.shape, [*layers, Layer(t & p, PURPLE, 1.0)])
    draw_scale(axes, t.shape, voxel_mm)
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
                ("true positive", PURPLE),
                ("false positive", SKY),
                ("false negative", VERMILION),
                ("true negative", "white"),
            )
        ],
        columns=2,
    )
    foot_note(figure, fit_note(fit, run).replace(", shown", ",\nshown") + f"; above {threshold:g}")
    return Drawing(
        figure, {}, {"voxels": counts, "threshold": threshold, "specimen": int(fit["specimen"][row])}
    )
