# SPDX-License-Identifier: GPL-3.0-or-later
"""A user's own image: the stress around one pore, reading and scaling, flags, and what is refused."""

import json
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from PIL import Image

from mesobayes.fem.plate.settings import MeshSettings
from mesobayes.images.errors import ImageError
from mesobayes.images.patches import PatchGeometry
from mesobayes.images.stitching import tile_origins
from mesobayes.learning.weights import save_network
from mesobayes.record.provenance import Run
from mesobayes.record.store import open_store, write_store
from mesobayes.studies.stress.own.finite_elements import solve_own_plate
from mesobayes.studies.stress.own.image import compared, largest_stresses, predict_own_image
from mesobayes.studies.stress.own.reading import own_plate, read_own_image
from mesobayes.studies.stress.own.settings import OwnImageSettings
from mesobayes.studies.stress.own.usual import describe_training, unlike_training
from mesobayes.studies.stress.own.windows import Intervals, intervals, predict_plate
from mesobayes.studies.stress.stores import CHANNELS, MODEL, OWN, PATCHES, USUAL, WHOLE_MAXIMA
from studies.stress.drawn_image import PIXELS, kirsch_tresca, lattice, mechanics_alone, voids

RUN = Run("stress", "smoke", "test")
RADIUS = 12.0  # of a pore, in pixels of the user's image
UNIAXIAL = (1 - 0.3**2, -0.3 * 1.3, 0.0)  # strain of the stress (1, 0, 0) in plane strain
NONE = Intervals("uncalibrated", True, None, None)
SETTINGS = OwnImageSettings(
    network="local",
    model="bayes_full",
    strain=UNIAXIAL,
    pixels_per_radius=None,
    finite_elements=False,
    level=0.95,
    largest=4,
    apart=2.0,
    outlier_quantile=0.995,
    outlier_ridge=1e-3,
    unlike_share=0.05,
    structures=100,
    pixels_max=10**6,
    threshold=None,
)
MESH = MeshSettings(elements_per_radius=7.0, domain_factor=4.0)


@pytest.fixture(scope="module")
def one_pore():
    """A pore at the centre of 26 R, as read, and its stress by mechanics alone."""
    edge = round(26 * RADIUS)
    return own_plate(voids((edge, edge), (edge / 2, edge / 2, RADIUS)), None, UNIAXIAL, PIXELS, RADIUS)


def predicted(plate, model, half=NONE):
    return predict_plate(mechanics_alone(), plate, model, half, draws=1, seed=0)


def about_centre(field):
    x = field["x"].values - 13.0
    return np.meshgrid(x, x)


def test_the_stress_around_one_round_pore_is_that_of_kirsch(one_pore, model):
    """By mechanics alone, from an image; the macroscopic stress is uniform, and there is nothing else."""
    field = predicted(one_pore, model)
    x, y = about_centre(field)
    mean = field["mean"].values
    there = np.isfinite(mean)
    exact = kirsch_tresca(x[there], y[there], UNIAXIAL)
    np.testing.assert_allclose(mean[there], exact, atol=0.02)
    assert np.median(np.abs(mean[there] - exact)) < 1e-3
    assert mean[there].max() == pytest.approx(exact.max(), rel=0.02)
    assert exact.max() > 1.4 * exact.min() > 0  # the stress is far from uniform


def test_finite_elements_of_the_pore_that_was_read_agree_with_kirsch(one_pore):
    found, seconds = solve_own_plate(one_pore, UNIAXIAL, MESH)
    x, y = about_centre({"x": xr.DataArray((np.arange(52) + 0.5) / PIXELS)})
    there = np.isfinite(found)
    np.testing.assert_allclose(found[there], kirsch_tresca(x[there], y[there], UNIAXIAL), atol=0.03)
    assert seconds > 0


def test_a_strain_turned_by_90_degrees_turns_the_stress(one_pore, model):
    edge = round(26 * RADIUS)
    image = voids((edge, edge), (0.45 * edge, 0.52 * edge, RADIUS), (0.6 * edge, 0.45 * edge, RADIUS))
    first = predicted(own_plate(image, None, (1.0, 0.2, 0.1), PIXELS, RADIUS), model)["mean"].values
    other = own_plate(np.rot90(image, -1), None, (0.2, 1.0, -0.1), PIXELS, RADIUS)
    np.testing.assert_allclose(predicted(other, model)["mean"].values, np.rot90(first, -1), atol=2e-3)


