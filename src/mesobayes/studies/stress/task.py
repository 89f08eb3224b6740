# SPDX-License-Identifier: GPL-3.0-or-later
"""What the training loop has to know of the stress study: minibatches of patches, objective, score."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple, cast

import jax
import jax.numpy as jnp
from jax import lax

from mesobayes.learning.objective import gaussian_nll
from mesobayes.learning.step import number_of_examples
from mesobayes.nets.build import StressNetwork
from mesobayes.nets.estimators import Noise
from mesobayes.nets.heads import Spread, WithSpread
from mesobayes.nets.posterior import draw_noise, kl_per_example
from mesobayes.nets.settings import LocalNetworkSettings, StressNetworkSettings
from mesobayes.nets.state import Arrays, Structure, merge_network, split_network, statistics_of
from mesobayes.nets.stress import crop, output_scale
from mesobayes.studies.stress.fit_settings import PatchFitSettings
from mesobayes.studies.stress.models.patch_data import PatchData
from mesobayes.studies.stress.models.symmetries import Batch, augment
from mesobayes.studies.stress.predict import mean_accuracy

_SHARE_OF_MAXIMA = 0.2  # of the loss of the heads, over that of the pixels


@dataclass(frozen=True)
class PatchTask:
    """Fit of a stress network to patches, a `Batch` of all; the score is 1 minus the accuracy at 10 %."""

    structure: Structure
    network: StressNetworkSettings | LocalNetworkSettings
    settings: PatchFitSettings
    data: Any = field(compare=False)
    validation: PatchData | None = field(compare=False)

    @property
    def terms(self) -> tuple[str, ...]:
        return ("nll", "kl", "mse", "spread") if self.network.heads else ("nll", "kl", "mse")

    @property
    def identity(self) -> Mapping[str, Any]:
        scored = None if self.validation is None else vars(self.validation)
        return {"network": asdict(self.network)} | (
            {"validation": scored} if self.settings.schedule == "plateau" else {}
        )

    def batch(self, data: Batch, rows: jax.Array, key: jax.Array) -> Batch:
        batch = jax.tree.map(lambda array: array[rows], data)
        return augment(batch, key) if self.settings.augment else batch

    def loss(
        self, parameters: Arrays, statistics: Arrays, batch: Batch, key: jax.Array
    ) -> tuple[jax.Array, tuple[dict[str, jax.Array], Arrays]]:
        network = merge_network(self.structure, parameters, statistics)
        noise, settings, examples = draw_noise(network, key), self.settings, number_of_examples(self.data)
        terms = negative_elbo(network, batch, noise, examples, settings.evidence, settings.loss_scale)
        return terms.loss + terms.spread, (terms._asdict(), statistics_of(network))

    def score(self, parameters: Arrays, statistics: Arrays) -> float | None:
        if self.validation is None or len(self.validation) == 0:
            return None
        network = merge_network(self.structure, parameters, statistics)
        some = self.validation.take(slice(self.settings.validation_patches))
        return 1.0 - mean_accuracy(network, some)


def patch_task(
    network: StressNetwork,
    settings: PatchFitSettings,
    data: Batch,
    validation: PatchData | None = None,
) -> PatchTask:
    """Return the task of fitting a network to patches."""
    return PatchTask(split_network(network)[0], network.settings, settings, data, validation)


class Terms(NamedTuple):
    """Parts of the objective; the bound and its parts are per pixel of the region of interest.

    Attributes:
        loss: negative evidence lower bound.
        nll: expected negative log likelihood.
        kl: divergence over evidence.
        mse: mean squared scaled residual over the solid pixels.
        spread: loss of the heads, apart from the bound and 0 without heads.
    """

    loss: jax.Array
    nll: jax.Array
    kl: jax.Array
    mse: jax.Array
    spread: jax.Array


def negative_elbo(
    network: StressNetwork,
    batch: Batch,
    noise: Noise | None,
    n_examples: jax.Array | float,
    evidence: float = 1.0,
    loss_scale: str = "pixel",
) -> Terms:
    """Negative evidence lower bound of a minibatch, divided by examples and pixels.

    The bound of the whole training set is Σₙ E_q[log p(yₙ | xₙ, w)] - KL(q ‖ p), the sum of the log
    likelihood over the solid pixels of the region of interest. A minibatch of b examples estimates 1/N of
    its negative as (1/b) Σ -log p + KL/N; both are divided by the constant roi² to keep gradients of order
    one. `evidence` counts every observation so many times: KL enters as KL / (evidence N).
    """
    settings = network.settings
    if settings.heads:
        prediction, spread = cast(WithSpread, network).with_spread(batch.inputs, noise, train=True)
        misfit = spread_loss(spread, prediction, batch)
    else:
        prediction, misfit = network(batch.inputs, noise, train=True), jnp.zeros(())
    scale = residual_scale(batch.inputs, settings.roi, settings.scale_floor, loss_scale)
    residual = jnp.where(batch.mask, (prediction - batch.target) / scale, 0.0)
    log_likelihood = jnp.where(batch.mask, -gaussian_nll(residual, network.log_noise[...]), 0.0)
    nll = -jnp.mean(log_likelihood)
    kl = kl_per_example(network, settings, n_examples, evidence) / settings.roi**2
    mse = jnp.sum(residual**2) / jnp.maximum(jnp.sum(batch.mask), 1)
    return Terms(nll + kl, nll, kl, mse, misfit)


def spread_loss(spread: Spread, field: jax.Array, batch: Batch) -> jax.Array:
    """Negative Gaussian log likelihoods of the heads: mean over solid pixels + 0.2 mean over patches.

    The field is taken as it is, without a gradient; a patch without solid pixels has no maximum.
    """
    field = lax.stop_gradient(field)
    residual = jnp.where(batch.mask, batch.target - field, 0.0)
    pixels = jnp.where(batch.mask, gaussian_nll(residual, spread.log_noise), 0.0)
    true, found = (jnp.max(jnp.where(batch.mask, image, 0.0), axis=(1, 2)) for image in (batch.target, field))
    some = jnp.any(batch.mask, axis=(1, 2))
    maxima = jnp.where(some, gaussian_nll(true - found - spread.shift, spread.log_spread), 0.0)
    return mean_over(pixels, batch.mask) + _SHARE_OF_MAXIMA * mean_over(maxima, some)


def mean_over(values: jax.Array, where: jax.Array) -> jax.Array:
    """Mean of the values where they count; they are 0 elsewhere."""
    return jnp.sum(values) / jnp.maximum(jnp.sum(where), 1)


def residual_scale(inputs: jax.Array, roi: int, floor: float, loss_scale: str) -> jax.Array:
    """Unit of the residuals (n, roi, roi): the output scale S, or 1 (units of the patch scale)."""
    if loss_scale == "patch":
        return jnp.ones((inputs.shape[0], roi, roi), inputs.dtype)
    return crop(output_scale(inputs, floor), roi)
