# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of random microstructures: plates with holes, cells with inclusions, bars with pores."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from mesobayes.record.settings import Count, CountOrZero, NonNegative, Positive, Share, settings

InnerShare = Annotated[float, Field(gt=0.0, lt=1.0)]


@settings
class PlateFamily:
    """Distribution of random plates; lengths in units of the pore radius R.

    Shapes lie wholly inside the central square of edge side - 2 margin. A pore has the area of a circle of
    radius R.

    Attributes:
        name: name of the family, part of every seed.
        side: edge of the plate.
        margin: width of the frame around the central square.
        n_ellipses: number of large ellipses.
        semi_axis_min, semi_axis_max: range of their semi-axes, uniform.
        n_pores_min, n_pores_max: range of the number of pores, uniform.
        gap_min: smallest distance between two boundaries.
        pore_aspect_max: aspect ratios of pores are uniform between 1 and this.

    >>> PlateFamily("many", n_pores_min=30, n_pores_max=60).n_ellipses
    3
    >>> PlateFamily("none", n_pores_min=60, n_pores_max=30)
    Traceback (most recent call last):
    ...
    pydantic_core._pydantic_core.ValidationError: 1 validation error for PlateFamily
      Value error, family 'none': n_pores_min must not exceed n_pores_max...
    """

    name: str
    side: Positive = 58.0
    margin: NonNegative = 5.0
    n_ellipses: CountOrZero = 3
    semi_axis_min: Positive = 4.0
    semi_axis_max: Positive = 10.0
    n_pores_min: CountOrZero = 10
    n_pores_max: CountOrZero = 40
    gap_min: Positive = 0.5
    pore_aspect_max: Annotated[float, Field(ge=1.0)] = 1.0

    def __post_init__(self) -> None:
        rules = {
            "side must exceed 2 margin": self.side > 2 * self.margin,
            "semi_axis_min must not exceed semi_axis_max": self.semi_axis_min <= self.semi_axis_max,
            "n_pores_min must not exceed n_pores_max": self.n_pores_min <= self.n_pores_max,
        }
        for rule, holds in rules.items():
            if not holds:
                raise ValueError(f"family {self.name!r}: {rule}")


@settings
class PorositySettings:
    """Law of the random pores on a voxel grid.

    Attributes:
        shape: voxels along x, y, z.
        porosity: mean share of void voxels; the threshold is the Gaussian quantile of 1 - porosity.
        correlation_length: ℓ of exp(-(r/ℓ)²), in voxels; 2.12 gives the printed 12,000 modes on
            20 × 20 × 80.
        energy: share of the variance that the kept modes hold.
    """

    shape: tuple[Count, Count, Count] = (20, 20, 80)
    porosity: InnerShare = 0.0008
    correlation_length: Positive = 2.12
    energy: InnerShare = 0.999


@settings
class InclusionFamily:
    """A random family of periodic two-phase cells with circular or spherical inclusions, lengths in pixels.

    Attributes:
        name: name of the family, part of every seed.
        side: edge length of the cell, and so the number of pixels along it.
        dimension: 2 (discs) or 3 (spheres).
        radius_min, radius_max: range of the radii, drawn uniformly; equal for a monodisperse family.
        overlap: whether inclusions may overlap.
        fraction_min, fraction_max: range of the target volume fractions.
        sampler: law of the target volume fraction (Aldakheel et al. 2023, section 4.2 and figure 7).
        exponential_scale: decay length of the exponential law as a share of the range of fractions.
    """

    name: str
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
        rules = {
            "radii need radius_min <= radius_max": self.radius_min <= self.radius_max,
            f"a diameter of {2 * self.radius_max:g} px does not fit into a periodic cell of {self.side} px; "
            "raise side or lower radius_max": 2 * self.radius_max < self.side,
            "fractions need fraction_min <= fraction_max": self.fraction_min <= self.fraction_max,
        }
        for rule, holds in rules.items():
            if not holds:
                raise ValueError(f"family {self.name!r}: {rule}")

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of an image of the family."""
        return (self.side,) * self.dimension


@settings
class StripFamily:
    """Distribution of random slotted strips; lengths in units of the strip's height, gaps in R.

    The paper prints length, height, pore radius and the range of the end displacement; the rest are choices.

    Attributes:
        name: name of the family, part of every seed.
        length: of the strip; its height is 1.
        pore_radius: R of the pores.
        slot_start_min, slot_start_max: range of L1, from the clamped end to the slot's first end.
        slot_end_min, slot_end_max: range of L2, from the clamped end to its second end.
        slot_radius_min, slot_radius_max: range of R1 and R2.
        n_pores_min, n_pores_max: range of the number of pores.
        gap_min: smallest distance between the edges of two holes, in R.
        face_gap_min: smallest distance of a pore from the faces and the ends of the strip, in R. Near the
            faces bending compresses the edges of pores beyond what the material bears.
        displacement_max: end displacements are drawn between 0 and this.
    """

    name: str
    length: Positive = 5.0
    pore_radius: Positive = 0.02
    slot_start_min: Positive = 0.6
    slot_start_max: Positive = 1.6
    slot_end_min: Positive = 2.2
    slot_end_max: Positive = 3.6
    slot_radius_min: Positive = 0.03
    slot_radius_max: Positive = 0.07
    n_pores_min: CountOrZero = 20
    n_pores_max: CountOrZero = 60
    gap_min: Positive = 1.0
    face_gap_min: Positive = 5.0
    displacement_max: Positive = 2.0

    def __post_init__(self) -> None:
        room = self.slot_end_min - self.slot_start_max
        inside = self.slot_start_min > 0.0 and self.slot_end_max < self.length
        rules = {
            "slot_start_min must not exceed slot_start_max": self.slot_start_min <= self.slot_start_max,
            "slot_end_min must not exceed slot_end_max": self.slot_end_min <= self.slot_end_max,
            "slot_radius_min must not exceed slot_radius_max": self.slot_radius_min <= self.slot_radius_max,
            "n_pores_min must not exceed n_pores_max": self.n_pores_min <= self.n_pores_max,
            "the slot must lie inside the strip": inside and self.slot_radius_max < 0.5,
            "a slot must be longer than four of its radii": room > 4.0 * self.slot_radius_max,
            "the gaps at the faces leave no room for pores": self.pore_radius * (self.face_gap_min + 1.0)
            < 0.5,
        }
        for rule, holds in rules.items():
            if not holds:
                raise ValueError(f"family {self.name!r}: {rule}")
