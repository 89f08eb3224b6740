# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of the finite elements of the plate: meshes and solver."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal

from pydantic import Field

from mesobayes.record.settings import Count, Positive, settings


@settings
class MeshSettings:
    """Sizes of the triangles, in units of the pore radius R.

    Attributes:
        elements_per_radius, ellipse_elements_per_radius: edges are R over this on pores and on ellipses.
        far_size: largest edge.
        growth: growth of the edges per unit of distance from a hole.
        domain_factor: edge of the meshed square over that of the plate, so that the affine
            displacement of its outer edge is not felt.
        order: 2 gives quadratic triangles; 1 serves the comparison with linear ones.
        curved: whether the edges of quadratic triangles on holes follow the ellipse.
    """

    elements_per_radius: Positive = 7.0
    ellipse_elements_per_radius: Positive = 3.0
    far_size: Positive = 8.0
    growth: Positive = 0.52
    domain_factor: Annotated[float, Field(gt=1.0)] = 4.0
    order: Annotated[int, Field(ge=1, le=2)] = 2
    curved: bool = True

    def refined(self, factor: float = 2.0) -> MeshSettings:
        """Return the same mesh with all sizes divided by a factor."""
        return replace(
            self,
            elements_per_radius=self.elements_per_radius * factor,
            ellipse_elements_per_radius=self.ellipse_elements_per_radius * factor,
            far_size=self.far_size / factor,
            growth=self.growth / factor,
        )


@settings
class PlateSolver:
    """How the displacements of many plates are found.

    Attributes:
        name: `device` iterates on the device of JAX, all plates of a batch at once; the others factorise
            plate by plate on a core, `auto` with the fastest that is installed.
        tolerance: relative residual that has to be reached; of `device` relative to the forces at the holes.
        iterations_max: of `device`.
    """

    name: Literal["auto", "cholespy", "cholmod", "superlu", "device"] = "auto"
    tolerance: Positive = 1e-8
    iterations_max: Count = 1000


DEFAULT_MESH = MeshSettings()
DEFAULT_SOLVER = PlateSolver()
