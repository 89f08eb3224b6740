# SPDX-License-Identifier: GPL-3.0-or-later
"""How a network is fitted: the part that all studies share."""

from __future__ import annotations

import math
from typing import Literal

from mesobayes.record.settings import Count, NonNegative, Positive, settings

Precision = Literal["default", "tensorfloat32", "float32"]


@settings
class FitSettings:
    """Length and optimiser of one fit, and how much its observations count.

    Attributes:
        steps, epochs: length of the fit; exactly one is given. Sets of different size compare by steps.
        batch: examples per step.
        learning_rate: constant rate, or the largest of a schedule.
        schedule: "constant"; "onecycle" rises over 20 % of the steps and falls with a cosine; "cosine" falls
            from the start; "plateau" divides the rate by ten after `plateau_patience` scores without a lower
            one, stops after `stop_patience`, and keeps the best weights.
        weight_decay: decoupled decay of the kernels; Gaussian weights have their prior instead.
        clip_norm: largest norm of the gradient, None for no limit.
        spread_rate: factor on the rate of ρ and of the likelihood's noise, which otherwise hardly move.
        evidence: how often each observation counts against the prior: the loss is -evidence · log likelihood
            + KL, up to a factor. 1 is the evidence lower bound; 8 counts eight symmetric copies as data.
        reports: number of reports, evenly spaced; None for one after every epoch.
        plateau_patience, stop_patience: of "plateau", in reports.
        precision: of float32 matrix products; "default" is float32 on a CPU and TensorFloat-32 on a GPU.
        checkpoint_seconds: shortest time between checkpoints.
    """

    steps: Count | None = None
    epochs: Positive | None = None
    batch: Count = 32
    learning_rate: Positive = 1e-3
    schedule: Literal["constant", "onecycle", "cosine", "plateau"] = "constant"
    weight_decay: NonNegative = 0.0
    clip_norm: Positive | None = None
    spread_rate: Positive = 10.0
    evidence: Positive = 1.0
    reports: Count | None = None
    plateau_patience: Count = 25
    stop_patience: Count = 100
    precision: Precision = "default"
    checkpoint_seconds: NonNegative = 60.0

    def __post_init__(self) -> None:
        if (self.steps is None) == (self.epochs is None):
            raise ValueError(f"steps = {self.steps}, epochs = {self.epochs}: give exactly one of the two")

    def total_steps(self, examples: int) -> int:
        """Number of steps of a fit to so many examples."""
        if self.steps is not None:
            return self.steps
        assert self.epochs is not None
        return math.ceil(self.epochs * examples / self.batch)

    def report_steps(self, examples: int) -> list[int]:
        """Steps after which a fit reports and is scored; the last step is one of them."""
        steps = self.total_steps(examples)
        if self.reports is None:
            ends = {
                -(-epoch * examples // self.batch) for epoch in range(1, steps * self.batch // examples + 1)
            }
        else:
            every = math.ceil(steps / self.reports)
            ends = set(range(every, steps, every))
        return sorted({end for end in ends if end < steps} | {steps})
