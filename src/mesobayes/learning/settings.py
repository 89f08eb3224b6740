# SPDX-License-Identifier: GPL-3.0-or-later
"""How a network is fitted."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Literal

from mesobayes.record.settings import Count, NonNegative, Positive, settings


@settings
class FitSettings:
    """Objective and optimiser of one fit.

    Attributes:
        steps, epochs: length of the fit; give exactly one. Compare training sets of different size by steps.
        batch: examples per step.
        learning_rate: constant rate, or the peak of the one-cycle schedule.
        schedule: "constant" is Adam as printed; "onecycle" is AdamW with a rise over 20 % of the steps and a
            cosine.
        weight_decay: decoupled decay of the kernels of "onecycle".
        clip_norm: largest norm of the gradient, None for no limit.
        spread_rate: factor on the learning rate of ρ and of the likelihood's noise.
        kl_weight: 1 is the evidence lower bound; 1/8 counts the eight symmetric copies of a patch as data.
        augment: random symmetries of the square and random sign of the load.
        loss_scale: "pixel" divides residuals by the pixelwise output scale S of the network (Krokos et al.
            2022, section 3.1), "patch" leaves them in units of the patch scale.
        reports: number of progress reports, evenly spaced.
        validation_patches: patches of the validation set scored at each report.
        checkpoint_seconds: shortest time between checkpoints.
    """

    steps: Count | None = None
    epochs: Positive | None = None
    batch: Count = 32
    learning_rate: Positive = 1e-3
    schedule: Literal["constant", "onecycle"] = "constant"
    weight_decay: NonNegative = 0.0
    clip_norm: Positive | None = None
    spread_rate: Positive = 10.0
    kl_weight: NonNegative = 1.0
    augment: bool = False
    loss_scale: Literal["pixel", "patch"] = "pixel"
    reports: Count = 20
    validation_patches: Count = 256
    checkpoint_seconds: NonNegative = 60.0

    def __post_init__(self) -> None:
        if (self.steps is None) == (self.epochs is None):
            raise ValueError("give a number to exactly one of steps and epochs")

    def for_examples(self, n_examples: int) -> FitSettings:
        """Return the same settings with the number of steps that the epochs amount to."""
        if self.epochs is None:
            return self
        return replace(self, steps=math.ceil(self.epochs * n_examples / self.batch), epochs=None)