def test_the_same_image_with_twice_the_pixels_gives_the_same_answer(model):
    image = voids((230, 264), (100, 110, 10), (140, 128, 10), (170, 90, 10), (60, 60, 10), (200, 180, 10))
    coarse = own_plate(image, None, (1.0, 0.0, 0.0), PIXELS)
    fine = own_plate(image.repeat(2, axis=0).repeat(2, axis=1), None, (1.0, 0.0, 0.0), PIXELS)
    assert coarse.image_radius == pytest.approx(10.0, rel=0.02)
    assert fine.image_radius == pytest.approx(2 * coarse.image_radius, rel=1e-12)
    np.testing.assert_allclose(fine.coverage, coarse.coverage, atol=1e-12)
    np.testing.assert_allclose(predicted(fine, model)["mean"], predicted(coarse, model)["mean"], atol=1e-5)


def test_the_uniform_stress_as_a_field_is_the_same_load(one_pore, model):
    edge = round(26 * RADIUS)
    image = voids((edge, edge), (edge / 2, edge / 2, RADIUS))
    uniform = np.zeros((3, edge, edge))
    uniform[0] = 1.0
    plate = own_plate(image, uniform, (0.0, 0.0, 1.0), PIXELS, RADIUS)
    np.testing.assert_allclose(predicted(plate, model)["mean"], predicted(one_pore, model)["mean"], atol=1e-5)


def test_where_the_macroscopic_stress_is_zero_is_a_large_hole_and_no_pore():
    edge = round(26 * RADIUS)
    hole, pore = (0.35 * edge, 0.5 * edge, 4 * RADIUS), (0.7 * edge, 0.5 * edge, RADIUS)
    stress = np.ones((3, edge, edge)) * ~voids((edge, edge), hole)
    plate = own_plate(voids((edge, edge), hole, pore), stress, (1.0, 0.0, 0.0), PIXELS)
    assert plate.image_radius == pytest.approx(RADIUS, rel=0.02)
    assert len(plate.around.pores) == 1
    assert plate.around.large.mean() == pytest.approx(np.pi * 16 / 26**2, rel=0.06)
    assert np.all(plate.around.macro_stress[0][:, ~plate.around.large] == pytest.approx(1.0))
    np.testing.assert_array_equal(plate.solid[plate.around.large], False)


def test_pores_at_the_border_and_specks_do_not_count_for_the_radius():
    image = voids((400, 400), (200, 200, 16), (250, 260, 16), (0, 100, 40), (300, 90, 1.2))
    plate = own_plate(image, None, (1.0, 0.0, 0.0), PIXELS)
    assert plate.image_radius == pytest.approx(16.0, rel=0.02)
    assert plate.specks == 1
    assert plate.coverage[round(90 / plate.ratio), round(300 / plate.ratio)] == 1.0


def test_largest_stresses_are_apart_and_in_rows_from_the_top(one_pore, model):
    field = predicted(one_pore, model)
    places = largest_stresses(field, one_pore, SETTINGS, 312)
    values = [place["value"] for place in places]
    assert values == sorted(values, reverse=True)
    points = np.array([[place["x"], place["y"]] for place in places])
    apart = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1)) + 9 * np.eye(len(points))
    assert apart.min() >= SETTINGS.apart
    first = places[0]
    assert abs(first["x"] - 13.0) < 0.6  # above or below the pore, which the load pulls sideways
    assert abs(abs(first["y"] - 13.0) - 1.25) < 0.3
    assert first["row"] == pytest.approx(312 - RADIUS * first["y"])
    assert first["column"] == pytest.approx(RADIUS * first["x"])


def test_intervals_are_those_of_the_calibration_and_say_so():
    factor = np.array([[[1.5, 3.0], [1.2, np.inf]], [[0.1, 0.2], [0.3, 0.4]]])
    calibration = xr.Dataset(
        {"factor": (("interval", "target", "level"), factor)},
        {"interval": ["calibrated", "constant"], "target": ["maximum", "pixel"], "level": [0.9, 0.95]},
    )
    assert intervals(calibration, True, 0.95) == Intervals("calibrated", True, None, 3.0)
    assert intervals(calibration, False, 0.9) == Intervals("calibrated", False, 0.3, 0.1)
    alone = intervals(None, True, 0.95)
    assert alone.kind == "uncalibrated"
    assert alone.pixel == pytest.approx(1.96, abs=1e-3)
    assert intervals(None, False, 0.95).pixel is None


