# SPDX-License-Identifier: GPL-3.0-or-later
"""Tiny specimens that are simulated in seconds, once for all tests."""

import pytest

from mesobayes.geometry.porosity import PorosityField
from mesobayes.record.provenance import Run
from mesobayes.record.store import write_store
from mesobayes.studies.failure.candidates import describe_specimens
from mesobayes.studies.failure.place_settings import ElasticSettings, RankerSettings
from mesobayes.studies.failure.rank_fit import rank_fold
from mesobayes.studies.failure.settings import SplitSettings
from mesobayes.studies.failure.specimens import simulate
from mesobayes.studies.failure.stores import SPECIMENS

SEED = "test"
RUN = Run("failure", "smoke", SEED)


@pytest.fixture(scope="session")
def field():
    return PorosityField((4, 4, 8), porosity=0.03)


@pytest.fixture(scope="session")
def specimens(field):
    return simulate(field, list(range(40)), "fast", 0.1, SEED)


@pytest.fixture(scope="session")
def specimens_store(specimens, tmp_path_factory):
    path = tmp_path_factory.mktemp("specimens") / "specimens.zarr.zip"
    write_store(specimens, path, SPECIMENS, RUN)
    return path


@pytest.fixture(scope="session")
def candidates_store(specimens_store, tmp_path_factory):
    path = tmp_path_factory.mktemp("candidates") / "candidates.zarr.zip"
    describe_specimens(specimens_store, path, ElasticSettings(), RUN)
    return path


@pytest.fixture(scope="session")
def ranked_stores(specimens_store, candidates_store, tmp_path_factory):
    folder, settings = tmp_path_factory.mktemp("ranked"), RankerSettings(labels=(6, 1000))
    split = SplitSettings(folds=2, folds_beyond=1)
    paths = [folder / f"fold{fold}.zarr.zip" for fold in range(2)]
    for fold, path in enumerate(paths):
        rank_fold(specimens_store, candidates_store, path, "elastic", fold, split, settings, RUN)
    return paths
