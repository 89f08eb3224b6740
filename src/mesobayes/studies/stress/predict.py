# SPDX-License-Identifier: GPL-3.0-or-later
"""Posterior predictions of patches: mean field, spread, and the maxima of coherent draws."""

from __future__ import annotations

from dataclasses import dataclass, replace

import jax
import jax.numpy as jnp
import numpy as np

from mesobayes.learning.predict import predict_draws, predict_mean_weights
from mesobayes.learning.settings import Precision
from mesobayes.metrics.scores import accuracy_at
from mesobayes.nets.build import StressNetwork
from mesobayes.nets.channels import SOLID_CHANNEL
from mesobayes.nets.heads import WithSpread
from mesobayes.nets.stress import crop
from mesobayes.studies.stress.models.patch_data import PatchData, masked_maximum


@dataclass(frozen=True)
class Predictive:
    """Normal laws of new truths of n patches, by the heads of a network, in units of the patch scale.

    Attributes:
        std: (n, roi, roi) of a pixel about the mean field: spread of the draws and noise together.
        max_centre, max_std: (n,) of the largest stress over the solid pixels.
    """

    std: np.ndarray
    max_centre: np.ndarray
    max_std: np.ndarray


@dataclass(frozen=True)
class Prediction:
    """Posterior prediction of n patches, in units of the patch scale.

    Attributes:
        mean, epistemic_std: (n, roi, roi), over the weight draws (zero spread for point weights).
        roi_max: (draw, n), largest Tresca stress over the solid pixels of the region of interest.
        predictive: of a network with heads, else None.
    """

    mean: np.ndarray
    epistemic_std: np.ndarray
    roi_max: np.ndarray
    predictive: Predictive | None = None


def predict_patches(
    network: StressNetwork,
    inputs: np.ndarray,
    draws: int,
    seed: int,
    batch: int = 64,
    precision: Precision = "default",
) -> Prediction:
    """Mean, spread and maxima over weight draws for inputs (n, h, w, 5)."""
    heads = network.settings.heads
    found = predict_draws(
        network,
        inputs,
        draws,
        seed,
        forward=field_with_heads if heads else field_alone,
        functional=maximum_of_draw,
        batch=batch,
        precision=precision,
    )
    mean, std = found.mean, found.std
    predictive = predictive_law(mean, std) if heads else None
    return Prediction(mean["field"], std["field"], found.values, predictive)


def field_alone(network: StressNetwork, inputs: jax.Array) -> dict[str, jax.Array]:
    """Return the field of one draw."""
    return {"field": network(inputs)}


def field_with_heads(network: WithSpread, inputs: jax.Array) -> dict[str, jax.Array]:
    """Return field, noise, and mean and variance of the largest stress, of one draw."""
    field, spread = network.with_spread(inputs)
    centre = roi_maximum(field, inputs) + spread.shift
    return {
        "field": field,
        "log_noise": spread.log_noise,
        "max_centre": centre,
        "max_variance": jnp.exp(2 * spread.log_spread),
    }


def maximum_of_draw(output: dict[str, jax.Array], inputs: jax.Array) -> jax.Array:
    """Return the largest stress of the field of one draw."""
    return roi_maximum(output["field"], inputs)


def predictive_law(mean: dict[str, np.ndarray], std: dict[str, np.ndarray]) -> Predictive:
    """Join the draws by the law of total variance; the noise of a pixel is averaged as a logarithm."""
    return Predictive(
        np.hypot(std["field"], np.exp(mean["log_noise"])),
        mean["max_centre"],
        np.sqrt(std["max_centre"] ** 2 + mean["max_variance"]),
    )


def on_whole_patch(network: StressNetwork, pixels: int) -> StressNetwork:
    """Make a network return what it computes on all pixels of a patch, not on its region of interest only.

    The weights do not depend on the region. Outside it no fit has asked the network for anything.
    """
    network.settings = replace(network.settings, roi=pixels)
    return network


def roi_maximum(field: jax.Array, inputs: jax.Array) -> jax.Array:
    """Largest value of field (n, roi, roi) over the solid pixels of inputs (n, h, w, 5); 0 without any."""
    solid = crop(inputs[..., SOLID_CHANNEL], field.shape[-1]) > 0.5
    return jnp.max(jnp.where(solid, field, 0.0), axis=(1, 2))


def mean_accuracy(network: StressNetwork, data: PatchData, threshold: float = 0.1) -> float:
    """Accuracy at a threshold of the posterior mean weights."""
    field = predict_mean_weights(network, data.inputs)
    true = masked_maximum(data.target, data.mask)
    return accuracy_at(masked_maximum(field, data.mask), true, threshold)
