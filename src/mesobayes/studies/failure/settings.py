# SPDX-License-Identifier: GPL-3.0-or-later
"""What the configuration says of the failure study (Bridgman et al. 2022); lengths in voxels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from mesobayes.geometry.settings import PorositySettings
from mesobayes.record.settings import Count, CountOrZero, NonNegative, Positive, Several, Share, settings
from mesobayes.studies.failure.fit_settings import (
    BaselineSettings,
    FitsSettings,
    NetworksSettings,
    ReferenceSettings,
    WeightSettings,
)
from mesobayes.studies.failure.place_settings import (
    ElasticSettings,
    OwnBarSettings,
    RankerSettings,
    RankingSettings,
    RivalSettings,
)

Transform = Literal["id", "sigma", "g", "t"]
Weighting = Literal["uniform", "logistic", "IH", "IHpr"]
Scaling = Literal["raw", "normalised"]
Reading = Literal["printed", "bbar", "one_point", "fast", "bbar_m5", "fast_phi0_text"]
TRANSFORMS: tuple[Transform, ...] = ("id", "sigma", "g", "t")
WEIGHTINGS: tuple[Weighting, ...] = ("uniform", "IH", "IHpr")  # of the twelve models
READINGS: tuple[Reading, ...] = ("printed", "bbar", "one_point", "fast", "bbar_m5", "fast_phi0_text")
SCALINGS: tuple[Scaling, ...] = ("raw", "normalised")  # of a prediction before a threshold is applied
LETTERS = tuple("abcdefghijkl")  # of the realizations that the sensitivity analysis perturbs
SENSITIVE = ("g", "h", "l")  # perturbed more often, as printed


@settings
class SpecimensSettings:
    """How many specimens there are, how far they are pulled, and which get a closer look.

    Attributes:
        number: specimens of the data set.
        batch: specimens of one job.
        maximum_strain: where loading ends without failure.
        failed_share_max: the data set is refused when a larger share has no pore or does not fail.
        histories: realizations that are loaded to collapse.
        history_fields: those among them that keep the damage of every record.
        history_strain: where these histories end without collapse.
        readings: specimens that fail under every reading of the model.
        voxel_mm: edge of a voxel in mm; the printed bar is 1 mm wide and has 20.
    """

    number: Count
    batch: Count
    maximum_strain: Positive
    failed_share_max: Share
    histories: Annotated[int, Field(ge=1, le=len(LETTERS))]
    history_fields: Count
    history_strain: Positive
    readings: Count
    voxel_mm: Positive = 0.05

    def __post_init__(self) -> None:
        if self.history_fields > self.histories:
            raise ValueError(
                f"history_fields = {self.history_fields} must not exceed histories = {self.histories}"
            )


@settings
class SensitivitySettings:
    """Swaps of one voxel near the failure (section 2.5).

    Attributes:
        perturbations: copies of a realization.
        perturbations_sensitive: copies of the realizations g, h and l.
        distance: swapped void voxels lie within so many voxels of the failure.
    """

    perturbations: Count
    perturbations_sensitive: Count
    distance: Positive

    def count(self, realization: int) -> int:
        """Perturbations of a realization by its number 0 to 11."""
        sensitive = LETTERS[realization] in SENSITIVE
        return self.perturbations_sensitive if sensitive else self.perturbations


@settings
class TransformSettings:
    """Transforms of the damage.

    Attributes:
        width: k0 of the Gaussian filter in voxels (equation 6); the paper gives 1.5 mm for a bar 1 mm wide,
            so voxels are meant.
        contrast: c0 of the softmax (equation 7).
    """

    width: Positive = 1.5
    contrast: NonNegative = 5.0


@settings
class SplitSettings:
    """Folds by specimen.

    Attributes:
        folds: of the twelve models and the baselines.
        folds_beyond: of the models beyond the paper's grid, at most `folds`.
        validation_every: outside the test fold one specimen in so many is held back from training; 8 with
            five folds is 7 : 1 : 2.
    """

    folds: Several
    folds_beyond: Count
    validation_every: Several = 8

    def __post_init__(self) -> None:
        if self.folds_beyond > self.folds:
            raise ValueError(f"folds_beyond = {self.folds_beyond} must not exceed folds = {self.folds}")


@settings
class ScoreSettings:
    """Scores of the predictions of one fold.

    Attributes:
        bins: equal bins of [0, 1] of all histograms by value.
        thresholds: of the curves by voxel, evenly spaced in (0, 1].
        cluster_thresholds: of the curves by cluster, evenly spaced from `cluster_threshold_min` to
            `cluster_threshold_max`.
        cluster_specimens: test specimens of a fold that the curves by cluster take.
        probability_bins: equal bins of [0, 1] in which probabilities of failure are held against failures.
    """

    cluster_specimens: Count
    bins: Count = 50
    thresholds: Count = 40
    cluster_thresholds: Count = 10
    cluster_threshold_min: Share = 0.5
    cluster_threshold_max: Share = 0.95
    probability_bins: Count = 8

    def __post_init__(self) -> None:
        if self.cluster_threshold_min > self.cluster_threshold_max:
            raise ValueError("cluster_threshold_min must not exceed cluster_threshold_max")


@settings
class FigureSettings:
    """What the figures count by.

    Attributes:
        level: above which damage is drawn (printed).
        histogram_bins: of the damage of one specimen.
        variance_bins: of the predicted variance by value.
        cluster_threshold: at which clusters are compared (printed).
        same_place: failures at most so many voxels apart are at the same place.
        score_from, score_to: thresholds over which recall and precision are averaged to one number.
        paper_strain: range of strains of first failure that is marked beside those of the readings (printed).
    """

    level: Share = 0.6
    histogram_bins: Count = 40
    variance_bins: Count = 25
    cluster_threshold: Share = 0.8
    same_place: CountOrZero = 2
    score_from: Share = 0.3
    score_to: Share = 0.9
    paper_strain: tuple[Positive, Positive] = (0.04, 0.05)

    def __post_init__(self) -> None:
        if self.score_from >= self.score_to:
            raise ValueError(f"score_from = {self.score_from:g} must lie below score_to = {self.score_to:g}")


@settings
class FailureSettings:
    """The failure study, Bridgman et al. 2022.

    Attributes:
        perturbed_batch, readings_batch: realizations that are perturbed, and readings of the model, in one
            job.
        draws: of a variational prediction.
    """

    porosity: PorositySettings
    specimens: SpecimensSettings
    sensitivity: SensitivitySettings
    target: TransformSettings
    weights: WeightSettings
    split: SplitSettings
    perturbed_batch: Count
    readings_batch: Count
    draws: Several
    ranking: RankingSettings
    scores: ScoreSettings
    baseline: BaselineSettings
    elastic: ElasticSettings
    ranker: RankerSettings
    own: OwnBarSettings
    rivals: RivalSettings
    networks: NetworksSettings
    fits: FitsSettings
    reference: ReferenceSettings
    figures: FigureSettings


SECTION = FailureSettings


@dataclass(frozen=True)
class Variant:
    """One model of the study.

    Attributes:
        kind: "point" has point weights; "bayes" Gaussian ones and starts from "point"; "longer" goes on from
            "point" with point weights for the steps of "bayes", to compare with it; "modern", "baseline".
        transform: of its target.
        weighting: of its loss.
    """

    kind: Literal["point", "longer", "bayes", "modern", "baseline"]
    transform: Transform
    weighting: Weighting

    @property
    def name(self) -> str:
        """Name of its files."""
        return f"{self.kind}_{self.transform}_{self.weighting}"
