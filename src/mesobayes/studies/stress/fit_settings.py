# SPDX-License-Identifier: GPL-3.0-or-later
"""How a network is fitted to patches."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from mesobayes.learning.settings import FitSettings
from mesobayes.record.settings import Count, settings


@settings
class PatchFitSettings(FitSettings):
    """How a network is fitted to patches.

    Attributes:
        augment: random symmetries of the square and random sign of the load, the stress transformed too.
        loss_scale: "pixel" divides residuals by the pixelwise output scale S of the network (Krokos et al.
            2022, section 3.1), "patch" leaves them in units of the patch scale.
        validation_patches: patches of the validation set scored at each report.
    """

    augment: bool = False
    loss_scale: Literal["pixel", "patch"] = "pixel"
    validation_patches: Count = 256

    def lengthened(self, length: float) -> PatchFitSettings:
        """Return these settings with so many times the steps or epochs."""
        return replace(
            self,
            steps=None if self.steps is None else round(self.steps * length),
            epochs=None if self.epochs is None else self.epochs * length,
        )
