# SPDX-License-Identifier: GPL-3.0-or-later
"""Beyond the paper: how often intervals hold the label, before and after calibration, and under shift."""

from __future__ import annotations

import xarray as xr

from mesobayes.drawing.drawing import Drawing
from mesobayes.drawing.style import BLACK, BLUE, GREEN, VERMILION, new_figure
from mesobayes.record.provenance import Run
from mesobayes.studies.permeability.figures.mechanics import TITLES, legend_below


def permeability_coverage(coverage: xr.Dataset, fits: list[xr.Dataset], run: Run) -> Drawing:
    """Coverage of intervals of models of discs of one size on three families, and of every family's own."""
    level = 100 * float(coverage.attrs["level"])
    rows = [
        (str(model), str(family))
        for family in coverage["family"].values
        for model in coverage["model"].values
    ]
    rows = [row for row in rows if int(coverage["labels"].sel(model=row[0], family=row[1])) > 0]
    figure = new_figure(1.0, 0.1 + 0.045 * max(len(rows), len(fits)))
    left, right = figure.subplots(1, 2, sharex=True)
    marks = {
        "coverage_nominal": ("o", "none", "before calibration"),
        "coverage_calibrated": ("o", GREEN, "calibrated on the family of the fit"),
        "coverage_recalibrated": ("D", BLUE, "calibrated on held-out cells of the tested family"),
    }
    labels = []
    for at, (model, family) in enumerate(reversed(rows)):
        cell = coverage.sel(model=model, family=family)
        labels.append(f"{model} on {TITLES[family]} ({int(cell['labels'])})")
        for key, (marker, fill, _) in marks.items():
            edge = BLACK if fill == "none" else fill
            left.plot(
                100 * float(cell[key]), at, marker, markerfacecolor=fill, markeredgecolor=edge, markersize=4.5
            )
    left.set(yticks=range(len(labels)), yticklabels=labels, title="(a) fitted to discs of one size")
    own = []
    for at, fit in enumerate(reversed(fits)):
        own.append(f"{_short(fit)}, {TITLES[str(fit.attrs['family'])]} ({fit['log_truth'].size})")
        for key in ("coverage_nominal", "coverage_calibrated"):
            marker, fill, _ = marks[key]
            edge = BLACK if fill == "none" else fill
            right.plot(
                100 * float(fit.attrs[key]),
                at,
                marker,
                markerfacecolor=fill,
                markeredgecolor=edge,
                markersize=4.5,
            )
    right.set(yticks=range(len(own)), yticklabels=own, title="(b) fitted to each family")
    for place in (left, right):
        place.axvline(level, color=VERMILION, linewidth=1.0)
        place.set(xlabel="labels inside (%)", xlim=(0, 103))
        place.tick_params(axis="y", labelsize=6.5)
    for marker, fill, text in marks.values():
        edge = BLACK if fill == "none" else fill
        left.plot([], [], marker, markerfacecolor=fill, markeredgecolor=edge, label=text)
    left.plot([], [], color=VERMILION, label=f"wanted: {level:g} %")
    legend_below(figure, left, 4)
    figure.suptitle(f"{run.label}; in brackets the number of labels of unseen cells", fontsize=7.5)
    drawn = {str(key): coverage[key].values for key in coverage.data_vars}
    own_drawn = [
        {key: fit.attrs[key] for key in fit.attrs if key.startswith(("coverage", "interval"))} for fit in fits
    ]
    return Drawing(
        figure,
        drawn={
            "model": coverage["model"].values.astype(str),
            "family": coverage["family"].values.astype(str),
            **drawn,
            "own": dict(zip(own[::-1], own_drawn, strict=True)),
        },
    )


def _short(fit: xr.Dataset) -> str:
    """Name of a fit without that of its family."""
    return str(fit.attrs["model"]).removeprefix(f"{fit.attrs['family']}_").replace("_", " ")
