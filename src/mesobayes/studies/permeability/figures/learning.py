# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures 10, 11, 12 and 14: losses and predictions beside those of the volume fraction alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from mesobayes.drawing.drawing import CONTRADICTS, NOT_SHOWN, SHOWN, Drawing, Finding
from mesobayes.drawing.style import BLUE, GREEN, GREY, ORANGE, VERMILION, new_figure
from mesobayes.studies.permeability.figures.cells import show_image

Fits = Mapping[str, xr.Dataset]
_SCORES = ("mape", "r2", "skill", "anisotropy_r2", "n_training", "n_test", "epochs", "fit_seconds")
_COMPONENTS = ("μ₁₁*", "μ₂₂*")


def permeability_mono(image: np.ndarray, fits: Fits, scale: str) -> Drawing:
    """A cell, losses, predictions of both components, of which the modern ones carry calibrated intervals."""
    figure = new_figure(1.0, 0.86)
    axes = figure.subplots(2, 2)
    show_image(axes[0, 0], image)
    axes[0, 0].set_title("(a) periodic cell")
    draw_losses(axes[0, 1], {"printed": fits["printed"], "modern": fits["modern"]}, (ORANGE, BLUE))
    axes[0, 1].set_title("(b) losses")
    bayes = fits["bayes"]
    for i, place in enumerate(axes[1]):
        draw_truth(place, fits["printed"], i)
        truth, mean = (np.exp(bayes[key].values[:, i]) for key in ("log_truth", "log_mean"))
        std = np.sqrt(bayes["epistemic_std"].values[:, i] ** 2 + bayes["noise_std"].values[:, i] ** 2)
        width = bayes.attrs["interval_factor"] * std
        bars = np.abs(np.exp(np.log(mean) + np.array([[-1], [1]]) * width) - mean)
        place.errorbar(
            truth,
            mean,
            bars,
            fmt="none",
            ecolor=GREEN,
            elinewidth=0.5,
            alpha=0.5,
            label="95 % interval (Bayesian)",
        )
        draw_predictions(place, fits, i, {"printed": ORANGE, "modern": BLUE})
        place.set_title(f"({'cd'[i]}) {_COMPONENTS[i]}")
    _share_legend(figure, axes[1, 0])
    coverage = (
        f"calibrated intervals cover {100 * bayes.attrs['coverage_calibrated']:.1f} % "
        f"(before calibration {100 * bayes.attrs['coverage_nominal']:.1f} %)"
    )
    figure.suptitle(f"{note(fits['printed'], scale)}\n{score_line(fits)}\n{coverage}", fontsize=7.5)
    return Drawing(figure, score_findings(fits["printed"], scale, "_mu"), scores_of(fits))


def transfer_poly(image: np.ndarray, fits: Fits, scale: str) -> Drawing:
    """A cell, losses of the continued and of the new network, predictions of both."""
    figure = new_figure(1.0, 0.86)
    axes = figure.subplots(2, 2)
    show_image(axes[0, 0], image)
    axes[0, 0].set_title("(a) periodic cell")
    pair = {"transfer": fits["transfer"], "scratch": fits["scratch"]}
    draw_losses(axes[0, 1], pair, (BLUE, GREEN))
    axes[0, 1].set_title("(b) losses of the printed network")
    for i, place in enumerate(axes[1]):
        draw_truth(place, fits["scratch"], i)
        draw_predictions(place, fits, i, {"scratch": GREEN, "transfer": BLUE})
        place.set_title(f"({'cd'[i]}) {_COMPONENTS[i]}")
    _share_legend(figure, axes[1, 0])
    figure.suptitle(f"{note(fits['transfer'], scale)}\n{score_line(fits)}", fontsize=7.5)
    findings = transfer_findings(fits, scale)
    epochs = epochs_to_converge(fits["transfer"])
    reason = "epochs until the validation loss stays within 10 % of its best"
    close = abs(epochs - 20) <= 5
    findings["epochs_to_converge_transfer"] = Finding(epochs, SHOWN if close else _missed(scale), reason)
    return Drawing(figure, findings, scores_of(fits))


def transfer_overlap(image: np.ndarray, fits: Fits, scale: str) -> Drawing:
    """A cell, predictions of both networks, and a table of their scores."""
    figure = new_figure(1.0, 0.86)
    axes = figure.subplots(2, 2)
    show_image(axes[0, 0], image)
    axes[0, 0].set_title("(a) periodic cell")
    for i, place in enumerate(axes[1]):
        draw_truth(place, fits["scratch"], i)
        draw_predictions(place, fits, i, {"scratch": GREEN, "transfer": BLUE})
        place.set(xscale="log", yscale="log", title=f"({'cd'[i]}) {_COMPONENTS[i]}")
    _share_legend(figure, axes[1, 0])
    _score_table(axes[0, 1], fits)
    axes[0, 1].set_title("(b) scores on the test cells")
    figure.suptitle(note(fits["transfer"], scale), fontsize=7.5)
    better = np.mean(fits["transfer"].attrs["mape"]) < np.mean(fits["scratch"].attrs["mape"])
    ours = "transfer better than scratch" if better else "scratch better than transfer"
    reason = f"mean MAPE {_percent(fits['transfer'])} against {_percent(fits['scratch'])}"
    claim = Finding(ours, SHOWN if better else _missed(scale), reason)
    return Drawing(figure, {"claim": claim}, scores_of(fits))


