# SPDX-License-Identifier: GPL-3.0-or-later
"""Chains of selective learning: what each query goes on from, and what is left after an interruption."""

from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr

from mesobayes.record.provenance import Run
from mesobayes.record.store import open_store, write_store
from mesobayes.studies.stress.selective import chain as module
from mesobayes.studies.stress.settings import ChainSettings
from mesobayes.studies.stress.stores import FIT

CHAIN = ChainSettings(initial=20, pool=40, validation=5, query_rate=10, queries=3, draws=4, unit="patch")


@dataclass(frozen=True)
class Network:
    roi: int = 0


def result_of(query: int) -> xr.Dataset:
    return xr.Dataset(
        {
            "labelled": ("label", np.arange(20 + 10 * query)),
            "true_max": ("patch", np.ones(5)),
            "mean_max": ("patch", np.full(5, 1.0 + query)),
            "roi_max": (("draw", "patch"), np.full((4, 5), 1.0 + query)),
            "squared_error": ("patch", np.full(5, float(query))),
        },
        attrs={"query": query, "repeat": 0, "fit_seconds": 1.0, "labelled_units": 20 + 10 * query},
    )


@pytest.fixture
def fits(monkeypatch):
    """Fits that only note their query and what it goes on from; the chain ends in the one named `stop`."""
    noted = SimpleNamespace(queries=[], stop=None)

    def fit_query(data, previous, acquisition, repeat, query, *_):
        if query == noted.stop:
            raise KeyboardInterrupt
        noted.queries.append((query, None if previous is None else previous.sizes["label"]))
        return f"network of query {query}", result_of(query)

    patches = xr.Dataset(attrs={"pixels_per_radius": 2})
    monkeypatch.setattr(module, "open_network_data", lambda *_: SimpleNamespace(patches=patches))
    monkeypatch.setattr(module, "save_network", lambda network, path, run: path.write_text(network))
    monkeypatch.setattr(module, "fit_query", fit_query)
    return noted


def run_chain(folder: Path, run: Run) -> xr.Dataset:
    first, store = folder / "first.zarr.zip", folder / "chain.zarr.zip"
    write_store(module.join_queries([result_of(0)]), first, FIT, run)
    module.fit_selective(
        *(folder / "patches", None, first, store, folder / "weights"),
        *("random", 0, CHAIN, Network(), None, run),
    )
    return open_store(store, FIT)


@pytest.fixture
def run(tmp_path):
    return Run("stress", "smoke", "seed", call="a call", checkpoint=tmp_path / "checkpoints/chain.1a2b.npz")


def test_every_query_goes_on_from_the_one_before_and_the_first_from_the_first_fit(fits, run, tmp_path):
    chain = run_chain(tmp_path, run)
    assert fits.queries == [(1, 20), (2, 30), (3, 40)]
    assert chain["query"].values.tolist() == [1, 2, 3]
    assert chain["labels"].values.tolist() == [30, 40, 50]
    np.testing.assert_array_equal(chain["squared_error"].sel(query=2), 2.0)
    assert (tmp_path / "weights").read_text() == "network of query 3"


def test_a_chain_that_was_cut_off_goes_on_at_the_query_where_it_was(fits, run, tmp_path, capsys):
    fits.stop = 3
    with pytest.raises(KeyboardInterrupt):
        run_chain(tmp_path, run)
    fits.stop, fits.queries = None, []
    chain = run_chain(tmp_path, run)
    assert fits.queries == [(3, 40)]
    assert "query 2: made before" in capsys.readouterr().out
    assert chain["labels"].values.tolist() == [30, 40, 50]
    assert not list((tmp_path / "checkpoints").iterdir())


def test_what_another_call_has_left_is_made_again(fits, run, tmp_path):
    fits.stop = 3
    with pytest.raises(KeyboardInterrupt):
        run_chain(tmp_path, run)
    fits.stop, fits.queries = None, []
    run_chain(tmp_path, replace(run, call="another call"))
    assert [query for query, _ in fits.queries] == [1, 2, 3]
