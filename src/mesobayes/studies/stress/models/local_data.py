# SPDX-License-Identifier: GPL-3.0-or-later
"""Patches as the network `local` sees them, for the three unit strains or under one far-field strain."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mesobayes.nets.settings import Mechanics
from mesobayes.studies.stress.models.patch_data import PatchData


@dataclass(frozen=True)
class LocalData:
    """Regions of interest of n patches in the frame of the nearest edge, float32, stresses in units of E.

    Attributes:
        features: (n, roi, roi, 9) numbers on the edges, the coverage first.
        macro, prior: (n, roi, roi, load, 3) stress of the unit strains, components nn, tt, nt; a last axis of
            length 0 for no prior.
        deviator: (n, roi, roi, load, 2) the label: ((nn - tt) / 2, nt) of the stress with pores.
        solid: (n, roi, roi) bool.
        strain: (n, load) far-field strain of the structure.
        scale: (n,) scale of the patch under that strain.
    """

    features: np.ndarray
    macro: np.ndarray
    prior: np.ndarray
    deviator: np.ndarray
    solid: np.ndarray
    strain: np.ndarray
    scale: np.ndarray

    def __len__(self) -> int:
        return len(self.scale)

    def patches(self) -> PatchData:
        """Return the patches under the strains of their structures, in units of the patch scale."""
        macro, prior, deviator = (
            np.einsum("pyxlc,pl->pyxc", values, self.strain, optimize=True) / self.scale[:, None, None, None]
            for values in (self.macro, self.prior, self.deviator)
        )
        inputs = np.concatenate([macro, self.solid[..., None], self.features, prior], axis=-1)
        target = np.hypot(deviator[..., 0], deviator[..., 1])
        return PatchData(inputs.astype(np.float32), target.astype(np.float32), self.solid)


def local_variables(mechanics: Mechanics) -> tuple[str, ...]:
    """Return the variables of the channels that `local_data` needs."""
    names = ("features", "macro_stress", "micro_deviator", "solid", "strain", "scale", "structure", "split")
    return names if mechanics == "none" else (*names, mechanics)


def images_of(variables: tuple[str, ...]) -> tuple[str, ...]:
    """Return those of the variables that hold images, which are read when they are needed."""
    small = ("strain", "scale", "structure", "split")
    return tuple(name for name in variables if name not in small)


def local_data(channels: xr.Dataset, numbers: NDArray, mechanics: Mechanics) -> LocalData:
    """Channels of the patches with the given numbers, with one of the mechanical priors."""
    selected = channels.isel(patch=np.asarray(numbers))
    macro = selected["macro_stress"].values
    prior = macro[..., :0] if mechanics == "none" else selected[mechanics].values
    return LocalData(
        selected["features"].values,
        macro,
        prior,
        selected["micro_deviator"].values,
        selected["solid"].values.astype(bool),
        selected["strain"].values.astype(np.float32),
        selected["scale"].values,
    )
