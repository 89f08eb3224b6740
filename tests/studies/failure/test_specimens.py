# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import xarray as xr

from mesobayes.fem.bar.failure import FAILED, fail_specimen
from mesobayes.studies.failure.folds import realizations_of, split_specimens
from mesobayes.studies.failure.settings import SensitivitySettings, SplitSettings
from mesobayes.studies.failure.specimens import (
    READING_PRESETS,
    fail_under_readings,
    perturb,
    sample_pores,
    simulate,
)

SEED = "test"
SPLIT = SplitSettings(folds=2, folds_beyond=1)


def test_a_specimen_is_the_same_in_every_batch(field, specimens):
    number = int(specimens["specimen"].values[specimens["status"].values == FAILED][1])
    alone = simulate(field, [number], "fast", 0.1, SEED).isel(specimen=0)
    xr.testing.assert_identical(alone.drop_attrs(), specimens.sel(specimen=number).drop_attrs())
    single = fail_specimen(sample_pores(field, number, SEED))
    assert float(single.failure_strain) == float(alone.failure_strain)


def test_specimens_without_result_say_why(specimens):
    bad = specimens["status"].values != FAILED
    assert all(bool(text) == b for text, b in zip(specimens["status_reason"].values, bad, strict=True))
    assert np.isfinite(specimens["failure_strain"].values[~bad]).all()


def perturbed(specimens, *chosen):
    realizations = realizations_of(specimens, SPLIT.folds, SEED)
    return perturb(realizations, chosen, SensitivitySettings(2, 3, 3.0), "fast", 0.1, SEED)


def test_perturbed_copies_come_in_the_numbers_of_their_letter_and_are_the_same_in_every_batch(specimens):
    a, g = perturbed(specimens, 0), perturbed(specimens, 6)
    assert (a.sizes["perturbation"], g.sizes["perturbation"]) == (2, 3)
    together = perturbed(specimens, 0, 6)
    assert together["realization"].values.tolist() == [0, 0, 6, 6, 6]
    xr.testing.assert_identical(together, xr.concat([a, g], dim="perturbation", data_vars="all"))
    fold = split_specimens(specimens, 0, SPLIT, SEED)
    rows = fold.test[fold.realizations]
    assert set(together["row"].values) == {rows[0], rows[6]}


def test_readings_share_their_pores_and_differ_in_strain(field):
    results = fail_under_readings(field, 3, ["fast", "one_point"], 0.1, SEED)
    alone = fail_under_readings(field, 3, ["one_point"], 0.1, SEED)
    xr.testing.assert_identical(results.sel(reading=["one_point"]), alone)
    fast, one_point = (results["failure_strain"].sel(reading=name).values for name in ("fast", "one_point"))
    failed = np.isfinite(fast)
    assert failed.any()
    assert (fast[failed] < np.nan_to_num(one_point[failed], nan=np.inf)).all()  # which may never fail
    assert READING_PRESETS["printed"].material.damage_exponent == 2.0
