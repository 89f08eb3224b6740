# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of random microstructures that the configuration states; no numerical library is loaded."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from mesobayes.record.settings import Count, Positive, settings

InnerShare = Annotated[float, Field(gt=0.0, lt=1.0)]


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
