# SPDX-License-Identifier: GPL-3.0-or-later
"""What a fit says while it runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """State of a fit: loss is the mean since the last report, score that of the validation data, if any."""

    step: int
    steps: int
    epoch: float
    loss: float
    score: float | None
    seconds_left: float

    def __str__(self) -> str:
        score = "" if self.score is None else f"  score {self.score:.4f}"
        return (
            f"step {self.step}/{self.steps}  epoch {self.epoch:.1f}  loss {self.loss:.4f}{score}"
            f"  {self.seconds_left:.0f} s left"
        )


Report = Callable[[Progress], None]


def print_progress(progress: Progress) -> None:
    """Report that writes one line to standard output, and so to the log file of a job."""
    print(progress, flush=True)
