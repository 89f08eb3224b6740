# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures 1 to 3 of Bridgman et al. 2022: how specimens fail."""

from __future__ import annotations

from typing import Any

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.colors import Normalize
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from mesobayes.drawing.bars import Layer, bar_axes, draw_bar, draw_scale, foot_note
from mesobayes.drawing.drawing import Drawing, Number
from mesobayes.drawing.style import BLACK, GREY, SKY, VERMILION, new_figure
from mesobayes.fem.bar.settings import find_preset
from mesobayes.record.provenance import Run
from mesobayes.studies.failure.figures.labels import DAMAGE, PRESET_NAMES, physics_note, size_in_mm
from mesobayes.studies.failure.settings import LETTERS, FigureSettings

FloatArray = NDArray[np.floating]


def damage_evolution(
    histories: xr.Dataset, histories_printed: xr.Dataset, figures: FigureSettings, voxel_mm: float, run: Run
) -> Drawing:
    """Figure 1: regions of high damage at four strains, histories, and histograms at those strains."""
    bins = np.linspace(0.0, 1.0, figures.histogram_bins + 1)
    specimen = histories.isel(specimen=0)
    strain = specimen["history_strain"].values
    damage = histories["history_damage"].values[0]
    pores = specimen["pores"].values.astype(bool)
    marks = _marks(strain, float(specimen["failure_strain"]))
    colours = mpl.colormaps["viridis"](np.linspace(0.0, 0.9, len(marks)))
    figure = new_figure(height=0.52)
    grid = figure.add_gridspec(2, 2 + len(marks), width_ratios=(*[0.5] * len(marks), 0.08, 1.9))
    for column, (mark, colour) in enumerate(zip(marks, colours, strict=True)):
        axes = bar_axes(figure, grid[:, column])
        field = damage[mark]
        layers = [
            Layer(pores, GREY, 0.35),
            Layer((field >= figures.level) & (field < 1.0) & ~pores, SKY, 0.5),
            Layer((field >= 1.0) & ~pores, VERMILION, 1.0),
        ]
        draw_bar(axes, pores.shape, layers)
        axes.set_title(f"{100 * strain[mark]:.1f} %", color=colour, weight="bold", pad=1)
        if column == 0:
            draw_scale(axes, pores.shape, voxel_mm)
    histograms: list[list[int]] = []
    outside: list[int] = []
    top, bottom = figure.add_subplot(grid[0, -1]), figure.add_subplot(grid[1, -1])
    for data, style, colour in ((histories, "-", BLACK), (histories_printed, "--", GREY)):
        one = data.isel(specimen=0)
        top.plot(100 * one["history_strain"], one["history_max_damage"], style, color=colour)
    top.set(xlabel="strain (%)", ylabel=f"largest {DAMAGE}", ylim=(0, 1.05))
    for mark, colour in zip(marks, colours, strict=True):
        top.axvline(100 * strain[mark], color=colour, linewidth=2.0, alpha=0.7)
        counts, _ = np.histogram(damage[mark][~pores], bins)
        bottom.stairs(np.maximum(counts, 0.5), bins, color=colour, linewidth=1.3)
        histograms.append(counts.tolist())
        outside.append(int((~pores).sum() - counts.sum()))
    bottom.set(xlabel=DAMAGE, ylabel="voxels", yscale="log", xlim=(0, 1))
    styles: dict[str, dict[str, Any]] = {
        "fast": {"linestyle": "-", "color": BLACK},
        "printed": {"linestyle": "--", "color": GREY},
    }
    lines = [Line2D([], [], label=PRESET_NAMES[preset], **style) for preset, style in styles.items()]
    squares = [
        Patch(facecolor=colour, edgecolor=BLACK, linewidth=0.3, label=label)
        for label, colour in (("pores", GREY), (f"{DAMAGE} ≥ {figures.level:g}", SKY), ("failed", VERMILION))
    ]
    figure.legend(handles=squares + lines, loc="outside upper center", ncols=3)
    notes = (
        f"{physics_note(histories, run)}, {size_in_mm(histories, voxel_mm)}; the load pulls along the arrows",
        "bars and histograms: preset fast, from which networks learn; colours of strains as in the panels",
    )
    foot_note(figure, "\n".join(notes))
    drawn = {
        "strain_marks": strain[marks],
        "histogram_edges": bins,
        "voxels_per_bin_at_marks": histograms,
        "voxels_outside_at_marks": outside,
        "strain": {"fast": strain, "printed": histories_printed["history_strain"].values[0]},
        "largest_damage": {
            "fast": specimen["history_max_damage"].values,
            "printed": histories_printed["history_max_damage"].values[0],
        },
        "specimens": histories.sizes["specimen"],
    }
    return Drawing(figure, _evolution_numbers(histories, histories_printed, voxel_mm), drawn)


