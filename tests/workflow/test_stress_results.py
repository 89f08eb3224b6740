# SPDX-License-Identifier: GPL-3.0-or-later
"""The stress study at scale smoke, from structures to the learning curves: stores and figure agree."""

import json
from zipfile import ZipFile

import numpy as np
import pytest
from matplotlib.image import imread
from pypdf import PdfReader

from mesobayes.record.store import open_store


@pytest.fixture(scope="module")
def results(finished):
    return finished.path / "results"


@pytest.fixture(scope="module")
def record(results):
    return json.loads((results / "fig_selective_learning.json").read_text(encoding="utf-8"))


def test_no_axes_of_the_figure_is_empty(results):
    image = imread(results / "fig_selective_learning.png")[..., :3]
    saturation = image.max(axis=-1) - image.min(axis=-1)
    rows, columns = np.array_split(np.arange(image.shape[0]), 4), np.array_split(np.arange(image.shape[1]), 3)
    for row in rows:
        for column in columns:
            part = saturation[np.ix_(row, column)]
            assert (part > 0.3).sum() > 100, (row[0], column[0])  # curves, intervals and their markers


def test_the_report_of_a_figure_is_one_archive_that_holds_it(finished, results):
    made = ("--config", "scale=smoke", "--", "fig_selective_learning")
    assert finished.snakemake("--report", "report.zip", *made).code == 0
    with ZipFile(finished.path / "report.zip") as report:
        (picture,) = [name for name in report.namelist() if name.endswith("fig_selective_learning.png")]
        assert report.read(picture) == (results / "fig_selective_learning.png").read_bytes()
    (finished.path / "report.zip").unlink()


def test_the_record_says_how_much_was_computed(record):
    counts, drawn = record["drawn"]["counts"], record["drawn"]
    assert counts["repeats"] == 2
    assert counts["fits"] == 2 * (4 + 2 + 4 + 2 + 2)  # two repeats; four first fits, then by acquisition
    assert counts["labelled"] == [32, 64]
    assert counts["split_by"] == "structure"
    assert drawn["fit_seconds"] > 0
    assert 0 < drawn["ceiling"] <= 1
    assert 0 < drawn["label_noise_p95"] < 0.1
    assert 0 < drawn["mechanics"]["macro"] < drawn["mechanics"]["whole"] <= 1


def test_the_figure_names_its_curves_and_lines(results):
    (page,) = PdfReader(results / "fig_selective_learning.pdf").pages
    text = page.extract_text()
    for words in ("scale smoke", "labelled patches", "random", "oracle", "whole plate", "without a label"):
        assert words in text, words
    assert not page.images


def test_the_record_holds_the_numbers_drawn_of_every_chain(record, results):
    chains = record["drawn"]["chains (repeat, query)"]
    acquisitions = {
        "printed": ["random", "max_variance"],
        "modern": ["random", "max_variance", "relative_spread", "oracle"],
        "local": ["random", "batchbald"],
        "geometry": ["random", "predicted_maximum"],
    }
    assert set(chains) == {f"{n}/{a}" for n, names in acquisitions.items() for a in names}
    curves = open_store(results / "smoke/stress/selective/curves.zarr.zip", "stress/curves")
    for name, scores in chains.items():
        network, acquisition = name.split("/")
        for score in ("accuracy", "mse"):
            drawn = np.array(scores[score])
            assert drawn.shape == (2, 2)
            np.testing.assert_allclose(
                drawn, curves[score].sel(network=network, acquisition=acquisition), atol=1e-6
            )
    for network, names in acquisitions.items():  # all chains of a repeat start from the same fit
        starts = {tuple(np.array(chains[f"{network}/{a}"]["accuracy"])[:, 0]) for a in names}
        assert len(starts) == 1


def test_patches_of_one_structure_are_in_one_split(results):
    patches = open_store(
        results / "smoke/stress/ellipse3/patches.zarr.zip", "stress/patches", variables=["structure", "split"]
    )
    splits = {}
    for structure, split in zip(patches["structure"].values, patches["split"].values, strict=True):
        splits.setdefault(int(structure), set()).add(int(split))
    assert all(len(found) == 1 for found in splits.values())
    assert sorted(found.pop() for found in splits.values()) == [0, 0, 0, 0, 1, 1]


def test_no_fit_saw_a_validation_structure(results):
    patches = open_store(
        results / "smoke/stress/ellipse3/patches.zarr.zip", "stress/patches", variables=["structure"]
    )
    structure = patches["structure"].values
    fits = [
        p for p in (results / "smoke/stress/selective").rglob("repeat*.zarr.zip") if ".weights." not in p.name
    ]
    assert len(fits) == 28
    for path in fits:
        fit = open_store(path, "stress/fit", variables=["labelled", "labels", "pool", "validation"])
        assert fit["labels"].values.tolist() == ([32] if "initial" in str(path) else [64])
        seen = {*structure[fit["labelled"].values], *structure[fit["pool"].values]}
        assert not seen & set(structure[fit["validation"].values])
        assert len(set(fit["labelled"].values)) == fit.sizes["label"]


def test_the_structures_carry_their_manifest_and_label_noise(results):
    structures = open_store(
        results / "smoke/stress/ellipse3/structures.zarr.zip", "stress/structures", sample_id="structure"
    )
    assert [len(batch["structure"]) for batch in structures.attrs["manifest"]] == [3, 3]
    assert structures.attrs["label_noise_median"] < structures.attrs["label_noise_p95"] < 0.1
    assert structures.attrs["failed_draw_count"] == int(structures["failed_draws"].sum())


def test_progress_with_epoch_loss_accuracy_and_time_left_is_in_the_log(finished):
    text = (finished.path / "logs/smoke/fit_selective/selective_modern_initial_repeat0.log").read_text(
        encoding="utf-8"
    )
    for words in ("epoch", "loss", "accuracy", "left"):
        assert words in text, words
