# SPDX-License-Identifier: GPL-3.0-or-later
"""The failure study's part of the configuration (see ``settings``)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from mesobayes.record.settings import Count, NonNegative, Positive, Share


@dataclass(frozen=True)
class PorosityConfig:
    """Random pores of a specimen, lengths in voxels."""

    nx: Count
    ny: Count
    nz: Count
    porosity: Share
    correlation_length: Positive
    energy: Share


@dataclass(frozen=True)
class SpecimensConfig:
    """How many specimens, how many in one job, where loading ends, and how many get a closer look."""

    number: Count
    batch: Count
    maximum_strain: Positive
    failed_share_max: Share
    histories: Count
    history_fields: Count
    history_strain: Positive
    readings: Count


@dataclass(frozen=True)
class SensitivityConfig:
    """Swaps of one voxel near the failure: all realizations, and the three the paper repeats more often."""

    perturbations: Count
    perturbations_sensitive: Count
    distance: Positive


@dataclass(frozen=True)
class DamageTargetConfig:
    """Width of the Gaussian filter in voxels, contrast of the softmax."""

    width: Positive
    contrast: NonNegative


@dataclass(frozen=True)
class HeteroencoderConfig:
    """Architecture and variational family of one heteroencoder."""

    filters: Count
    estimator: Literal["none", "flipout", "shared"]
    prior: Literal["fixed", "learned"]
    prior_std: Positive
    posterior_std: Positive
    noise_std: Positive
    convolution: Literal["auto", "plain", "banded"]


@dataclass(frozen=True)
class DamageFitConfig:
    """Length and optimiser of one heteroencoder's fits."""

    steps: Count
    batch: Count
    learning_rate: Positive
    decay: bool
    spread_rate: Positive
    kl_weight: NonNegative
    symmetries: Literal["printed", "all", "none"]


@dataclass(frozen=True)
class HeteroencodersConfig:
    point: HeteroencoderConfig
    bayes: HeteroencoderConfig
    modern: HeteroencoderConfig


@dataclass(frozen=True)
class DamageFitsConfig:
    point: DamageFitConfig
    bayes: DamageFitConfig
    modern: DamageFitConfig


@dataclass(frozen=True)
class ReferenceConfig:
    """Posteriors of a small heteroencoder by mean field, full Gaussian and SMC: sizes, lengths, evidence."""

    filters: Count
    specimens: Count
    runs: Annotated[2]
    particles: Annotated[4]
    moves: Count
    leapfrogs: Count
    fits: Count
    steps: Count
    gaussian_steps: Count
    prior_std: Positive
    thinning: Positive


@dataclass(frozen=True)
class FailureConfig:
    """Failure study, Bridgman et al. 2022.

    perturbed_batch, readings_batch: realizations that are perturbed, and readings of the model, in one job.
    """

    porosity: PorosityConfig
    specimens: SpecimensConfig
    sensitivity: SensitivityConfig
    target: DamageTargetConfig
    folds: Annotated[2]
    folds_beyond: Count
    perturbed_batch: Count
    readings_batch: Count
    draws: Annotated[2]
    cluster_specimens: Count
    networks: HeteroencodersConfig
    fits: DamageFitsConfig
    reference: ReferenceConfig


SECTION = FailureConfig
