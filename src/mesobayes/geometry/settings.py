# SPDX-License-Identifier: GPL-3.0-or-later
"""Distributions of random microstructures, as the configuration states them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from mesobayes.record.settings import Count, Positive, Share, settings


@settings
class InclusionFamily:
    """A random family of periodic two-phase cells with circular or spherical inclusions, lengths in pixels.

    Attributes:
        side: edge length of the cell, and so the number of pixels along it.
        dimension: 2 (discs) or 3 (spheres).
        radius_min, radius_max: range of the radii, drawn uniformly; equal for a monodisperse family.
        overlap: whether inclusions may overlap.
        fraction_min, fraction_max: range of the target volume fractions.
        sampler: law of the target volume fraction (Aldakheel et al. 2023, section 4.2 and figure 7).
        exponential_scale: decay length of the exponential law as a share of the range of fractions.
    """

    side: Count
    dimension: Literal[2, 3] = 2
    radius_min: Positive = 8.0
    radius_max: Positive = 8.0
    overlap: bool = False
    fraction_min: Share = 0.05
    fraction_max: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.50
    sampler: Literal["uniform", "exponential"] = "uniform"
    exponential_scale: Positive = 0.2

    def __post_init__(self) -> None:
        if self.radius_min > self.radius_max:
            raise ValueError(
                f"radii need radius_min <= radius_max, not {self.radius_min:g} and {self.radius_max:g}"
            )
        if 2 * self.radius_max >= self.side:
            raise ValueError(
                f"a diameter of {2 * self.radius_max:g} px does not fit into a periodic cell of {self.side} px; "
                "raise side or lower radius_max"
            )
        if self.fraction_min > self.fraction_max:
            raise ValueError(
                f"fractions need fraction_min <= fraction_max, not {self.fraction_min:g} and "
                f"{self.fraction_max:g}"
            )

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of an image of the family."""
        return (self.side,) * self.dimension
