# SPDX-License-Identifier: GPL-3.0-or-later
"""Monte Carlo estimators of a layer with Gaussian weights w ~ N(μ, σ²), for any op(x, w) linear in each
argument, and dropout of its channels.

A field network shares its weights over space, so the noise of a weight draw is shared over space as well.
Both estimators keep that: `shared` draws the weights once for the batch, `flipout` gives every example its
own signs per channel, broadcast over space. Noise drawn per pixel (local reparameterisation) has the right
marginals and the wrong fields: its spatial means hardly vary and its maxima are too large.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import jax

LinearOperator = Callable[[jax.Array, jax.Array], jax.Array]


@dataclass(frozen=True)
class Noise:
    """Weight noise of one forward pass.

    epsilon: (number of weights,) standard normal numbers, a stretch for each layer.
    key: source of the signs of Flipout.
    estimator: "shared", "flipout" or "dropout".
    dropout: share of the channels that are left out, of the estimator "dropout".
    """

    epsilon: jax.Array
    key: jax.Array
    estimator: str
    dropout: float = 0.0


def shared(
    op: LinearOperator, x: jax.Array, mu: jax.Array, sigma: jax.Array, epsilon: jax.Array, key: jax.Array
) -> jax.Array:
    """op(x, μ + σ∘ε) with one ε ~ N(0, 1) for the whole batch (Krokos et al. 2022, section 3.4)."""
    del key  # the weights are all that is random
    return op(x, mu + sigma * epsilon)


def flipout(
    op: LinearOperator, x: jax.Array, mu: jax.Array, sigma: jax.Array, epsilon: jax.Array, key: jax.Array
) -> jax.Array:
    """op(x, μ) + s_out ∘ op(s_in ∘ x, σ∘ε), random signs per example and channel (Wen et al. 2018)."""
    key_in, key_out = jax.random.split(key)
    mean = op(x, mu)
    sign_in = _signs(key_in, x)
    sign_out = _signs(key_out, mean)
    return mean + sign_out * op(sign_in * x, sigma * epsilon)


def kept_channels(epsilon: jax.Array, dropout: float) -> jax.Array:
    """Factors (..., in, 1) of a kernel (..., in, out): 1 / (1 - p) for channels that stay, 0 for a share p.

    One normal number of each input channel decides, so that a channel is kept or left out as a whole and for
    the whole batch: w = diag(z) μ (Gal and Ghahramani 2016, section 3).
    """
    first = epsilon.reshape(-1, *epsilon.shape[-2:])[0, :, :1]  # (in, 1)
    kept = first > jax.scipy.special.ndtri(dropout)
    return kept / (1.0 - dropout)


ESTIMATORS = {"shared": shared, "flipout": flipout}


def _signs(key: jax.Array, x: jax.Array) -> jax.Array:
    """Random signs (n, 1, ..., 1, channel) that broadcast over the space axes of x."""
    n, channels = x.shape[0], x.shape[-1]
    flat = jax.random.rademacher(key, (n * channels,), x.dtype)  # a vector compiles faster, same numbers
    return flat.reshape(n, *(1,) * (x.ndim - 2), channels)
