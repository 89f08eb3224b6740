# SPDX-License-Identifier: GPL-3.0-or-later
"""Where to cut the grey values of an image into two phases.

The levels of the phases are the peaks of the histogram, without the extreme values on either side: single hot
pixels do not move it. A peak counts where the histogram falls to half its height on both sides and it holds
0.5 % of the pixels. Of more than two peaks those count that have an interior: the levels of a blurred or
downsampled edge have none. Otsu (1979) divides the values between the two levels into classes; the cut is
halfway between their medians, which edges do not move. An image with one level, or with three, has no cut
that could be defended.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_erosion, gaussian_filter1d
from scipy.signal import find_peaks

from mesobayes.images.errors import ImageError

FloatArray = NDArray[np.float64]

_TAIL = 0.0025  # share of the pixels, on either side, that the choice does not see; at least one
_SHARE = 0.005  # smallest share of a level
_INTERIOR = 0.0025  # smallest share of pixels whose neighbours have the same level, where there are several
_VALLEY = 0.5  # of the height of a peak
_BINS = 100
_SMOOTH = 2.0  # bins; more for images of less than 5,000 pixels
_FAR = 0.5  # of the range of values: what lies farther outside is said
_LINE = 0.6  # share of one value in a row of an information line ...
_NOISE = 0.3  # ... where rows of the image hold less of any


@dataclass(frozen=True)
class Level:
    """A peak of the histogram: its median, the range of the values that belong to it, and their share."""

    value: float
    low: float
    high: float
    share: float


def choose_threshold(values: FloatArray) -> tuple[float, str]:
    """Cut between the two phases of grey values, and how it was chosen.

    Raises:
        ImageError: not two phases, or an information line; the message continues the name of the image.
    """
    low, high = tails(values)
    band = edge_band(values, low, high)
    if band:
        raise ImageError(f"{band}: crop it")
    levels, edges = _levels(values, low, high), ""
    if len(levels) > 2:
        inside = [level for level in levels if _has_interior(values, level)]
        if len(inside) == 2:
            levels, edges = inside, ", values of edges between them"
    if len(levels) != 2:
        raise ImageError(_not_two(levels))
    split = otsu_threshold(np.clip(values, levels[0].value, levels[1].value))
    dark, bright = float(np.median(values[values < split])), float(np.median(values[values >= split]))
    threshold = 0.5 * (dark + bright)
    remark = f"cut at {threshold:.4g}, halfway between {dark:.4g} and {bright:.4g} (Otsu's classes{edges})"
    reach = _FAR * (high - low)
    far = values[(values < low - reach) | (values > high + reach)]
    if far.size:
        extreme = far[np.argmax(np.abs(far - threshold))]
        remark += f", {far.size} outlying pixel{'s' * (far.size > 1)} (to {extreme:.6g}) not looked at"
    return threshold, remark


def otsu_threshold(values: FloatArray, bins: int = 256) -> float:
    """Threshold that maximises the variance between two classes (Otsu 1979), halfway between their means."""
    counts, edges = np.histogram(values, bins)
    total = np.histogram(values, edges, weights=values)[0]  # sum of the values in every bin
    below, sum_below = np.cumsum(counts)[:-1], np.cumsum(total)[:-1]
    above, sum_above = values.size - below, total.sum() - sum_below
    mean_below, mean_above = sum_below / np.maximum(below, 1), sum_above / np.maximum(above, 1)
    best = int(np.argmax(below * above * (mean_above - mean_below) ** 2.0))
    return float(0.5 * (mean_below[best] + mean_above[best]))


def edge_band(values: FloatArray, low: float, high: float) -> str:
    """Say which lines at an edge of noisy grey values look like an information line, or nothing.

    Values count as equal within a part in 256 of the range from `low` to `high`.
    """
    values = np.rint((np.clip(values, low, high) - low) * (255.0 / max(high - low, 1e-300)))
    for axis, ends in ((-2, ("lowest", "highest")), (-1, ("leftmost", "rightmost"))):
        lines = np.moveaxis(values, axis, 0).reshape(values.shape[axis], -1)
        count = len(lines)
        middle = lines[count // 4 : -(count // 4) : max(1, count // 64)]
        if np.median([_commonest(line) for line in middle]) >= _NOISE:
            continue
        for end, ordered in zip(ends, (lines, lines[::-1]), strict=True):
            found = 0
            while found < count // 2 and _commonest(ordered[found]) >= _LINE:
                found += 1
            if found:
                what = "row" if axis == -2 else "column"
                return f"its {end} {found} {what}s look like an information line or a margin"
    return ""


def _commonest(line: FloatArray) -> float:
    """Share of the commonest value."""
    return float(np.unique(line, return_counts=True)[1].max() / line.size)


def tails(values: FloatArray) -> tuple[float, float]:
    """Smallest and largest value without the tails."""
    left_out = max(1, int(_TAIL * values.size))
    ordered = np.partition(values, (left_out, values.size - 1 - left_out), axis=None)
    return float(ordered[left_out]), float(ordered[-1 - left_out])


def _levels(values: FloatArray, low: float, high: float) -> list[Level]:
    """Peaks of the smoothed histogram between two values."""
    if low == high:
        return [Level(low, low, high, float(np.mean(values == low)))]
    smooth = _SMOOTH * max(1.0, (5000 / values.size) ** (1 / 3))
    margin = int(np.ceil(4 * smooth))  # so that peaks at the ends are peaks
    counts, edges = np.histogram(np.clip(values, low, high), _BINS, (low, high))
    curve = gaussian_filter1d(np.pad(counts.astype(float), margin), smooth, mode="constant")
    places = _apart(curve, find_peaks(curve)[0].tolist())
    valleys = [left + int(np.argmin(curve[left:right])) for left, right in itertools.pairwise(places)]
    ends = np.clip(np.array([0, *valleys, len(curve)]) - margin, 0, _BINS)
    levels = []
    for first, last in itertools.pairwise(ends):
        begin = -np.inf if first == 0 else edges[first]
        end = np.inf if last == _BINS else edges[last]
        mine = values[(values >= begin) & (values < end)]
        if mine.size >= _SHARE * values.size:
            levels.append(Level(float(np.median(mine)), begin, end, mine.size / values.size))
    return levels


def _apart(curve: FloatArray, places: list[int]) -> list[int]:
    """Peaks between which the curve falls to half of the lower one; of others the higher one stays."""
    while len(places) > 1:
        pairs = list(itertools.pairwise(places))
        depth = [curve[left:right].min() / min(curve[left], curve[right]) for left, right in pairs]
        worst = int(np.argmax(depth))
        if depth[worst] <= _VALLEY:
            break
        places.remove(min(pairs[worst], key=lambda place: curve[place]))
    return places


def _has_interior(values: FloatArray, level: Level) -> bool:
    mine = (values >= level.low) & (values < level.high)
    return float(np.mean(binary_erosion(mine, border_value=1))) >= _INTERIOR


def _not_two(levels: list[Level]) -> str:
    found = ", ".join(f"{level.value:.4g} ({level.share:.1%})" for level in levels)
    if len(levels) > 2:
        what = f"has {len(levels)} grey levels, {found}: more than two phases"
    else:
        what = f"has one grey level, {found}, and no second phase that stands out from it"
    return f"{what}; give the value to cut at as threshold, or cut it yourself"