def _marks(strain: np.ndarray, failure: float) -> list[int]:
    """Records at 60, 90 and 100 % of the first failure, and the last."""
    valid = np.flatnonzero(np.isfinite(strain))
    wanted = [0.6 * failure, 0.9 * failure, failure]
    first = [int(valid[np.argmin(np.abs(strain[valid] - w))]) for w in wanted]
    return [*first[:2], min(first[2] + 1, int(valid[-1])), int(valid[-1])]


def _evolution_numbers(histories: xr.Dataset, printed: xr.Dataset, voxel_mm: float) -> dict[str, Number]:
    """Ends of the stages and plateau (preset printed), first and final place of failure (preset fast)."""
    marks = stages(printed)
    rise = Number.of(marks["rise"], "first record at nine tenths of the plateau")
    failure = Number.of(marks["failure"], "first failed voxel")
    first = histories["failed_voxel"].values[:, 2]
    final = histories["final_failed"].values
    z = np.arange(final.shape[-1])
    share = final.sum(axis=(1, 2)) / np.maximum(final.sum(axis=(1, 2, 3)), 1)[:, None]
    distance = np.abs((share * z).sum(axis=1) - first)  # voxels
    return {
        "stage1_strain[0]": Number(0.0, note="loading begins without strain"),
        "stage1_strain[1]": rise,
        "stage2_strain[0]": rise,
        "stage2_strain[1]": failure,
        "stage3_strain[0]": failure,
        "stage3_strain[1]": Number.of(marks["collapse"], "last record"),
        "plateau_phi_over_phimax": Number.of(marks["plateau"], "at three quarters of the strain of failure"),
        "first_vs_final_failure_dz_rel": Number.of(distance / final.shape[-1], "preset fast"),
        "first_vs_final_failure_dz_mm": Number.of(voxel_mm * distance, "preset fast"),
        "phi0_text": Number(find_preset("printed").material.initial_damage, note="as in Table 1"),
    }


def stages(data: xr.Dataset) -> dict[str, list[float]]:
    """Strains at which the damage of every failed specimen has risen, fails and collapses, and its plateau.

    The plateau is the largest damage at three quarters of the strain of failure.
    """
    found: dict[str, list[float]] = {"rise": [], "failure": [], "collapse": [], "plateau": []}
    for i in range(data.sizes["specimen"]):
        one = data.isel(specimen=i)
        failure, strain = float(one["failure_strain"]), one["history_strain"].values
        valid = np.isfinite(strain)
        if np.isfinite(failure) and valid.any():
            strain, largest = strain[valid], one["history_max_damage"].values[valid]
            plateau = float(np.interp(0.75 * failure, strain, largest))
            found["rise"].append(float(strain[np.argmax(largest >= 0.9 * plateau)]))
            found["failure"].append(failure)
            found["collapse"].append(float(strain[-1]))
            found["plateau"].append(plateau)
    return found


