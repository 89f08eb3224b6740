# SPDX-License-Identifier: GPL-3.0-or-later
"""The interval of the largest stress of a whole plate: what it holds, and what it is made of."""

import numpy as np
import pytest
import xarray as xr
from scipy.stats import binom

from mesobayes.learning.weights import save_network
from mesobayes.record.provenance import Run
from mesobayes.record.store import open_store, write_store
from mesobayes.studies.stress.models.stitch import images_of
from mesobayes.studies.stress.own.whole import interval_of_maximum, maximum_of_structure, whole_maxima
from mesobayes.studies.stress.stores import MODEL, PATCHES, STRUCTURES, WHOLE_MAXIMA
from studies.stress.drawn_image import PIXELS, mechanics_alone

RUN = Run("stress", "smoke", "test")


def maxima(true, mean):
    return xr.Dataset(
        {"true_max": ("structure", true), "mean_max": ("structure", mean)},
        {"structure": np.arange(len(true))},
    )


def test_a_guaranteed_interval_holds_the_next_structure_as_often_as_it_says():
    """50 structures calibrate, one more is asked for; errors are skewed and grow with the stress."""
    rng, held, rounds = np.random.default_rng(0), 0, 1000
    for _ in range(rounds):
        mean = rng.uniform(0.5, 4.0, 51)
        true = mean * (1 + rng.gamma(2.0, 0.1, 51) - 0.15)
        found = interval_of_maximum(maxima(true[:50], mean[:50]), mean[50], 0.9)
        held += found["low"] <= true[50] <= found["high"]
    low, high = binom.ppf([0.001, 0.999], rounds, 0.9)
    assert low <= held <= high + rounds / 51  # the rank is a whole number: up to 1/51 too many
    assert found["interval"].startswith("guaranteed, from the largest stress of 50")


def test_below_forty_structures_the_interval_is_called_an_estimate():
    found = interval_of_maximum(maxima(np.array([1.0, 2.2, 2.7]), np.array([1.0, 2.0, 3.0])), 5.0, 0.95)
    assert found["interval"].startswith("estimated: fewer than 40")
    assert (found["low"], found["high"]) == pytest.approx((4.5, 5.5))


def test_ends_are_no_negative_stresses():
    assert interval_of_maximum(maxima(np.array([9.0]), np.array([1.0])), 2.0, 0.95)["low"] == 0.0


def test_the_largest_stress_of_a_held_out_structure_is_that_where_regions_reach(plates, model, tmp_path):
    files = {name: tmp_path / f"{name}.zarr.zip" for name in ("fit", "weights", "structures", "patches")}
    origin = {"network": "local", "model": "toy", "family": "ellipse3", "repeat": 0}
    write_store(xr.Dataset(attrs=origin), files["fit"], MODEL, RUN)
    save_network(mechanics_alone(), files["weights"], RUN)
    write_store(plates.structures, files["structures"], STRUCTURES, RUN)
    write_store(plates.patches, files["patches"], PATCHES, RUN)
    whole_maxima(
        **files, store=tmp_path / "m.zarr.zip", model=model, most=9, draws=1, precision="default", run=RUN
    )
    found = open_store(tmp_path / "m.zarr.zip", WHOLE_MAXIMA)
    (number,) = np.unique(plates.patches["structure"].values[plates.patches["split"].values == 1])
    assert found["structure"].values.tolist() == [number]
    structure = plates.structures.isel(structure=int(number))
    tresca, inner = images_of(structure).tresca, slice(5 * PIXELS, -5 * PIXELS)
    assert float(found["true_max"][0]) == pytest.approx(float(tresca[inner, inner].max()), rel=1e-6)
    assert float(found["mean_max"][0]) == pytest.approx(float(found["true_max"][0]), rel=0.4)  # no labels
    direct = maximum_of_structure(mechanics_alone(), structure, PIXELS, model, 1, 0)
    assert direct == pytest.approx((float(found["true_max"][0]), float(found["mean_max"][0])))
