# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures 6, 7 and 13: the families of cells in use, and how their volume fractions are drawn."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np

from mesobayes.drawing.drawing import Drawing, Number
from mesobayes.drawing.spheres import draw_spheres
from mesobayes.drawing.style import BLUE, ORANGE, new_figure
from mesobayes.geometry.inclusions import sample_cell, sample_fractions
from mesobayes.geometry.settings import InclusionFamily
from mesobayes.record.provenance import Run
from mesobayes.record.seeds import rng_from_name
from mesobayes.studies.permeability.figures.panels import show_image
from mesobayes.studies.permeability.settings import Families, Gallery

_SHARES = (0.0, 0.5, 1.0)  # of the range of volume fractions, from row to row
_BINS = 18
_SAMPLERS: tuple[tuple[Literal["exponential", "uniform"], str], ...] = (
    ("exponential", ORANGE),
    ("uniform", BLUE),
)


def microstructure_families(families: Families, gallery: Gallery, run: Run) -> Drawing:
    """Three cells of each two-dimensional family at growing volume fraction."""
    shown = _plane_families(families, gallery.side)
    figure = new_figure(0.95, 0.8)
    axes = figure.subplots(len(_SHARES), len(shown))
    reached: dict[str, list[float]] = {}
    for column, (title, family) in enumerate(shown.items()):
        span = family.fraction_max - family.fraction_min
        for row, share in enumerate(_SHARES):
            target = family.fraction_min + share * span
            cell = sample_cell(family, rng_from_name(run.seed, "gallery", family.name, row), target)
            show_image(axes[row, column], cell.image(), title if row == 0 else "")
            full = " (saturated)" if cell.saturated else ""
            axes[row, column].set_xlabel(f"volume fraction {cell.fraction:.2f}{full}")
            reached.setdefault(family.name, []).append(cell.fraction)
    radii = dict.fromkeys(_radii(family) for family in shown.values())
    figure.suptitle(
        f"seed {run.seed}; {gallery.side} × {gallery.side} pixels, radius {' or '.join(radii)} pixels; "
        "separate discs of one size jam near 0.55",
        fontsize=8,
    )
    numbers = {
        "vf_min": Number.exact(
            min(family.fraction_min for family in shown.values()), "what all families ask for"
        ),
        "vf_max": Number.exact(
            max(reached[families.mono.name]), f"{families.mono.fraction_max:g} was asked for"
        ),
    }
    return Drawing(figure, numbers, {"volume_fraction": reached, "seed": run.seed})


def _plane_families(families: Families, side: int) -> dict[str, InclusionFamily]:
    """The two-dimensional families, and the fourth of the paper: overlapping discs of several sizes."""
    mono, poly, overlap = (
        replace(family, side=side) for family in (families.mono, families.poly, families.overlap)
    )
    both = replace(overlap, name="overlap_poly", radius_min=poly.radius_min, radius_max=poly.radius_max)
    return {
        "separate, one size": mono,
        "separate, several sizes": poly,
        "overlapping, one size": overlap,
        "overlapping, several sizes": both,
    }


def _radii(family: InclusionFamily) -> str:
    low, high = family.radius_min, family.radius_max
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"


def sample_size_distributions(families: Families, gallery: Gallery, run: Run) -> Drawing:
    """Histograms of volume fractions from the exponential and from the uniform sampler."""
    family = families.mono
    figure = new_figure(0.85, 0.36)
    axes = figure.subplots(1, 2, sharey=True)
    bins = np.linspace(family.fraction_min, family.fraction_max, _BINS + 1)
    counts: dict[str, np.ndarray] = {}
    for place, (sampler, colour) in zip(axes, _SAMPLERS, strict=True):
        law = replace(family, sampler=sampler)
        fractions = sample_fractions(law, rng_from_name(run.seed, "histogram", sampler), gallery.cells)
        counts[sampler], _, _ = place.hist(fractions, bins, color=colour, edgecolor="white", linewidth=0.5)
        used = ", in use" if sampler == family.sampler else ""
        place.set(xlabel="target volume fraction", title=f"{sampler} sampler{used}, {gallery.cells} cells")
    axes[0].set_ylabel("number of cells")
    numbers = {"choice": Number(family.sampler, note="the sampler in use")}
    return Drawing(figure, numbers, {"bins": bins, **counts, "cells": gallery.cells, "seed": run.seed})


def microstructures_3d(families: Families, gallery: Gallery, run: Run) -> Drawing:
    """Cubes with separate spheres, cut at their faces like the periodic cell."""
    family = replace(families.spheres, side=gallery.side_volume)
    figure = new_figure(1.0, 0.42)
    reached, spheres = [], []
    for i, fraction in enumerate(gallery.fractions_volume):
        cell = sample_cell(family, rng_from_name(run.seed, "gallery", family.name, i), fraction)
        axes = figure.add_subplot(1, len(gallery.fractions_volume), i + 1)
        draw_spheres(axes, cell.centres, cell.radii, cell.side)
        axes.set_title(f"volume fraction {cell.fraction:.2f}, {len(cell.radii)} spheres")
        reached.append(cell.fraction)
        spheres.append(len(cell.radii))
    figure.suptitle(
        f"seed {run.seed}; periodic cubes, edge {family.side} voxels, radius {_radii(family)} voxels\n"
        "dark: spheres that a face of the cube cuts; they go on at the opposite face",
        fontsize=8,
    )
    return Drawing(figure, drawn={"volume_fraction": reached, "spheres": spheres, "seed": run.seed})
