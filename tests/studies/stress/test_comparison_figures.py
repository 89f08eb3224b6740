# SPDX-License-Identifier: GPL-3.0-or-later

import numpy as np
import pytest
import xarray as xr

from mesobayes.record.provenance import Run
from mesobayes.record.store import write_store
from mesobayes.studies.stress.figures import comparisons, homogenisation
from studies.stress.pictured import ALL_KINDS, accuracy_of, all_within, errors, prediction, repeats, shown

RUN = Run("stress", "small", "seed")
pytestmark = pytest.mark.usefixtures("style")


# comparisons


def test_the_gain_by_more_labels_is_paired_by_repeat():
    part, full = repeats(0.2, labels=200), repeats(0.08, seeds=(3, 4, 5))
    numbers = comparisons.train_size_example(part, full, RUN).numbers
    few, many = ([accuracy_of(store) for store in stores] for stores in (part, full))
    assert numbers["accuracy_gain_at_10pct"].value == pytest.approx(np.mean(np.subtract(many, few)))
    assert numbers["mispredicted_28k"].value == pytest.approx(1 - np.mean(many))
    assert numbers["mispredicted_10k"].value == pytest.approx(1 - np.mean(few))
    assert numbers["accuracy_gain_at_10pct"].n == 3


def test_the_example_is_one_that_only_more_labels_predict():
    part, full = errors(0, 0.2), errors(3, 0.08)
    drawing = comparisons.train_size_example([prediction(part, labels=200)], [prediction(full)], RUN)
    place = drawing.drawn["patch"] - 10
    gained = (np.abs(full) < 0.1) & (np.abs(part) >= 0.1)
    assert gained[place]
    assert drawing.drawn["gained"] == gained.sum()
    assert drawing.drawn["lost"] == ((np.abs(part) < 0.1) & (np.abs(full) >= 0.1)).sum()
    assert all_within(drawing.figure)


def test_without_such_an_example_any_patch_is_shown_and_this_is_said():
    same = prediction(errors(0, 0.2))
    drawing = comparisons.train_size_example([same.assign_attrs(labels=200)], [same], RUN)
    assert drawing.drawn["gained"] == 0
    assert "any patch, drawn at random" in drawing.figure.get_supxlabel().replace("\n", " ")


def test_predictions_of_different_patches_are_not_compared():
    one, other = prediction(errors(0)), prediction(errors(1))
    with pytest.raises(ValueError, match="different patches"):
        comparisons.train_size_example([other.assign_coords(patch=other["patch"] + 1)], [one], RUN)


@pytest.fixture
def structures(tmp_path):
    path = tmp_path / "structures.zarr.zip"
    solid = np.ones((30, 60, 60), np.uint8)
    solid[:, 20:30, 15:40] = 0
    write_store(xr.Dataset({"geometry": (("structure", "y", "x"), solid)}), path, "stress/structures", RUN)
    return path


def test_the_rotation_example_is_one_whose_error_falls_with_every_step(structures):
    sizes = {0: errors(0, 0.2), 6: errors(1, 0.12), 12: errors(2, 0.08)}
    stores = [[prediction(error, rotations=turned)] for turned, error in sizes.items()]
    drawing = comparisons.rotation_example(*stores, structures, 2, RUN)
    found = np.abs(np.stack(list(sizes.values())))
    falling = (found[0] > found[1]) & (found[1] > found[2])
    assert falling[drawing.drawn["patch"] - 10]
    assert drawing.drawn["falling"] == falling.sum()
    assert all_within(drawing.figure)


# homogenisation


def test_the_two_inputs_are_compared_on_one_patch_and_over_its_tenth():
    full, average = errors(0, 0.02), errors(1, 0.2)
    stores = [prediction(full)], [prediction(average)]
    drawing = homogenisation.homogenisation_varying_patch(
        *stores, [shown(ALL_KINDS)], [shown(ALL_KINDS, error=-0.3)], RUN
    )
    assert drawing.drawn["patch"] == 10 + ALL_KINDS.index("varying")
    assert drawing.drawn["accuracy"]["full"] == pytest.approx(np.mean(np.abs(full[-6:]) < 0.1))
    assert drawing.drawn["accuracy"]["averaged"] == pytest.approx(np.mean(np.abs(average[-6:]) < 0.1))
    assert all_within(drawing.figure)
    constant = homogenisation.homogenisation_constant_patch(
        *stores, [shown(ALL_KINDS)], [shown(ALL_KINDS, error=-0.3)], RUN
    )
    assert constant.drawn["accuracy"]["averaged"] == pytest.approx(np.mean(np.abs(average[:6]) < 0.1))


def test_networks_that_were_shown_different_patches_are_not_compared():
    other = shown(ALL_KINDS)
    other["number"] = other["number"] + 1
    with pytest.raises(ValueError, match="different patches"):
        homogenisation.homogenisation_varying_patch(
            repeats(0.1), repeats(0.2), [shown(ALL_KINDS)], [other], RUN
        )
