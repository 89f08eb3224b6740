# SPDX-License-Identifier: GPL-3.0-or-later
"""Made-up predictions with fields, in the layouts of the stages that predict, show and stitch; and readers
of what a figure shows of them."""

import matplotlib as mpl
import numpy as np
import xarray as xr

from mesobayes.images.patches import PatchGeometry
from mesobayes.images.stitching import tile_origins

GEOMETRY = PatchGeometry(2)
ROI, PATCH = GEOMETRY.roi, GEOMETRY.patch
ALL_KINDS = ["random"] * 4 + ["hole"] * 4 + ["pores"] * 4 + ["varying", "constant"]
COUNTS = {"labels": 600, "examples": 600, "rotations": 0, "steps": 960, "batch": 16, "fit_seconds": 1.0}


def around_a_pore(size: int, number: int, extra: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Solid pixels and a stress that is highest at the edge of a pore whose place depends on the number."""
    rng = np.random.default_rng([7, number])
    row, column = rng.uniform(0.3, 0.7, 2) * size
    distance = np.hypot(np.arange(size)[:, None] - row, np.arange(size) - column)
    solid = distance > 2.2
    return solid, ((0.4 + rng.uniform(0.2, 0.8) / np.maximum(distance / 2.2, 1)) + extra) * solid


def prediction(
    errors: np.ndarray,
    *,
    repeat: int = 0,
    network: str = "modern",
    half: np.ndarray | float = 0.1,
    baseline: float = 0.2,
    **attributes: object,
) -> xr.Dataset:
    """Patches whose whole field is too large by these relative errors; maxima of draws spread by `half`.

    Patches are pairs of windows of one structure, shifted by half a region of interest.
    """
    count = len(errors)
    solid, truth = (np.stack(f) for f in zip(*(around_a_pore(ROI, n) for n in range(count)), strict=True))
    mean = truth * (1 + np.asarray(errors)[:, None, None])
    true_max, mean_max = truth.max(axis=(1, 2)), mean.max(axis=(1, 2))
    half = np.broadcast_to(half, count)
    draws = mean_max + np.array([[-1.0], [1.0]]) * half / (1.959963984540054 * np.sqrt(2))
    number = np.arange(count)
    image = ("patch", "y", "x")
    return xr.Dataset(
        {
            "truth": (image, truth.astype(np.float32)),
            "mask": (image, solid),
            "mean": (image, mean.astype(np.float32)),
            "std": (image, np.full(mean.shape, 0.05, np.float32)),
            "true_max": ("patch", true_max),
            "mean_max": ("patch", mean_max),
            "roi_max": (("draw", "patch"), draws),
            "structure": ("patch", (number // 2).astype(np.int32)),
            "scale": ("patch", 1.0 + 0.1 * number),
            "origin": (("patch", "corner"), np.stack([0 * number, GEOMETRY.stride * (number % 2)], 1)),
            "pore": ("patch", np.ones(count, bool)),
            "pores_interact": ("patch", number % 3 == 0),
            "hole_interacts": ("patch", number % 3 == 1),
            "variation": ("patch", number / count),
        },
        {"patch": 10 + number},
        {
            **{"network": network, "repeat": repeat, "family": "ellipse3", "model": "toy", **COUNTS},
            **{"baseline_accuracy": baseline, "draws": 2, "scale": "small", **attributes},
        },
    )


def shown(
    kinds: list[str], *, network: str = "modern", error: float = 0.05, burst: float = 0.0
) -> xr.Dataset:
    """Whole patches of these kinds; `burst` is added to the network's field outside the ROI."""
    count = len(kinds)
    solid, truth = (np.stack(f) for f in zip(*(around_a_pore(PATCH, n) for n in range(count)), strict=True))
    outside = np.ones((PATCH, PATCH), bool)
    outside[GEOMETRY.roi_slice(), GEOMETRY.roi_slice()] = False
    stress = np.broadcast_to(np.array([1.0, -0.5, 0.2]), (*truth.shape, 3))
    image = ("patch", "y", "x")
    return xr.Dataset(
        {
            "kind": ("patch", np.array(kinds)),
            "number": ("patch", 10 + np.arange(count)),
            "structure": ("patch", np.arange(count)),
            "scale": ("patch", np.ones(count)),
            "stress": ((*image, "component"), stress),
            "solid": (image, solid),
            "truth": (image, truth),
            "mean": (image, truth * (1 + error) + burst * outside),
        },
        attrs={
            **{"network": network, "repeat": 0, "family": "ellipse3", "model": "toy", "draws": 2, **COUNTS},
            "pixels_per_radius": GEOMETRY.pixels_per_radius,
        },
    )


def stitched(shape: tuple[int, int] = (60, 60), error: float = 0.05, network: str = "modern") -> xr.Dataset:
    """A structure around one pore, predicted too large by `error` where regions of interest reach."""
    rows, columns = np.arange(shape[0])[:, None], np.arange(shape[1])
    distance = np.hypot(rows - 0.45 * shape[0], columns - 0.5 * shape[1])
    solid = distance > 3
    truth = (0.5 + 1.5 / np.maximum(distance / 3, 1)) * solid
    mean = np.full(shape, np.nan)
    inside = (slice(GEOMETRY.margin, -GEOMETRY.margin),) * 2
    mean[inside] = (1 + error) * truth[inside]
    origins = tile_origins(shape, GEOMETRY, GEOMETRY.stride)
    windows = np.stack(
        [truth[r : r + PATCH, c : c + PATCH] * (1 + 0.01 * n) for n, (r, c) in enumerate(origins)]
    )
    return xr.Dataset(
        {
            "solid": (("y", "x"), solid),
            "truth": (("y", "x"), truth),
            "mean": (("y", "x"), mean),
            "std": (("y", "x"), 0 * mean),
            "window_mean": (("window", "row", "column"), windows),
            "origin": (("window", "corner"), origins),
        },
        attrs={
            **{"network": network, "repeat": 0, "family": "ellipse3", "structure": 4, "draws": 2, **COUNTS},
            "pixels_per_radius": GEOMETRY.pixels_per_radius,
        },
    )


def errors(seed, size=0.1, count=60):
    return size * np.random.default_rng(seed).standard_normal(count)


def repeats(size, *, seeds=(0, 1, 2), **attributes):
    return [prediction(errors(seed, size), repeat=r, **attributes) for r, seed in enumerate(seeds)]


def accuracy_of(store):
    """Share of maxima within a tenth, straight from the fields."""
    true, mean = (np.where(store["mask"], store[name], 0).max(axis=(1, 2)) for name in ("truth", "mean"))
    return float(np.mean(np.abs(mean / true - 1) < 0.1))


def images(figure):
    """Every field that a figure shows, with its colour limits and whether its bar points beyond them."""
    found = []
    for axes in figure.findobj(mpl.axes.Axes):
        for image in axes.images:
            bar = image.colorbar
            found.append(
                (np.ma.masked_invalid(image.get_array()), image.get_clim(), bar.extend if bar else None)
            )
    return found


def all_within(figure):
    """Whether no field leaves its limits, apart from those whose scale has an arrow."""
    arrows = {limits for _, limits, extend in images(figure) if extend == "max"}
    return all(
        field.count() == 0
        or limits in arrows
        or (field.min() >= limits[0] - 1e-6 and field.max() <= limits[1] + 1e-6)
        for field, limits, _ in images(figure)
    )
