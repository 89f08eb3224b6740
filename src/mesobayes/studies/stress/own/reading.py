# SPDX-License-Identifier: GPL-3.0-or-later
"""A user's own pore image as a plate on the pixels that the networks see."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, label

from mesobayes.analytic.alternating import Surroundings
from mesobayes.fem.plate.elasticity import UNIT_PLANE_STRAIN
from mesobayes.geometry.plate import Ellipse
from mesobayes.geometry.pores import Pores
from mesobayes.images.errors import ImageError
from mesobayes.images.holes import large_holes
from mesobayes.images.patches import PatchGeometry
from mesobayes.images.raster import solid_image
from mesobayes.images.resampling import area_means
from mesobayes.images.user_image import TwoPhaseImage, read_two_phase_image
from mesobayes.studies.stress.mechanics.channels import read_surroundings
from mesobayes.studies.stress.own.settings import OwnImageSettings

BoolArray = NDArray[np.bool_]

_SPECK = 12  # pixels of the image, about a circle of radius 2: fewer are noise
_CENTRE = 0.25  # edge, in new pixels, of the square about the centre of one that says whether it is material
_OUTSIDE = 0.05  # share of a large hole that may be material in the image


@dataclass(frozen=True)
class OwnPlate:
    """A plate under one load, on pixels of R / `pixels_per_radius`; stresses in units of E.

    Attributes:
        solid, coverage: (y, x) material, its area fraction.
        around: macroscopic stress (1, component, y, x), large holes, pores and edges, in pixels.
        pixels_per_radius: of the network.
        image_radius: R in pixels of the user's image.
        specks: voids of less than 12 pixels of the user's image, which are filled.
    """

    solid: BoolArray
    coverage: NDArray
    around: Surroundings
    pixels_per_radius: int
    image_radius: float
    specks: int

    @property
    def ratio(self) -> float:
        """Pixels of the user's image in one of ours."""
        return self.image_radius / self.pixels_per_radius


def read_own_image(
    image: Path, macro: Path | None, settings: OwnImageSettings, pixels_per_radius: int
) -> tuple[OwnPlate, TwoPhaseImage]:
    """Read image and macroscopic stress of a user, and say how.

    Raises:
        ImageError: one of them cannot be used; the message says why.
    """
    given = read_two_phase_image(image, settings.pixels_max, "voids", settings.threshold)
    if given.pixels.ndim != 2:
        raise ImageError(f"{image} is a volume of {given.pixels.shape} voxels: one section (y, x) is needed")
    stress = None if macro is None else read_macro_stress(macro, given.pixels)
    try:
        plate = own_plate(
            given.pixels, stress, settings.strain, pixels_per_radius, settings.pixels_per_radius
        )
    except ImageError as error:
        raise ImageError(f"{image} {error}") from error
    return plate, given


def own_plate(
    void: BoolArray,
    macro_stress: NDArray | None,
    strain: tuple[float, float, float],
    pixels_per_radius: int,
    image_radius: float | None = None,
) -> OwnPlate:
    """Plate of an image of voids (y, x) on the pixels of a network.

    Without a macroscopic stress (component, y, x) that of a solid plate, σ = C : E, is everywhere: every hole
    is then a pore. A new pixel is material where its centre is, by the image and by the shapes of the pores
    that are read from it.

    Args:
        image_radius: R in pixels of the image; None takes the median radius of its pores.

    Raises:
        ImageError: the image holds no pore, its pores have too few pixels, or it is smaller than one patch.
    """
    large = np.zeros(void.shape, bool) if macro_stress is None else large_holes(macro_stress)
    pores, radii, specks = _pores(void, large)
    if image_radius is None:
        if len(radii) == 0:
            raise ImageError(
                f"holds no whole pore of at least {_SPECK} pixels: give the pixels in a pore radius as "
                "stress.own.pixels_per_radius"
            )
        image_radius = float(np.median(radii))
    elif not pores.any():
        raise ImageError(f"holds no pore of at least {_SPECK} pixels")
    ratio = image_radius / pixels_per_radius
    geometry = PatchGeometry(pixels_per_radius)
    if min(void.shape) / ratio < geometry.patch - 1e-6:
        height, width = (edge / image_radius for edge in void.shape)
        raise ImageError(
            f"shows {width:.1f} R x {height:.1f} R with R = {image_radius:.3g} pixels, but the network looks "
            f"at {geometry.patch_radii} R x {geometry.patch_radii} R: give a larger section"
        )
    material = ~(pores | (void & large))
    coverage = np.clip(area_means(material, ratio).round(12), 0.0, 1.0)
    solid = _at_centres(material, ratio)
    if macro_stress is None:
        uniform = UNIT_PLANE_STRAIN.stress(strain)
        macro = np.broadcast_to(uniform[:, None, None], (3, *solid.shape))
    else:
        macro = resampled_stress(macro_stress, large, ratio)
    around = read_surroundings(macro[None], solid, coverage, pixels_per_radius)
    x, y = ((np.arange(count) + 0.5) / pixels_per_radius for count in reversed(solid.shape))
    solid &= solid_image(pore_shapes(around.pores, pixels_per_radius), x, y) | (coverage >= 1.0)
    return OwnPlate(solid, coverage, around, pixels_per_radius, image_radius, specks)


