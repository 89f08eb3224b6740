# SPDX-License-Identifier: GPL-3.0-or-later
"""What the training loop has to know of a network of conductances."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from mesobayes.learning.predict import predict_mean_weights
from mesobayes.nets.contacts import ContactGraphs, ContactNetwork
from mesobayes.nets.settings import ContactNetworkSettings
from mesobayes.nets.state import Arrays, Structure, merge_network, split_network


class LabelledGraphs(NamedTuple):
    """Graphs of n cells and log μ (n, components) of their first components."""

    graphs: ContactGraphs
    target: Any


@dataclass(frozen=True)
class ContactTask:
    """Fit of a network of conductances; the score is the mean squared error of log μ on other cells."""

    structure: Structure
    network: ContactNetworkSettings
    cells: LabelledGraphs = field(compare=False)
    validation: LabelledGraphs = field(compare=False)

    terms: ClassVar[tuple[str, ...]] = ("mse",)

    @property
    def data(self) -> LabelledGraphs:
        return self.cells

    @property
    def identity(self) -> Mapping[str, Any]:
        return {"network": asdict(self.network)}

    def batch(self, data: LabelledGraphs, rows: jax.Array, key: jax.Array) -> LabelledGraphs:
        del key  # all symmetries are built in
        batch: LabelledGraphs = jax.tree.map(lambda array: array[rows], data)
        return batch

    def loss(
        self, parameters: Arrays, statistics: Arrays, batch: LabelledGraphs, key: jax.Array
    ) -> tuple[jax.Array, tuple[dict[str, jax.Array], Arrays]]:
        del key
        network = merge_network(self.structure, parameters, statistics)
        components = batch.target.shape[1]
        mse = jnp.mean(jnp.square(network(batch.graphs)[:, :components] - batch.target))
        return mse, ({"mse": mse}, statistics)

    def score(self, parameters: Arrays, statistics: Arrays) -> float:
        network = merge_network(self.structure, parameters, statistics)
        predicted = predict_contacts(network, self.validation.graphs)
        return float(np.mean((predicted[:, : self.validation.target.shape[1]] - self.validation.target) ** 2))


def contact_task(network: ContactNetwork, cells: LabelledGraphs, validation: LabelledGraphs) -> ContactTask:
    """Return the task of fitting a network of conductances."""
    return ContactTask(split_network(network)[0], network.settings, cells, validation)


def predict_contacts(network: ContactNetwork, graphs: ContactGraphs) -> np.ndarray:
    """Log permeability (n, d) of graphs."""
    return np.asarray(predict_mean_weights(network, graphs, batch=64))
