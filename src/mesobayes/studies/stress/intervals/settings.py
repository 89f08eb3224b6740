# SPDX-License-Identifier: GPL-3.0-or-later
"""How intervals of predicted stresses are calibrated and tested."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from mesobayes.record.settings import Count, settings

Level = Annotated[float, Field(gt=0.0, lt=1.0)]


@settings
class IntervalSettings:
    """How intervals are calibrated on held-out structures and tested on others.

    Attributes:
        levels: shares of the truths that intervals are meant to hold, in increasing order.
        halvings: random halves of the held-out structures, of which one calibrates and the other one tests.
        pixels: pixels that are scored, at most.
        members: networks of an ensemble.
    """

    levels: tuple[Level, ...]
    halvings: Count
    pixels: Count
    members: Annotated[int, Field(ge=2)]

    def __post_init__(self) -> None:
        if not self.levels or list(self.levels) != sorted(set(self.levels)):
            raise ValueError(f"levels are {list(self.levels)}: give them once each, in increasing order")
