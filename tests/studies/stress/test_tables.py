# SPDX-License-Identifier: GPL-3.0-or-later
import csv
import os

import numpy as np
import pytest

from mesobayes.studies.stress.figures.tables import (
    costs_krokos,
    cross_dataset,
    cross_validation,
    se_ablation,
)
from mesobayes.studies.stress.settings import StructureCounts
from studies.stress.predicted import counted, made, mechanics, ours, predictions

GOOD, FAIR, POOR = (predictions(error, patches=80, seed=seed) for seed, error in enumerate((0.05, 0.1, 0.3)))
COUNTS = StructureCounts(ellipse1=5, ellipse3=4, ellipse3_ood=2, batch=3, failed_share_max=0.1)


def mean(stores):
    return np.mean([counted(store) for store in stores])


def test_each_network_is_scored_on_both_families():
    table = cross_dataset(GOOD, FAIR, FAIR, POOR, mechanics(80), mechanics(80, edges=0.05))
    expected = {"A1_on_A1": GOOD, "A1_on_A2": FAIR, "A2_on_A2": FAIR, "A2_on_A1": POOR}
    for key, stores in expected.items():
        assert table.numbers[key].value == pytest.approx(mean(stores))
    by_place = {row[:3]: row[3] for row in table.rows[1:]}
    assert by_place["three ellipses", "one ellipse", "modern"] == pytest.approx(mean(POOR), abs=1e-4)
    assert [row[2] for row in table.rows[-3:]] == [*["tuned macro Tresca"] * 2, "pores and edges of holes"]
    assert table.rows[-1][3] == 1.0
    assert len({len(row) for row in table.rows}) == 1


def test_the_gain_of_squeeze_and_excitation_is_paired_by_repeat():
    table = se_ablation(GOOD, POOR)
    gains = [counted(one) - counted(other) for one, other in zip(GOOD, POOR, strict=True)]
    (row,) = [row for row in table.rows if row[1] == "gain"]
    half = 4.302653 * np.std(gains, ddof=1) / 3**0.5
    np.testing.assert_allclose(
        row[2:5], [np.mean(gains), np.mean(gains) - half, np.mean(gains) + half], atol=1e-4
    )
    assert len({len(row) for row in table.rows}) == 1


def test_a_cross_validation_has_the_deviation_of_its_folds():
    folds = predictions(0.1, repeats=5, patches=80)
    table = cross_validation(folds)
    values = [counted(store) for store in folds]
    assert table.numbers["mean"].value == pytest.approx(sum(values) / 5)
    spread = (sum((value - sum(values) / 5) ** 2 for value in values) / 4) ** 0.5
    assert table.numbers["std"].value == pytest.approx(spread)
    assert [row[1] for row in table.rows[1:]] == [0, 1, 2, 3, 4, "mean", "standard deviation"]


def benchmark(path, wall, cpu):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"s\th:m:s\tmax_rss\tcpu_time\n{wall}\t0:00:01\t-\t{cpu}\n", encoding="utf-8")
    return path


def test_costs_are_added_over_jobs_and_divided_by_structures(tmp_path):
    one = [benchmark(tmp_path / f"ellipse1_000{i}.tsv", *times) for i, times in enumerate([(30, 6), (10, 4)])]
    three = [benchmark(tmp_path / f"ellipse3_000{i}.tsv", 9.0, 8.0) for i in range(2)]
    fits = [
        benchmark(tmp_path / f"{network}_{model}_repeat{repeat}.tsv", 10.0 + repeat, 5.0)
        for network in ("printed", "modern")
        for model in ("ellipse1_full", "bayes_learned")
        for repeat in range(2)
    ]
    slow = predictions(0.1, patches=80, fit_seconds=30.0)
    bent = [benchmark(tmp_path / "0000.tsv", 60.0, 50.0)]
    table = costs_krokos(one, three, bent, fits, GOOD, POOR, FAIR, slow, COUNTS, 4, 10)
    rows = {row[0]: row[1:] for row in table.rows[1:]}
    assert rows["finite elements, ellipse1: structures"] == (2, 5, 8.0, 2.0, 40.0, 10.0)
    assert rows["finite elements, ellipse3: structures"] == (2, 4, 4.5, 4.0, 18.0, 16.0)
    assert rows["fits, modern, bayes_learned"] == (2, 2, 10.5, 5.0, 21.0, 10.0)
    hours = table.numbers["fe_500_structures_h"]
    assert hours.value == pytest.approx((30 / 3 + 10 / 2) / 2 * 500 / 3600)  # batches of three and of two
    assert f"machine with {os.cpu_count()}" in hours.note
    assert table.numbers["bnn_over_det"].value == pytest.approx((30 / 10 + 31 / 11 + 32 / 12) / 3)
    scaled = [s / 3600 * 28000 * 600 / (960 * 16) for s in (10, 11, 12)]
    assert table.numbers["train_28k_600ep_T4_h"].value == pytest.approx(np.mean(scaled))
    assert table.numbers["fe_200_nonlinear_h"].value == pytest.approx(60 / 4 * 200 / 3600)
    scaled = [s / 3600 * 10800 * 300 / (960 * 16) for s in (10, 11, 12)]
    assert table.numbers["train_nonlinear_300ep_T4_h"].value == pytest.approx(np.mean(scaled))


def test_the_targets_give_every_number_that_the_registry_asks_for(tmp_path):
    record = made(
        "cross_dataset",
        "tables",
        tmp_path,
        {},
        A1_on_A1=GOOD,
        A1_on_A2=FAIR,
        A2_on_A2=FAIR,
        A2_on_A1=POOR,
        mechanics_A1=mechanics(80),
        mechanics_A2=mechanics(80),
    )
    assert ours(record) == pytest.approx(
        {"A1_on_A1": mean(GOOD), "A1_on_A2": mean(FAIR), "A2_on_A2": mean(FAIR), "A2_on_A1": mean(POOR)}
    )
    with (tmp_path / "cross_dataset.csv").open(encoding="utf-8", newline="") as file:
        assert len(list(csv.reader(file))) >= 7
    for slug, inputs in (
        ("se_ablation", {"with_se": GOOD, "without_se": POOR}),
        ("cross_validation", {"folds": GOOD}),
    ):
        assert None not in ours(made(slug, "tables", tmp_path / slug, {}, **inputs)).values()
