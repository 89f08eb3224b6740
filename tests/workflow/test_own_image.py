# SPDX-License-Identifier: GPL-3.0-or-later
"""A user's own image, from inputs/ to the answer, at scale smoke, or to the reason why there is none."""

import json
import os
import shutil

import numpy as np
import pytest
from PIL import Image

SMOKE = ("--config", "scale=smoke")
ANSWER = "results/predict/stress/mine.json"
LOADED = (*SMOKE, "stress={own: {strain: [0.0, 0.0, 0.5], pixels_per_radius: 6.0, finite_elements: true}}")


def four_pores():
    """An image (y, x) of four round pores of 6 pixels."""
    y, x = np.mgrid[:130, :150] + 0.5
    centres = ((60, 60), (78, 66), (100, 50), (90, 90))
    return np.any([np.hypot(x - cx, y - cy) < 6 for cx, cy in centres], axis=0)


@pytest.fixture(scope="module")
def copy(finished, tmp_path_factory):
    """A copy with all results of scale smoke and an image of four round pores of 6 pixels."""
    path = tmp_path_factory.mktemp("own") / "copy"
    shutil.copytree(finished.path, path, symlinks=True)
    (path / "inputs").mkdir()
    void = four_pores()
    np.save(path / "inputs/mine.npy", void)
    volume = np.zeros((24, 16, 16), bool)
    volume[10:13, 6:9, 7:10] = volume[18, 3:5, 3] = True
    np.save(path / "inputs/bar.npy", volume)
    (path / "inputs/my v1.2 Slices").mkdir()
    grey = np.where(void, 1000, 3000).astype(np.uint16) + np.arange(130, dtype=np.uint16)[:, None]
    for z in range(16):
        Image.fromarray(grey[44:76, 44:76] + z).save(path / f"inputs/my v1.2 Slices/z{z}.PNG")
    return type(finished)(path)


def test_an_image_is_predicted_and_a_changed_load_predicts_it_again_alone(copy):
    run = copy.snakemake(ANSWER, *SMOKE)
    assert run.code == 0, run.text[-6000:]
    assert run.jobs["predict_plate"] == run.jobs["describe_training"] == run.jobs["calibrate"] == 1
    said = json.loads((copy.path / ANSWER).read_text(encoding="utf-8"))
    assert (said["scale"], said["pores"]) == ("smoke", 4)
    kind, unlike, _ = said["interval"].partition(", on plates unlike this one")
    assert kind == "calibrated"
    assert bool(unlike) == said["out_of_distribution"]
    assert said["load"]["strain"] == [1.0, 0.0, 0.0]
    assert said["pixels_per_radius"] == pytest.approx(6.0, rel=0.02)
    for ending in ("pdf", "png", "zarr.zip"):
        assert (copy.path / ANSWER).with_suffix(f".{ending}").stat().st_size > 1000
    again = copy.snakemake(ANSWER, *LOADED)
    assert again.code == 0, again.text[-6000:]
    assert set(again.jobs) == {"predict_plate"}
    said = json.loads((copy.path / ANSWER).read_text(encoding="utf-8"))
    assert said["load"]["strain"] == [0.0, 0.0, 0.5]
    assert said["radius_from"] == "settings"
    assert said["finite_elements"]["seconds"] > 0


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ("stress/small", "error: inputs/small.npy shows 25.1 R x 11.7 R"),
        ("stress/nowhere", "error: one image inputs/nowhere is needed"),
        ("grey", "error: inputs/grey.npy holds the single value 0: two phases are needed"),
        ("failure/cut", "error: inputs/cut.npy, pulled along z, is cut through (its layer 9 is void)"),
    ],
)
def test_what_is_wrong_with_an_image_is_said_in_one_sentence_before_any_job(
    new_copy, tmp_path, answer, sentence
):
    """Nothing has been made here: a fit would have to be, but none begins."""
    copy = new_copy(tmp_path)
    (tmp_path / "inputs").mkdir()
    np.save(tmp_path / "inputs/small.npy", four_pores()[40:110])
    np.save(tmp_path / "inputs/grey.npy", np.zeros((20, 20)))
    cut = np.zeros((20, 16, 16), bool)
    cut[9] = True
    np.save(tmp_path / "inputs/cut.npy", cut)
    run = copy.snakemake(f"results/predict/{answer}.json", *SMOKE)
    assert run.code != 0
    assert run.text.splitlines()[-1].startswith(sentence)
    assert "Traceback" not in run.text
    assert not run.jobs
    assert not (tmp_path / "logs").exists()


def test_a_porous_volume_gets_ranked_places(copy):
    answer = "results/predict/failure/bar.json"
    run = copy.snakemake(answer, *SMOKE)
    assert run.code == 0, run.text[-6000:]
    assert set(run.jobs) == {"predict_bar"}
    said = json.loads((copy.path / answer).read_text(encoding="utf-8"))
    assert (said["scale"], said["shape"]) == ("smoke", [24, 16, 16])
    assert 0 < sum(place["probability"] for place in said["places"]) <= 1 + 1e-9
    assert said["ranker"]["test_specimens"] > 0


def test_a_folder_of_slices_has_a_name_with_dots_and_blanks_and_its_content_says_whether_it_is_another(copy):
    answer = "results/predict/my v1.2 Slices.json"
    run = copy.snakemake(answer, *SMOKE)
    assert run.code == 0, run.text[-6000:]
    said = json.loads((copy.path / answer).read_text(encoding="utf-8"))
    assert said["shape"] == [16, 32, 32]
    assert "slices of the folder" in said["read_as"]
    image = copy.path / "inputs/my v1.2 Slices/z3.PNG"
    image.touch()
    assert not copy.plan(answer, *SMOKE).jobs
    shutil.copy(image.with_name("z0.PNG"), image)
    os.utime(image, (0, 0))  # older than the answer
    assert set(copy.plan(answer, *SMOKE).jobs) == {"predict_image"}
    again = copy.plan(answer, *SMOKE, "permeability={own: {threshold: 2000}}")
    assert set(again.jobs) == {"predict_image"}
