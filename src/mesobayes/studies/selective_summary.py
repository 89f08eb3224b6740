# SPDX-License-Identifier: GPL-3.0-or-later
"""Learning curves of all selective-learning chains, collected from the stores of their fits."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr

from mesobayes.learning.acquisition import relative_error
from mesobayes.metrics.accuracy import accuracy_at
from mesobayes.metrics.calibration import interval_coverage

ChainKey = tuple[str, str, int, int]  # network, acquisition, repeat, query
THRESHOLD = 0.10  # Krokos et al. 2022, Algorithm 1


def learning_curves(results: Mapping[ChainKey, xr.Dataset]) -> xr.Dataset:
    """Scores of every fit on the shared validation set, dims (network, acquisition, repeat, query).

    `results` maps (network, acquisition, repeat, query) to the data set of that fit; query 0 is stored under
    the acquisition "initial" and stands at the start of every chain of its repeat.
    """
    keys = [key for key in results if key[1] != "initial"]
    networks, acquisitions, repeats, queries = (list(dict.fromkeys(key[i] for key in keys)) for i in range(4))
    queries = [0, *sorted(queries)]
    shape = (len(networks), len(acquisitions), len(repeats), len(queries))
    scores = {name: np.full(shape, np.nan) for name in ("accuracy", "mse", "coverage", "fit_seconds")}
    labelled = np.zeros(len(queries), np.int64)
    for index in np.ndindex(shape):
        network, acquisition, repeat, query = (
            axis[i] for axis, i in zip((networks, acquisitions, repeats, queries), index, strict=True)
        )
        result = results[network, "initial" if query == 0 else acquisition, repeat, query]
        true = result["true_max"].values
        scores["accuracy"][index] = accuracy_at(result["mean_max"].values, true, THRESHOLD)
        scores["mse"][index] = float(result["squared_error"].mean())
        scores["coverage"][index] = interval_coverage(result["roi_max"].values, true)
        scores["fit_seconds"][index] = result.attrs["fit_seconds"]
        labelled[index[-1]] = result.sizes["label"]
    dims = ("network", "acquisition", "repeat", "query")
    return xr.Dataset(
        {name: (dims, values) for name, values in scores.items()} | {"labelled": ("query", labelled)},
        coords={"network": networks, "acquisition": acquisitions, "repeat": repeats, "query": queries},
    )


def pool_difficulty(result: xr.Dataset) -> float:
    """Rank correlation between the maximum-variance score and the true relative error over the pool."""
    order = [np.argsort(np.argsort(result[name].values)) for name in ("score_max_variance", "score_oracle")]
    return float(np.corrcoef(*order)[0, 1])


def median_relative_error(result: xr.Dataset) -> float:
    """Median relative error of the ROI maximum on the validation set."""
    return float(np.median(relative_error(result["mean_max"].values, result["true_max"].values)))
