# SPDX-License-Identifier: GPL-3.0-or-later
import json
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
import xarray as xr

from mesobayes.drawing.registry import read_registry
from mesobayes.drawing.style import drawing_style
from mesobayes.drawing.target import make_target
from mesobayes.record.provenance import Run
from mesobayes.record.store import write_store
from mesobayes.studies.stress.figures import (
    comparisons,
    homogenisation,
    patches,
    uncertain_patches,
    whole_structures,
)
from mesobayes.studies.stress.figures.panels import draw_field, stress_scale, void_edges
from mesobayes.studies.stress.figures.shown import maximum_interval, shown_network
from studies.stress.pictured import GEOMETRY, PATCH, prediction, shown, stitched

REGISTRY = Path(__file__).parents[3] / "workflow" / "figures.yaml"
RUN = Run("stress", "small", "seed")
ALL_KINDS = ["random"] * 4 + ["hole"] * 4 + ["pores"] * 4 + ["varying", "constant"]


@pytest.fixture(autouse=True)
def style():
    with drawing_style():
        yield


def errors(seed, size=0.1, count=60):
    return size * np.random.default_rng(seed).standard_normal(count)


def repeats(size, *, seeds=(0, 1, 2), **attributes):
    return [prediction(errors(seed, size), repeat=r, **attributes) for r, seed in enumerate(seeds)]


def accuracy_of(store):
    """Share of maxima within a tenth, straight from the fields."""
    true, mean = (np.where(store["mask"], store[name], 0).max(axis=(1, 2)) for name in ("truth", "mean"))
    return float(np.mean(np.abs(mean / true - 1) < 0.1))


def images(figure):
    """Every field that a figure shows, with its colour limits and whether its bar points beyond them."""
    found = []
    for axes in figure.findobj(mpl.axes.Axes):
        for image in axes.images:
            bar = image.colorbar
            found.append(
                (np.ma.masked_invalid(image.get_array()), image.get_clim(), bar.extend if bar else None)
            )
    return found


def all_within(figure):
    """Whether no field leaves its limits, apart from those whose scale has an arrow."""
    arrows = {limits for _, limits, extend in images(figure) if extend == "max"}
    return all(
        field.count() == 0
        or limits in arrows
        or (field.min() >= limits[0] - 1e-6 and field.max() <= limits[1] + 1e-6)
        for field, limits, _ in images(figure)
    )


# which network


def test_the_printed_network_is_shown_where_it_is_better_than_no_learning():
    stores = [*repeats(0.1, network="modern", baseline=0.3), *repeats(0.15, network="printed", baseline=0.3)]
    assert shown_network(stores).network == "printed"
    assert "above" in shown_network(stores).reason


def test_a_network_below_the_baseline_gives_way_to_the_next():
    stores = [*repeats(0.1, network="modern", baseline=0.6), *repeats(0.3, network="printed", baseline=0.6)]
    assert shown_network(stores).network == "modern"


def test_where_no_network_is_above_the_baseline_the_best_is_shown_and_this_is_said():
    stores = [*repeats(0.2, network="modern", baseline=0.99), *repeats(0.3, network="printed", baseline=0.99)]
    found = shown_network(stores)
    assert found.network == "modern"
    assert "not above" in found.reason


# fields and their colours


def test_a_scale_holds_every_value_or_says_that_it_does_not():
    truth = np.array([0.0, 1.0, np.nan])
    assert stress_scale([truth], [np.array([1.4])]).high == 1.4
    assert stress_scale([truth], [np.array([1.4])]).extend == "neither"
    beyond = stress_scale([truth], [np.array([9.0])])
    assert (beyond.high, beyond.extend) == (1.5, "max")


def test_the_outline_runs_along_the_edges_between_material_and_void():
    solid = np.ones((4, 5), bool)
    solid[1, 2] = False
    edges = void_edges(solid)
    assert len(edges) == 4
    ends = {tuple(sorted(map(tuple, edge.tolist()))) for edge in edges}
    assert ends == {((2, 1), (3, 1)), ((2, 2), (3, 2)), ((2, 1), (2, 2)), ((3, 1), (3, 2))}


def test_a_field_is_masked_in_voids_only():
    figure = mpl.figure.Figure()
    solid = np.random.default_rng(0).uniform(size=(6, 6)) > 0.3
    field = np.arange(36.0).reshape(6, 6)
    image = draw_field(figure.subplots(), np.where(solid, field, np.nan), solid, stress_scale([field]))
    np.testing.assert_array_equal(np.ma.getmaskarray(image.get_array()), ~solid)


# patches


def test_patches_are_the_first_of_their_kinds_whatever_their_error():
    stores, found = repeats(0.1), shown(ALL_KINDS)
    assert patches.patches_1ellipse(stores, [found], RUN).drawn["patches"] == [10, 11]
    assert patches.patches_rot6(stores, [found], RUN).drawn["patches"] == [14, 18, 15, 16]
    worse = shown(ALL_KINDS, error=0.4)
    assert patches.patches_rot6(stores, [worse], RUN).drawn["patches"] == [14, 18, 15, 16]


