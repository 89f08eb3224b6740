# SPDX-License-Identifier: GPL-3.0-or-later
"""What several figures of the study share: images, losses, predictions against the truth, notes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from mesobayes.drawing.style import GREY, VERMILION
from mesobayes.record.provenance import Run

Fits = Mapping[str, xr.Dataset]
COMPONENTS = ("μ₁₁*", "μ₂₂*")


def cell_near(cells: xr.Dataset, fraction: float) -> xr.Dataset:
    """The cell whose volume fraction is nearest to the wanted one."""
    return cells.isel(sample=int(np.argmin(np.abs(cells["volume_fraction"].values - fraction))))


def show_image(axes: Axes, image: np.ndarray, title: str = "") -> None:
    """Inclusions dark, as in the paper; the first row below."""
    axes.imshow(1 - image, cmap="gray", vmin=0, vmax=1)
    axes.set(xticks=[], yticks=[], title=title)
    axes.spines[["top", "right"]].set_visible(True)


def draw_losses(axes: Axes, fits: Fits, colours: Mapping[str, str]) -> None:
    """Mean squared errors of log μ over the epochs: validation solid, training dashed."""
    for name, colour in colours.items():
        epochs = fits[name]["epoch"].values
        training, validation = fits[name]["history"].values.T
        axes.semilogy(epochs, validation, color=colour, label=f"{name}, validation")
        axes.semilogy(
            epochs, training, color=colour, linestyle="--", linewidth=0.9, label=f"{name}, training"
        )
    base = next(iter(fits.values())).attrs["baseline_spread"] ** 2
    axes.axhline(base, color=GREY, linestyle=":", label="volume fraction alone")
    axes.set(xlabel="epoch", ylabel="mean squared error of log μ*")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    low, high = axes.get_ylim()
    axes.set_ylim(low, high * (high / low) ** 0.45)  # room for the legend
    axes.legend(loc="upper right", fontsize=6.5)


def draw_predictions(axes: Axes, fits: Fits, component: int, colours: Mapping[str, str]) -> None:
    """Predictions of some fits against the truth, with the identity and the volume fraction alone."""
    first = next(iter(fits.values()))
    truth, base = (np.exp(first[key].values[:, component]) for key in ("log_truth", "log_baseline"))
    ends = [truth.min(), truth.max()]
    axes.plot(ends, ends, color=VERMILION, linewidth=1.0, label="finite elements", zorder=3)
    axes.plot(
        truth, base, "x", color=GREY, markersize=2.5, markeredgewidth=0.6, label="volume fraction alone"
    )
    for name, colour in colours.items():
        truth, mean = (np.exp(fits[name][key].values[:, component]) for key in ("log_truth", "log_mean"))
        axes.plot(truth, mean, ".", color=colour, markersize=3, alpha=0.7, label=name, zorder=4)
    axes.set(xlabel="finite elements", ylabel="prediction")


def share_legend(figure: Figure, axes: Axes) -> None:
    """One legend of predictions below all axes."""
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=5, markerscale=1.6)


def score_table(axes: Axes, fits: Fits) -> None:
    """MAPE and R² of every fit and of the volume fraction as text."""
    axes.set_axis_off()
    base = next(iter(fits.values())).attrs
    headings = ["", "MAPE μ₁₁, μ₂₂", "R² μ₁₁, μ₂₂", "skill", "R² log μ₁₁/μ₂₂"]
    rows = [["fraction alone", _pair(base["baseline_mape"], 100, " %"), _pair(base["baseline_r2"]), "0", "0"]]
    for name, fit in fits.items():
        scores = fit.attrs
        rows.append(
            [
                name.replace("_", " "),
                _pair(scores["mape"], 100, " %"),
                _pair(scores["r2"]),
                f"{scores['skill']:.2f}",
                f"{scores['anisotropy_r2']:.2f}",
            ]
        )
    table = axes.table(rows, colLabels=headings, loc="center", cellLoc="center", edges="horizontal")
    table.auto_set_font_size(False)
    table.set_fontsize(6.2)
    table.auto_set_column_width(range(len(headings)))
    table.scale(1.0, 1.35)


def _pair(values: Any, factor: float = 1.0, unit: str = "") -> str:
    digits = 1 if factor > 1 else 3
    return ", ".join(f"{factor * value:.{digits}f}" for value in values) + unit


def origin(fits: Fits, run: Run) -> str:
    """Scale, seed, counts of cells and epochs."""
    first = next(iter(fits.values())).attrs
    epochs = ", ".join(f"{name.replace('_', ' ')} {fit.attrs['epochs']}" for name, fit in fits.items())
    return (
        f"{run.label}: {first['n_training']} training, {first['n_validation']} validation, "
        f"{first['n_test']} test cells, no cell in two of them\nepochs: {epochs}"
    )


def score_lines(fits: Fits) -> str:
    """MAPE, skill and anisotropy of every fit, two fits in a line."""
    first = next(iter(fits.values())).attrs
    parts = [f"fraction alone: MAPE {_percent(first['baseline_mape'])}"]
    for name, fit in fits.items():
        text = f"{name.replace('_', ' ')}: MAPE {_percent(fit.attrs['mape'])}, skill {fit.attrs['skill']:.2f}"
        if np.isfinite(fit.attrs["anisotropy_r2"]):
            text += f", R² of log μ₁₁/μ₂₂ {fit.attrs['anisotropy_r2']:.2f}"
        parts.append(text)
    return "\n".join(" | ".join(parts[i : i + 2]) for i in range(0, len(parts), 2))


def interval_line(fit: xr.Dataset) -> str:
    """How many test labels the intervals hold, or why there are none."""
    scores = fit.attrs
    if not np.isfinite(scores["interval_factor"]):
        return (
            f"no calibrated interval: {scores['n_validation']} validation cells are too few for a level of "
            f"{scores['interval_level']:.0%}"
        )
    return (
        f"calibrated intervals cover {100 * scores['coverage_calibrated']:.1f} % "
        f"(before calibration {100 * scores['coverage_nominal']:.1f} %), evidence {scores['evidence']:g}, "
        f"{scores['draws']} draws"
    )


def _percent(shares: Any) -> str:
    return f"{100 * float(np.mean(shares)):.2f} %"