def permeability_3d(fits: Fits, scale: str, solve_seconds: float, side: int) -> Drawing:
    """Losses and predictions of the first component for spheres."""
    figure = new_figure(1.0, 0.46)
    axes = figure.subplots(1, 2)
    draw_losses(axes[0], fits, (ORANGE, BLUE))
    axes[0].set_title("(a) losses")
    draw_truth(axes[1], fits["printed"], 0)
    draw_predictions(axes[1], fits, 0, {"printed": ORANGE, "modern": BLUE})
    axes[1].set_title(f"(b) {_COMPONENTS[0]}")
    _share_legend(figure, axes[1])
    figure.suptitle(f"{note(fits['printed'], scale)}, {side}³ voxels\n{score_line(fits)}", fontsize=7.5)
    findings = score_findings(fits["printed"], scale, "_mu")
    minutes = solve_seconds / 60
    reason = f"a volume of {side}³ voxels on one core"
    findings["fe_minutes_per_model"] = Finding(
        round(minutes, 5), SHOWN if side >= 101 else _missed(scale), reason
    )
    return Drawing(figure, findings, {**scores_of(fits), "solve_seconds": solve_seconds, "side": side})


def draw_losses(axes: Axes, fits: Fits, colours: tuple[str, str]) -> None:
    """Mean squared errors of log μ over the epochs: validation solid, training dashed."""
    for (name, fit), colour in zip(fits.items(), colours, strict=False):
        epochs, history = fit["epoch"].values, fit["history"].values
        axes.semilogy(epochs, history[:, 1], color=colour, label=f"{name}, validation")
        axes.semilogy(
            epochs, history[:, 0], color=colour, linestyle="--", linewidth=0.9, label=f"{name}, training"
        )
    base = next(iter(fits.values())).attrs["baseline_spread"] ** 2
    axes.axhline(base, color=GREY, linestyle=":", label="volume fraction alone")
    axes.set(xlabel="epoch", ylabel="mean squared error of log μ*")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    low, high = axes.get_ylim()
    axes.set_ylim(low, high * (high / low) ** 0.45)  # room for the legend
    axes.legend(loc="upper right", fontsize=6.5)


def draw_truth(axes: Axes, fit: xr.Dataset, component: int) -> None:
    """Identity line, and the prediction from the volume fraction alone."""
    truth, base = (np.exp(fit[key].values[:, component]) for key in ("log_truth", "log_baseline"))
    ends = [truth.min(), truth.max()]
    axes.plot(ends, ends, color=VERMILION, linewidth=1.0, label="finite elements", zorder=3)
    axes.plot(
        truth, base, "x", color=GREY, markersize=2.5, markeredgewidth=0.6, label="volume fraction alone"
    )
    axes.set(xlabel="finite elements", ylabel="prediction")


def draw_predictions(axes: Axes, fits: Fits, component: int, colours: Mapping[str, str]) -> None:
    """Predictions of some fits against the truth."""
    for name, colour in colours.items():
        truth, mean = (np.exp(fits[name][key].values[:, component]) for key in ("log_truth", "log_mean"))
        axes.plot(truth, mean, ".", color=colour, markersize=3, alpha=0.7, label=name, zorder=4)


def _share_legend(figure: Figure, axes: Axes) -> None:
    """One legend of predictions below all axes."""
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=5, markerscale=1.6)


def _score_table(axes: Axes, fits: Fits) -> None:
    """MAPE and R² of every fit and of the volume fraction as text."""
    axes.set_axis_off()
    base = fits["scratch"].attrs
    rows = [["", "MAPE μ₁₁, μ₂₂", "R² μ₁₁, μ₂₂", "skill", "R² log μ₁₁/μ₂₂"]]
    rows.append(
        ["fraction alone", _pair(base["baseline_mape"], 100, " %"), _pair(base["baseline_r2"]), "0", "0"]
    )
    for name, fit in fits.items():
        a = fit.attrs
        rows.append(
            [
                name.replace("_", " "),
                _pair(a["mape"], 100, " %"),
                _pair(a["r2"]),
                f"{a['skill']:.2f}",
                f"{a['anisotropy_r2']:.2f}",
            ]
        )
    table = axes.table(rows[1:], colLabels=rows[0], loc="center", cellLoc="center", edges="horizontal")
    table.auto_set_font_size(False)
    table.set_fontsize(6.2)
    table.auto_set_column_width(range(len(rows[0])))
    table.scale(1.0, 1.35)


def _pair(values: Any, factor: float = 1.0, unit: str = "") -> str:
    digits = 1 if factor > 1 else 3
    return ", ".join(f"{factor * value:.{digits}f}" for value in values) + unit


