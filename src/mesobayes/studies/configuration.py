# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration as typed records: what may stand in ``config.yaml`` and in the scale files.

Field names equal those of the record that a study builds from them (``PlateFamily``, ``MeshSettings``,
``NetworkSettings``, ``FitSettings``). They are repeated here with their ranges, so that reading the
configuration needs no numerical library.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import yaml

from mesobayes.record.errors import SettingsError
from mesobayes.record.validation import (
    Count,
    CountOrZero,
    NonNegative,
    Positive,
    Range,
    Share,
    build,
    nearest,
)
from mesobayes.studies.failure.settings import FailureConfig
from mesobayes.studies.permeability.settings import PermeabilityConfig

T = TypeVar("T")
FAMILIES = ("ellipse1", "ellipse3")
NETWORKS = ("printed", "modern")


@dataclass(frozen=True)
class FamilyConfig:
    """Distribution of random plates, lengths in units of the pore radius."""

    side: Positive
    margin: NonNegative
    n_ellipses: CountOrZero
    semi_axis_min: Positive
    semi_axis_max: Positive
    n_pores_min: CountOrZero
    n_pores_max: CountOrZero
    gap_min: NonNegative
    pore_aspect_max: Annotated[float, Range(1.0)]


@dataclass(frozen=True)
class FamiliesConfig:
    ellipse1: FamilyConfig
    ellipse3: FamilyConfig


@dataclass(frozen=True)
class MeshConfig:
    """Sizes of the triangles, in units of the pore radius."""

    elements_per_radius: Positive
    ellipse_elements_per_radius: Positive
    far_size: Positive
    growth: Positive
    domain_factor: Annotated[float, Range(1.0)]
    order: Annotated[int, Range(1, 2)]
    curved: bool


@dataclass(frozen=True)
class StructuresConfig:
    """How many structures, how many in one job, and how many of them may fail."""

    ellipse1: Count
    ellipse3: Count
    batch: Count
    failed_share_max: Share


@dataclass(frozen=True)
class LabelNoiseConfig:
    """Structures that are solved again on a mesh finer by ``refinement``."""

    structures: Count
    refinement: Annotated[float, Range(1.0)]


AcquisitionName = Literal["random", "max_variance", "relative_spread", "oracle"]


@dataclass(frozen=True)
class AcquisitionsConfig:
    """Chains of each network; none leaves the network out."""

    printed: tuple[AcquisitionName, ...]
    modern: tuple[AcquisitionName, ...]


@dataclass(frozen=True)
class ChainConfig:
    """Sizes of the selective-learning experiment, in patches; repeats and chains."""

    family: Literal["ellipse1", "ellipse3"]
    initial: Count
    pool: Count
    validation: Count
    query_rate: Count
    queries: Count
    draws: Annotated[int, Range(2)]
    repeats: Annotated[int, Range(2)]
    acquisitions: AcquisitionsConfig


@dataclass(frozen=True)
class NetworkConfig:
    """Architecture and variational family of one network."""

    width: Positive
    strides: tuple[Annotated[int, Range(1, 2)], ...]
    blocks: Count
    se_reduction: Count
    norm: Literal["batch", "group", "none"]
    stem: Count
    levels: Count
    geometry: Literal["solid", "coverage"]
    estimator: Literal["none", "shared", "flipout"]
    prior: Literal["fixed", "learned"]
    prior_std: Positive
    posterior_std: Positive
    noise_std: Positive
    scale_floor: Positive
    convolution: Literal["auto", "plain", "rewritten"]


@dataclass(frozen=True)
class FitConfig:
    """Objective and optimiser of one network's fits."""

    steps: Annotated[int | None, Range(1)]
    epochs: Annotated[float | None, Range(1e-12)]
    batch: Count
    learning_rate: Positive
    schedule: Literal["constant", "onecycle"]
    weight_decay: NonNegative
    clip_norm: Annotated[float | None, Range(1e-12)]
    spread_rate: Positive
    kl_weight: NonNegative
    augment: bool
    loss_scale: Literal["pixel", "patch"]
    reports: Count
    validation_patches: Count
    checkpoint_seconds: NonNegative


@dataclass(frozen=True)
class NetworksConfig:
    printed: NetworkConfig
    modern: NetworkConfig


@dataclass(frozen=True)
class FitsConfig:
    printed: FitConfig
    modern: FitConfig


@dataclass(frozen=True)
class StressConfig:
    """Stress study, Krokos et al. 2022."""

    families: FamiliesConfig
    mesh: MeshConfig
    structures: StructuresConfig
    pixels_per_radius: Count
    label_noise: LabelNoiseConfig
    validation_structures: Count
    selective: ChainConfig
    networks: NetworksConfig
    fits: FitsConfig


@dataclass(frozen=True)
class Configuration:
    """Everything that the workflow is told."""

    scale: Literal["smoke", "small", "paper"]
    seed: str
    stress: StressConfig
    permeability: PermeabilityConfig
    failure: FailureConfig


def resolve(config: Mapping[str, Any], scales: Path | str) -> Configuration:
    """Complete the user's configuration by the file of the scale it names, and check the whole.

    Args:
        config: content of ``config.yaml`` with whatever the command line changed; wins over the scale file.
        scales: folder with one YAML file per scale.

    Raises:
        SettingsError: unknown scale, unknown or missing key, wrong type or range; one sentence with the key
            and the nearest valid name.
    """
    names = sorted(path.stem for path in Path(scales).glob("*.yaml"))
    scale = config.get("scale")
    if scale not in names:
        raise SettingsError(f"unknown scale {scale!r}{nearest(scale, names)}")
    overlay = yaml.safe_load((Path(scales) / f"{scale}.yaml").read_text(encoding="utf-8"))
    configuration = build(Configuration, merge(overlay, config))
    _check_together(configuration.stress)
    return configuration


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``base`` with the entries of ``over`` laid on top, mapping by mapping."""
    both = dict(base)
    for key, value in over.items():
        nested = isinstance(value, Mapping) and isinstance(both.get(key), Mapping)
        both[key] = merge(both[key], value) if nested else value
    return both


def _check_together(stress: StressConfig) -> None:
    chain = stress.selective
    wanted = chain.queries * chain.query_rate
    if wanted > chain.pool:
        raise SettingsError(
            f"'stress.selective': {chain.queries} queries of {chain.query_rate} need a pool of {wanted}, "
            f"but pool is {chain.pool}"
        )
    structures = getattr(stress.structures, chain.family)
    if stress.validation_structures >= structures:
        raise SettingsError(
            f"'stress.validation_structures' is {stress.validation_structures}, but {chain.family} has only "
            f"{structures} structures, and some must remain for training"
        )
    for name in NETWORKS:
        fit = getattr(stress.fits, name)
        if (fit.steps is None) == (fit.epochs is None):
            raise SettingsError(f"'stress.fits.{name}': give a number to exactly one of steps and epochs")


def flat(prefix: str, settings: Any) -> dict[str, Any]:
    """Return the fields of a record as ``{prefix}_{field}``, ready to be a rule's parameters, key by key."""
    return {f"{prefix}_{field.name}": getattr(settings, field.name) for field in dataclasses.fields(settings)}


def grouped(kind: type[T], params: Any, prefix: str, **further: Any) -> T:
    """Build a record from a job's parameters that :func:`flat` has named, plus further fields."""
    names = [field.name for field in dataclasses.fields(kind)]  # type: ignore[arg-type]
    values = {
        name: getattr(params, f"{prefix}_{name}") for name in names if hasattr(params, f"{prefix}_{name}")
    }
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    return kind(**{**values, **further})
