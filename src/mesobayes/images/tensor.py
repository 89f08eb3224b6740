# SPDX-License-Identifier: GPL-3.0-or-later
"""Algebra of plane stress-tensor images.

A stress image has its components (xx, yy, xy) on the first or the last axis, as the argument `axis` says;
row 0 of an image is its lower edge (y increases with the row index), so that a rotation by +90 degrees is
counter-clockwise both for the tensor and for the picture.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def principal_stresses(stress: ArrayLike, axis: int = 0) -> tuple[NDArray, NDArray]:
    """In-plane principal stresses (σmax, σmin), Krokos et al. 2022, eq. 15; shapes drop `axis`."""
    s11, s22, s12 = np.moveaxis(np.asarray(stress), axis, 0)
    mean, radius = (s11 + s22) / 2, np.hypot((s11 - s22) / 2, s12)
    return mean + radius, mean - radius


def tresca(stress: ArrayLike, axis: int = 0) -> NDArray:
    """Tresca stress ½(σmax − σmin) with the factor ½ as printed below eq. 15 of Krokos et al. 2022."""
    s11, s22, s12 = np.moveaxis(np.asarray(stress), axis, 0)
    return np.hypot((s11 - s22) / 2, s12)


def principal_sum(stress: ArrayLike, axis: int = 0) -> NDArray:
    """|σmax| + |σmin|, the output scale of Krokos et al. 2022, section 3.1: max(|σxx + σyy|, 2 Tresca)."""
    s11, s22, s12 = np.moveaxis(np.asarray(stress), axis, 0)
    return np.maximum(np.abs(s11 + s22), 2 * np.hypot((s11 - s22) / 2, s12))


def rotate_components(stress: ArrayLike, degrees: float, axis: int = 0) -> NDArray:
    """Components of the stress tensor of a body turned counter-clockwise by `degrees` (eqs. 11-13).

    The body and its load turn together: σ' = Q σ Qᵀ with Q the rotation by +`degrees`. Pixels are not moved.
    """
    s11, s22, s12 = np.moveaxis(np.asarray(stress), axis, 0)
    angle = np.deg2rad(degrees)
    c, s = np.cos(angle), np.sin(angle)
    rotated = (
        c * c * s11 + s * s * s22 - 2 * s * c * s12,
        s * s * s11 + c * c * s22 + 2 * s * c * s12,
        s * c * (s11 - s22) + (c * c - s * s) * s12,
    )
    return np.stack(rotated, axis=axis)


def in_frame(stress: ArrayLike, normal: ArrayLike, axis: int = 0) -> NDArray:
    """Components (nn, tt, nt) of stresses (xx, yy, xy) along unit normals nx + i ny and tangents t = i n.

    The frame of a turned body turns along, so that these components do not change with its orientation.
    """
    s11, s22, s12 = np.moveaxis(np.asarray(stress), axis, 0)
    c, s = np.real(normal), np.imag(normal)
    components = (
        c * c * s11 + s * s * s22 + 2 * c * s * s12,
        s * s * s11 + c * c * s22 - 2 * c * s * s12,
        c * s * (s22 - s11) + (c * c - s * s) * s12,
    )
    return np.stack(components, axis=axis)
