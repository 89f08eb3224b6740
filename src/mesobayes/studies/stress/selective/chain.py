# SPDX-License-Identifier: GPL-3.0-or-later
"""Selective learning (Krokos et al. 2022, section 4.3) as chains of fits, one job a chain.

The first fit of a repeat, on the initial set, is a chain of its own and shared by all acquisitions. Query q
of another chain labels `query_rate` more patches of the pool, chosen by an acquisition from what query q - 1
has seen, and fits a fresh network to the larger set. A chain that is cut off goes on where it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

import xarray as xr

from mesobayes.images.patches import PatchGeometry
from mesobayes.learning.weights import save_network
from mesobayes.record.content import plain
from mesobayes.record.provenance import Run
from mesobayes.record.store import open_store, write_store
from mesobayes.studies.stress.fit import print_accuracy
from mesobayes.studies.stress.fit_settings import PatchFitSettings
from mesobayes.studies.stress.models.network_data import AnyNetworkSettings, open_network_data
from mesobayes.studies.stress.selective.query import fit_query
from mesobayes.studies.stress.settings import Acquisition, ChainSettings
from mesobayes.studies.stress.stores import FIT

_BY_QUERY = ["mean_max", "roi_max", "squared_error"]
_NUMBERS = ("labelled_units", "fit_seconds")


def fit_selective(
    patches: Path,
    channels: Path | None,
    first: Path | None,
    store: Path,
    weights: Path,
    acquisition: Acquisition | Literal["initial"],
    repeat: int,
    chain: ChainSettings,
    network: AnyNetworkSettings,
    settings: PatchFitSettings,
    run: Run,
) -> None:
    """Write the results of one chain, and the weights of its last network.

    `first` is the result of the first fit of the repeat, which itself has none.
    """
    data = open_network_data(patches, channels, network)
    network = replace(network, roi=PatchGeometry(data.patches.attrs["pixels_per_radius"]).roi)
    queries = range(1) if first is None else range(1, chain.queries + 1)
    previous = None if first is None else open_store(first, FIT)
    results: list[xr.Dataset] = []
    for query in queries:
        kept = _beside(run.checkpoint, query, "result")
        found = _made_before(kept, run)
        print(f"query {query}{'' if found is None else ': made before'}", flush=True)
        if found is None:
            fitted, found = fit_query(
                data,
                previous,
                acquisition,
                repeat,
                query,
                chain,
                network,
                settings,
                run.seed,
                _beside(run.checkpoint, query, "npz"),
                print_accuracy,
            )
            if kept is not None and query != queries[-1]:
                write_store(found, kept, FIT, run)
        previous = found
        results.append(found)
    save_network(fitted, weights, run)
    write_store(join_queries(results).assign_attrs(acquisition=acquisition), store, FIT, run)
    for left in (_beside(run.checkpoint, query, ending) for query in queries for ending in ("npz", "result")):
        if left is not None:
            left.unlink(missing_ok=True)


def join_queries(results: Sequence[xr.Dataset]) -> xr.Dataset:
    """Return the results of a chain, in the order of its queries, as one data set.

    What each query predicts has a dimension `query`; `labels (query)` says how many of `labelled` it had, and
    the pool with its scores, if any, is that after the last query.
    """
    last = results[-1]
    of_all = xr.concat([result[_BY_QUERY] for result in results], dim="query", combine_attrs="drop")
    numbers = {name: ("query", [result.attrs[name] for result in results]) for name in _NUMBERS}
    joined = (
        last.drop_vars(_BY_QUERY)
        .merge(of_all)
        .assign(numbers | {"labels": ("query", [result.sizes["label"] for result in results])})
        .assign_coords(query=[result.attrs["query"] for result in results])
    )
    joined.attrs = {name: value for name, value in last.attrs.items() if name not in ("query", *_NUMBERS)}
    return joined


def _beside(checkpoint: Path | None, query: int, ending: str) -> Path | None:
    """Return a file of one query beside the checkpoint of a chain."""
    return None if checkpoint is None else checkpoint.with_suffix(f".query{query}.{ending}")


def _made_before(kept: Path | None, run: Run) -> xr.Dataset | None:
    """Return the result of a query that the same job has kept before it was cut off, if there is one."""
    if kept is None or not kept.exists():
        return None
    found = open_store(kept, FIT)
    same = all(found.attrs[name] == plain(run.origin[name]) for name in ("call", "made_from"))
    return found if same else None
