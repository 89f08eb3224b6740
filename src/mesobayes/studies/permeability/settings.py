# SPDX-License-Identifier: GPL-3.0-or-later
"""The permeability study's part of the configuration (see ``settings``)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from mesobayes.record.settings import Count, NonNegative, Positive, Share


@dataclass(frozen=True)
class InclusionsConfig:
    """Distribution of one family of periodic cells, lengths in pixels."""

    dimension: Annotated[int(2, 3)]
    radius_min: Positive
    radius_max: Positive
    overlap: bool
    fraction_min: Share
    fraction_max: Share
    sampler: Literal["uniform", "exponential"]
    exponential_scale: Positive


@dataclass(frozen=True)
class InclusionFamiliesConfig:
    mono: InclusionsConfig
    poly: InclusionsConfig
    overlap: InclusionsConfig
    spheres: InclusionsConfig


@dataclass(frozen=True)
class CellsConfig:
    """Edge of the cells in pixels, how many, and how many in one job."""

    side: Annotated[16]
    number: Annotated[8]
    batch: Count


@dataclass(frozen=True)
class AllCellsConfig:
    mono: CellsConfig
    poly: CellsConfig
    overlap: CellsConfig
    spheres: CellsConfig


@dataclass(frozen=True)
class PermeabilityNetworkConfig:
    """Architecture and variational family of one network."""

    name: Literal["printed", "modern"]
    width: Positive
    levels: Count
    stem: Count
    estimator: Literal["none", "shared", "flipout"]
    prior: Literal["fixed", "learned"]
    prior_std: Positive
    posterior_std: Positive


@dataclass(frozen=True)
class RegressionConfig:
    """Objective and optimiser of one network's fits."""

    epochs: Count
    batch: Count
    learning_rate: Positive
    schedule: Literal["plateau", "onecycle"]
    loss: Literal["mse", "nll"]
    l2: NonNegative
    plateau_patience: Count
    stop_patience: Count
    kl_weight: NonNegative
    spread_rate: Positive
    augment: bool
    checkpoint_seconds: NonNegative


@dataclass(frozen=True)
class PermeabilityNetworksConfig:
    printed: PermeabilityNetworkConfig
    modern: PermeabilityNetworkConfig
    bayes: PermeabilityNetworkConfig
    printed_volume: PermeabilityNetworkConfig
    modern_volume: PermeabilityNetworkConfig


@dataclass(frozen=True)
class RegressionsConfig:
    printed: RegressionConfig
    modern: RegressionConfig
    bayes: RegressionConfig
    printed_volume: RegressionConfig
    modern_volume: RegressionConfig


@dataclass(frozen=True)
class PermeabilityConfig:
    """Permeability study, Aldakheel et al. 2023."""

    matrix: Positive
    inclusion: Positive
    tolerance: Positive
    families: InclusionFamiliesConfig
    cells: AllCellsConfig
    validation: Share
    test: Share
    transfer_epochs: Count
    draws: Annotated[2]
    timed_images: Count
    prediction_pixels_max: Count
    networks: PermeabilityNetworksConfig
    fits: RegressionsConfig


SECTION = PermeabilityConfig