def test_a_kind_that_no_patch_is_of_is_said_to_be_missing():
    drawing = patches.patches_rot6(repeats(0.1), [shown(["random", "hole"])], RUN)
    assert drawing.drawn["patches"] == [11, 10]  # a random one takes its place, as far as there are any
    texts = [text.get_text() for text in drawing.figure.findobj(mpl.text.Text)]
    assert sum("none among those predicted" in text for text in texts) == 2
    assert "(b) random patch, no further interacting pores" in texts


def test_the_largest_values_in_the_region_and_on_the_patch_are_printed():
    found = shown(ALL_KINDS)
    panel = patches.patches_1ellipse(repeats(0.1), [found], RUN).drawn["panels"][0]
    roi = GEOMETRY.roi_slice()
    assert panel["patch"]["fe_max"] == pytest.approx(found["truth"].values[0].max())
    assert panel["ROI"]["network_max"] == pytest.approx(found["mean"].values[0][roi, roi].max())


def test_a_network_that_bursts_outside_its_region_is_shown_by_an_arrow_not_silently():
    drawing = patches.patches_1ellipse(repeats(0.1), [shown(ALL_KINDS, burst=20.0)], RUN)
    panel = drawing.drawn["panels"][0]
    assert (panel["patch"]["beyond"], panel["ROI"]["beyond"]) == ("max", "neither")
    assert panel["patch"]["network_max"] > 20
    assert all_within(drawing.figure)


def test_the_largest_error_of_the_four_patches_is_taken_from_all_repeats():
    stores = repeats(0.1)
    drawing = patches.patches_nonlinear(stores, [shown(ALL_KINDS)], RUN)
    assert drawing.drawn["patches"] == [14, 15, 18, 19]
    places = [4, 5, 8, 9]
    largest = [np.abs(errors(seed)[places]).max() for seed in (0, 1, 2)]
    number = drawing.numbers["max_rel_error"]
    assert number.value == pytest.approx(np.mean(largest), rel=1e-5)
    assert number.n == 3


def test_a_strip_is_shown_in_units_of_e():
    found = shown(ALL_KINDS)
    found["scale"] = found["scale"] * 3
    drawing = patches.patches_nonlinear(repeats(0.1), [found], RUN)
    panel = drawing.drawn["panels"][0]
    assert panel["patch"]["fe_max"] == pytest.approx(3 * found["truth"].values[4].max())


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


# intervals


def test_the_interval_of_a_maximum_is_that_of_the_draws():
    store = prediction(errors(0), half=np.linspace(0.01, 0.6, 60))
    interval = maximum_interval(store)
    np.testing.assert_allclose(interval.half, np.linspace(0.01, 0.6, 60), rtol=1e-6)
    np.testing.assert_allclose(interval.error, np.abs(store["mean_max"] - store["true_max"]), atol=1e-9)


def test_the_numbers_of_the_widest_interval_come_from_every_repeat():
    halves = [np.where(np.arange(60) == place, 1.5, 0.1) for place in (7, 20, 33)]
    stores = [prediction(errors(r), repeat=r, half=half) for r, half in enumerate(halves)]
    drawing = uncertain_patches.bnn_roi_examples(stores, RUN)
    assert drawing.drawn["panels"]["e"]["patch"] == 17
    missed = [
        float(np.abs(store["mean_max"] - store["true_max"])[place])
        for store, place in zip(stores, (7, 20, 33), strict=True)
    ]
    assert drawing.numbers["case_e_error"].value == pytest.approx(np.mean(missed))
    assert drawing.numbers["case_e_1p96std"].value == pytest.approx(1.5)
    assert all_within(drawing.figure)


def test_good_examples_are_within_ten_percent_and_of_their_kind():
    error = errors(0, 0.15)
    chosen = uncertain_patches.bnn_examples(prediction(error), "seed")
    for letter, remainder in zip("abcd", (0, 0, 1, 1), strict=True):
        place = chosen[letter][1]
        assert place % 3 == remainder
        assert abs(error[place]) < 0.1
    assert len({place for _, place in chosen.values()}) >= 5


def test_unseen_pores_are_sorted_by_error_and_interval():
    error, half = errors(0, 0.2), np.random.default_rng(9).uniform(0.02, 0.4, 60)
    store = prediction(error, half=half)
    missed = np.abs(error) >= 0.1
    outside = np.abs(store["mean_max"] - store["true_max"]).values > half
    chosen = uncertain_patches.ood_examples(store, "seed")
    kinds = {"a": missed & outside, "c": missed & ~outside, "e": ~missed}
    for letter, member in kinds.items():
        for each in (letter, chr(ord(letter) + 1)):
            assert member[chosen[each][1]], each
    drawing = uncertain_patches.ood_roi_examples([store], [store.assign_attrs(family="ellipse3_ood")], RUN)
    assert list(drawing.drawn["panels"]) == list("abcdef")
    assert all_within(drawing.figure)


