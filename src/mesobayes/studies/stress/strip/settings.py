# SPDX-License-Identifier: GPL-3.0-or-later
"""Strips at finite strain: their part of the stress study's section."""

from __future__ import annotations

from mesobayes.fem.strip.settings import StripMeshSettings, StripSolverSettings
from mesobayes.geometry.settings import StripFamily
from mesobayes.record.settings import Count, Positive, Share, settings


@settings
class FigureStrip:
    """The strip of figures 26, 27 and 30: slot and end displacement as printed, random pores.

    Attributes:
        slot_start, slot_radius1, slot_end, slot_radius2: L1, R1, L2, R2 in heights of the strip.
        end_displacement: how far its right end moves down.
        pixels_per_unit: pixels along the strip's height.
    """

    slot_start: Positive
    slot_radius1: Positive
    slot_end: Positive
    slot_radius2: Positive
    end_displacement: Positive
    pixels_per_unit: Count


@settings
class StripSettings:
    """Random strips, how they are solved and cut.

    Attributes:
        number, batch: strips in all and in one job.
        pixels_per_unit: pixels along the strip's height; patches are as large in pixels as those of plates.
        patches_per_structure: windows that are kept of a strip, at random.
        stress_unit: unit of the stresses in patches, in E; every patch has the same.
        failed_share_max: largest share of strips that may not reach their end displacement.
    """

    family: StripFamily
    mesh: StripMeshSettings
    solver: StripSolverSettings
    number: Count
    batch: Count
    pixels_per_unit: Count
    patches_per_structure: Count
    stress_unit: Positive
    failed_share_max: Share
    figure: FigureStrip
