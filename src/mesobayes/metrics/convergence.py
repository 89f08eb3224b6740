# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether independent runs agree: rank-normalised split R-hat and effective sample size of any quantity.

The quantities may have heavy tails, so draws are replaced by the normal scores of their ranks; R-hat is the
larger one of location and, by distances from the median, of scale (Vehtari et al. 2021). Weights of a network
are not unique (channels may be swapped or dead), so conclusions rest on predictions.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.floating]
RHAT_LIMIT = 1.1  # every quantity that a conclusion rests on must be below


class Convergence(NamedTuple):
    """R-hat, 1 for runs that cannot be told apart, and effective sample size, each (quantity,).

    The size is nan where the runs are too short to estimate it.
    """

    rhat: FloatArray
    ess: FloatArray


def diagnose(runs: FloatArray) -> Convergence:
    """Diagnostics of draws (run, draw, quantity); a quantity that never changes is left out."""
    from numpyro.diagnostics import effective_sample_size, split_gelman_rubin  # loads jax

    values = np.asarray(runs, np.float64)
    flat = values.reshape(-1, values.shape[-1])
    values = values[..., flat.std(axis=0) > 0]
    location = _normal_scores(values)
    centre = np.median(values.reshape(-1, values.shape[-1]), axis=0)
    scale = _normal_scores(np.abs(values - centre))
    rhat = np.fmax(split_gelman_rubin(location), split_gelman_rubin(scale))  # of equal distances: nan
    size = np.asarray(effective_sample_size(location), np.float64)
    return Convergence(np.asarray(rhat, np.float64), np.where(size > 0, size, np.nan))


def _normal_scores(values: FloatArray) -> FloatArray:
    from scipy.special import ndtri
    from scipy.stats import rankdata  # a second of imports that figures of stored diagnostics need not

    flat = values.reshape(-1, values.shape[-1])
    scores = ndtri((rankdata(flat, axis=0) - 0.375) / (len(flat) + 0.25))
    return np.asarray(scores.reshape(values.shape), np.float64)