def damage_histograms(histories: xr.Dataset, figures: FigureSettings, run: Run) -> Drawing:
    """Figure 2: distributions of damage from no strain (blue) to the last (red) of six specimens."""
    bins = np.linspace(0.0, 1.0, figures.histogram_bins + 1)
    drawn: dict[str, Any] = {"edges": bins}
    damage, pores = histories["history_damage"].values, histories["pores"].values.astype(bool)
    strain = histories["history_strain"].values
    figure = new_figure(height=0.5)
    panels = figure.subplots(2, 3, sharex=True, sharey=True)
    largest = float(np.nanmax(strain[: len(damage)]))
    norm = Normalize(0.0, 100 * largest)
    for i, axes in enumerate(panels.ravel()[: len(damage)]):
        valid = np.flatnonzero(np.isfinite(strain[i]))
        for record in valid[np.linspace(0, len(valid) - 1, 9).astype(int)]:
            counts, _ = np.histogram(damage[i, record][~pores[i]], bins)
            colour = mpl.colormaps["coolwarm"](norm(100 * strain[i, record]))
            shown = np.where(counts > 0, counts, np.nan)
            axes.plot(0.5 * (bins[1:] + bins[:-1]), shown, ".-", markersize=3, color=colour, linewidth=1.0)
            outside = int((~pores[i]).sum() - counts.sum())
            one = {"strain": strain[i, record], "voxels": counts, "voxels_outside": outside}
            drawn.setdefault(LETTERS[i], []).append(one)
        axes.set_title(f"({LETTERS[i]})", loc="left")
        axes.set(yscale="log", xlim=(0, 1))
    for axes in panels[-1]:
        axes.set_xlabel(DAMAGE)
    for axes in panels[:, 0]:
        axes.set_ylabel("voxels")
    figure.colorbar(
        mpl.cm.ScalarMappable(norm, "coolwarm"), ax=panels, label="strain (%)", shrink=0.8, pad=0.01
    )
    foot_note(figure, physics_note(histories, run) + ", preset fast (one integration point, m = 5)")
    return Drawing(figure, {"strain_max": Number(largest, note="preset fast")}, drawn)


def ensemble_response(histories: xr.Dataset, histories_printed: xr.Dataset, run: Run) -> Drawing:
    """Figure 3: largest damage and failed volume fraction against strain, one line per specimen."""
    figure = new_figure(height=0.55)
    panels = figure.subplots(2, 2, sharex="row", squeeze=False)
    for row, (data, preset) in zip(
        panels, ((histories, "fast"), (histories_printed, "printed")), strict=True
    ):
        colours = mpl.colormaps["turbo"](np.linspace(0.05, 0.95, data.sizes["specimen"]))
        for i, colour in enumerate(colours):
            one = data.isel(specimen=i)
            strain = 100 * one["history_strain"]
            row[0].plot(strain, one["history_max_damage"], color=colour, linewidth=1.0)
            row[1].plot(strain, 100 * one["history_failed"], color=colour, linewidth=1.0)
            row[1].plot(
                strain.dropna("record")[-1],
                100 * one["history_failed"].dropna("record")[-1],
                "o",
                color=colour,
                markersize=2.5,
            )
        row[0].set(ylabel=f"largest {DAMAGE}", ylim=(0, 1.05))
        row[1].set(ylabel="failed volume (%)")
        row[1].set_yscale("symlog", linthresh=0.01)
        row[1].set_ylim(bottom=0.0)
        row[0].set_title(f"(a) {PRESET_NAMES[preset]}", loc="left")
        row[1].set_title("(b)", loc="left")
        for axes in row:
            axes.set_xlabel("strain (%)")
    foot_note(figure, physics_note(histories, run))
    drawn = {
        name: {
            key: data[key].values
            for key in ("failure_strain", "history_strain", "history_max_damage", "history_failed")
        }
        for name, data in (("fast", histories), ("printed", histories_printed))
    }
    return Drawing(figure, {}, drawn)
