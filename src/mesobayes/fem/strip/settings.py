# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of the meshes and of the load steps of strips at finite strain."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from pydantic import Field

from mesobayes.record.settings import Count, Positive, settings


@settings
class StripMeshSettings:
    """Sizes of the quadratic triangles, in units of the pore radius R.

    Attributes:
        elements_per_radius: edges are R over this on pores and on the rounded ends of the slot.
        side_size: edges along the sides of the slot.
        far_size: largest edge.
        growth: growth of the edges per unit of distance from an edge of a hole.
    """

    elements_per_radius: Positive = 4.0
    side_size: Positive = 1.0
    far_size: Positive = 6.0
    growth: Positive = 0.8

    def refined(self, factor: float) -> StripMeshSettings:
        """Return the same mesh with all sizes divided by a factor."""
        return replace(
            self,
            elements_per_radius=self.elements_per_radius * factor,
            side_size=self.side_size / factor,
            far_size=self.far_size / factor,
            growth=self.growth / factor,
        )


@settings
class StripSolverSettings:
    """Load steps and Newton's method.

    Attributes:
        step: first load step, as end displacement over the strip's height.
        step_max: largest load step.
        step_min: load step at which the structure is given up.
        tolerance: norm of the residual over that of the reactions.
        iterations: Newton iterations after which a load step is halved.
    """

    step: Positive = 0.3
    step_max: Positive = 0.4
    step_min: Positive = 0.02
    tolerance: Annotated[float, Field(gt=0.0, lt=1e-2)] = 1e-8
    iterations: Count = 8


DEFAULT_STRIP_MESH = StripMeshSettings()
DEFAULT_STRIP_SOLVER = StripSolverSettings()
