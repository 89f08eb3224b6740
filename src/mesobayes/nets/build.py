# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks by settings and seed."""

from __future__ import annotations

from typing import overload

from mesobayes.nets.contacts import ContactNetwork
from mesobayes.nets.heteroencoder import Heteroencoder
from mesobayes.nets.keys import WeightPlan
from mesobayes.nets.local import LocalNetwork
from mesobayes.nets.permeability import PeriodicPermeabilityNet, PermeabilityNetwork, PrintedPermeabilityCNN
from mesobayes.nets.settings import (
    ContactNetworkSettings,
    HeteroencoderSettings,
    LocalNetworkSettings,
    NetworkSettings,
    PermeabilityNetworkSettings,
    StressNetworkSettings,
)
from mesobayes.nets.stressnet import StressNet
from mesobayes.nets.unet import LinearStressUNet

StressNetwork = StressNet | LinearStressUNet | LocalNetwork
Network = StressNetwork | PermeabilityNetwork | ContactNetwork | Heteroencoder
_ARCHITECTURES = {
    (StressNetworkSettings, "printed"): StressNet,
    (StressNetworkSettings, "modern"): LinearStressUNet,
    (LocalNetworkSettings, "local"): LocalNetwork,
    (LocalNetworkSettings, "geometry"): LocalNetwork,
    (PermeabilityNetworkSettings, "printed"): PrintedPermeabilityCNN,
    (PermeabilityNetworkSettings, "modern"): PeriodicPermeabilityNet,
    (ContactNetworkSettings, "contacts"): ContactNetwork,
    (HeteroencoderSettings, "printed"): Heteroencoder,
    (HeteroencoderSettings, "modern"): Heteroencoder,
}


@overload
def build_network(settings: StressNetworkSettings | LocalNetworkSettings, seed: int) -> StressNetwork: ...
@overload
def build_network(settings: PermeabilityNetworkSettings, seed: int) -> PermeabilityNetwork: ...
@overload
def build_network(settings: ContactNetworkSettings, seed: int) -> ContactNetwork: ...
@overload
def build_network(settings: HeteroencoderSettings, seed: int) -> Heteroencoder: ...


def build_network(settings: NetworkSettings, seed: int) -> Network:
    """Network with weights drawn from the seed (any non-negative integer below 2⁶³)."""
    architecture = _ARCHITECTURES[type(settings), settings.name]
    return architecture(settings, WeightPlan(seed))
