# SPDX-License-Identifier: GPL-3.0-or-later
"""Learning curves of all selective-learning chains, collected from the stores of their fits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mesobayes.metrics.intervals import coverage, interval_of_maximum
from mesobayes.metrics.rank import rank_correlation
from mesobayes.metrics.scores import accuracy_at
from mesobayes.record.provenance import Run
from mesobayes.record.store import open_store, write_store
from mesobayes.studies.stress.mechanics.baseline import score_baseline
from mesobayes.studies.stress.stores import CURVES, FIT, MECHANICS, PATCHES, noise_of

# true errors of the pool, and where a fit keeps them
ERRORS = {"squared": "score_oracle_squared", "relative": "score_oracle"}
ChainKey = tuple[str, str, int]  # network, acquisition, repeat


def collect_selective(
    fits: list[Path], patches: Path, mechanics: Path, store: Path, threshold: float, run: Run
) -> None:
    """Write the learning curves of all chains beside what mechanics reaches without a label.

    Counts, baseline and label noise are attributes.
    """
    results = [open_store(path, FIT, finite=("true_max", "mean_max", "squared_error")) for path in fits]
    keys: list[ChainKey] = [
        (fit.attrs["network"], fit.attrs["acquisition"], fit.attrs["repeat"]) for fit in results
    ]
    data = open_store(patches, PATCHES, variables=("input", "target", "split"), later=("input", "target"))
    validation = results[0]["validation"].values
    baseline = score_baseline(data, validation, threshold)
    curves = learning_curves(dict(zip(keys, results, strict=True)), threshold)
    curves = curves.assign(mechanics_accuracy(open_store(mechanics, MECHANICS), validation, threshold))
    curves = curves.assign_attrs(
        threshold=threshold,
        n_structures=data.attrs["n_structures"],
        validation_structures=data.attrs["validation_structures"],
        validation_patches=len(validation),
        draws=results[0].sizes["draw"],
        fits=sum(fit.sizes["query"] for fit in results),
        unit=results[0].attrs["unit"],
        **{f"baseline_{key}": value for key, value in asdict(baseline).items()},
        **noise_of(data.attrs),
    )
    print(curves["accuracy"].mean("repeat").to_series().dropna().unstack("query").round(3), flush=True)
    write_store(curves, store, CURVES, run)


def mechanics_accuracy(mechanics: xr.Dataset, patches: NDArray, threshold: float) -> xr.Dataset:
    """Share of the maxima of some patches that each method predicts within the threshold, without a label."""
    chosen = mechanics.isel(patch=patches)
    true = chosen["true_max"].values
    shares = [accuracy_at(found, true, threshold) for found in chosen["roi_max"].values]
    return xr.Dataset(
        {"mechanics_accuracy": ("mechanics", shares)}, {"mechanics": chosen["mechanics"].values}
    )


def learning_curves(results: Mapping[ChainKey, xr.Dataset], threshold: float) -> xr.Dataset:
    """Scores of every fit on the shared validation set, dims (network, acquisition, repeat, query).

    `correlation` tells how well each score of the initial fit ranks the pool by its true errors.
    `results` maps (network, acquisition, repeat) to the data set of that chain; query 0 is stored under the
    acquisition "initial" and stands at the start of every chain of its repeat. Scores of a chain that a
    network lacks are NaN.
    """
    chains = [key for key in results if key[1] != "initial"]
    networks = list(dict.fromkeys(key[0] for key in chains))
    first = {network: next(results[key] for key in chains if key[0] == network) for network in networks}
    acquisitions = list(dict.fromkeys(key[1] for key in chains))
    repeats = sorted({key[2] for key in chains})
    queries = [0, *next(iter(first.values()))["query"].values.tolist()]
    scored = [name for name in acquisitions if name not in ("random", "oracle")]
    shape = (len(networks), len(acquisitions), len(repeats), len(queries))
    scores = {name: np.full(shape, np.nan) for name in ("accuracy", "mse", "coverage", "fit_seconds")}
    labelled = np.zeros(len(queries), np.int64)
    for index in np.ndindex(shape):
        network, acquisition, repeat, query = index
        key = (networks[network], acquisitions[acquisition], repeats[repeat])
        if key not in results:
            continue
        chain = results[key] if queries[query] else results[key[0], "initial", key[2]]
        result = chain.sel(query=queries[query])
        true = result["true_max"].values
        scores["accuracy"][index] = accuracy_at(result["mean_max"].values, true, threshold)
        scores["mse"][index] = float(result["squared_error"].mean())
        scores["coverage"][index] = coverage(true, interval_of_maximum(result["roi_max"].values))
        scores["fit_seconds"][index] = float(result["fit_seconds"])
        labelled[query] = int(result["labelled_units"])
    dims = ("network", "acquisition", "repeat", "query")
    correlation = [
        [
            [
                [score_correlation(results[network, "initial", repeat], name, error) for error in ERRORS]
                for repeat in repeats
            ]
            for name in scored
        ]
        for network in networks
    ]
    return xr.Dataset(
        {name: (dims, values) for name, values in scores.items()}
        | {
            "labelled": ("query", labelled),
            "correlation": (("network", "score", "repeat", "error"), correlation),
        }
        | {name: ("network", [fit.attrs[name] for fit in first.values()]) for name in ("steps", "batch")},
        coords={
            "score": scored,
            "error": list(ERRORS),
            "network": networks,
            "acquisition": acquisitions,
            "repeat": repeats,
            "query": queries,
        },
    )


def score_correlation(result: xr.Dataset, acquisition: str, error: str) -> float:
    """Spearman correlation over the pool between an acquisition's score and a true error."""
    true = result[ERRORS[error]].values
    return rank_correlation(result[f"score_{acquisition}"].values, true)
