# SPDX-License-Identifier: GPL-3.0-or-later
"""How a network is fitted."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

from mesobayes.record.errors import SettingsError


@dataclass(frozen=True)
class FitSettings:
    """Objective and optimiser of one fit.

    steps, epochs: length of the fit; give exactly one. Compare training sets of different size by steps.
    batch: examples per step.
    learning_rate: constant rate, or the peak of the one-cycle schedule.
    schedule: "constant" is Adam as printed; "onecycle" is AdamW with a rise over 20 % of the steps and a
    cosine. weight_decay: decoupled decay of the kernels of "onecycle" (a network with Gaussian weights has
    its prior). clip_norm: largest norm of the gradient, None for no limit.
    spread_rate: factor on the learning rate of ρ and of the likelihood's noise, which otherwise hardly move.
    kl_weight: 1 is the evidence lower bound; 1/8 counts the eight symmetric copies of a patch as data.
    augment: random symmetries of the square and random sign of the load, the stress tensor transformed too.
    loss_scale: "pixel" divides residuals by the pixelwise output scale S of the network (Krokos et al. 2022,
        section 3.1), "patch" leaves them in units of the patch scale.
    reports: number of progress reports, evenly spaced.
    validation_patches: patches of the validation set scored at each report.
    checkpoint_seconds: shortest time between checkpoints.
    """

    steps: int | None = None
    epochs: float | None = None
    batch: int = 32
    learning_rate: float = 1e-3
    schedule: Literal["constant", "onecycle"] = "constant"
    weight_decay: float = 0.0
    clip_norm: float | None = None
    spread_rate: float = 10.0
    kl_weight: float = 1.0
    augment: bool = False
    loss_scale: Literal["pixel", "patch"] = "pixel"
    reports: int = 20
    validation_patches: int = 256
    checkpoint_seconds: float = 60.0

    def __post_init__(self) -> None:
        if (self.steps is None) == (self.epochs is None):
            raise SettingsError(
                f"fit settings steps = {self.steps}, epochs = {self.epochs}: give exactly one of the two"
            )
        if self.schedule not in ("constant", "onecycle"):
            raise SettingsError(f"fit setting schedule = {self.schedule!r}: choose 'constant' or 'onecycle'")
        if self.loss_scale not in ("pixel", "patch"):
            raise SettingsError(f"fit setting loss_scale = {self.loss_scale!r}: choose 'pixel' or 'patch'")
        for key in ("steps", "epochs", "batch", "learning_rate", "spread_rate", "reports"):
            value = getattr(self, key)
            if value is not None and value <= 0:
                raise SettingsError(f"fit setting {key} = {value}: must be positive")
        for key in ("weight_decay", "kl_weight"):
            if getattr(self, key) < 0:
                raise SettingsError(f"fit setting {key} = {getattr(self, key)}: must not be negative")

    def for_examples(self, n_examples: int) -> FitSettings:
        """The same settings with the number of steps that the epochs amount to."""
        if self.epochs is None:
            return self
        return replace(self, steps=math.ceil(self.epochs * n_examples / self.batch), epochs=None)
