# SPDX-License-Identifier: GPL-3.0-or-later
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from mesobayes.studies.stress.models.training_sets import held_out, scored_patches, training_patches

STRUCTURE = np.repeat(np.arange(10), 9)


@pytest.fixture(scope="module")
def patches() -> xr.Dataset:
    """Ten structures of nine patches, the last two held out."""
    split = (STRUCTURE >= 8).astype(np.uint8)
    return xr.Dataset(
        {"structure": ("patch", STRUCTURE), "split": ("patch", split)}, attrs={"family": "ellipse3"}
    )


def test_no_patch_of_a_validation_structure_is_learned_from(model, patches):
    numbers = training_patches(patches, replace(model, labels=999), 0, "study")
    assert sorted(numbers) == list(range(72))
    assert set(STRUCTURE[scored_patches(patches, model, 0, 999, "study")]) == {8, 9}


def test_a_smaller_training_set_is_the_beginning_of_a_larger_one(model, patches):
    small = training_patches(patches, model, 1, "study")
    large = training_patches(patches, replace(model, labels=60), 1, "study")
    np.testing.assert_array_equal(small, large[:30])


def test_repeats_learn_from_different_patches_and_the_same_repeat_from_the_same(model, patches):
    first, again, other = (training_patches(patches, model, repeat, "study") for repeat in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert set(first) != set(other)


def test_whole_structures_are_taken_one_after_the_other(model, patches):
    numbers = training_patches(patches, replace(model, whole_structures=True), 0, "study")
    counts = np.bincount(STRUCTURE[numbers], minlength=10)
    assert sorted(counts[counts > 0]) == [3, 9, 9, 9]


def test_the_folds_of_a_cross_validation_cover_every_structure_once(model, patches):
    model = replace(model, folds=5)
    folds = [held_out(patches, model, repeat, "study") for repeat in range(5)]
    np.testing.assert_array_equal(np.sum(folds, axis=0), 1)
    for fold in folds:
        assert all(len(set(fold[one == STRUCTURE])) == 1 for one in range(10))


def test_a_fold_is_scored_on_what_it_has_not_seen(model, patches):
    model = replace(model, folds=5, labels=999)
    for repeat in range(5):
        seen = training_patches(patches, model, repeat, "study")
        scored = scored_patches(patches, model, repeat, 999, "study")
        assert not set(STRUCTURE[seen]) & set(STRUCTURE[scored])
        assert len(seen) + len(scored) == len(STRUCTURE)


def test_a_split_by_patch_keeps_as_many_patches_and_shares_structures(model, patches):
    model = replace(model, split="patch", labels=999)
    seen, scored = (
        training_patches(patches, model, 0, "study"),
        scored_patches(patches, model, 0, 999, "study"),
    )
    assert not set(seen) & set(scored)
    assert (len(seen), len(scored)) == (72, 18)
    assert set(STRUCTURE[scored]) <= set(STRUCTURE[seen])


@pytest.mark.parametrize("changes", [{"folds": 5}, {"split": "patch"}])
def test_of_another_family_only_its_validation_structures_are_scored(model, patches, changes):
    other = patches.assign_attrs(family="ellipse3_ood")
    scored = scored_patches(other, replace(model, **changes), 1, 999, "study")
    np.testing.assert_array_equal(scored, np.arange(72, 90))


@pytest.mark.parametrize("changes", [{"folds": 5}, {"whole_structures": True}])
def test_a_split_by_patch_knows_no_structures(model, changes):
    with pytest.raises(ValueError, match="split is patch"):
        replace(model, split="patch", **changes)


def test_a_family_without_training_structures_is_refused(model, patches):
    all_held_out = patches.assign(split=("patch", np.ones(90, np.uint8)))
    with pytest.raises(ValueError, match="no structure of ellipse3 is left"):
        training_patches(all_held_out, model, 0, "study")
