# SPDX-License-Identifier: GPL-3.0-or-later
"""What several figures of the study share: images, losses, predictions against the truth, notes."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from mesobayes.drawing.style import GREY, VERMILION
from mesobayes.record.provenance import Run
from mesobayes.studies.permeability.scores import predictive_std

Fits = Mapping[str, xr.Dataset]
COMPONENTS = ("μ₁₁*", "μ₂₂*")
LABELS = {  # of the models, as figures explain them
    "printed": "the paper's CNN (printed)",
    "modern": "periodic, equivariant CNN (modern)",
    "bayes": "the same with Gaussian weights (bayes)",
    "contacts": "conductances between inclusions (contacts)",
    "stopped": "solver stopped early, and regression (stopped)",
    "scratch": "the paper's CNN, new (scratch)",
    "transfer": "the paper's CNN, continued (transfer)",
    "modern_scratch": "modern, new",
    "modern_transfer": "modern, continued",
}
_BARS = 40  # intervals of each model that are drawn at most


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
        for values, line in zip(fits[name]["history"].values.T, ("--", "-"), strict=True):
            axes.semilogy(epochs, values, color=colour, linestyle=line, linewidth=1.0, marker=_dot(epochs))
    base = next(iter(fits.values())).attrs["baseline_spread"] ** 2
    axes.axhline(base, color=GREY, linestyle=":")
    axes.set(xlabel="epoch", ylabel="mean squared error of ln μ*")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def _dot(epochs: np.ndarray) -> str | None:
    """Marker of a curve that has a single point, and so no line."""
    return "." if len(epochs) == 1 else None


def draw_predictions(axes: Axes, fits: Fits, component: int, colours: Mapping[str, str]) -> None:
    """Predictions of some fits against the truth, with the identity and the volume fraction alone."""
    first = next(iter(fits.values()))
    truth, base = (np.exp(first[key].values[:, component]) for key in ("log_truth", "log_baseline"))
    _identity(axes, truth)
    axes.plot(
        truth,
        base,
        "x",
        color=GREY,
        markersize=2.5,
        markeredgewidth=0.6,
        label="cubic in the volume fraction",
    )
    for name, colour in colours.items():
        if fits[name].sizes["i"] > component:
            truth, mean = (np.exp(fits[name][key].values[:, component]) for key in ("log_truth", "log_mean"))
            axes.plot(truth, mean, ".", color=colour, markersize=3, alpha=0.7, label=LABELS[name], zorder=4)
    axes.set(xlabel=f"{COMPONENTS[component]}, finite elements", ylabel=f"{COMPONENTS[component]}, predicted")


def draw_anisotropy(axes: Axes, fits: Fits, colours: Mapping[str, str]) -> None:
    """Predictions of ln(μ₁₁/μ₂₂), of which the volume fraction knows nothing."""
    shown = {name: colour for name, colour in colours.items() if fits[name].sizes["i"] > 1}
    for place, (name, colour) in enumerate(shown.items()):
        truth, mean = (fits[name][key].values for key in ("log_truth", "log_mean"))
        truth, mean = truth[:, 0] - truth[:, 1], mean[:, 0] - mean[:, 1]
        if place == 0:
            _identity(axes, truth)
        axes.plot(truth, mean, ".", color=colour, markersize=3, alpha=0.7, zorder=4)
    axes.set(xlabel="ln(μ₁₁*/μ₂₂*), finite elements", ylabel="ln(μ₁₁*/μ₂₂*), predicted")


def _identity(axes: Axes, truth: np.ndarray) -> None:
    ends = [truth.min(), truth.max()]
    axes.plot(ends, ends, color=VERMILION, linewidth=1.0, label="finite elements", zorder=3)


def draw_intervals(axes: Axes, fits: Fits, colours: Mapping[str, str]) -> None:
    """Errors of μ₁₁ in percent with calibrated intervals: a bar that crosses 0 holds the label.

    Cells stand in the order of their volume fraction, evenly chosen where there are more than fit; the models
    stand beside each other. Nothing is drawn of a model without a calibrated interval.
    """
    axes.axhline(0.0, color=VERMILION, linewidth=1.0)
    for place, (name, colour) in enumerate(colours.items()):
        fit = fits[name]
        factor = fit.attrs["interval_factor"]
        order = np.argsort(fit["volume_fraction"].values, kind="stable")
        rows = order[np.unique(np.linspace(0, len(order) - 1, _BARS).astype(int))]
        error = (fit["log_mean"].values - fit["log_truth"].values)[rows, 0]
        at = np.arange(len(rows)) + 0.4 * place
        percent = 100 * np.expm1(error)
        axes.plot(at, percent, ".", color=colour, markersize=3)
        if np.isfinite(factor):
            width = factor * predictive_std(fit)[rows, 0]
            ends = 100 * np.expm1(error + np.array([[-1.0], [1.0]]) * width)
            bars = np.abs(ends - percent)
            axes.errorbar(at, percent, bars, fmt="none", ecolor=colour, elinewidth=0.9)
    axes.set(xlabel="test cells, by volume fraction", ylabel="error of μ₁₁* in %", xticks=[])


def share_legend(figure: Figure, axes: Axes, columns: int = 4) -> None:
    """One legend of predictions below all axes."""
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=columns, markerscale=1.6)


def score_table(axes: Axes, fits: Fits) -> None:
    """MAPE and R² of every fit and of the volume fraction as text."""
    axes.set_axis_off()
    base = next(iter(fits.values())).attrs
    headings = ["", "MAPE μ₁₁, μ₂₂", "R² μ₁₁, μ₂₂", "skill", "R² ln(μ₁₁/μ₂₂)"]
    rows = [
        ["cubic in fraction", _pair(base["baseline_mape"], 100, " %"), _pair(base["baseline_r2"]), "0", "0"]
    ]
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
    """Scale, seed, counts of cells, lengths of the fits."""
    first = next(iter(fits.values())).attrs
    training = sorted({int(fit.attrs["n_training"]) for fit in fits.values()})
    lengths = ", ".join(f"{name.replace('_', ' ')} {_length(fit)}" for name, fit in fits.items())
    return (
        f"{run.label}: {' or '.join(map(str, training))} training, {first['n_validation']} validation, "
        f"{first['n_test']} test cells, no cell in two of them\n"
        + textwrap.fill(f"length of the fits: {lengths}", 100)
    )


def _length(fit: xr.Dataset) -> str:
    """How long a fit took, in epochs or steps; none for a regression."""
    if "epochs" in fit.attrs:
        return f"{fit.attrs['epochs']} epochs"
    return f"{fit.attrs['steps']} steps" if "steps" in fit.attrs else "one regression"


def score_lines(fits: Fits) -> str:
    """MAPE, skill and anisotropy of every fit, two fits in a line."""
    first = next(iter(fits.values())).attrs
    parts = [f"cubic in the volume fraction: MAPE {_percent(first['baseline_mape'])}"]
    for name, fit in fits.items():
        text = f"{name.replace('_', ' ')}: MAPE {_percent(fit.attrs['mape'])}, skill {fit.attrs['skill']:.2f}"
        if np.isfinite(fit.attrs["anisotropy_r2"]):
            text += f", R² of ln(μ₁₁/μ₂₂) {fit.attrs['anisotropy_r2']:.2f}"
        parts.append(text)
    return "\n".join(" | ".join(parts[i : i + 2]) for i in range(0, len(parts), 2))


def interval_lines(fits: Fits) -> str:
    """How many test labels the intervals of some models hold, or why there are none."""
    return "\n".join(_interval_line(name, fit.attrs) for name, fit in fits.items())


def _interval_line(name: str, scores: Mapping[str, Any]) -> str:
    if not np.isfinite(scores["interval_factor"]):
        return (
            f"{name}: no calibrated interval, {scores['n_validation']} validation cells are too few for "
            f"a level of {scores['interval_level']:.0%}"
        )
    text = (
        f"{name}: {scores['interval_level']:.0%} intervals cover {100 * scores['coverage_calibrated']:.1f} % "
        f"(before calibration {100 * scores['coverage_nominal']:.1f} %), mean half width "
        f"{scores['interval_half_width_percent']:.2f} %"
    )
    if "draws" in scores:
        text += f", evidence {scores['evidence']:g}, {scores['draws']} draws"
    return text


def _percent(shares: Any) -> str:
    return f"{100 * float(np.mean(shares)):.2f} %"