def _percent(fit: xr.Dataset) -> str:
    return f"{100 * float(np.mean(fit.attrs['mape'])):.2f} %"


def note(fit: xr.Dataset, scale: str) -> str:
    """Scale, seed and counts."""
    a = fit.attrs
    return (
        f"scale {scale}, seed {a['seed']}: {a['n_training']} training, {a['n_validation']} validation, "
        f"{a['n_test']} test cells, no cell in two of them"
    )


def score_line(fits: Fits) -> str:
    """MAPE, skill and anisotropy of every fit in one line."""
    first = next(iter(fits.values())).attrs
    parts = [f"fraction alone: MAPE {100 * float(np.mean(first['baseline_mape'])):.2f} %"]
    for name, fit in fits.items():
        text = f"{name.replace('_', ' ')}: MAPE {_percent(fit)}, skill {fit.attrs['skill']:.2f}"
        if np.isfinite(fit.attrs["anisotropy_r2"]):
            text += f", R² of log μ₁₁/μ₂₂ {fit.attrs['anisotropy_r2']:.2f}"
        parts.append(text)
    lines = [" | ".join(parts[i : i + 2]) for i in range(0, len(parts), 2)]
    return "\n".join(lines)


def scores_of(fits: Fits) -> dict[str, Any]:
    """Scores of all fits and of the baseline, for the record."""
    drawn: dict[str, Any] = {name: {key: fit.attrs[key] for key in _SCORES} for name, fit in fits.items()}
    for name, fit in fits.items():
        drawn[name] |= {
            key: value for key, value in fit.attrs.items() if key.startswith(("coverage", "interval"))
        }
    first = next(iter(fits.values())).attrs
    drawn["volume fraction alone"] = {key: first[f"baseline_{key}"] for key in ("mape", "r2")}
    return drawn


def score_findings(fit: xr.Dataset, scale: str, suffix: str = "") -> dict[str, Finding]:
    """MAPE and R² of the printed network beside the printed values of figures 10 and 14 and table 2."""
    findings: dict[str, Finding] = {}
    printed = {"mape": 0.008, "r2": 0.997} if len(fit.attrs["mape"]) == 1 else {"mape": 0.01}
    for i, (error, share) in enumerate(zip(fit.attrs["mape"], fit.attrs["r2"], strict=True)):
        reason = f"printed network; the volume fraction alone gives {fit.attrs['baseline_mape'][i]:.4f}"
        mape_key, r2_key = (
            f"{key}{suffix}{i + 1}{i + 1}" if suffix else f"{key}[{i}]" for key in ("mape", "r2")
        )
        findings[mape_key] = Finding(round(error, 5), verdict(error <= printed["mape"], scale), reason)
        least = printed.get("r2", (0.994, 0.991)[i])
        reason = f"printed network; the volume fraction alone gives {fit.attrs['baseline_r2'][i]:.4f}"
        findings[r2_key] = Finding(round(share, 5), verdict(share >= least, scale), reason)
    minutes = round(fit.attrs["fit_seconds"] / 60, 3)
    reason = f"{fit.attrs['n_training']} cells, {fit.attrs['epochs']} epochs on this machine"
    for key, limit in (("train_minutes_P100", 10), ("train_minutes", 30)):
        findings[key] = Finding(
            minutes, SHOWN if scale == "paper" and minutes <= limit else NOT_SHOWN, reason
        )
    return findings


def transfer_findings(fits: Fits, scale: str) -> dict[str, Finding]:
    """Scores of the continued and of the new printed network beside the paper's (figure 11, table 4)."""
    printed = {"transfer": (0.02, 0.02, 0.99), "scratch": (0.06, 0.055, 0.97)}
    findings = {}
    for name, (first, second, least) in printed.items():
        a = fits[name].attrs
        for i, limit in enumerate((first, second)):
            reason = f"the volume fraction alone gives MAPE {a['baseline_mape'][i]:.4f}"
            good = verdict(a["mape"][i] <= limit, scale)
            high = verdict(a["r2"][i] >= least, scale)
            for key in (f"mape_{name}[{i}]", f"{name}_mape[{i}]"):
                findings[key] = Finding(round(a["mape"][i], 5), good, reason)
            for key in (f"r2_{name}[{i}]", f"{name}_r2[{i}]"):
                findings[key] = Finding(round(a["r2"][i], 5), high, reason)
    return findings


def epochs_to_converge(fit: xr.Dataset) -> int:
    """First epoch from which on the validation loss stays within 10 % of its smallest value."""
    loss = fit["history"].values[:, 1]
    away = np.flatnonzero(loss > 1.1 * loss.min())
    away = away[away < int(np.argmin(loss))]
    return int(away[-1] + 2) if len(away) else 1


def verdict(good: bool, scale: str) -> str:
    """As good as printed or better is shown."""
    return SHOWN if good else _missed(scale)


def _missed(scale: str) -> str:
    return CONTRADICTS if scale == "paper" else NOT_SHOWN
