# SPDX-License-Identifier: GPL-3.0-or-later
"""Job: the scores of all selective-learning chains in one store, beside the baseline and the ceiling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from mesobayes.record.provenance import Provenance
from mesobayes.record.store import open_store, write_store
from mesobayes.studies.stress.baseline import score_baseline
from mesobayes.studies.stress.scores import THRESHOLD, ChainKey, learning_curves


def collect_selective(
    fits: Sequence[Path | str], patches: Path | str, output: Path | str, provenance: Provenance
) -> None:
    """Write the learning curves of all chains; counts, baseline and label noise are attributes."""
    results = [
        open_store(path, "stress/fit", finite=("true_max", "mean_max", "squared_error")) for path in fits
    ]
    keys: list[ChainKey] = [
        (fit.attrs["network"], fit.attrs["acquisition"], fit.attrs["repeat"], fit.attrs["query"])
        for fit in results
    ]
    data = open_store(patches, "stress/patches", variables=("input", "target", "split"))
    validation = results[0]["validation"].values
    baseline = score_baseline(data, validation, THRESHOLD)
    noise = {key: value for key, value in data.attrs.items() if key.startswith("label_noise")}
    curves = learning_curves(dict(zip(keys, results, strict=True))).assign_attrs(
        threshold=THRESHOLD,
        n_structures=data.attrs["n_structures"],
        validation_structures=data.attrs["validation_structures"],
        validation_patches=len(validation),
        draws=results[0].sizes["draw"],
        fits=len(results),
        **{f"baseline_{key}": value for key, value in asdict(baseline).items()},
        **noise,
    )
    print(curves["accuracy"].mean("repeat").to_series().dropna().unstack("query").round(3), flush=True)
    write_store(curves, output, "stress/curves", provenance)
