# SPDX-License-Identifier: GPL-3.0-or-later
"""How models of the damage are fitted: weights of the loss, networks, regression, reference posteriors."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from mesobayes.learning.settings import FitSettings
from mesobayes.nets.settings import HeteroencoderSettings
from mesobayes.record.settings import Count, NonNegative, Positive, Several, Share, settings


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
class BaselineSettings:
    """Regression of the damage on local porosity.

    Attributes:
        specimens: training specimens it sees at most.
        ridge: penalty of its weights, relative to the number of voxels.
    """

    specimens: Count = 200
    ridge: Positive = 1e-4


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
