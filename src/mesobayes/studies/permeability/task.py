# SPDX-License-Identifier: GPL-3.0-or-later
"""What the training loop has to know of the permeability study: symmetric minibatches, loss, score."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from mesobayes.learning.objective import gaussian_nll
from mesobayes.nets.permeability import PeriodicPermeabilityNet, PermeabilityNetwork
from mesobayes.nets.posterior import draw_noise, kl_per_example, weights
from mesobayes.nets.settings import PermeabilityNetworkSettings
from mesobayes.nets.state import Arrays, Structure, merge_network, split_network
from mesobayes.studies.permeability.predict import predict_mean
from mesobayes.studies.permeability.settings import CellFitSettings


class LabelledImages(NamedTuple):
    """Cells and what is predicted of them.

    Attributes:
        images: (n, [z,] y, x) boolean or uint8, 1 in the inclusions.
        target: (n, outputs) float32, log μ of the predicted components, from x on.
    """

    images: Any
    target: Any


@dataclass(frozen=True)
class CellTask:
    """Fit of a permeability network to cells; the score is the mean squared error of log μ on others.

    Random periodic shifts and mirror images leave the diagonal of the tensor as it is. With them the periodic
    network sees every cell in one random orientation, with the component along x of that orientation; its
    predictions take all orientations.
    """

    structure: Structure
    network: PermeabilityNetworkSettings
    settings: CellFitSettings
    cells: LabelledImages = field(compare=False)
    validation: LabelledImages = field(compare=False)

    terms: ClassVar[tuple[str, ...]] = ("mse", "kl")

    @property
    def data(self) -> LabelledImages:
        return self.cells

    @property
    def identity(self) -> Mapping[str, Any]:
        scored = {"validation": self.validation} if self.settings.schedule == "plateau" else {}
        return {"network": asdict(self.network), **scored}

    @property
    def sees_one_orientation(self) -> bool:
        """Whether a step takes one orientation of every cell."""
        return self.settings.augment and self.network.name == "modern"

    @property
    def observations(self) -> int:
        """Terms of the loss that the data hold: all components, where a step takes one of each cell."""
        cells, outputs = self.cells.target.shape
        return int(cells * outputs if self.sees_one_orientation else cells)

    def batch(self, data: LabelledImages, rows: jax.Array, key: jax.Array) -> LabelledImages:
        target = data.target[rows]
        if not self.settings.augment:
            return LabelledImages(data.images[rows].astype(jnp.float32), target)
        key_shift, key_axes = jax.random.split(key)
        images = shifted_and_mirrored(data.images, rows, key_shift).astype(jnp.float32)
        if not self.sees_one_orientation:
            return LabelledImages(images, target)
        return one_orientation(LabelledImages(images, target), key_axes)

    def loss(
        self, parameters: Arrays, statistics: Arrays, batch: LabelledImages, key: jax.Array
    ) -> tuple[jax.Array, tuple[dict[str, jax.Array], Arrays]]:
        network = merge_network(self.structure, parameters, statistics)
        noise, settings = draw_noise(network, key), self.settings
        if self.sees_one_orientation:
            mean, log_std = (value[:, None] for value in network.along_x(batch.images, noise))
        else:
            mean, log_std = network(batch.images, noise)
        mse = jnp.mean(jnp.square(mean - batch.target))  # eq. 11
        if settings.loss == "nll":
            loss = jnp.mean(jnp.sum(gaussian_nll(mean - batch.target, log_std), axis=1))
        else:
            scale = network.correction_scale[...] if isinstance(network, PeriodicPermeabilityNet) else 1.0
            loss = mse / scale**2
        loss += settings.l2 * sum(jnp.sum(jnp.square(weight.mu[...])) for weight in weights(network))
        kl = kl_per_example(network, self.network, self.observations, settings.evidence)
        return loss + kl, ({"mse": mse, "kl": kl}, statistics)

    def score(self, parameters: Arrays, statistics: Arrays) -> float:
        network = merge_network(self.structure, parameters, statistics)
        predicted = predict_mean(network, self.validation.images, self.settings.precision)
        return float(np.mean((predicted - self.validation.target) ** 2))


def cell_task(
    network: PermeabilityNetwork,
    settings: CellFitSettings,
    cells: LabelledImages,
    validation: LabelledImages,
) -> CellTask:
    """Return the task of fitting a network to cells.

    Raises:
        ValueError: there are no cells for training or none for validation.
    """
    if len(cells.images) == 0 or len(validation.images) == 0:
        raise ValueError("a fit needs at least one image for training and one for validation")
    return CellTask(split_network(network)[0], network.settings, settings, cells, validation)


def shifted_and_mirrored(images: jax.Array, rows: jax.Array, key: jax.Array) -> jax.Array:
    """Images `rows`, each shifted periodically and mirrored at random along every axis, in one gather."""
    size, edges = len(rows), images.shape[1:]
    places: list[jax.Array] = []
    for axis, edge in enumerate(edges):
        key, key_shift, key_mirror = jax.random.split(key, 3)
        shift = jax.random.randint(key_shift, (size, 1), 0, edge)
        step = jax.random.rademacher(key_mirror, (size, 1), jnp.int32)
        along = (shift + step * jnp.arange(edge)) % edge  # (b, edge)
        places.append(along.reshape(size, *(edge if a == axis else 1 for a in range(len(edges)))))
    return images[rows.reshape(size, *(1 for _ in edges)), *places]


def one_orientation(batch: LabelledImages, key: jax.Array) -> LabelledImages:
    """Each image with a random axis in the place of x, and the component along that axis, (b, 1).

    Of a volume the two axes across x are exchanged at random.
    """
    key_axis, key_across = jax.random.split(key)
    images, (size, outputs) = batch.images, batch.target.shape
    axis = jax.random.randint(key_axis, (size,), 0, outputs)  # 0 is x, the last one
    for other in range(1, outputs):
        images = _where(axis == other, jnp.swapaxes(batch.images, -1, -1 - other), images)
    if images.ndim == 4:
        images = _where(jax.random.bernoulli(key_across, shape=(size,)), jnp.swapaxes(images, 1, 2), images)
    return LabelledImages(images, jnp.take_along_axis(batch.target, axis[:, None], axis=1))


def _where(chosen: jax.Array, first: jax.Array, second: jax.Array) -> jax.Array:
    """Image by image (b, …) the first or the second."""
    return jnp.where(chosen.reshape(-1, *(1,) * (first.ndim - 1)), first, second)
