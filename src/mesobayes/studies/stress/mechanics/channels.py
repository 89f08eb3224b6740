# SPDX-License-Identifier: GPL-3.0-or-later
"""What the network `local` sees of a patch, per pixel: nearest edges, macroscopic stress, mechanical priors.

Everything comes from the images that the other networks see. Pores and edges are read from the image of the
structure; a patch knows the pores of which it shows enough to complete them, and the edges in it. Stresses
are in the frame of the nearest edge, its normal n and tangent t: a turned plate gives the same channels. They
are kept for the three unit strains, so that a fit can draw new far-field strains.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mesobayes.analytic.alternating import PRIORS, Surroundings, pore_stresses
from mesobayes.geometry.nearest import NearestEdges, nearest_edges
from mesobayes.geometry.pores import pixel_points
from mesobayes.images.edges import edge_of_large_holes
from mesobayes.images.holes import find_pores, large_holes, void_image
from mesobayes.images.patches import PatchGeometry
from mesobayes.images.tensor import in_frame
from mesobayes.record.parts import write_parts
from mesobayes.record.provenance import Run
from mesobayes.record.store import open_store
from mesobayes.studies.stress.stores import CHANNELS, PATCHES, STRUCTURES

FloatArray = NDArray[np.float64]
FEATURES = (
    *("coverage", "sine", "cosine", "near", "distance", "pore"),
    *("near_second", "distance_second", "pore_second"),
)
FRAME = ("nn", "tt", "nt")
_INSIDE = -0.05  # distance from an edge, in R, below which a prior means nothing


@dataclass(frozen=True)
class PixelChannels:
    """Channels of some pixels, float64.

    Attributes:
        features: (point, 9), see `edge_features`.
        normal: (point,) nx + i ny, normal of the nearest edge.
        macro_stress: (point, load, 3), components nn, tt, nt.
        priors: the same of what the pores add, by name.
    """

    features: FloatArray
    normal: NDArray[np.complex128]
    macro_stress: FloatArray
    priors: dict[str, FloatArray]


def compute_channels(patches: Path, structures: Path, store: Path, run: Run) -> None:
    """Write the channels of all patches, under the same numbers."""
    cut = open_store(patches, PATCHES, variables=("origin", "structure", "split", "scale"))
    images = ("geometry", "coverage", "macro_stress", "micro_stress")
    data = open_store(
        structures, STRUCTURES, variables=(*images, "strain"), finite=(*images[1:], "strain"), later=images
    )
    numbers = cut["structure"].values
    parts = (channels_of_patches(cut.isel(patch=numbers == one), data) for one in np.unique(numbers))
    attributes = {"pixels_per_radius": cut.attrs["pixels_per_radius"]}
    write_parts(parts, len(numbers), "patch", store, CHANNELS, run, attributes)
    print(f"channels of {len(numbers)} patches", flush=True)


def channels_of_patches(patches: xr.Dataset, structures: xr.Dataset) -> xr.Dataset:
    """Channels (patch, y, x, ...) of the pixels of every region of interest, in units of E.

    Variables: features, normal, macro_stress and one array for each prior (patch, y, x, load, frame),
    micro_deviator (patch, y, x, load, deviator) with ((nn - tt) / 2, nt), solid, and strain, scale, structure
    and split of the patches. Zero in voids.
    """
    geometry = PatchGeometry(patches.attrs["pixels_per_radius"])
    count, roi, loads = patches.sizes["patch"], geometry.roi, structures.sizes["load"]
    image = (count, roi, roi)
    solid = np.zeros(image, bool)
    features = np.zeros((*image, len(FEATURES)), np.float32)
    normal = np.zeros((*image, 2), np.float32)
    stress = {name: np.zeros((*image, loads, 3), np.float32) for name in ("macro_stress", *PRIORS)}
    deviator = np.zeros((*image, loads, 2), np.float32)
    for number in np.unique(patches["structure"].values):
        structure = structures.isel(structure=int(number)).load()
        around = surroundings_of(structure, geometry.pixels_per_radius)
        for patch in np.flatnonzero(patches["structure"].values == number):
            row, column = (int(corner) for corner in patches["origin"].values[patch])
            window = slice(row, row + geometry.patch), slice(column, column + geometry.patch)
            coverage = structure["coverage"].values[window]
            inside = geometry.roi_slice()
            solid[patch] = structure["geometry"].values[window][inside, inside]
            y, x = np.nonzero(solid[patch])
            found = pixel_channels(
                around.window(row, column, geometry.patch, geometry.patch),
                coverage,
                y + geometry.margin,
                x + geometry.margin,
            )
            features[patch, y, x] = found.features
            normal[patch, y, x] = np.stack([found.normal.real, found.normal.imag], axis=-1)
            for name, values in ({"macro_stress": found.macro_stress} | found.priors).items():
                stress[name][patch, y, x] = values
            micro = structure["micro_stress"].values[
                :, :, y + row + geometry.margin, x + column + geometry.margin
            ]
            framed = in_frame(np.moveaxis(micro, -1, 0), found.normal[:, None], axis=2)
            deviator[patch, y, x] = np.stack(
                [0.5 * (framed[..., 0] - framed[..., 1]), framed[..., 2]], axis=-1
            )
    pixels = ("patch", "y", "x")
    units = {"units": "E"}
    return xr.Dataset(
        {
            "features": ((*pixels, "feature"), features, {"long_name": "nearest edges", "units": "1, R"}),
            "normal": ((*pixels, "axis"), normal, {"long_name": "normal of the nearest edge"}),
            "solid": (pixels, solid, {"long_name": "material at the pixel centre"}),
            **{name: ((*pixels, "load", "frame"), values, units) for name, values in stress.items()},
            "micro_deviator": ((*pixels, "load", "deviator"), deviator, units),
            "strain": (("patch", "load"), structures["strain"].values[patches["structure"].values]),
            **{name: patches[name].variable for name in ("structure", "split", "scale")},
        },
        {
            "feature": list(FEATURES),
            "axis": ["x", "y"],
            "load": structures["load"].values,
            "frame": list(FRAME),
            "deviator": ["nn_tt", "nt"],
        },
        {"pixels_per_radius": geometry.pixels_per_radius},
    )


def surroundings_of(structure: xr.Dataset, pixels_per_radius: int) -> Surroundings:
    """What the mechanics of a whole structure image needs, read from its images."""
    return read_surroundings(
        structure["macro_stress"].values,
        structure["geometry"].values,
        structure["coverage"].values,
        pixels_per_radius,
    )


def read_surroundings(
    macro_stress: NDArray, solid: NDArray, coverage: NDArray, pixels_per_radius: float
) -> Surroundings:
    """Pores and edges of an image; macroscopic stress (load, 3, y, x), solid and coverage (y, x)."""
    large = large_holes(macro_stress)
    pores = find_pores(solid, coverage, large, pixels_per_radius)
    void = 1.0 - np.asarray(coverage, float) - void_image(pores, large.shape)
    edge = edge_of_large_holes(void, large)
    return Surroundings(np.asarray(macro_stress, float), large, pores, edge, float(pixels_per_radius))


def pixel_channels(
    around: Surroundings,
    coverage: NDArray,
    rows: NDArray,
    columns: NDArray,
    priors: tuple[str, ...] = PRIORS,
) -> PixelChannels:
    """Channels of the pixels at rows and columns (point,) of an image; coverage (y, x)."""
    points = pixel_points(rows, columns)
    nearest = nearest_edges(points, around.pores, around.edge)
    normal = nearest.normal[0]
    features = edge_features(nearest, coverage[rows, columns], around.radius)
    deep = nearest.distance[0] < _INSIDE * around.radius

    def framed(stress: FloatArray) -> FloatArray:  # (load, 3, point) -> (point, load, 3)
        return np.moveaxis(in_frame(stress, normal, axis=1), -1, 0)

    added = {
        name: np.where(deep[:, None, None], 0.0, framed(stress))
        for name, stress in pore_stresses(around, points, priors).items()
    }
    return PixelChannels(features, normal, framed(around.macro_stress[:, :, rows, columns]), added)


def edge_features(nearest: NearestEdges, coverage: NDArray, radius: float) -> FloatArray:
    """Nine numbers (point, 9) on the two nearest edges, d₁ <= d₂ in R, γ the angle between their normals.

    Coverage, sin γ, cos γ, exp(-2 max(d₁, -0.2)), d₁ from -0.5 to 3 over 3, whether hole 1 is a pore,
    exp(-d₂), min(d₂, 3) / 3, whether hole 2 is a pore. A mirror changes the sign of sin γ only.
    """
    first, second = nearest.distance / radius
    turn = nearest.normal[1] * nearest.normal[0].conj()
    return np.stack(
        [
            coverage,
            turn.imag,
            turn.real,
            np.exp(-2.0 * np.maximum(first, -0.2)),
            np.clip(first, -0.5, 3.0) / 3.0,
            nearest.pore[0],
            np.exp(-np.maximum(second, -0.5)),
            np.clip(second, -0.5, 3.0) / 3.0,
            nearest.pore[1],
        ],
        axis=-1,
    )
