# SPDX-License-Identifier: GPL-3.0-or-later
"""The stress study's section of the configuration (Krokos et al. 2022)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from mesobayes.fem.plate.settings import MeshSettings, PlateSolver
from mesobayes.geometry.settings import PlateFamily
from mesobayes.nets.settings import LocalNetworkSettings, StressNetworkSettings
from mesobayes.record.settings import Count, Positive, Share, settings
from mesobayes.studies.stress.fit_settings import PatchFitSettings
from mesobayes.studies.stress.intervals.settings import IntervalSettings
from mesobayes.studies.stress.models.settings import Models, PredictionSettings
from mesobayes.studies.stress.own.settings import OwnImageSettings
from mesobayes.studies.stress.strip.settings import StripSettings

Acquisition = Literal["random", "max_variance", "predicted_maximum", "batchbald", "relative_spread", "oracle"]


@settings
class PlateFamilies:
    """The random plates."""

    ellipse1: PlateFamily
    ellipse3: PlateFamily
    ellipse3_ood: PlateFamily


@settings
class StructureCounts:
    """How many structures, how many in one job, and which share of all draws may fail."""

    ellipse1: Count
    ellipse3: Count
    ellipse3_ood: Count
    batch: Count
    failed_share_max: Share


@settings
class ValidationStructures:
    """Structures of each family that no fit sees; those with elliptical pores are all held out."""

    ellipse1: Count
    ellipse3: Count
    strip: Count


@settings
class LabelNoiseSettings:
    """Structures that are solved again on a mesh finer by ``refinement``."""

    structures: Count
    refinement: Annotated[float, Field(ge=1.0)]


@settings
class Acquisitions:
    """Chains of each network; none leaves the network out."""

    printed: tuple[Acquisition, ...]
    modern: tuple[Acquisition, ...]
    local: tuple[Acquisition, ...]
    geometry: tuple[Acquisition, ...]


@settings
class ChainSettings:
    """One chain of selective learning: sizes in units, that of the validation set in patches.

    Attributes:
        initial, pool, validation: what is labelled at first, to choose from, and scored.
        query_rate, queries: what is labelled by a query, and queries of a chain.
        draws: posterior draws of a prediction.
        unit: of what is labelled at once, a patch or a structure with all its patches.
    """

    initial: Count
    pool: Count
    validation: Count
    query_rate: Count
    queries: Count
    draws: Annotated[int, Field(ge=2)]
    unit: Literal["patch", "structure"]

    def __post_init__(self) -> None:
        wanted = self.queries * self.query_rate
        if wanted > self.pool:
            raise ValueError(
                f"{self.queries} queries of {self.query_rate} need a pool of {wanted}, but pool is "
                f"{self.pool}"
            )

    def labelled(self, query: int) -> int:
        """Return the size of the training set of a query."""
        return self.initial + query * self.query_rate


@settings
class SelectiveSettings(ChainSettings):
    """The experiment: chains, how many of them, and how they are scored.

    Attributes:
        family: plates that the patches are cut from.
        length: steps or epochs of each fit, in units of those of the network's fit.
        threshold: relative error of the ROI maximum within which a prediction counts (Algorithm 1).
        repeats: chains of each acquisition.
        acquisitions: chains of each network.
    """

    family: Literal["ellipse1", "ellipse3"]
    length: Positive
    threshold: Share
    repeats: Annotated[int, Field(ge=2)]
    acquisitions: Acquisitions

    def __post_init__(self) -> None:
        super().__post_init__()
        chosen = [name for chains in vars(self.acquisitions).values() for name in chains]
        if self.unit == "structure" and "batchbald" in chosen:
            raise ValueError("batchbald chooses patches that tell most together: leave it out of structures")


@settings
class StressNetworks:
    """The networks of the study."""

    printed: StressNetworkSettings
    modern: StressNetworkSettings
    local: LocalNetworkSettings
    geometry: LocalNetworkSettings


@settings
class MechanicsSettings:
    """Scores of mechanics without labels.

    Attributes:
        windows: widths of the windows around a region of interest whose holes are known, in R.
        window_patches: patches that are scored with every window.
    """

    windows: tuple[Positive, ...]
    window_patches: Count


@settings
class TimingSettings:
    """How the CPU time of networks is taken: of so many patches at most, so often."""

    patches: Count
    repeats: Count


@settings
class StressFits:
    """How each network is fitted."""

    printed: PatchFitSettings
    modern: PatchFitSettings
    local: PatchFitSettings
    geometry: PatchFitSettings


@settings
class StressSettings:
    """Everything that the stress study is told; lengths in units of the pore radius.

    Attributes:
        selective, selective_large, selective_full: selective learning of figures 33, 34 and 36.
        rate_low, rate_middle, rate_high: the three query rates of figure 35.
        selective_structures: the same with whole structures, each of which is solved when it is chosen.
    """

    families: PlateFamilies
    mesh: MeshSettings
    solver: PlateSolver
    structures: StructureCounts
    strips: StripSettings
    pixels_per_radius: Count
    label_noise: LabelNoiseSettings
    validation_structures: ValidationStructures
    selective: SelectiveSettings
    selective_large: SelectiveSettings
    rate_low: SelectiveSettings
    rate_middle: SelectiveSettings
    rate_high: SelectiveSettings
    selective_full: SelectiveSettings
    selective_structures: SelectiveSettings
    networks: StressNetworks
    fits: StressFits
    mechanics: MechanicsSettings
    timing: TimingSettings
    models: Models
    predictions: PredictionSettings
    intervals: IntervalSettings
    own: OwnImageSettings

    def __post_init__(self) -> None:
        model = getattr(self.models, self.own.model, None)
        if model is None or model.family == "strip":
            raise ValueError(f"own.model is {self.own.model!r}: it must be a model of linear plates")
        if self.own.level not in self.intervals.levels:
            raise ValueError(
                f"own.level is {self.own.level:g}, which is none of intervals.levels, "
                f"{list(self.intervals.levels)}"
            )
        counts = {name: getattr(self.structures, name) for name in ("ellipse1", "ellipse3")}
        for family, structures in {**counts, "strip": self.strips.number}.items():
            held_out = getattr(self.validation_structures, family)
            if held_out >= structures:
                raise ValueError(
                    f"validation_structures.{family} is {held_out}, but {family} has only {structures} "
                    "structures, and some must remain for training"
                )


SECTION = StressSettings