def test_ends_of_intervals_stand_about_the_prediction_in_units_of_the_load(one_pore, model):
    field = predicted(one_pore, model, Intervals("calibrated", False, 0.1, 0.2))
    scale = np.abs(one_pore.around.macro_stress).max()
    there = np.isfinite(field["mean"].values)
    high = (field["high"] - field["mean"]).values[there]
    np.testing.assert_allclose(high, 0.1 * scale, rtol=1e-4)
    assert (field["low"].values[there] >= 0).all()
    np.testing.assert_allclose((field["window_high"] - field["window_max"]).values, 0.2 * scale, rtol=1e-4)


@pytest.fixture(scope="module")
def usual(plates, tmp_path_factory):
    folder = tmp_path_factory.mktemp("usual")
    write_store(plates.patches, folder / "patches.zarr.zip", PATCHES, RUN)
    write_store(plates.channels, folder / "channels.zarr.zip", CHANNELS, RUN)
    describe_training(
        folder / "patches.zarr.zip", folder / "channels.zarr.zip", folder / "usual.zarr.zip", 0.995, 1e-3, RUN
    )
    return folder / "usual.zarr.zip"


def reasons(image, usual, radius=RADIUS):
    plate = own_plate(image, None, (1.0, 0.0, 0.0), PIXELS, radius)
    origins = tile_origins(plate.solid.shape, PatchGeometry(PIXELS))
    return unlike_training(plate, origins, open_store(usual, USUAL), 0.05)[:2]


def test_elongated_pores_are_flagged_and_round_ones_are_not(usual):
    numbers, said = reasons(lattice(RADIUS, 1.6), usual)
    assert numbers["pores_not_round"] == 1.0
    assert any("49 of 49 pores are no circles" in reason for reason in said)
    numbers, said = reasons(lattice(RADIUS), usual)
    assert numbers["pores_not_round"] == 0.0
    assert not any("circles" in reason or "size" in reason for reason in said)
    assert numbers["void_of_no_ellipse"] < 0.1


def test_pores_of_another_size_and_dense_ones_are_flagged(usual):
    assert any("differ in size" in reason for reason in reasons(lattice(RADIUS, apart=5.0), usual, 10.0)[1])
    numbers, said = reasons(lattice(RADIUS, apart=2.3, count=9), usual)
    assert numbers["void_fraction_largest"] > numbers["void_fraction_usual"]
    assert any("void, in the training set" in reason for reason in said)
    assert numbers["feature_distance"] > numbers["feature_distance_usual"]
    assert any("regions look unlike" in reason for reason in said)


def test_pores_that_touch_are_flagged(usual):
    image = lattice(RADIUS)
    image |= voids(image.shape, (168.0 + 18.0, 168.0, RADIUS))  # beside the pore in the middle
    numbers, said = reasons(image, usual)
    assert numbers["pairs_touching"] == 1
    assert "pairs of pores that touch or overlap: 1" in said
    assert reasons(lattice(RADIUS), usual)[0]["pairs_touching"] == 0


def test_squares_are_no_ellipses(usual):
    tile = np.zeros((48, 48), bool)
    tile[12:36, 4:44] = True
    tile[4:44, 20:28] = True
    numbers, _ = reasons(np.tile(tile, (7, 7)), usual)
    assert numbers["void_of_no_ellipse"] > 0.05


def test_overlapping_pores_cannot_be_meshed_and_the_answer_says_so(one_pore, model):
    near = replace(
        one_pore,
        around=replace(one_pore.around, pores=one_pore.around.pores.take(np.array([0, 0])).moved(0.0)),
    )
    field = predicted(one_pore, model)
    assert "overlap" in compared(field, near, None, SETTINGS, MESH)["refused"]
    assert "finite_elements" not in field


def image_file(folder, values, name="a.npy"):
    np.save(folder / name, values)
    return folder / name


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros((300, 300), bool), "single value 0: two phases"),
        (voids((300, 300), (0, 0, 20)), "no whole pore"),
        (voids((300, 300), (150, 150, 1.3)), "no whole pore"),
        (voids((200, 300), (100, 100, 12)), r"25\.1 R x 16\.7 R .* 18 R x 18 R"),
        (np.zeros((16, 20, 20), bool) | (np.arange(20) < 3), "a volume"),
    ],
    ids=["one phase", "cut pore", "speck", "small", "volume"],
)
def test_an_image_that_cannot_be_used_is_refused_with_the_reason(tmp_path, image, message):
    with pytest.raises(ImageError, match=message):
        read_own_image(image_file(tmp_path, image), None, SETTINGS, PIXELS)


