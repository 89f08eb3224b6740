# SPDX-License-Identifier: GPL-3.0-or-later
"""Beyond Bridgman et al. 2022: what the printed model leaves open, and what it decides."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mesobayes.drawing.bars import foot_note, line_key
from mesobayes.drawing.drawing import Drawing
from mesobayes.drawing.style import BLUE, ORANGE, SKY, VERMILION, YELLOW, new_figure
from mesobayes.record.provenance import Run
from mesobayes.studies.failure.figures.labels import physics_note
from mesobayes.studies.failure.settings import FigureSettings

READING_LABEL = {
    "printed": "Table 1, eight points (preset printed)",
    "bbar": "Table 1, B-bar",
    "one_point": "Table 1, one point",
    "fast": "m = 5, one point (preset fast)",
    "bbar_m5": "m = 5, B-bar",
    "fast_phi0_text": "m = 5, one point, $\\phi_0$ = 0.008",
}


def failure_readings(readings: list[xr.Dataset], figures: FigureSettings, run: Run) -> Drawing:
    """Strain and place of the first failure of the same specimens under different readings of the model."""
    note = physics_note(readings[0], run)
    named = {str(name): data.sel(reading=name) for data in readings for name in data["reading"].values}
    figure = new_figure(height=0.5)
    left, right = figure.subplots(1, 2, width_ratios=(1.4, 1.0), sharey=True)
    names = [name for name in READING_LABEL if name in named]
    good = np.all([named[name]["status"].values != 2 for name in names], axis=0)
    reference = named["printed"]["failed_voxel"].values
    fast = named["fast"]["failed_voxel"].values
    strains: dict[str, list[float]] = {}
    same: dict[str, Any] = {}
    medians: dict[str, float] = {}
    for row, name in enumerate(names[::-1]):
        data = named[name]
        strain = 100 * data["failure_strain"].values[good]
        strains[name] = np.round(strain[np.isfinite(strain)] / 100, 5).tolist()
        jitter = 0.25 * (np.linspace(-1, 1, len(strain)) if len(strain) > 1 else np.zeros(1))
        left.plot(strain, row + jitter, "o", color=BLUE, markersize=2.8, alpha=0.7)
        medians[name] = median = censored_median(strain)
        left.plot([median] * 2, [row - 0.35, row + 0.35], color=VERMILION, linewidth=2)
        missing = int((~np.isfinite(strain)).sum())
        if missing:
            left.annotate(
                f"{missing} without failure",
                (1.0, row),
                xycoords=("axes fraction", "data"),
                ha="right",
                va="bottom",
                fontsize="x-small",
            )
        both = good & (data["status"].values == 0)
        for offset, other, other_name in ((0.17, reference, "printed"), (-0.17, fast, "fast")):
            pair = both & (named[other_name]["status"].values == 0)
            near = (
                np.abs(data["failed_voxel"].values - other)[pair].max(axis=1) <= figures.same_place
                if pair.any()
                else np.zeros(1)
            )
            same[f"{name}/{other_name}"] = float(near.mean())
            right.barh(
                row + offset, 100 * near.mean(), height=0.3, color=ORANGE if other_name == "printed" else SKY
            )
    low, high = (100 * strain for strain in figures.paper_strain)
    left.axvspan(low, high, color=YELLOW, alpha=0.35, linewidth=0)
    left.set(xlabel="strain at first failure (%)", yticks=range(len(names)))
    left.set_xlim(0, 1.4 * left.get_xlim()[1])  # room for the counts
    left.set_yticklabels([READING_LABEL[name] for name in names[::-1]])
    right.set(xlabel=f"same place within {figures.same_place} voxels (%)", xlim=(0, 100))
    line_key(
        figure,
        [
            ("one specimen", {"marker": "o", "linestyle": "", "color": BLUE}),
            ("median", {"color": VERMILION, "linewidth": 2}),
            (f"paper: {low:g} to {high:g} %", {"color": YELLOW, "linewidth": 5, "alpha": 0.5}),
            ("same place as preset printed", {"color": ORANGE, "linewidth": 5}),
            ("same place as preset fast", {"color": SKY, "linewidth": 5}),
        ],
        columns=3,
    )
    foot_note(
        figure,
        f"{note}; both presets were calibrated to the strains of the paper\n"
        "specimens without failure count as infinite strain in medians",
    )
    drawn = {
        "failure_strain": strains,
        "median_strain_percent": medians,
        "same_place": same,
        "specimens": int(good.sum()),
    }
    return Drawing(figure, {}, drawn)


def censored_median(strain: NDArray[np.floating]) -> float:
    """Median of strains of failure; a specimen without one (NaN) fails later than all, at infinite strain."""
    return float(np.median(np.where(np.isfinite(strain), strain, np.inf)))
