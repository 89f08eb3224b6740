# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers of the fits with their spread, and the verdicts that follow from them."""

import numpy as np
import pytest

from mesobayes.drawing.judge import judge
from mesobayes.studies.permeability.figures.learning import transfer_overlap
from mesobayes.studies.permeability.figures.numbers import epochs_to_converge, mape_number, r2_number
from mesobayes.studies.permeability.figures.tables import magnetic_materials
from mesobayes.studies.permeability.settings import Materials


def verdict(printed, number, scale):
    return judge(printed, number, scale).verdict


def test_verdicts_follow_the_scores_and_the_scale(fit, registry):
    printed = {value.key: value for value in registry["permeability_mono_metrics"].printed}
    good, bad = fit(0.004), fit(0.05)
    for key, number in (("mape[0]", mape_number), ("r2[0]", r2_number)):
        assert verdict(printed[key], number(good, 0), "small") == "shown"
        assert verdict(printed[key], number(bad, 0), "small") == "not shown at this scale"
        assert verdict(printed[key], number(bad, 0), "paper") == "contradicts the paper"


def test_a_score_lies_inside_its_interval_over_the_test_cells(fit):
    for number in (mape_number(fit(0.03), 1), r2_number(fit(0.03), 1)):
        assert number.low < number.value < number.high
        assert number.n == 60
    few = r2_number(fit(0.03).isel(sample=slice(3)), 1)  # one resample in nine is a single cell, thrice
    assert np.isfinite([few.low, few.high]).all()
    assert mape_number(fit(0.03), 1).value == pytest.approx(fit(0.03).attrs["mape"][1])


def test_the_claim_of_figure_12_is_a_paired_difference(cells, transfer, registry, run):
    (claim,) = registry["transfer_overlap"].printed
    better = transfer_overlap(cells(), **transfer, run=run).numbers["claim"]
    exchanged = {**transfer, "scratch": transfer["transfer"], "transfer": transfer["scratch"]}
    worse = transfer_overlap(cells(), **exchanged, run=run).numbers["claim"]
    assert verdict(claim, better, "paper") == "shown"
    assert verdict(claim, worse, "paper") == "contradicts the paper"
    assert worse.value == -better.value


def test_another_inclusion_changes_the_row_of_table_1(registry):
    printed = {value.key: value for value in registry["magnetic_materials"].printed}
    as_printed, other = (magnetic_materials(Materials(1.0, inclusion)) for inclusion in (250.0, 10.0))
    assert as_printed.rows[2] == ("inclusion", 250.0)
    assert other.rows[2] == ("inclusion", 10.0)
    reasons = [
        judge(printed["inclusion"], t.numbers["inclusion"], "paper").reason for t in (as_printed, other)
    ]
    assert reasons[0].startswith("ours is the paper's")
    assert reasons[1].startswith("ours is 10, not 250")


def test_convergence_is_counted_to_the_epoch_from_which_the_loss_stays_low(fit):
    loss = np.array([1.0, 0.5, 0.104, 0.3, 0.105, 0.1, 0.2, 0.1])
    data = fit(0.01).isel(epoch=slice(0, 8))
    assert epochs_to_converge(data.assign(history=(("epoch", "part"), np.stack([loss, loss], axis=1)))) == 5