def test_without_a_missed_maximum_inside_its_interval_the_nearest_is_shown():
    error = errors(0, 0.2)
    store = prediction(error, half=0.01)
    chosen = uncertain_patches.ood_examples(store, "seed")
    missed = np.setdiff1d(np.flatnonzero(np.abs(error) >= 0.1), [chosen["a"][1], chosen["b"][1]])
    gap = np.abs(store["mean_max"] - store["true_max"]).values
    nearest = missed[np.argsort(gap[missed])][:2].tolist()
    assert [chosen["c"][1], chosen["d"][1]] == nearest
    assert "0 of 60 inside" in chosen["c"][0]


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


# whole structures


def test_the_error_of_the_largest_stress_is_that_where_windows_reach():
    store = stitched(error=0.08)
    store["truth"][0, 0] = 50.0  # no region of interest reaches the corner
    drawing = whole_structures.full_structure_1ellipse(repeats(0.1), [store], RUN)
    assert drawing.drawn["relative_error_of_max"] == pytest.approx(0.08)
    assert "Hatched" in drawing.figure.get_supxlabel()
    assert all_within(drawing.figure)


def test_a_strip_is_drawn_lying_and_its_error_is_a_number():
    drawing = whole_structures.full_structure_nonlinear_1(
        repeats(0.1), [stitched((44, 220), error=-0.03)], RUN
    )
    assert drawing.numbers["rel_error_of_max"].value == pytest.approx(0.03)


def overlapping(gap):
    """Pairs of windows of one field, the right one of which is off by `gap` in units of E."""
    store = prediction(np.zeros(20))
    half, scale = GEOMETRY.stride, store["scale"].values
    for left in range(0, 20, 2):
        field = np.where(store["mask"][left], store["truth"][left], 0).astype(float) * scale[left]
        for name, shift in (("truth", 0.0), ("mean", gap)):
            store[name][left] = field / scale[left]
            store[name][left + 1][:, :half] = (field[:, half:] + shift) / scale[left + 1]
    return store


def test_windows_that_agree_differ_by_nothing_although_their_scales_differ():
    found = whole_structures.overlap_differences(overlapping(0.0), GEOMETRY)
    assert len(found) == 10
    np.testing.assert_allclose(found, 0.0, atol=1e-6)


def test_the_difference_is_measured_by_the_largest_stress_in_the_common_area():
    store = overlapping(0.25)
    found = whole_structures.overlap_differences(store, GEOMETRY)
    scale = store["scale"].values
    common = store["truth"].values[::2, :, GEOMETRY.stride :] * scale[::2, None, None]
    np.testing.assert_allclose(found, 0.25 / common.max(axis=(1, 2)), rtol=1e-4)
    drawing = whole_structures.overlap_consistency([store, store.assign_attrs(repeat=1)], [stitched()], RUN)
    assert drawing.numbers["claim"].value == pytest.approx(found.mean())
    assert drawing.numbers["claim"].n == 2


def test_the_pair_of_windows_is_half_a_region_apart_and_shares_a_void():
    store = stitched((100, 100))
    left, right = whole_structures.window_pair(store, GEOMETRY, "seed")
    shift = store["origin"].values[right] - store["origin"].values[left]
    assert shift.tolist() == [0, GEOMETRY.stride]
    row, column = store["origin"].values[right] + GEOMETRY.margin
    common = store["solid"].values[row : row + GEOMETRY.roi, column : column + GEOMETRY.stride]
    assert common.any()
    assert not common.all()
    assert store["window_mean"].shape[1:] == (PATCH, PATCH)


# the registry


def test_every_number_has_its_place_in_the_registry(tmp_path):
    part, full = tmp_path / "part.zarr.zip", tmp_path / "full.zarr.zip"
    for path, store in ((part, prediction(errors(0, 0.2), labels=200)), (full, prediction(errors(3, 0.08)))):
        del store.attrs["scale"]
        write_store(store, path, "stress/prediction", RUN)
    files = {ending: tmp_path / f"fig.{ending}" for ending in ("pdf", "png", "json")}
    make_target(
        "train_size_example",
        "mesobayes.studies.stress.figures.comparisons:train_size_example",
        {},
        REGISTRY,
        {"predictions_part": [part], "predictions_full": [full]},
        files,
        RUN,
    )
    record = json.loads(files["json"].read_text())
    assert all(entry["ours"] is not None for entry in record["printed"])


def test_the_keys_of_all_numbers_are_printed_in_the_paper():
    registry = read_registry(REGISTRY)
    found = [shown(ALL_KINDS)]
    drawings = {
        "patches_nonlinear": patches.patches_nonlinear(repeats(0.1), found, RUN),
        "bnn_roi_examples": uncertain_patches.bnn_roi_examples(repeats(0.1), RUN),
        "overlap_consistency": whole_structures.overlap_consistency(repeats(0.1), [stitched()], RUN),
        "full_structure_nonlinear_1": whole_structures.full_structure_nonlinear_1(
            repeats(0.1), [stitched((44, 220))], RUN
        ),
    }
    for slug, drawing in drawings.items():
        assert set(drawing.numbers) == {value.key for value in registry[slug].printed}, slug
