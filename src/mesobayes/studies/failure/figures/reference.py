# SPDX-License-Identifier: GPL-3.0-or-later
"""The reference posterior of a small heteroencoder beside its Gaussian ones."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullFormatter
from numpy.typing import NDArray

from mesobayes.drawing.bars import foot_note
from mesobayes.drawing.drawing import Drawing
from mesobayes.drawing.style import BLACK, BLUE, GREY, ORANGE, new_figure
from mesobayes.metrics.convergence import RHAT_LIMIT
from mesobayes.record.provenance import Run
from mesobayes.studies.failure.figures.labels import evidence_note

FloatArray = NDArray[np.floating]
COLOURS = {"mean field": BLUE, "full covariance": ORANGE, "SMC": BLACK}


def reference_posterior(reference: xr.Dataset, run: Run) -> Drawing:
    """What each posterior predicts on unseen specimens, and its deviations over those of SMC."""
    data = reference
    note = (
        f"{run.label}: {data.sizes['weight']} weights, {data.sizes['draw']} draws of each posterior, "
        f"{evidence_note(data)}"
    )
    solid = ~data["pores"].values.astype(bool)
    names = [str(name) for name in data["posterior"].values]
    spreads = {
        "predicted damage": dict(zip(names, data["std"].values[:, solid], strict=True)),
        "weights": dict(zip(names, data["weight_std"].values, strict=True)),
    }
    maxima = dict(zip(names, data["maximum"].values, strict=True))
    figure = new_figure(height=0.72)
    panels = figure.subplots(2, 2)
    _draw_correlations(panels[0, 0], data)
    _draw_maxima(panels[0, 1], maxima, data["true_maximum"].values)
    for axes, title in zip(panels[1], spreads, strict=True):
        _draw_ratios(axes, title, spreads[title])
    handles = [
        *(Line2D([], [], color=colour, label=name) for name, colour in COLOURS.items()),
        Line2D([], [], color=GREY, linestyle="--", label="finite elements"),
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=4)
    foot_note(figure, "\n".join([note, *_diagnosis(data)]))
    return Drawing(figure, {}, _record(data, spreads, maxima))


def _draw_correlations(axes: Axes, data: xr.Dataset) -> None:
    """Correlation of the posterior mean with the true damage: dots are specimens, bars their means."""
    names = [str(name) for name in data["posterior"].values]
    for row, (name, values) in enumerate(zip(names, data["correlation"].values, strict=True)):
        shift = np.linspace(-0.15, 0.15, len(values))
        axes.plot(row + shift, values, "o", color=COLOURS[name], markersize=3, alpha=0.7)
        axes.plot([row - 0.3, row + 0.3], [values.mean()] * 2, color=COLOURS[name], linewidth=2)
    axes.axhline(0.0, color=GREY, linewidth=0.6)
    axes.set(xticks=range(len(names)), xticklabels=names, ylabel="correlation with the truth", ylim=(-0.4, 1))
    axes.set_title("mean prediction, one dot a specimen", loc="left")


def _draw_maxima(axes: Axes, maxima: dict[str, FloatArray], true: FloatArray) -> None:
    for name, draws in maxima.items():
        values = np.sort(draws.ravel())
        axes.plot(values, np.arange(1, len(values) + 1) / len(values), color=COLOURS[name])
    values = np.sort(true)
    axes.step(
        [values[0], *values],
        np.arange(len(values) + 1) / len(values),
        where="post",
        color=GREY,
        linestyle="--",
    )
    high = np.quantile(maxima["SMC"], 0.97)  # the tails are far longer
    axes.set(xlabel="maximum of a specimen", ylabel="share of the draws", xlim=(0.0, 1.2 * max(high, *true)))
    axes.set_title("maxima", loc="left")


def _draw_ratios(axes: Axes, title: str, spread: dict[str, FloatArray]) -> None:
    for name in (name for name in spread if name != "SMC"):
        ratio = np.sort(spread[name] / np.maximum(spread["SMC"], 1e-9))
        axes.plot(ratio, np.arange(1, len(ratio) + 1) / len(ratio), color=COLOURS[name])
    axes.axvline(1.0, color=COLOURS["SMC"], linestyle=":")
    axes.set(xlabel="deviation over that of SMC", ylabel=f"share of the {_UNITS[title]}", xscale="log")
    axes.xaxis.set_minor_formatter(NullFormatter())
    if np.ptp(np.log10(axes.get_xlim())) < 2:  # too narrow for powers of ten
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter("{x:g}")
    axes.set_title(f"spread of the {title}", loc="left")


_SETTINGS = ("evidence", "noise_std", "evidence_bound", "log_evidence", "degrees", "seconds")
_UNITS = {"predicted damage": "voxels", "weights": "weights"}


def converged(data: xr.Dataset) -> bool:
    """Whether the runs of SMC agree: R-hat of every watched voxel and of every maximum is below the limit."""
    return all(bool(np.all(data[f"rhat_{key}"].values < RHAT_LIMIT)) for key in ("prediction", "maximum"))


def _diagnosis(data: xr.Dataset) -> list[str]:
    evidence, bounds = data.attrs["log_evidence"], data.attrs["evidence_bound"]
    lines = [
        f"log evidence: {np.mean(evidence):.0f} by SMC ({min(evidence):.0f} to {max(evidence):.0f}); bounds: "
        + ", ".join(f"{bound:.0f} by {name}" for name, bound in bounds.items()),
        f"largest R-hat (smallest effective sample size) of {data.attrs['runs']} runs of SMC: "
        + ", ".join(
            f"{label} {data[f'rhat_{key}'].values.max():.2f} ({_size(data[f'ess_{key}'].values)})"
            for key, label in (("prediction", "voxels"), ("maximum", "maxima"), ("weight", "weights"))
        ),
    ]
    if not converged(data):
        lines.append(f"R-hat above {RHAT_LIMIT}: the runs of SMC differ, this is no reference yet")
    return lines


def _size(ess: FloatArray) -> str:
    return "unknown" if np.isnan(ess).any() else f"{ess.min():.0f}"


def _record(
    data: xr.Dataset, spreads: dict[str, dict[str, FloatArray]], maxima: dict[str, FloatArray]
) -> dict[str, object]:
    means = data["mean"].values[:, ~data["pores"].values.astype(bool)]
    return {
        "converged": converged(data),
        **{
            f"median_deviation_ratio_of_{_UNITS[title]}": {
                name: float(np.median(s[name] / np.maximum(s["SMC"], 1e-9))) for name in s
            }
            for title, s in spreads.items()
        },
        "deviation_of_maximum": {name: float(v.std(axis=0).mean()) for name, v in maxima.items()},
        "mean_of_maximum": {name: float(v.mean()) for name, v in maxima.items()},
        "correlation_of_mean_with_truth": dict(
            zip(maxima, data["correlation"].values.mean(axis=1).round(4).tolist(), strict=True)
        ),
        "correlation_of_means_with_SMC": dict(
            zip(maxima, np.corrcoef(means)[-1].round(4).tolist(), strict=True)
        ),
        "rhat": {key: _quantiles(data[f"rhat_{key}"].values) for key in ("prediction", "maximum", "weight")},
        "effective_sample_size": {
            key: _quantiles(data[f"ess_{key}"].values) for key in ("prediction", "maximum", "weight")
        },
        **{key: data.attrs[key] for key in _SETTINGS},
    }


def _quantiles(values: FloatArray) -> dict[str, float | None]:
    """Smallest, median and largest; None where not finite."""
    named = {"smallest": values.min(), "median": np.median(values), "largest": values.max()}
    return {key: float(value) if np.isfinite(value) else None for key, value in named.items()}