def pore_shapes(pores: Pores, pixels_per_radius: int) -> tuple[Ellipse, ...]:
    """Pores of an image as exact shapes, in R from its lower left corner; circles where they were read so."""
    centre = (pores.centre + 0.5 + 0.5j) / pixels_per_radius
    values = (centre.real, centre.imag, pores.a / pixels_per_radius, pores.b / pixels_per_radius)
    rows = np.stack([*values, np.degrees(pores.angle)], axis=1)
    return tuple(Ellipse(*row) for row in rows.tolist())


def resampled_stress(macro_stress: NDArray, large: BoolArray, ratio: float) -> NDArray:
    """Mean (component, y, x) over the new pixels outside large holes, zero where the centre lies in one."""
    mean = area_means(macro_stress, ratio) / np.maximum(area_means(~large, ratio), 1e-3)
    return np.where(_at_centres(~large, ratio), mean, 0.0)


def _at_centres(image: BoolArray, ratio: float) -> BoolArray:
    """Return an image at the centres of new pixels."""
    return area_means(image, ratio, _CENTRE * ratio) >= 0.5 - 1e-9


def read_macro_stress(path: Path, void: BoolArray) -> NDArray:
    """Macroscopic stress (component, y, x) of a user, row index = y; zero in the holes that it knows.

    Raises:
        ImageError: it does not fit the image, is not finite, zero, or zero in material.
    """
    try:
        stress = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise ImageError(f"{path} is damaged or no array ({error})") from error
    if stress.shape != (3, *void.shape):
        raise ImageError(
            f"{path} has the shape {stress.shape}: xx, yy, xy on every pixel of the image, "
            f"{(3, *void.shape)}, are needed"
        )
    if stress.dtype.kind not in "iuf" or not np.all(np.isfinite(stress)):
        raise ImageError(f"{path} holds values that are no finite numbers")
    large = large_holes(stress)
    if large.all():
        raise ImageError(f"{path} is zero everywhere: there is no load")
    if large.any() and np.mean(void[large]) < 1.0 - _OUTSIDE:
        raise ImageError(
            f"{path} is zero, as in a hole, on pixels of which the image shows {np.mean(~void[large]):.0%} "
            "as material: row 0 of the field is its lower edge"
        )
    return stress.astype(float)


def _pores(void: BoolArray, large: BoolArray) -> tuple[BoolArray, NDArray, int]:
    """Pores (y, x) without specks, radii of circles of the area of whole pores, and the number of specks.

    Slivers between a large hole and the same hole in the image are neither.
    """
    parts, count = label(void & ~large)
    size = np.bincount(parts.ravel(), minlength=count + 1)
    size[0] = 0
    speck, whole = (size > 0) & (size < _SPECK), size >= _SPECK
    beside = parts[binary_dilation(large, np.ones((3, 3), bool))]
    border = np.concatenate([parts[0], parts[-1], parts[:, 0], parts[:, -1]])
    speck[beside] = whole[beside] = whole[border] = False
    return (parts > 0) & ~speck[parts], np.sqrt(size[whole] / np.pi), int(speck.sum())
