# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether Markov chains have converged: split R-hat and effective sample size of any quantity.

Weights of a network are not unique (channels may be swapped or dead), so conclusions rest on predictions.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from numpyro.diagnostics import effective_sample_size, split_gelman_rubin

FloatArray = NDArray[np.floating]
RHAT_LIMIT = 1.1  # Gelman and Rubin 1992; every quantity that a conclusion rests on must be below


class Convergence(NamedTuple):
    """Split R-hat, 1 for chains that cannot be told apart, and effective sample size, each (quantity,).

    The size is nan where the chains are too short to estimate it.
    """

    rhat: FloatArray
    ess: FloatArray


def diagnose(chains: FloatArray) -> Convergence:
    """Diagnostics of chains (chain, draw, quantity); a quantity that never changes is left out."""
    values = np.asarray(chains, np.float64)
    moving = values.reshape(-1, values.shape[-1]).std(axis=0) > 0
    values = values[..., moving]
    size = np.asarray(effective_sample_size(values), np.float64)
    return Convergence(np.asarray(split_gelman_rubin(values), np.float64), np.where(size > 0, size, np.nan))
