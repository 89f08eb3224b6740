# SPDX-License-Identifier: GPL-3.0-or-later
"""The fits behind the figures of the stress study: what each learns from, and how they differ."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal

from pydantic import Field

from mesobayes.nets.settings import LocalNetworkSettings, StressNetworkSettings
from mesobayes.record.settings import Count, CountOrZero, Positive, settings
from mesobayes.studies.stress.fit_settings import PatchFitSettings

NetworkName = Literal["printed", "modern", "local", "geometry"]
Network = StressNetworkSettings | LocalNetworkSettings
TrainingFamily = Literal["ellipse1", "ellipse3", "strip"]


@settings
class ModelSettings:
    """One fit of the study, made with one or more networks and repeated with other seeds.

    Attributes:
        family: structures it learns from.
        labels: patches of the training set, drawn at random for every repeat.
        length: steps or epochs, in units of those of the network's fit.
        whole_structures: draw structures, and take all patches of one before the next, so that rotated copies
            of them add no structure.
        rotations: turned copies of the training structures (Krokos et al. 2022, section 4.1.4).
        augment: random symmetries of the square, where the network's fit has them.
        estimator, prior, prior_std: posterior and prior of the weights, see `VariationalSettings`.
        squeeze: squeeze-and-excitation blocks in the network.
        average_input: the network sees the macroscopic stress averaged over the patch only.
        folds: of a cross validation over all structures, a repeat each; 0 keeps the validation structures.
        split: what is kept from the fit, whole structures or as many patches of all structures.
        networks: the networks that are fitted so; none leaves the fit out.
    """

    family: TrainingFamily
    labels: Count
    length: Positive
    whole_structures: bool
    rotations: CountOrZero
    augment: bool
    estimator: Literal["none", "shared", "dropout"]
    prior: Literal["fixed", "learned"]
    prior_std: Positive
    squeeze: bool
    average_input: bool
    folds: Annotated[int, Field(ge=0)]
    split: Literal["structure", "patch"]
    networks: tuple[NetworkName, ...]

    def __post_init__(self) -> None:
        if self.folds == 1:
            raise ValueError("folds is 1: a cross validation needs two at least, 0 is none")
        if self.split == "patch" and (self.folds or self.whole_structures):
            raise ValueError("split is patch: folds and whole_structures are of a split by structure")
        if self.rotations and not self.whole_structures:
            raise ValueError("rotations turn whole structures: set whole_structures")
        if self.estimator == "dropout" and set(self.networks) - {"printed", "modern"}:
            raise ValueError("estimator is dropout: only the networks printed and modern leave out channels")
        pixel = [name for name in self.networks if name in ("local", "geometry")]
        if pixel and (self.rotations or self.average_input or not self.squeeze or self.family == "strip"):
            raise ValueError(
                f"the network {pixel[0]!r} sees single pixels of linear plates: there are no turned copies, "
                "averages, squeeze-and-excitation blocks and strips for it"
            )

    def network(self, settings: Network, roi: int) -> Network:
        """Return a network's settings as this model changes them, for regions of `roi` pixels."""
        changed = replace(
            settings,
            roi=roi,
            estimator=self.estimator,  # type: ignore[arg-type]  # dropout is refused for pixel networks above
            prior=self.prior,
            prior_std=self.prior_std,
        )
        if self.squeeze or isinstance(changed, LocalNetworkSettings):
            return changed
        return replace(changed, se_reduction=0)

    def fit(self, settings: PatchFitSettings) -> PatchFitSettings:
        """Return the settings of a network's fit as this model changes them."""
        return replace(settings.lengthened(self.length), augment=settings.augment and self.augment)


@settings
class Models:
    """The fits by what they are for; the figures of the paper name them so."""

    ellipse1_full: ModelSettings
    ellipse1_part: ModelSettings
    ellipse3_full: ModelSettings
    rotations0: ModelSettings
    rotations6: ModelSettings
    rotations12: ModelSettings
    no_squeeze: ModelSettings
    average_input: ModelSettings
    cross_validation: ModelSettings
    split_by_patch: ModelSettings
    point_weights: ModelSettings
    bayes_learned: ModelSettings
    bayes_fixed: ModelSettings
    bayes_full: ModelSettings
    few_labels: ModelSettings
    some_labels: ModelSettings
    ellipse1_bayes: ModelSettings
    quarter: ModelSettings
    dropout: ModelSettings
    strip: ModelSettings


@settings
class PredictionSettings:
    """How models are scored.

    Attributes:
        repeats: fits of every model, with other seeds.
        patches: patches of held-out structures that are scored, at most.
        draws: posterior draws of a prediction.
    """

    repeats: Count
    patches: Count
    draws: Annotated[int, Field(ge=2)]
