# SPDX-License-Identifier: GPL-3.0-or-later
"""Random slotted strips: a random slot at mid-height, pores by random sequential addition."""

from __future__ import annotations

import numpy as np

from mesobayes.geometry.plate import Ellipse
from mesobayes.geometry.sampling import PlacementError
from mesobayes.geometry.settings import StripFamily
from mesobayes.geometry.strip import Slot, Strip

_TRIES_PER_PORE = 2000


def sample_strip(family: StripFamily, rng: np.random.Generator) -> Strip:
    """Draw one strip of the family, first its slot. Raises PlacementError if no room is left for pores."""
    start = rng.uniform(family.slot_start_min, family.slot_start_max)
    end = rng.uniform(family.slot_end_min, family.slot_end_max)
    r1, r2 = rng.uniform(family.slot_radius_min, family.slot_radius_max, size=2)
    slot = Slot.between(float(start), float(r1), float(end), float(r2))
    return Strip(slot, sample_pores(family, slot, rng), family.length, pore_radius=family.pore_radius)


def sample_pores(family: StripFamily, slot: Slot, rng: np.random.Generator) -> tuple[Ellipse, ...]:
    """Draw the pores of a strip with a given slot. Raises PlacementError if no room is left."""
    radius, margin = family.pore_radius, family.pore_radius * (1.0 + family.face_gap_min)
    gap = family.pore_radius * family.gap_min
    centres = np.empty((0, 2))
    count = int(rng.integers(family.n_pores_min, family.n_pores_max + 1))
    for _ in range(count):
        for _ in range(_TRIES_PER_PORE):
            centre = rng.uniform((margin, margin), (family.length - margin, 1.0 - margin))
            nearest = np.min(np.linalg.norm(centres - centre, axis=1), initial=np.inf)
            if nearest >= 2.0 * radius + gap and slot.signed_distance(*centre) >= radius + gap:
                centres = np.vstack([centres, centre])
                break
        else:
            raise PlacementError(
                f"Family '{family.name}': {count} pores with gaps of {family.gap_min:g} R found no place "
                f"beside the slot and {family.face_gap_min:g} R from the faces; lower n_pores_max or gaps."
            )
    return tuple(Ellipse(float(x), float(y), radius, radius) for x, y in centres)
