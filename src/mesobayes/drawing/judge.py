# SPDX-License-Identifier: GPL-3.0-or-later
"""The one place of verdicts: a printed value, our number with its spread, and the facts of the run.

A claim is a set of numbers: from 0.96 upwards, say. It is *shown* when our whole 95 % interval lies inside,
and *contradicted* when the whole interval lies outside, the scale is ``paper`` and no setting is modified.
All else is not shown at this scale. A single run has no interval, so it never contradicts; of a direction it
says nothing either way, since the sign of one difference may be that of its noise. A value that something of
ours was chosen to meet is *calibrated*, never shown.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from mesobayes.drawing.drawing import Number
from mesobayes.drawing.registry import PrintedValue

SHOWN, NOT_SHOWN, CONTRADICTS = "shown", "not shown at this scale", "contradicts the paper"
SETTING, CALIBRATED, MISPRINT, HARDWARE = "setting", "calibrated", "misprint", "hardware"
NO_VERDICT, PLANNED = "no verdict", "planned"
CLAIM_VERDICTS = (SHOWN, NOT_SHOWN, CONTRADICTS, NO_VERDICT)
ASIDE_VERDICTS = (SETTING, CALIBRATED, MISPRINT, HARDWARE)


class Verdict(NamedTuple):
    """What became of a printed value, and why in one sentence."""

    verdict: str
    reason: str


class Region(NamedTuple):
    """The numbers that a claim allows, with or without its ends, and the claim in words."""

    low: float
    high: float
    closed: bool
    words: str

    def holds(self, low: float, high: float) -> bool:
        """Return whether a whole interval lies inside."""
        if self.closed:
            return self.low <= low and high <= self.high
        return self.low < low and high < self.high

    def excludes(self, low: float, high: float) -> bool:
        """Return whether a whole interval lies outside."""
        if self.closed:
            return high < self.low or low > self.high
        return high <= self.low or low >= self.high


def claim_region(printed: PrintedValue) -> Region:
    """Return the numbers that a claim allows."""
    value, infinity = printed.compared, math.inf
    match printed.compare:
        case "within":
            low, high = value - printed.slack, value + printed.slack
            return Region(low, high, True, f"within {number_text(low)} to {number_text(high)}")
        case "at_least":
            return Region(value, infinity, True, f"at least {number_text(value)}")
        case "at_most":
            return Region(-infinity, value, True, f"at most {number_text(value)}")
        case "equals":
            return Region(value, value, True, f"equal to {number_text(value)}")
        case "trend" if printed.sign == "positive":
            return Region(value, infinity, False, f"above {number_text(value)}")
        case "trend":
            return Region(-infinity, value, False, f"below {number_text(value)}")
    raise ValueError(f"{printed.compare!r} is no claim")


def judge(printed: PrintedValue, number: Number | None, scale: str, overrides: Sequence[str] = ()) -> Verdict:
    """Return the verdict on one printed value.

    Args:
        printed: the value and how it is compared.
        number: ours, or ``None`` where the figure has no number for it.
        scale: scale of the run; only ``paper`` can contradict, and ``smoke`` gives no verdict on claims.
        overrides: keys that the run sets differently from its scale; with any it cannot contradict.
    """
    ours = _ours(number)
    if printed.compare == SETTING:
        return Verdict(SETTING, _sentence(_setting(printed, ours), number))
    if printed.compare == CALIBRATED:
        found = "no number of ours stands for it" if ours is None else f"ours is {number_text(ours)}"
        return Verdict(CALIBRATED, _sentence(f"{found}, and no evidence: {printed.because}", number))
    if printed.compare == MISPRINT:
        return Verdict(MISPRINT, printed.because)
    if printed.compare == HARDWARE:
        return Verdict(HARDWARE, _sentence("depends on the machine, so it is not judged", number))
    if scale == "smoke":
        return Verdict(NO_VERDICT, "the scale smoke only shows that everything runs")
    if number is None or ours is None or isinstance(ours, str):
        return Verdict(NOT_SHOWN, _sentence("no number of ours stands for it", number))
    region = claim_region(printed)
    if number.low is None or number.high is None:
        return Verdict(*_judge_single(printed, region, number, ours))
    spread = f" (95 % interval {number_text(number.low)} to {number_text(number.high)}, n = {number.n})"
    found = number_text(ours) + (spread if number.low < number.high else "")
    if region.holds(number.low, number.high):
        return Verdict(SHOWN, _sentence(f"{found} is {region.words}", number))
    if not region.excludes(number.low, number.high):
        return Verdict(NOT_SHOWN, _sentence(f"{found} leaves open whether it is {region.words}", number))
    if scale == "paper" and not overrides:
        return Verdict(CONTRADICTS, _sentence(f"{found} is not {region.words}", number))
    settings = " with modified settings" if scale == "paper" else ""
    return Verdict(NOT_SHOWN, _sentence(f"{found} is not {region.words}{settings}", number))


def scale_label(scale: str, overrides: Sequence[str]) -> str:
    """Return the scale as tables print it, such as ``small, modified``."""
    return f"{scale}, modified" if overrides else scale


def _judge_single(printed: PrintedValue, region: Region, number: Number, ours: float) -> tuple[str, str]:
    """Judge a number without an interval."""
    if printed.compare == "trend":
        return NOT_SHOWN, _sentence(
            f"{number_text(ours)} without an interval says nothing of a direction", number
        )
    if region.holds(ours, ours):
        return SHOWN, _sentence(f"{number_text(ours)} is {region.words}", number)
    return NOT_SHOWN, _sentence(f"{number_text(ours)} is not {region.words}", number)


def _ours(number: Number | None) -> float | str | None:
    """Return the value of a number, ``None`` where it is missing or not finite."""
    if number is None or number.value is None or isinstance(number.value, str):
        return None if number is None else number.value
    return float(number.value) if math.isfinite(number.value) else None


def equals_setting(printed: PrintedValue, ours: float | str) -> bool:
    """Return whether a setting of ours is the paper's."""
    if isinstance(ours, str) or isinstance(printed.value, str):
        return ours == printed.value
    return math.isclose(ours, printed.value, rel_tol=1e-9, abs_tol=1e-12)


def _setting(printed: PrintedValue, ours: float | str | None) -> str:
    if ours is None:
        return "no number of ours stands for it"
    if equals_setting(printed, ours):
        return "ours is the paper's"
    return f"ours is {number_text(ours)}, not {number_text(printed.value)}"


def _sentence(start: str, number: Number | None) -> str:
    return start if number is None or not number.note else f"{start}; {number.note}"


def number_text(value: float | str, digits: int = 4) -> str:
    """Return a number as text, whole numbers in full and others rounded to some digits."""
    if isinstance(value, str):
        return value
    if not math.isfinite(value) or (float(value).is_integer() and abs(value) < 1e15):
        return f"{value:.0f}"
    return f"{value:.{digits}g}" if abs(value) < 10**digits else f"{value:.0f}"
