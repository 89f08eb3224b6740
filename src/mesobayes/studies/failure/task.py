# SPDX-License-Identifier: GPL-3.0-or-later
"""What the training loop has to know of the failure study: minibatches of specimens and the objective."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from numpy.typing import NDArray

from mesobayes.nets.heteroencoder import Heteroencoder
from mesobayes.nets.posterior import draw_noise, kl_per_example
from mesobayes.nets.settings import HeteroencoderSettings
from mesobayes.nets.state import Arrays, Structure, merge_network, split_network
from mesobayes.studies.failure.fit_settings import DamageFitSettings
from mesobayes.studies.failure.loss_weights import WeightTable
from mesobayes.studies.failure.target import N_SYMMETRIES, PRINTED_SYMMETRIES, apply_symmetry

_SYMMETRIES = {"printed": PRINTED_SYMMETRIES, "all": tuple(range(N_SYMMETRIES)), "none": (0,)}


class SpecimenData(NamedTuple):
    """Training set in the types it has on the device.

    Attributes:
        pores: (n, x, y, z) uint8, 1 in a void.
        target: (n, x, y, z) float16 in [0, 1].
        table: (n, bins) float32, weight of a voxel by its true value.
    """

    pores: Any
    target: Any
    table: Any


class Minibatch(NamedTuple):
    """Arrays (b, x, y, z) float32; the weight is 0 in voids."""

    pores: jax.Array
    target: jax.Array
    weight: jax.Array


@dataclass(frozen=True)
class SpecimenTask:
    """Fit of a heteroencoder to transformed damage; there is no validation score.

    Attributes:
        learn_noise: whether the standard deviation of the likelihood moves from its start.
    """

    structure: Structure
    network: HeteroencoderSettings
    settings: DamageFitSettings
    data: SpecimenData = field(compare=False)
    learn_noise: bool = True

    terms: ClassVar[tuple[str, ...]] = ("error", "kl")

    @property
    def identity(self) -> Mapping[str, Any]:
        return {"network": asdict(self.network), "learn_noise": self.learn_noise}

    def batch(self, data: SpecimenData, rows: jax.Array, key: jax.Array) -> Minibatch:
        """Gather specimens, look up their weights, and apply one symmetry to all of them."""
        pores, target = data.pores[rows].astype(jnp.float32), data.target[rows].astype(jnp.float32)
        weight = jnp.where(pores > 0, 0.0, look_up(data.table[rows], target))
        choices = _SYMMETRIES[self.settings.symmetries]
        branches = [partial(apply_symmetry, number=number) for number in choices]
        stacked = jnp.concatenate([pores, target, weight])
        turned = lax.switch(jax.random.randint(key, (), 0, len(choices)), branches, stacked)
        return Minibatch(*jnp.split(turned, 3))

    def loss(
        self, parameters: Arrays, statistics: Arrays, batch: Minibatch, key: jax.Array
    ) -> tuple[jax.Array, tuple[dict[str, jax.Array], Arrays]]:
        """Weighted squared error (equation 11), or minus the evidence lower bound (equations 19, 20)."""
        network = merge_network(self.structure, parameters, statistics)
        examples, evidence = len(self.data.pores), self.settings.evidence
        terms = objective(network, batch, examples, evidence, key, self.learn_noise)
        return terms.loss, ({"error": terms.error, "kl": terms.kl}, statistics)

    def score(self, parameters: Arrays, statistics: Arrays) -> float | None:
        """None: nothing is chosen by a validation set."""
        return None


def specimen_task(
    network: Heteroencoder,
    settings: DamageFitSettings,
    pores: NDArray[np.bool_],
    target: NDArray[np.floating],
    weights: WeightTable,
    learn_noise: bool = True,
) -> SpecimenTask:
    """Return the task of fitting a network to specimens (n, x, y, z)."""
    table = np.broadcast_to(weights.table, (len(pores), weights.table.shape[1])).astype(np.float32)
    data = SpecimenData(pores.astype(np.uint8), target.astype(np.float16), table)
    return SpecimenTask(split_network(network)[0], network.settings, settings, data, learn_noise)


def look_up(table: jax.Array, target: jax.Array) -> jax.Array:
    """Weights (b, x, y, z) of true values in [0, 1] from the tables (b, bins) of their specimens."""
    bins = table.shape[1]
    index = jnp.clip((target * bins).astype(jnp.int32), 0, bins - 1)
    return jax.vmap(lambda row, places: row[places])(table, index)


class Terms(NamedTuple):
    """Parts of the objective per solid voxel: the loss, the weighted squared error, KL over evidence."""

    loss: jax.Array
    error: jax.Array
    kl: jax.Array


def objective(
    network: Heteroencoder,
    batch: Minibatch,
    n_examples: int,
    evidence: float,
    key: jax.Array,
    learn_noise: bool = True,
) -> Terms:
    """Objective of a minibatch.

    The bound of N specimens with V solid voxels each is divided by N V and the evidence e that a voxel
    counts: KL enters as KL / (e N V).
    """
    residual = network(batch.pores, draw_noise(network, key)) - batch.target
    voxels = jnp.sum(batch.pores == 0)
    error = jnp.sum(batch.weight * residual**2) / voxels
    if network.log_noise is None:
        return Terms(error, error, jnp.zeros_like(error))
    log_noise = network.log_noise[...]
    if not learn_noise:
        log_noise = lax.stop_gradient(log_noise)
    likelihood = 0.5 * error * jnp.exp(-2.0 * log_noise) + log_noise * jnp.sum(batch.weight) / voxels
    per_specimen = voxels / batch.pores.shape[0]
    kl = kl_per_example(network, network.settings, n_examples, evidence) / per_specimen
    return Terms(likelihood + kl, error, kl)
