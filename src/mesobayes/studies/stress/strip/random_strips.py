# SPDX-License-Identifier: GPL-3.0-or-later
"""Which strip and end displacement a structure is; the status that a strip may have."""

from __future__ import annotations

from mesobayes.geometry.settings import StripFamily
from mesobayes.geometry.strip import Slot, Strip
from mesobayes.geometry.strip_sampling import sample_pores, sample_strip
from mesobayes.record.seeds import rng_from_name
from mesobayes.studies.stress.strip.settings import FigureStrip

GOOD, ENDED_EARLY, NOT_SOLVED = 0, 1, 2  # status of a strip


def draw_strip(family: StripFamily, study_seed: str, index: int) -> tuple[Strip, float]:
    """Strip and end displacement, uniform between 0 and the largest one (section 4.2.1)."""
    rng = rng_from_name(study_seed, "strip", family.name, index)
    strip = sample_strip(family, rng)
    return strip, float(family.displacement_max * (1.0 - rng.uniform()))  # never 0


def draw_figure_strip(family: StripFamily, figure: FigureStrip, study_seed: str) -> Strip:
    """The slot of figure 26 with random pores."""
    slot = Slot.between(figure.slot_start, figure.slot_radius1, figure.slot_end, figure.slot_radius2)
    pores = sample_pores(family, slot, rng_from_name(study_seed, "strip", family.name, "figure"))
    return Strip(slot, pores, family.length, pore_radius=family.pore_radius)
