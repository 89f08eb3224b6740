# SPDX-License-Identifier: GPL-3.0-or-later
"""What the configuration says of the failure study (Bridgman et al. 2022); lengths in voxels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from mesobayes.geometry.settings import PorositySettings
from mesobayes.learning.settings import FitSettings
from mesobayes.nets.settings import HeteroencoderSettings
from mesobayes.record.settings import Count, CountOrZero, NonNegative, Positive, Share, settings

Several = Annotated[int, Field(ge=2)]
Transform = Literal["id", "sigma", "g", "t"]
Weighting = Literal["uniform", "logistic", "IH", "IHpr"]
Scaling = Literal["raw", "normalised"]
Reading = Literal["printed", "bbar", "one_point", "fast", "bbar_m5", "fast_phi0_text"]
TRANSFORMS: tuple[Transform, ...] = ("id", "sigma", "g", "t")
WEIGHTINGS: tuple[Weighting, ...] = ("uniform", "IH", "IHpr")  # of the twelve models
READINGS: tuple[Reading, ...] = ("printed", "bbar", "one_point", "fast", "bbar_m5", "fast_phi0_text")
SCALINGS: tuple[Scaling, ...] = ("raw", "normalised")  # of a prediction before a threshold is applied
RankerName = Literal["base", "elastic"]
RANKERS: tuple[RankerName, ...] = ("base", "elastic")
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
class WeightSettings:
    """Weights of the squared error by true value (equation 11); choices, all of them.

    Attributes:
        bins: equal bins of [0, 1].
        floor: added to the frequencies of bins that are not empty; far below the frequency of one voxel a
            specimen (3e-5 at the printed size) it has no effect, above it takes weight from the rare values.
        centre: value at which the logistic weight is halfway.
        slope: width of its rise.
        background: its limit at low values.
    """

    bins: Count = 50
    floor: NonNegative = 1e-6
    centre: Share = 0.5
    slope: Positive = 0.08
    background: Share = 0.1


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
class RankingSettings:
    """Ranking of the clusters of a predicted field by probability mass (section 6.2).

    Attributes:
        threshold: of the clusters, as a share of the highest mean.
        level: above which mass counts, as a share of the highest mean.
        largest: clusters that are kept.
        reach: a place belongs to a cluster within so many voxels of it.
    """

    threshold: Share = 0.5
    level: Share = 0.7
    largest: Count = 20
    reach: CountOrZero = 1


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
class BaselineSettings:
    """Regression of the damage on local porosity.

    Attributes:
        specimens: training specimens it sees at most.
        ridge: penalty of its weights, relative to the number of voxels.
    """

    specimens: Count = 200
    ridge: Positive = 1e-4


@settings
class ElasticSettings:
    """The short elastic solve whose stress describes a voxel.

    Attributes:
        steps: of conjugate gradients.
        widths: of the Gaussians in voxels under which the stress is averaged as well.
    """

    steps: Count = 20
    widths: tuple[Positive, ...] = (0.6, 1.0, 2.0)


@settings
class RankerSettings:
    """Listwise ranking of the solid voxels that touch a void.

    Attributes:
        labels: numbers of training specimens that it is fitted to, beside all of a fold.
        penalty: of the squared weights beside the sum of the losses of the specimens.
        iterations: of L-BFGS at most.
        clip: standard deviations at which a feature is cut off.
        contrast: of the smoothed scores that are ranked by cluster, see `smooth_ranking`.
    """

    labels: tuple[Count, ...]
    penalty: Positive = 1.0
    iterations: Count = 150
    clip: Positive = 6.0
    contrast: Positive = 0.3


@settings
class RivalSettings:
    """Simulations that stand in for a simulation: coarse steps, and the other reading of the model.

    Attributes:
        strain_steps: of the coarse simulations, preset `fast`.
        specimens: that they are run on, at most.
        printed_step: strain per step of preset `printed` where it is compared with `fast`.
        printed_specimens: of that comparison.
        timed: test specimens on which all models are timed.
        repeats: of the timing.
        other_shape: voxels of the bars on which the rankers are tried as they are.
        other_porosity, other_specimens: of these bars.
    """

    strain_steps: tuple[Positive, ...]
    specimens: Count
    printed_specimens: Count
    timed: Count
    repeats: Count
    other_shape: tuple[Count, Count, Count]
    other_porosity: Positive
    other_specimens: Count
    printed_step: Positive = 1e-4


@settings
class DamageFitSettings(FitSettings):
    """How a heteroencoder is fitted; the paper has 300 epochs of 128 (256 when variational).

    Attributes:
        symmetries: "printed" draws one of six for each minibatch, "all" one of sixteen, "none" leaves them
            as they are.

    Raises:
        ValueError: the length is given in epochs; models are compared by their steps.
    """

    symmetries: Literal["printed", "all", "none"] = "printed"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.steps is None:
            raise ValueError("give the length of a fit in steps: models are compared by them")


@settings
class NetworksSettings:
    """The networks: point weights, Gaussian weights, and one with skips."""

    point: HeteroencoderSettings
    bayes: HeteroencoderSettings
    modern: HeteroencoderSettings


@settings
class FitsSettings:
    """Fits of the networks."""

    point: DamageFitSettings
    bayes: DamageFitSettings
    modern: DamageFitSettings


@settings
class ReferenceSettings:
    """Posteriors of a small heteroencoder: mean field, full Gaussian and sequential Monte Carlo (SMC).

    Attributes:
        filters: of the network.
        specimens: training specimens.
        runs, particles: independent runs of SMC, and the draws of each.
        moves, leapfrogs: Hamiltonian moves of every particle at each degree, and the steps of each.
        fits: deterministic fits from different initial weights; the best is taken.
        steps: of the deterministic fits and of mean field.
        gaussian_steps: of the full Gaussian.
        prior_std: √(2/fan-in), so that the prior neither swells nor shrinks the signal from layer to layer.
        evidence: how often each voxel counts against the prior; 1/300 counts one voxel in 300.
        test_specimens: unseen specimens that every posterior predicts.
        learning_rate: of the deterministic fits.
        mean_field_rate, gaussian_rate: learning rates of mean field and of the full Gaussian.
        watched: voxels whose R-hat is computed, evenly chosen.
        bound_draws: draws of an evidence bound.
    """

    filters: Count
    specimens: Count
    runs: Several
    particles: Annotated[int, Field(ge=4)]
    moves: Count
    leapfrogs: Count
    fits: Count
    steps: Count
    gaussian_steps: Count
    prior_std: Positive
    evidence: Positive
    test_specimens: Count = 8
    learning_rate: Positive = 1e-2
    mean_field_rate: Positive = 5e-3
    gaussian_rate: Positive = 1e-2
    watched: Count = 2000
    bound_draws: Several = 2000


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
