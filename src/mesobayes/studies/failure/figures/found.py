# SPDX-License-Identifier: GPL-3.0-or-later
"""Figure 12 of Bridgman et al. 2022: which clusters of damage a network finds, and which it misses."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mesobayes.drawing.bars import Layer, bar_axes, colour_key, draw_bar, draw_scale, foot_note
from mesobayes.drawing.drawing import Drawing
from mesobayes.drawing.style import GREEN, GREY, PURPLE, SKY, VERMILION, YELLOW, new_figure
from mesobayes.metrics.clusters import label_clusters
from mesobayes.record.provenance import Run
from mesobayes.studies.failure.figures.labels import (
    by_variant,
    copies_of_realizations,
    fit_note,
)
from mesobayes.studies.failure.figures.sensitivity import failure_spots
from mesobayes.studies.failure.figures.summary import cluster_numbers
from mesobayes.studies.failure.settings import LETTERS, SCALINGS, FigureSettings
from mesobayes.studies.failure.target import normalise

FloatArray = NDArray[np.floating]
BoolArray = NDArray[np.bool_]
SHORT = {"raw": "as it is", "normalised": "eq. 8"}
HIT, MISSED, FALSE, FOUND = GREEN, VERMILION, PURPLE, SKY  # colours of true and of predicted clusters


def cnn_vs_sensitivity(
    fit: xr.Dataset,
    perturbed: list[xr.Dataset],
    scores: list[xr.Dataset],
    figures: FigureSettings,
    voxel_mm: float,
    run: Run,
) -> Drawing:
    """Figure 12: clusters found, missed and false in a, g, h and l, and failures of perturbed copies.

    Two views of each: the prediction as it is, and normalised by equation 8.
    """
    threshold, copies = figures.cluster_threshold, copies_of_realizations(perturbed)
    drawn: dict[str, Any] = {"threshold": threshold}
    figure = new_figure(height=0.62)
    grid = figure.add_gridspec(1, 2 * len("aghl"))
    for column, letter in enumerate("aghl"):
        number = LETTERS.index(letter)
        row = int(fit.attrs["realizations"][number])
        pores, target = fit["pores"].values[row].astype(bool), fit["target"].values[row].astype(np.float32)
        mean = fit["mean"].values[row].astype(np.float32)
        fields = {"raw": mean, "normalised": normalise(mean[None], ~pores[None])[0]}
        spots = failure_spots(copies[number], pores.shape)
        drawn[letter] = {"failed_copies": int((copies[number]["status"] == 0).sum())}
        for place, scaling in enumerate(SCALINGS):
            regions, counts = compare_clusters(fields[scaling], target, ~pores, threshold)
            drawn[letter][scaling] = counts
            axes = bar_axes(figure, grid[2 * column + place])
            layers = [
                Layer(pores, GREY, 0.2),
                *(
                    Layer(regions[name] & ~spots, colour, alpha)
                    for name, colour, alpha in (
                        ("found", FOUND, 0.45),
                        ("false", FALSE, 0.6),
                        ("hit", HIT, 0.95),
                        ("missed", MISSED, 0.95),
                    )
                ),
                Layer(spots, YELLOW, 1.0),
            ]
            title = f"({letter}) {SHORT[scaling]}\n{counts['hit']} of {counts['hit'] + counts['missed']}"
            draw_bar(axes, pores.shape, layers, title)
            if column == place == 0:
                draw_scale(axes, pores.shape, voxel_mm)
    colour_key(
        figure,
        (
            ("pores", GREY),
            ("true cluster, found", HIT),
            ("true cluster, missed", MISSED),
            ("predicted, beside a true one", FOUND),
            ("predicted, no true one there", FALSE),
            ("failure of a perturbed copy", YELLOW),
        ),
        columns=3,
    )
    note = (
        f"clusters above {threshold:g} of the prediction as it is and normalised (eq. 8); "
        "numbers: true clusters found; load along the arrows"
    )
    foot_note(figure, f"{fit_note(fit, run)}\n{note}")
    numbers = cluster_numbers(by_variant(scores)["point_t_IHpr"], threshold)
    return Drawing(figure, {f"cluster_{what}": number for what, number in numbers.items()}, drawn)


def compare_clusters(
    predicted: FloatArray, true: FloatArray, solid: BoolArray, threshold: float
) -> tuple[dict[str, BoolArray], dict[str, int]]:
    """Voxels (x, y, z) of true clusters that are hit and missed, of predicted ones that are found and false.

    Predicted voxels that are true as well count as true. Also the number of clusters of each kind.
    """
    found, n_found = label_clusters(np.where(solid, predicted, -np.inf), threshold)
    truth, n_true = label_clusters(np.where(solid, true, -np.inf), threshold)
    shared = (found > 0) & (truth > 0)
    right, caught = np.unique(found[shared]), np.unique(truth[shared])
    hit = np.isin(truth, caught) & (truth > 0)
    beside = np.isin(found, right) & (found > 0)
    regions = {
        "hit": hit,
        "missed": (truth > 0) & ~hit,
        "found": beside & (truth == 0),
        "false": (found > 0) & ~beside,
    }
    counts = {"hit": len(caught), "missed": n_true - len(caught)}
    return regions, counts | {"found": len(right), "false": n_found - len(right)}
