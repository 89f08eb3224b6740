# SPDX-License-Identifier: GPL-3.0-or-later
"""From geometry to the figure at scale smoke: the files are opened and looked at."""

import json
from zipfile import ZipFile

import numpy as np
import pytest
import yaml
from matplotlib.image import imread
from pypdf import PdfReader

from mesobayes.drawing.registry import read_registry
from mesobayes.drawing.reproduction import reproduction_rows
from mesobayes.record.store import open_store
from mesobayes.record.validation import plain
from mesobayes.studies.configuration import resolve


@pytest.fixture(scope="module")
def results(finished):
    return finished.path / "results"


@pytest.fixture(scope="module")
def record(results):
    return json.loads((results / "fig_selective_learning.json").read_text(encoding="utf-8"))


def embedded_fonts(page):
    for font in page["/Resources"]["/Font"].values():
        (inner,) = font.get_object()["/DescendantFonts"]
        yield "/FontFile2" in inner.get_object()["/FontDescriptor"]


def test_the_figure_is_one_vector_page_with_embedded_fonts_that_says_its_scale(results):
    (page,) = PdfReader(results / "fig_selective_learning.pdf").pages
    assert list(embedded_fonts(page))
    assert all(embedded_fonts(page))
    assert not page.images  # no pixels: every line is a path
    text = page.extract_text()
    for words in ("scale smoke", "patches added", "random", "oracle", "label-noise ceiling", "no learning"):
        assert words in text, words


def test_no_axes_of_the_figure_is_empty(results):
    image = imread(results / "fig_selective_learning.png")[..., :3]
    saturation = image.max(axis=-1) - image.min(axis=-1)
    rows, columns = (np.array_split(np.arange(n), 2) for n in image.shape[:2])
    for row in rows:
        for column in columns:
            quarter = saturation[np.ix_(row, column)]
            assert (quarter > 0.3).sum() > 200, (row[0], column[0])  # curves and their markers
            assert ((quarter > 0.1) & (quarter < 0.2)).sum() > 1000, (row[0], column[0])  # the pale band


def test_the_report_of_a_figure_is_one_archive_that_holds_it(finished, results):
    made = ("--config", "scale=smoke", "--", "fig_selective_learning")
    assert finished.snakemake("--report", "report.zip", *made).code == 0
    with ZipFile(finished.path / "report.zip") as report:
        (picture,) = [name for name in report.namelist() if name.endswith("fig_selective_learning.png")]
        assert report.read(picture) == (results / "fig_selective_learning.png").read_bytes()
    (finished.path / "report.zip").unlink()


def test_the_record_is_complete(record):
    assert record["scale"] == "smoke"
    assert record["seed"] == "mesobayes"
    assert len(record["config_hash"]["curves"]) == len(record["code_hash"]["figure"]) == 16
    assert {"python", "jax", "numpy", "gmsh"} <= set(record["versions"])
    assert record["counts"]["repeats"] == 2
    assert record["counts"]["fits"] == 20
    assert record["counts"]["labelled"] == [64, 96]
    assert record["counts"]["split_by"] == "structure"
    assert record["wall_time_s"]["fits"] > 0
    assert 0 < record["drawn"]["ceiling"] <= 1
    assert 0 < record["drawn"]["label_noise_p95"] < 0.1
    assert 0 < record["drawn"]["baseline"]["accuracy"] < 1


def test_the_record_holds_the_numbers_drawn_of_every_chain(record, results):
    chains = record["drawn"]["chains (repeat, query)"]
    acquisitions = ("random", "max_variance", "relative_spread", "oracle")
    assert set(chains) == {f"{n}/{a}" for n in ("printed", "modern") for a in acquisitions}
    curves = open_store(results / "smoke/stress/selective/curves.zarr.zip", "stress/curves")
    for name, scores in chains.items():
        network, acquisition = name.split("/")
        for score in ("accuracy", "mse"):
            drawn = np.array(scores[score])
            assert drawn.shape == (2, 2)
            np.testing.assert_allclose(
                drawn, curves[score].sel(network=network, acquisition=acquisition), atol=1e-6
            )
    for network in ("printed", "modern"):  # all chains of a repeat start from the same fit
        starts = {tuple(np.array(chains[f"{network}/{a}"]["accuracy"])[:, 0]) for a in acquisitions}
        assert len(starts) == 1


def test_every_printed_value_stands_beside_ours_with_a_verdict(record, finished):
    target = read_registry(finished.path / "workflow/figures.yaml")["selective_learning"]
    assert [(p["key"], p["printed"]) for p in record["printed"]] == [(v.key, v.value) for v in target.printed]
    for entry in record["printed"]:
        assert entry["verdict"] in ("shown", "not shown at this scale", "contradicts the paper")
        assert entry["reason"]
    rows = reproduction_rows(read_registry(finished.path / "workflow/figures.yaml"), {target.slug: record})
    found = {row.quantity: (row.scale, row.verdict) for row in rows if row.target == target.slug}
    assert found == {entry["key"]: ("smoke", entry["verdict"]) for entry in record["printed"]}


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
    fits = sorted((results / "smoke/stress/selective").rglob("query*.zarr.zip"))
    assert len(fits) == 20
    for path in fits:
        fit = open_store(path, "stress/fit", variables=["labelled", "pool", "validation"])
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


def test_the_resolved_configuration_stands_beside_the_results(results, finished):
    written = yaml.safe_load((results / "smoke/config.yaml").read_text())
    config = yaml.safe_load((finished.path / "config.yaml").read_text()) | {"scale": "smoke"}
    assert written == plain(resolve(config, finished.path / "workflow/scales"))


def test_every_job_left_a_log_that_says_something_and_nothing_half_written(finished):
    logs = sorted((finished.path / "logs").rglob("*.log"))
    assert len(logs) == 2 + 1 + 1 + 1 + 20 + 1 + 1  # one for each job
    for log in logs:
        assert "wall time" in log.read_text(encoding="utf-8"), log
    assert not list(finished.path.rglob("*.tmp.*"))
    assert not list((finished.path / "results/smoke/checkpoints").rglob("*.npz"))


def test_progress_with_epoch_loss_accuracy_and_time_left_is_in_the_log(finished):
    text = (finished.path / "logs/smoke/fit_selective/modern_initial_repeat0_query0.log").read_text(
        encoding="utf-8"
    )
    for words in ("epoch", "loss", "accuracy", "left"):
        assert words in text, words
