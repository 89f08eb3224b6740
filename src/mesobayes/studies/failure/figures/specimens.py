# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures 1 to 5 of Bridgman et al. 2022: how specimens fail, and how surely at one place."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.colors import Normalize
from scipy import ndimage

from mesobayes.drawing.bars import Layer, bar_axes, colour_key, draw_bar, foot_note
from mesobayes.drawing.drawing import CONTRADICTS, NOT_SHOWN, SHOWN, Drawing, Finding
from mesobayes.drawing.style import BLACK, BLUE, GREY, SKY, VERMILION, new_figure
from mesobayes.studies.failure.target import TransformSettings, transform_damage

LETTERS = "abcdefghijkl"
PRESET_LABEL = {"fast": "fast: one point, m = 5", "printed": "printed: Table 1, eight points"}
_BINS = np.linspace(0.0, 1.0, 41)


def damage_evolution(histories: xr.Dataset, printed: xr.Dataset, note: str) -> Drawing:
    """Figure 1: regions of high damage at four strains, histories, and histograms at those strains."""
    specimen = histories.isel(specimen=0)
    strain = specimen["history_strain"].values
    damage = histories["history_damage"].values[0]
    pores = specimen["pores"].values.astype(bool)
    marks = _marks(strain, float(specimen["failure_strain"]))
    colours = mpl.colormaps["viridis"](np.linspace(0.0, 0.9, len(marks)))
    figure = new_figure(height=0.62)
    grid = figure.add_gridspec(4, 2, width_ratios=(1.15, 1.0))
    for row, (mark, colour) in enumerate(zip(marks, colours, strict=True)):
        axes = bar_axes(figure, grid[row, 0])
        field = damage[mark]
        layers = [
            Layer(pores, GREY, 0.35),
            Layer((field >= 0.6) & (field < 1.0) & ~pores, SKY, 0.5),
            Layer((field >= 1.0) & ~pores, VERMILION, 1.0),
        ]
        draw_bar(axes, pores.shape, layers)
        axes.set_title(f"{100 * strain[mark]:.1f} %", loc="left", color=colour, weight="bold", pad=1)
    top, bottom = figure.add_subplot(grid[:2, 1]), figure.add_subplot(grid[2:, 1])
    for data, style, colour in ((histories, "-", BLACK), (printed, "--", GREY)):
        one = data.isel(specimen=0)
        top.plot(100 * one["history_strain"], one["history_max_damage"], style, color=colour)
    top.set(xlabel="strain (%)", ylabel="largest φ/φmax", ylim=(0, 1.05))
    for mark, colour in zip(marks, colours, strict=True):
        top.axvline(100 * strain[mark], color=colour, linewidth=2.0, alpha=0.7)
        counts, _ = np.histogram(damage[mark][~pores], _BINS)
        bottom.stairs(np.maximum(counts, 0.5), _BINS, color=colour, linewidth=1.3)
    bottom.set(xlabel="φ/φmax", ylabel="voxels", yscale="log", xlim=(0, 1))
    top.plot([], [], "-", color=BLACK, label=PRESET_LABEL["fast"])
    top.plot([], [], "--", color=GREY, label=PRESET_LABEL["printed"])
    top.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, fontsize="small")
    colour_key(figure, (("pores", GREY), ("φ/φmax ≥ 0.6", SKY), ("failed", VERMILION)))
    foot_note(figure, note)
    return Drawing(figure, _evolution_findings(histories, printed), {"strain_marks": strain[marks].tolist()})


def _marks(strain: np.ndarray, failure: float) -> list[int]:
    """Records at 60, 90 and 100 % of the first failure, and the last."""
    valid = np.flatnonzero(np.isfinite(strain))
    wanted = [0.6 * failure, 0.9 * failure, failure]
    first = [int(valid[np.argmin(np.abs(strain[valid] - w))]) for w in wanted]
    return [*first[:2], min(first[2] + 1, int(valid[-1])), int(valid[-1])]


