# SPDX-License-Identifier: GPL-3.0-or-later
"""A user's own image in the stress study, from inputs/ to the answer, at scale smoke."""

import json
import os
import shutil

import numpy as np
import pytest
from PIL import Image

SMOKE = ("--config", "scale=smoke")
ANSWER = "results/predict/stress/mine.json"
LOADED = (*SMOKE, "stress={own: {strain: [0.0, 0.0, 0.5], pixels_per_radius: 6.0, finite_elements: true}}")


@pytest.fixture(scope="module")
def copy(finished, tmp_path_factory):
    """A copy with all results of scale smoke and an image of four round pores of 6 pixels."""
    path = tmp_path_factory.mktemp("own") / "copy"
    shutil.copytree(finished.path, path, symlinks=True)
    y, x = np.mgrid[:130, :150] + 0.5
    void = np.zeros((130, 150), bool)
    for cx, cy in ((60, 60), (78, 66), (100, 50), (90, 90)):
        void |= np.hypot(x - cx, y - cy) < 6
    (path / "inputs").mkdir()
    np.save(path / "inputs/mine.npy", void)
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


def test_what_is_wrong_with_an_image_is_said_in_one_sentence(copy):
    np.save(copy.path / "inputs/small.npy", np.load(copy.path / "inputs/mine.npy")[40:110])
    run = copy.snakemake("results/predict/stress/small.json", *SMOKE)
    assert run.code != 0
    assert "inputs/small.npy shows 25.1 R x 11.7 R" in run.text
    missing = copy.snakemake("--dry-run", "results/predict/stress/nowhere.json", *SMOKE)
    assert missing.code != 0
    assert "one image inputs/nowhere is needed" in missing.text


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
