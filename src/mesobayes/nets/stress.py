# SPDX-License-Identifier: GPL-3.0-or-later
"""Plane stress invariants on the channels of a network input, as differentiable JAX functions."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from mesobayes.nets.channels import STRESS_CHANNELS


def deviator(stress: jax.Array) -> jax.Array:
    """In-plane deviator ((sxx - syy) / 2, sxy) of stress (..., 3) -> (..., 2)."""
    return jnp.stack([0.5 * (stress[..., 0] - stress[..., 1]), stress[..., 2]], axis=-1)


def norm(vector: jax.Array) -> jax.Array:
    """Euclidean norm over the last axis, exactly homogeneous, with gradient 0 at the origin."""
    square = jnp.sum(vector**2, axis=-1)
    positive = square > 0
    return jnp.where(positive, jnp.sqrt(jnp.where(positive, square, 1.0)), 0.0)


def tresca(stress: jax.Array) -> jax.Array:
    """Tresca stress (s1 - s2) / 2 of stress (..., 3), the deviator's norm (Krokos et al. 2022, eq. 15)."""
    return norm(deviator(stress))


def principal_sum(stress: jax.Array) -> jax.Array:
    """|s1| + |s2| of stress (..., 3): the output scale of Krokos et al. 2022, section 3.1.

    With mean stress p and radius r the principal stresses are p ± r, and |p + r| + |p - r| = 2 max(|p|, r).
    """
    mean = 0.5 * (stress[..., 0] + stress[..., 1])
    return 2.0 * jnp.maximum(jnp.abs(mean), tresca(stress))


def output_scale(inputs: jax.Array, floor: float) -> jax.Array:
    """Pixelwise scale S = max(|s1| + |s2|, floor) of inputs (..., channel), in units of the patch scale."""
    return jnp.maximum(principal_sum(inputs[..., STRESS_CHANNELS]), floor)


def crop(image: jax.Array, size: int) -> jax.Array:
    """Central size × size pixels of image (n, h, w, ...); the surplus must be even, else ValueError."""
    height, width = image.shape[1:3]
    if size > min(height, width) or (height - size) % 2 or (width - size) % 2:
        raise ValueError(
            f"a region of interest of {size} pixels cannot be centred in an image of {height} x {width}: "
            "choose sizes that differ by an even number of pixels"
        )
    top, left = (height - size) // 2, (width - size) // 2
    return image[:, top : top + size, left : left + size]