def _evolution_findings(histories: xr.Dataset, printed: xr.Dataset) -> dict[str, Finding]:
    found: dict[str, Finding] = {}
    strains = printed["failure_strain"].values
    median = float(np.nanmedian(strains))
    reason = (
        f"preset printed: first failure at {100 * np.nanmin(strains):.1f} to "
        f"{100 * np.nanmax(strains):.1f} %, "
        f"median {100 * median:.1f} %, in {np.isfinite(strains).sum()} specimens"
    )
    inside = 0.03 <= median <= 0.06
    found["stage3_strain[1]"] = Finding(round(median, 4), SHOWN if inside else NOT_SHOWN, reason)
    found["stage3_strain[0]"] = Finding(
        round(float(np.nanpercentile(strains, 25)), 4),
        SHOWN if inside else NOT_SHOWN,
        "lower quartile; " + reason,
    )
    plateau = _plateau(printed)
    found["plateau_phi_over_phimax"] = Finding(
        round(plateau, 3),
        SHOWN if abs(plateau - 0.6) < 0.1 else NOT_SHOWN,
        "median largest φ/φmax midway between yield and first failure, preset printed",
    )
    first = histories["failed_voxel"].values[:, 2]
    final = histories["final_failed"].values
    z = np.arange(final.shape[-1])
    share = final.sum(axis=(1, 2)) / np.maximum(final.sum(axis=(1, 2, 3)), 1)[:, None]
    distance = np.abs((share * z).sum(axis=1) - first)
    relative = float(np.mean(distance) / final.shape[-1])
    size = 0.05  # mm per voxel on the printed grid
    near = relative <= 0.03
    text = (
        "mean distance along z between the first failed voxel and the centre of all failed ones, preset fast"
    )
    verdict = SHOWN if near else NOT_SHOWN
    found["first_vs_final_failure_dz_rel"] = Finding(round(relative, 4), verdict, text)
    found["first_vs_final_failure_dz_mm"] = Finding(round(float(distance.mean()) * size, 3), verdict, text)
    found["phi0_text"] = Finding(
        0.08, CONTRADICTS, "the paper's own Table 1 has 0.08, which is used here; see fig_failure_readings"
    )
    return found


def _plateau(data: xr.Dataset) -> float:
    values = []
    for i in range(data.sizes["specimen"]):
        one = data.isel(specimen=i)
        failure = float(one["failure_strain"])
        strain = one["history_strain"].values
        valid = np.isfinite(strain)
        if np.isfinite(failure) and valid.any():
            values.append(np.interp(0.75 * failure, strain[valid], one["history_max_damage"].values[valid]))
    return float(np.median(values)) if values else float("nan")


def damage_histograms(histories: xr.Dataset, note: str) -> Drawing:
    """Figure 2: distributions of damage from no strain (blue) to the last (red) of six specimens."""
    damage, pores = histories["history_damage"].values, histories["pores"].values.astype(bool)
    strain = histories["history_strain"].values
    figure = new_figure(height=0.5)
    panels = figure.subplots(2, 3, sharex=True, sharey=True)
    largest = float(np.nanmax(strain[: len(damage)]))
    norm = Normalize(0.0, 100 * largest)
    for i, axes in enumerate(panels.ravel()[: len(damage)]):
        valid = np.flatnonzero(np.isfinite(strain[i]))
        for record in valid[np.linspace(0, len(valid) - 1, 9).astype(int)]:
            counts, _ = np.histogram(damage[i, record][~pores[i]], _BINS)
            colour = mpl.colormaps["coolwarm"](norm(100 * strain[i, record]))
            shown = np.where(counts > 0, counts, np.nan)
            axes.plot(0.5 * (_BINS[1:] + _BINS[:-1]), shown, ".-", markersize=3, color=colour, linewidth=1.0)
        axes.set_title(f"({LETTERS[i]})", loc="left")
        axes.set(yscale="log", xlim=(0, 1))
    for axes in panels[-1]:
        axes.set_xlabel("φ/φmax")
    for axes in panels[:, 0]:
        axes.set_ylabel("voxels")
    figure.colorbar(
        mpl.cm.ScalarMappable(norm, "coolwarm"), ax=panels, label="strain (%)", shrink=0.8, pad=0.01
    )
    foot_note(figure, note)
    reason = "strain at collapse of the longest history shown, preset fast"
    verdict = SHOWN if abs(largest - 0.09) < 0.03 else NOT_SHOWN
    return Drawing(figure, {"strain_max": Finding(round(largest, 4), verdict, reason)})


def ensemble_response(histories: xr.Dataset, printed: xr.Dataset, note: str) -> Drawing:
    """Figure 3: largest damage and failed volume fraction against strain, one line per specimen."""
    figure = new_figure(height=0.55)
    panels = figure.subplots(2, 2, sharex="row", squeeze=False)
    for row, (data, preset) in zip(panels, ((histories, "fast"), (printed, "printed")), strict=True):
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
        row[0].set(ylabel="largest φ/φmax", ylim=(0, 1.05))
        row[1].set(ylabel="failed volume (%)")
        row[1].set_yscale("symlog", linthresh=0.01)
        row[1].set_ylim(bottom=0.0)
        row[0].set_title(f"(a) {PRESET_LABEL[preset]}", loc="left")
        row[1].set_title("(b)", loc="left")
        for axes in row:
            axes.set_xlabel("strain (%)")
    foot_note(figure, note)
    strains = {
        name: np.round(data["failure_strain"].values, 5).tolist()
        for name, data in (("fast", histories), ("printed", printed))
    }
    return Drawing(figure, {}, {"failure_strain": strains})


