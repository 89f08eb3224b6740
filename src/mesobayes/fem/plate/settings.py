# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of the finite-element meshes of the plate."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class MeshSettings:
    """Sizes of the triangles, in units of the pore radius R.

    Edges have length R / elements_per_radius on pores and R / ellipse_elements_per_radius on ellipses and
    grow by `growth` per unit of distance from them up to `far_size`. The finite-element domain is a square
    `domain_factor` times as wide as the plate, so that the affine displacement of its outer edge is not felt.
    `order` 2 with `curved` gives quadratic triangles whose hole edges follow the ellipse; order 1 serves the
    comparison with linear triangles.
    """

    elements_per_radius: float = 7.0
    ellipse_elements_per_radius: float = 3.0
    far_size: float = 8.0
    growth: float = 0.52
    domain_factor: float = 4.0
    order: int = 2
    curved: bool = True

    def __post_init__(self) -> None:
        for name in ("elements_per_radius", "ellipse_elements_per_radius", "far_size", "growth"):
            if not getattr(self, name) > 0.0:
                raise ValueError(f"MeshSettings: {name} must be positive, got {getattr(self, name)}.")
        if not self.domain_factor > 1.0:
            raise ValueError(f"MeshSettings: domain_factor must exceed 1, got {self.domain_factor}.")
        if self.order not in (1, 2):
            raise ValueError(f"MeshSettings: order must be 1 or 2, got {self.order}.")

    def refined(self, factor: float = 2.0) -> MeshSettings:
        """The same mesh with all sizes divided by `factor`."""
        return replace(
            self,
            elements_per_radius=self.elements_per_radius * factor,
            ellipse_elements_per_radius=self.ellipse_elements_per_radius * factor,
            far_size=self.far_size / factor,
            growth=self.growth / factor,
        )


DEFAULT_MESH = MeshSettings()
