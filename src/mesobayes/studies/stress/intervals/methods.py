# SPDX-License-Identifier: GPL-3.0-or-later
"""Ways to put an interval around a predicted stress, and how well each does structure by structure."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mesobayes.metrics.calibration import calibration_factors, structure_means
from mesobayes.metrics.intervals import interval_score

FloatArray = NDArray[np.floating]

NOMINAL = ("weight_draws", "predictive")  # half widths are quantiles of the normal distribution
CALIBRATED = ("constant", "amplitude", "calibrated")  # half widths come from held-out structures
TARGETS = ("maximum", "pixel")


class Errors(NamedTuple):
    """Errors of n predictions.

    Attributes:
        error: (n,) truth minus centre of the interval.
        scale: (n,) by which intervals are wider than one another.
        structure: (n,) number of the structure.
    """

    error: FloatArray
    scale: FloatArray
    structure: NDArray

    def where(self, chosen: NDArray[np.bool_]) -> Errors:
        """Return the chosen ones."""
        return Errors(self.error[chosen], self.scale[chosen], self.structure[chosen])


def errors_of(
    prediction: xr.Dataset, target: str, pixels: int, rng: np.random.Generator
) -> dict[str, Errors]:
    """Return the errors of every method on maxima or on solid pixels, at most so many of them.

    The methods: "weight_draws" mean and spread of the draws; "constant" the same width everywhere;
    "amplitude" a width in proportion to the predicted maximum of the patch; "predictive" the law of the
    heads; "calibrated" the same with half widths from held-out structures. The last two need heads.
    """
    structure, amplitude = prediction["structure"].values, prediction["mean_max"].values
    if target == "maximum":
        draws, true = prediction["roi_max"].values, prediction["true_max"].values
        centre = draws.mean(axis=0)
        spread = draws.std(axis=0, ddof=1) if len(draws) > 1 else np.zeros(len(true))
        law = [prediction[name].values for name in ("max_centre", "max_std")] if has_heads(prediction) else []
    else:
        chosen = np.flatnonzero(prediction["mask"].values)
        if len(chosen) > pixels:
            chosen = np.sort(rng.choice(chosen, pixels, replace=False))
        patch = chosen // prediction["mask"][0].size
        structure, amplitude = structure[patch], amplitude[patch]
        names = ["truth", "mean", "std", *(["pixel_std"] if has_heads(prediction) else [])]
        true, centre, spread, *law = (prediction[name].values.ravel()[chosen] for name in names)
        law = [centre, *law] if law else []
    found = {
        "weight_draws": Errors(true - centre, spread, structure),
        "constant": Errors(true - centre, np.ones(len(true)), structure),
        "amplitude": Errors(true - centre, amplitude, structure),
    }
    if law:
        found |= dict.fromkeys(("predictive", "calibrated"), Errors(true - law[0], law[1], structure))
    return found


def has_heads(prediction: xr.Dataset) -> bool:
    """Whether a prediction has laws of new truths beside the spread of its draws."""
    return "max_std" in prediction


def half_widths(method: str, held_out: Errors | None, levels: Sequence[float]) -> FloatArray:
    """Return half widths (level,) in units of the scale: of the normal law, or of held-out structures."""
    if method in NOMINAL:
        return np.array([NormalDist().inv_cdf(0.5 + 0.5 * level) for level in levels])
    assert held_out is not None
    return calibration_factors(*held_out, levels).values


def scores_by_structure(errors: Errors, half: FloatArray, levels: Sequence[float]) -> FloatArray:
    """Return coverage, interval score and width, (3, level, structure), of half widths (level,)."""
    found = []
    for one, level in zip(half, levels, strict=True):
        end = one * errors.scale
        score = interval_score(errors.error, (-end, end), level)
        found.append(
            structure_means(np.stack([np.abs(errors.error) <= end, score, 2 * end]), errors.structure)
        )
    return np.stack(found, axis=1)


def scores_over_halvings(
    errors: Errors,
    method: str,
    halves: Sequence[tuple[NDArray[np.bool_], NDArray[np.bool_]]],
    levels: Sequence[float],
) -> FloatArray:
    """Return the same, of each structure the mean over the halvings in which it tests; NaN without one."""
    names = np.unique(errors.structure)
    total, count = np.zeros((3, len(levels), len(names))), np.zeros(len(names))
    for calibrate, test in halves:
        tested = errors.where(test)
        place = np.searchsorted(names, np.unique(tested.structure))
        half = half_widths(method, errors.where(calibrate), levels)
        total[..., place] += scores_by_structure(tested, half, levels)
        count[place] += 1
    return np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
