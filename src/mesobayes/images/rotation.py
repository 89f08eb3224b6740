# SPDX-License-Identifier: GPL-3.0-or-later
"""Rotation of structure images together with their load (Krokos et al. 2022, section 4.1.4).

Right angles are exact permutations of pixels. Any other angle samples the images at turned pixel centres:
stress is interpolated linearly among solid pixels only, so that no void value bleeds into the material.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from mesobayes.images.tensor import rotate_components


def rotate_quarter(stress: NDArray, quarters: int) -> NDArray:
    """Stress image (3, y, x) of the body turned counter-clockwise by 90° × `quarters`, shape (3, y, x)."""
    turned = np.rot90(stress, k=-quarters, axes=(1, 2))  # rows run upwards: the picture turns the other way
    return rotate_components(turned, 90.0 * quarters)


def rotated_pixels(shape: tuple[int, int], degrees: float) -> NDArray:
    """Fractional (row, column) in the original image of every pixel of the turned one, shape (2, y, x)."""
    centre = (np.array(shape) - 1) / 2
    y, x = np.meshgrid(np.arange(shape[0]) - centre[0], np.arange(shape[1]) - centre[1], indexing="ij")
    angle = np.deg2rad(degrees)
    c, s = np.cos(angle), np.sin(angle)
    return np.stack([c * y - s * x + centre[0], s * y + c * x + centre[1]])


def rotate_images(stress: NDArray, solid: NDArray, degrees: float) -> tuple[NDArray, NDArray]:
    """Turn a stress image (3, y, x) and its mask (y, x) counter-clockwise by `degrees` about the centre.

    Returns the stress image and the boolean mask; stress is 0 outside the material. Pixels that come from
    outside the image are void: cut patches only from inside the inscribed circle.
    """
    pixels = rotated_pixels(solid.shape, degrees)
    weight = map_coordinates(solid.astype(float), pixels, order=1, cval=0.0)
    turned_solid = map_coordinates(solid.astype(float), pixels, order=0, cval=0.0) > 0.5
    inside = turned_solid & (weight > 0)
    components = [map_coordinates(np.where(solid, s, 0.0), pixels, order=1, cval=0.0) for s in stress]
    sampled = np.where(inside, np.stack(components) / np.where(inside, weight, 1.0), 0.0)
    return rotate_components(sampled, degrees).astype(stress.dtype), inside


def rotate_scalar(image: NDArray, degrees: float, outside: float = 0.0) -> NDArray:
    """Turn an image (y, x) of a scalar counter-clockwise about its centre, linear between pixels."""
    pixels = rotated_pixels(image.shape, degrees)
    return np.asarray(map_coordinates(image.astype(float), pixels, order=1, cval=outside), image.dtype)
