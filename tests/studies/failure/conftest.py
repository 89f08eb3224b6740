# SPDX-License-Identifier: GPL-3.0-or-later
"""Tiny specimens that are simulated in seconds, once for all tests."""

import pytest

from mesobayes.geometry.porosity import PorosityField
from mesobayes.record.provenance import Run
from mesobayes.record.store import write_store
from mesobayes.studies.failure.specimens import simulate
from mesobayes.studies.failure.stores import SPECIMENS

SEED = "test"


@pytest.fixture(scope="session")
def field():
    return PorosityField((4, 4, 8), porosity=0.03)


@pytest.fixture(scope="session")
def specimens(field):
    return simulate(field, list(range(40)), "fast", 0.1, SEED)


@pytest.fixture(scope="session")
def specimens_store(specimens, tmp_path_factory):
    path = tmp_path_factory.mktemp("specimens") / "specimens.zarr.zip"
    write_store(specimens, path, SPECIMENS, Run("failure", "smoke", SEED))
    return path
