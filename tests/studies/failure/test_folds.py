# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pytest

from mesobayes.fem.bar.failure import FAILED
from mesobayes.studies.failure.folds import GOOD, assign_folds, choose_realizations, split_specimens
from mesobayes.studies.failure.settings import SplitSettings

SEED = "test"
SPLIT = SplitSettings(folds=2, folds_beyond=1)


def test_a_specimen_that_failed_is_a_good_one():
    assert GOOD == FAILED


def test_folds_have_equal_sizes_and_training_never_sees_a_test_specimen(specimens):
    fold = assign_folds(103, 5, SEED)
    assert np.ptp(np.bincount(fold)) <= 1
    rows = split_specimens(specimens, 1, SPLIT, SEED)
    assert not set(rows.train) & set(rows.test)
    assert (specimens["status"].values[rows.train] == FAILED).all()


def test_the_realizations_are_test_specimens_of_the_first_fold(specimens):
    fold = assign_folds(40, 2, SEED)
    rows = choose_realizations(specimens["status"].values, fold)
    assert len(rows) == 12
    assert (fold[rows] == 0).all()
    fold_0 = split_specimens(specimens, 0, SPLIT, SEED)
    assert (fold_0.test[fold_0.realizations] == rows).all()
    with pytest.raises(ValueError, match="raise the number"):
        choose_realizations(np.zeros(20, int), assign_folds(20, 5, SEED))


def test_another_share_of_training_holds_back_other_specimens(specimens):
    rows = split_specimens(specimens, 0, SplitSettings(folds=2, folds_beyond=1, validation_every=2), SEED)
    usual = split_specimens(specimens, 0, SPLIT, SEED)
    assert len(rows.train) < len(usual.train)
    assert (rows.test == usual.test).all()
