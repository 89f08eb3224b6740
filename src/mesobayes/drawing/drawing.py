# SPDX-License-Identifier: GPL-3.0-or-later
"""A figure together with what it found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from matplotlib.figure import Figure

SHOWN, NOT_SHOWN, CONTRADICTS = "shown", "not shown at this scale", "contradicts the paper"


class Finding(NamedTuple):
    """What we found for a printed value: number or text, verdict, and why."""

    ours: float | str | None
    verdict: str
    reason: str


@dataclass(frozen=True)
class Drawing:
    """A figure, its findings by the keys of the registry, and the numbers it shows."""

    figure: Figure
    findings: dict[str, Finding] = field(default_factory=dict)
    drawn: dict[str, Any] = field(default_factory=dict)
