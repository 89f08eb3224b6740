# SPDX-License-Identifier: GPL-3.0-or-later
"""What the training loop has to know of the network `local`: a new far-field strain in every step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from mesobayes.nets.build import StressNetwork
from mesobayes.nets.channels import LOCAL_CHANNELS, SINE_CHANNEL
from mesobayes.nets.state import split_network
from mesobayes.nets.stress import norm
from mesobayes.studies.stress.fit_settings import PatchFitSettings
from mesobayes.studies.stress.models.patch_data import PatchData
from mesobayes.studies.stress.models.symmetries import Batch
from mesobayes.studies.stress.task import PatchTask

_MIRROR = np.ones(LOCAL_CHANNELS, np.float32)
_MIRROR[[2, SINE_CHANNEL, LOCAL_CHANNELS - 1]] = -1.0  # snt, sin γ and the prior's snt


class UnitLoads(NamedTuple):
    """Arrays of `LocalData`, as the task takes them."""

    features: jax.Array
    macro: jax.Array
    prior: jax.Array
    deviator: jax.Array
    solid: jax.Array
    strain: jax.Array
    scale: jax.Array


@dataclass(frozen=True)
class LocalTask(PatchTask):
    """Fit of the network `local` to `UnitLoads`; objective and score are those of every stress network.

    With `augment` every example of every step is under a far-field strain of its own, uniform on the unit
    sphere, and mirrored or not; its unit of stress is then the largest macroscopic entry of its region of
    interest. Turning the plate and reversing the load change nothing that this network sees.
    """

    @property
    def identity(self) -> Mapping[str, Any]:
        return {**super().identity, "local": True}

    def batch(self, data: Any, rows: jax.Array, key: jax.Array) -> Batch:
        some = jax.tree.map(lambda array: array[rows], data)
        if not self.settings.augment:
            return under_strain(some, some.strain, some.scale)
        key_strain, key_mirror = jax.random.split(key)
        strain = jax.random.normal(key_strain, some.strain.shape)
        strain /= norm(strain)[:, None]
        batch = under_strain(some, strain, None)
        return mirror(batch, jax.random.bernoulli(key_mirror, 0.5, (len(rows),)))


def local_task(
    network: StressNetwork,
    settings: PatchFitSettings,
    data: UnitLoads,
    validation: PatchData | None = None,
) -> LocalTask:
    """Return the task of fitting the network `local` to patches."""
    return LocalTask(split_network(network)[0], network.settings, settings, data, validation)


def under_strain(loads: UnitLoads, strain: jax.Array, scale: jax.Array | None) -> Batch:
    """Superpose the unit strains with strain (b, load); stresses over scale (b,), or the largest entry."""
    macro, prior, deviator = (
        jnp.einsum("pyxlc,pl->pyxc", values, strain) for values in (loads.macro, loads.prior, loads.deviator)
    )
    if scale is None:
        scale = jnp.max(jnp.abs(macro), axis=(1, 2, 3))
    unit = scale[:, None, None, None]
    inputs = jnp.concatenate(
        [macro / unit, loads.solid[..., None].astype(macro.dtype), loads.features, prior / unit], axis=-1
    )
    return Batch(inputs, norm(deviator / unit), loads.solid)


def mirror(batch: Batch, where: jax.Array) -> Batch:
    """Mirror the examples where (b,) is true: shear stresses and sin γ change their sign."""
    signs = jnp.where(where[:, None], _MIRROR[: batch.inputs.shape[-1]], 1.0)
    return batch._replace(inputs=batch.inputs * signs[:, None, None, :])
