# SPDX-License-Identifier: GPL-3.0-or-later
"""How a user's own image is predicted."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from mesobayes.record.settings import Count, Positive, Share, settings
from mesobayes.studies.stress.intervals.settings import Level
from mesobayes.studies.stress.models.settings import NetworkName


@settings
class OwnImageSettings:
    """How the stress around the pores of a user's own image is predicted.

    Attributes:
        network, model: which fit predicts; `model` is a key of the models.
        strain: far-field strain exx, eyy, exy (tensor components), where no macroscopic stress is given.
        pixels_per_radius: pixels of the image in a pore radius R; None reads it from the image.
        finite_elements: solve the same plate by finite elements too.
        level: of the intervals.
        largest: how many of the largest stresses are listed.
        apart: least distance between two of them, in R.
        outlier_quantile: share of held-out regions that count as usual.
        outlier_ridge: of the mean variance of the features, on their covariance.
        unlike_share: share of regions, or of pores, that may be unusual before the image is called so.
        structures: held-out structures, at most, whose largest stresses give the interval of that of a plate.
        pixels_max: largest image.
        threshold: grey value at which the image is cut; None chooses it.
    """

    network: NetworkName
    model: str
    strain: tuple[float, float, float]
    pixels_per_radius: Positive | None
    finite_elements: bool
    level: Level
    largest: Count
    apart: Positive
    outlier_quantile: Level
    outlier_ridge: Positive
    unlike_share: Share
    structures: Count
    pixels_max: Annotated[int, Field(ge=1)]
    threshold: float | None

    def __post_init__(self) -> None:
        if not any(self.strain):
            raise ValueError("strain is 0 in every component: there is no load")
