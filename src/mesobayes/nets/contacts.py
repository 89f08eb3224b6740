# SPDX-License-Identifier: GPL-3.0-or-later
"""Network of conductances between inclusions: learned springs, mechanics for the rest.

Inclusions of high permeability have one potential U_i each. What flows from one to the next is g_ij times
their difference, with g a function of the gap and of how their pixels touch; a spring c_i ties each to the
mean field, and everything else is what periodic dipoles give. For the load along x

    E_x = min over U of  Σ g_ij (d_x + U_j - U_i)² + Σ c_i U_i²,
    μ_x = exp(cubic(f - f₀) + w log μ_dipoles,x) + s E_x / V,

with d the vector between two centres, f the volume fraction, V the volume of the cell. One factorisation
gives all loads: L U = Σ g d_x (e_i - e_j) with L = Σ g (e_i - e_j)(e_i - e_j)ᵀ + diag c. At the minimum E
does not change with U, so its gradient needs no derivative of the solution, and rounding of U counts squared.
The prediction turns, is mirrored and shifts with the cell, whatever its size.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from mesobayes.nets.heads import PointLayer
from mesobayes.nets.keys import WeightPlan
from mesobayes.nets.settings import ContactNetworkSettings

FEATURES = 12  # of a pair: gap (2), faces, edges, corners, all three, sizes; surroundings (5)
_START = (-1.0, 0.5, 0.5, 0.3, 0.2, 0.5, 0.5)  # of the linear part, of all but the surroundings
_LOG_CONDUCTANCE, _LOG_SPRING = {2: 0.0, 3: 2.5}, {2: 1.0, 3: 3.0}  # at first, by dimension
_LOG_RANGE = (-6.0, 9.0)  # of conductances and springs: their ratio stays within single precision
_FRACTION = 0.2  # f₀


class ContactGraphs(NamedTuple):
    """Cells as graphs, filled up with zeros to one size.

    Attributes:
        ends: (n, pair, 2) numbers of the two inclusions of a pair.
        vector: (n, pair, d) between their centres, in pixels.
        features: (n, pair, feature).
        pair: (n, pair) 1 for a pair, 0 for what fills up.
        size: (n, inclusion) radius over that of the family; 0 for what fills up.
        fraction: (n,) share of inclusion pixels.
        log_dipoles: (n, d) logarithm of the diagonal that periodic dipoles give.
        volume: (n,) pixels of the cell.
    """

    ends: Any
    vector: Any
    features: Any
    pair: Any
    size: Any
    fraction: Any
    log_dipoles: Any
    volume: Any


class ContactNetwork(nnx.Module):
    """`ContactGraphs` -> logarithm of the diagonal of the permeability (n, d)."""

    def __init__(self, settings: ContactNetworkSettings, plan: WeightPlan):
        self.settings = settings
        inputs, width = settings.features, settings.hidden
        start = np.zeros(inputs, np.float32)
        start[: len(_START)] = _START
        self.linear = nnx.Param(jnp.asarray(start))
        self.first = PointLayer((inputs, width), plan)
        self.second = PointLayer((width, width), plan)
        self.last = PointLayer((width, 1), plan, gain=0.1, bias=_LOG_CONDUCTANCE[settings.dimension])
        self.spring = nnx.Param(jnp.array([0.0, 0.0, _LOG_SPRING[settings.dimension]], jnp.float32))
        self.spring_size = nnx.Param(jnp.asarray(1.0, jnp.float32))
        self.cubic = nnx.Param(jnp.zeros(4, jnp.float32))
        self.dipoles = nnx.Param(jnp.asarray(1.0, jnp.float32))  # w
        self.log_scale = nnx.Param(jnp.asarray(0.0, jnp.float32))  # log s

    def __call__(self, graphs: ContactGraphs) -> jax.Array:
        """(n, d) log μ of every load."""
        h = graphs.fraction - _FRACTION
        background = jnp.polyval(self.cubic[...], h)[:, None] + self.dipoles[...] * graphs.log_dipoles
        conducted = jnp.exp(self.log_scale[...]) * self.energies(graphs) / graphs.volume[:, None]
        return jnp.log(jnp.exp(background) + conducted)

    def energies(self, graphs: ContactGraphs) -> jax.Array:
        """(n, d) energies E of the network under unit loads."""
        g = graphs.pair * jnp.exp(self.log_conductance(graphs.features))
        h = graphs.fraction - _FRACTION
        there = graphs.size > 0
        size = jnp.where(there, graphs.size, 1.0)
        log_spring = jnp.polyval(self.spring[...], h)[:, None] + self.spring_size[...] * jnp.log(size)
        spring = jnp.exp(jnp.clip(log_spring, *_LOG_RANGE))
        return network_energies(graphs.ends, graphs.vector, g, jnp.where(there, spring, 1.0))

    def log_conductance(self, features: jax.Array) -> jax.Array:
        """(..., feature) -> (...) logarithm of the conductance of a pair."""
        features = features[..., : self.settings.features]
        u = nnx.silu(features @ self.first.kernel[...] + self.first.bias[...])
        u = nnx.silu(u @ self.second.kernel[...] + self.second.bias[...])
        out = (u @ self.last.kernel[...] + self.last.bias[...])[..., 0]
        return jnp.clip(out + features @ self.linear[...], *_LOG_RANGE)


def network_energies(
    ends: jax.Array, vector: jax.Array, conductance: jax.Array, spring: jax.Array
) -> jax.Array:
    """min over U of Σ g (d + U_j - U_i)² + Σ c U², by load, (n, d).

    Args:
        ends: (n, pair, 2) numbers i, j.
        vector: (n, pair, d).
        conductance: (n, pair) g, 0 for what fills up.
        spring: (n, inclusion) c > 0.
    """
    nodes = jnp.arange(spring.shape[-1])
    first, second = (ends[..., end : end + 1] == nodes for end in (0, 1))  # (n, pair, inclusion)
    incidence = first.astype(vector.dtype) - second
    weighted = conductance[..., None] * incidence
    laplacian = jnp.einsum("npi,npj->nij", weighted, incidence) + spring[..., None] * jnp.eye(len(nodes))
    sources = jnp.einsum("npi,npd->nid", weighted, vector)
    factor = jnp.linalg.cholesky(jax.lax.stop_gradient(laplacian))
    potential = jax.scipy.linalg.cho_solve((factor, True), jax.lax.stop_gradient(sources))  # U
    drop = vector - jnp.einsum("npi,nid->npd", incidence, potential)  # d + U_j - U_i
    stored = jnp.einsum("ni,nid->nd", spring, potential**2)
    return jnp.einsum("np,npd->nd", conductance, drop**2) + stored