@pytest.mark.parametrize(
    ("stress", "message"),
    [
        (np.ones((3, 300, 299)), r"shape \(3, 300, 299\)"),
        (np.ones((300, 300)), "xx, yy, xy on every pixel"),
        (np.full((3, 300, 300), np.nan), "no finite numbers"),
        (np.zeros((3, 300, 300)), "zero everywhere"),
        (np.ones((3, 300, 300)) * (np.arange(300) > 40), "100% as material"),
    ],
    ids=["shape", "components", "nan", "zero", "hole in material"],
)
def test_a_macroscopic_stress_that_cannot_be_used_is_refused(tmp_path, stress, message):
    image = image_file(tmp_path, voids((300, 300), (150, 150, 12)))
    with pytest.raises(ImageError, match=message):
        read_own_image(image, image_file(tmp_path, stress, "a.macro.npy"), SETTINGS, PIXELS)


def test_no_load_is_no_setting():
    with pytest.raises(ValueError, match="no load"):
        replace(SETTINGS, strain=(0.0, 0.0, 0.0))


@pytest.mark.parametrize("solved", [False, True], ids=["network", "with finite elements"])
def test_the_stage_writes_field_picture_and_answer(tmp_path, usual, model, solved):
    edge = 240
    image = voids((edge, edge + 30), (100, 110, 12), (150, 130, 12), (170, 80, 12))
    Image.fromarray(np.where(image[::-1], 20, 220).astype(np.uint8)).save(tmp_path / "mine.png")
    weights, fit = tmp_path / "w.zarr.zip", tmp_path / "f.zarr.zip"
    save_network(mechanics_alone(), weights, RUN)
    origin = {"network": "local", "model": "toy", "family": "ellipse3", "repeat": 0, "labels": 3, "steps": 1}
    write_store(xr.Dataset(attrs=origin), fit, MODEL, RUN)
    maxima = xr.Dataset(
        {"true_max": ("structure", [1.1, 2.0, 3.0]), "mean_max": ("structure", [1.0, 2.0, 4.0])},
        {"structure": [0, 1, 2]},
    )
    write_store(maxima, tmp_path / "m.zarr.zip", WHOLE_MAXIMA, RUN)
    out = {
        "prediction": tmp_path / "o.json",
        **{name: tmp_path / f"o.{name}" for name in ("pdf", "png")},
        "store": tmp_path / "o.zarr.zip",
    }
    predict_own_image(
        **{
            "image": tmp_path / "mine.png",
            "macro": None,
            "fit": fit,
            "weights": weights,
            "calibration": None,
            "maxima": tmp_path / "m.zarr.zip",
        },
        **{"usual": usual, **out, "settings": replace(SETTINGS, finite_elements=solved), "model": model},
        **{"mesh": MESH, "pixels_per_radius": PIXELS, "draws": 2, "precision": "default"},
        **{"image_hash": "abc", "run": RUN},
    )
    said = json.loads(out["prediction"].read_text())
    field = open_store(out["store"], OWN)
    assert said["read_as"] == "voids are the dark values"
    assert said["pores"] == 3
    unlike = ", on plates unlike this one" if said["out_of_distribution"] else ""
    assert said["interval"] == f"uncalibrated{unlike}"
    value = said["maximum"]["value"]
    assert said["maximum"]["low"] == pytest.approx(
        0.75 * value
    )  # a quarter is the largest error of the three
    assert said["maximum"]["high"] == pytest.approx(1.25 * value)
    assert said["maximum"]["interval"].startswith("estimated: fewer than 40")
    assert said["largest"][0]["value"] == pytest.approx(float(np.nanmax(field["mean"])))
    assert 0.3 < said["not_predicted"] < 0.8
    assert "every hole is a pore" in said["load"]["holes"]
    assert ("finite_elements" in field) == solved
    if solved:
        assert said["finite_elements"]["maximum"] == pytest.approx(said["largest"][0]["value"], rel=0.1)
        assert said["finite_elements"]["rms_error"] < 0.05 * said["finite_elements"]["rms_stress"]
    assert out["png"].stat().st_size > 10_000