def failure_sensitivity(
    pores: np.ndarray, places: np.ndarray, perturbed: Sequence[xr.Dataset], note: str
) -> Drawing:
    """Figure 4: pores summed through the thickness, and where perturbed copies fail, as seen along y.

    pores (12, x, y, z), places (12, 3) of the unperturbed failures.
    """
    nx, nz = pores.shape[1], pores.shape[3]
    figure = new_figure(height=0.86)
    panels = figure.subplots(2, 6)
    norm = Normalize(0.0, 1.0)
    regions, stays = [], []
    for i, axes in enumerate(panels.ravel()):
        axes.imshow(
            pores[i].sum(axis=1).T, cmap="Greys", vmin=0, vmax=6, extent=(0, nx, 0, nz), aspect="equal"
        )
        failed = perturbed[i]["failed_voxel"].values[perturbed[i]["status"].values == 0]
        share = np.zeros((nx, nz))
        np.add.at(share, (failed[:, 0], failed[:, 2]), 1.0 / max(len(failed), 1))
        shown = np.ma.masked_equal(share.T, 0.0)
        axes.imshow(shown, cmap="plasma", norm=norm, extent=(0, nx, 0, nz), aspect="equal")
        x, _, z = places[i]
        axes.plot(x + 0.5, z + 0.5, "o", markersize=6, markerfacecolor="none", markeredgecolor=BLUE)
        axes.set_title(f"({LETTERS[i]})  {len(failed)}", loc="left")
        axes.set(xticks=[], yticks=[])
        for spine in axes.spines.values():
            spine.set_visible(True)
        spots = np.zeros(pores.shape[1:], bool)
        spots[tuple(failed.T)] = True
        regions.append(int(ndimage.label(ndimage.binary_dilation(spots, np.ones((3, 3, 3)), 1))[1]))
        stays.append(float(np.mean(np.abs(failed - places[i]).max(axis=1) <= 2)))
    figure.colorbar(
        mpl.cm.ScalarMappable(norm, "plasma"),
        ax=panels,
        label="share of the perturbed runs that fail here",
        shrink=0.5,
        pad=0.01,
    )
    foot_note(
        figure, "grey: void voxels along y; ring: failure without perturbation; number of runs above. " + note
    )
    return Drawing(figure, _sensitivity_findings(regions, stays), {"regions": regions, "stay_share": stays})


def _sensitivity_findings(regions: list[int], stays: list[float]) -> dict[str, Finding]:
    firm = [LETTERS[i] for i, share in enumerate(stays) if share >= 0.9]
    several = [LETTERS[i] for i, count in enumerate(regions) if count in (2, 3)]
    most = LETTERS[int(np.argmin(stays))]
    text = (
        "other random fields, so other letters: failing within two voxels of the unperturbed place in 90 % "
        f"of the runs: {', '.join(firm) or 'none'}; two or three regions: {', '.join(several) or 'none'}; "
        f"most sensitive: {most} ({100 * min(stays):.0f} % stay)"
    )
    found = {}
    for i in range(3):
        found[f"insensitive[{i}]"] = Finding(
            firm[i] if i < len(firm) else None, SHOWN if i < len(firm) else NOT_SHOWN, text
        )
        found[f"two_or_three_regions[{i}]"] = Finding(
            several[i] if i < len(several) else None, SHOWN if i < len(several) else NOT_SHOWN, text
        )
    found["most_sensitive"] = Finding(most, SHOWN if min(stays) < 0.5 else NOT_SHOWN, text)
    return found


def damage_transform(pores: np.ndarray, damage: np.ndarray, note: str) -> Drawing:
    """Figure 5: pores, damage and transformed damage of one specimen (x, y, z), both from 0.6."""
    settings = TransformSettings()
    target = transform_damage(damage[None], ~pores[None], "t", settings)[0]
    figure = new_figure(width=0.75, height=0.78)
    grid = figure.add_gridspec(3, 1)
    scale = mpl.colormaps["viridis"]
    for row, (title, field) in enumerate(
        (("pores", None), ("damage, φ/φmax ≥ 0.6", damage), ("after filter and softmax, ≥ 0.6", target))
    ):
        axes = bar_axes(figure, grid[row])
        layers = [Layer(pores, GREY, 0.9 if field is None else 0.25)]
        if field is not None:
            colours = [(0.6, 0.7), (0.7, 0.85), (0.85, 1.01)]
            layers += [
                Layer((field >= low) & (field < high) & ~pores, scale((low + high) / 2 * 1.6 - 0.75), 0.75)
                for low, high in colours
            ]
        draw_bar(axes, pores.shape, layers, title)
    colour_key(
        figure,
        [("pores", GREY)]
        + [
            (name, scale(v * 1.6 - 0.75))
            for name, v in (("0.6-0.7", 0.65), ("0.7-0.85", 0.775), ("0.85-1", 0.93))
        ],
    )
    foot_note(figure, note)
    reason = "the value in use, in voxels: the paper prints mm, but its bar is 1 mm wide"
    return Drawing(
        figure,
        {
            "k0": Finding(settings.width, SHOWN, reason),
            "c0": Finding(settings.contrast, SHOWN, "the value in use; it acts on φ/φmax"),
        },
        {"voxels_above": {"damage": int((damage >= 0.6).sum()), "transformed": int((target >= 0.6).sum())}},
    )
