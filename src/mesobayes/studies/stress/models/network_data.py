# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbered patches as a network sees them, and the task of fitting it to them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import xarray as xr
from numpy.typing import NDArray

from mesobayes.nets.build import StressNetwork
from mesobayes.nets.settings import LocalNetworkSettings, StressNetworkSettings
from mesobayes.record.store import open_store
from mesobayes.studies.stress.fit_settings import PatchFitSettings
from mesobayes.studies.stress.models.gather import gather, in_store_order
from mesobayes.studies.stress.models.local_data import LocalData, images_of, local_data, local_variables
from mesobayes.studies.stress.models.local_task import UnitLoads, local_task
from mesobayes.studies.stress.models.patch_data import PatchData, patch_data
from mesobayes.studies.stress.models.symmetries import Batch
from mesobayes.studies.stress.stores import CHANNELS, PATCHES
from mesobayes.studies.stress.task import PatchTask, patch_task

AnyNetworkSettings = StressNetworkSettings | LocalNetworkSettings


@dataclass(frozen=True)
class NetworkData:
    """Patches of a family in the form that one network takes.

    Attributes:
        patches: data set of the cut patches.
        channels: data set of the channels of single pixels, under the same numbers; for pixel networks.
        network: settings of the network.
    """

    patches: xr.Dataset
    channels: xr.Dataset | None
    network: AnyNetworkSettings

    def read(self, numbers: NDArray) -> PatchData | LocalData:
        """Return some patches in memory: images, or channels for the three unit loads."""
        if isinstance(self.network, LocalNetworkSettings):
            assert self.channels is not None
            return local_data(self.channels, numbers, self.network.mechanics)
        return patch_data(self.patches, numbers)

    def seen(self, numbers: NDArray) -> PatchData:
        """Return some patches under the loads of their structures, as the network predicts them."""
        data = self.read(numbers)
        return data.patches() if isinstance(data, LocalData) else data

    def training(self, numbers: NDArray) -> Batch | UnitLoads:
        """Return what the network learns from, on the device."""
        parts = ((rows, examples(self.read(numbers[rows]))) for rows in in_store_order(numbers))
        return gather(parts, len(numbers))


def examples(data: PatchData | LocalData) -> Batch | UnitLoads:
    """Return patches as a task takes them."""
    return UnitLoads(**vars(data)) if isinstance(data, LocalData) else Batch(**vars(data))


def open_network_data(patches: Path, channels: Path | None, network: AnyNetworkSettings) -> NetworkData:
    """Open what a network needs of a family; images are read chunk by chunk when patches are taken.

    Raises:
        StoreError: a store is missing, damaged or not finite.
    """
    found = None
    if isinstance(network, LocalNetworkSettings):
        assert channels is not None
        names = local_variables(network.mechanics)
        found = open_store(channels, CHANNELS, variables=names, later=images_of(names))
    data = open_store(patches, PATCHES, finite=("input", "target", "scale"), later=("input", "target"))
    return NetworkData(data, found, network)


def training_task(
    start: StressNetwork,
    settings: PatchFitSettings,
    data: Batch | UnitLoads,
    validation: PatchData | None,
) -> PatchTask:
    """Return the task of fitting a network to what it learns from."""
    if isinstance(data, UnitLoads):
        return local_task(start, settings, data, validation)
    return patch_task(start, settings, data, validation)
