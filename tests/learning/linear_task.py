# SPDX-License-Identifier: GPL-3.0-or-later
"""The smallest task of the training loop: Bayesian linear regression, compiled in a second."""

from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from mesobayes.learning.objective import gaussian_nll
from mesobayes.learning.settings import FitSettings
from mesobayes.nets.keys import WeightPlan
from mesobayes.nets.layers import Linear
from mesobayes.nets.operators import Dense
from mesobayes.nets.posterior import draw_noise, kl_per_example
from mesobayes.nets.settings import StressNetworkSettings
from mesobayes.nets.state import merge_network, split_network

FEATURES = 3


class LinearRegression(nnx.Module):
    """y = x·w + b, x (n, 3) -> y (n,)."""

    def __init__(self, seed: int, estimator: str = "shared"):
        self.settings = StressNetworkSettings("modern", estimator=estimator, prior="fixed", prior_std=0.7)
        self.linear = Linear(Dense(), (FEATURES, 1), 1, self.settings, WeightPlan(seed))
        self.log_noise = nnx.Param(jnp.log(jnp.float32(0.4)))
        self.seen = nnx.Variable(jnp.zeros((), jnp.float32))  # a statistic that training changes

    def __call__(self, x, noise=None):
        return self.linear(x.astype(jnp.float32), noise)[:, 0]


@dataclass(frozen=True)
class RegressionTask:
    """Evidence lower bound of linear regression; `scores`, if any, gives those of validation data."""

    structure: Any
    settings: FitSettings
    data: Any = field(compare=False)
    scores: Any = field(compare=False, default=None)

    terms = ("kl", "nll")
    identity = {"network": "linear regression"}  # noqa: RUF012

    def batch(self, data, rows, key):
        return jax.tree.map(lambda array: array[rows], data)

    def loss(self, parameters, statistics, batch, key):
        network = merge_network(self.structure, parameters, statistics)
        residual = batch["y"] - network(batch["x"], draw_noise(network, key))
        nll = jnp.mean(gaussian_nll(residual, network.log_noise[...]))
        examples = len(self.data["x"])
        kl = kl_per_example(network, network.settings, examples, self.settings.evidence)
        statistics = {"seen": statistics["seen"] + len(residual)}
        return nll + kl, ({"nll": nll, "kl": kl}, statistics)

    def score(self, parameters, statistics):
        return None if self.scores is None else self.scores()


def make_data(examples: int = 10, seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 4, (examples, FEATURES)).astype(np.uint8)
    y = x @ [0.5, -0.3, 0.2] + 0.4 * rng.normal(size=examples)
    return {"x": x, "y": y.astype(np.float32)}


def make_task(settings: FitSettings, network: nnx.Module, scores=None, **data) -> RegressionTask:
    return RegressionTask(split_network(network)[0], settings, make_data(**data), scores and scores.__next__)
