# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pytest
import xarray as xr

from mesobayes.studies.stress.figures.model_scores import model_scores
from studies.stress.predicted import counted, covered, predictions


def calibration(network, held):
    """Coverage of two structures by two kinds of intervals; one was not tested on the second."""
    values = [[held, held - 0.1], [held + 0.05, np.nan]]
    shape = np.array(values)[:, None, None, :]
    dims = ("interval", "target", "level", "structure")
    return xr.Dataset(
        {"coverage": (dims, shape), "score": (dims, 2 * shape)},
        {"interval": ["predictive", "calibrated"], "target": ["maximum"], "level": [0.95]},
        {"model": "toy", "network": network},
    )


def test_a_row_holds_the_means_of_a_model_and_the_range_over_its_seeds():
    stores = [*predictions(0.1, spread=1.0), *predictions(0.3, network="local", spread=0.2, seed=5)]
    table = model_scores(stores, [calibration("local", 0.9)])
    rows = {row[1]: dict(zip(table.rows[0], row, strict=True)) for row in table.rows[1:]}
    modern = rows["modern"]
    shares = [counted(store) for store in stores[:3]]
    assert modern["within 10 %"] == pytest.approx(np.mean(shares), abs=1e-4)
    assert (modern["least"], modern["most"]) == pytest.approx((min(shares), max(shares)), abs=1e-4)
    held = np.mean([covered(store) for store in stores[:3]])
    assert modern["weight draws hold at 95 %"] == pytest.approx(held, abs=1e-4)
    assert modern["calibrated holds"] == ""
    assert modern["repeats"] == 3
    assert rows["local"]["misfit modelled holds"] == pytest.approx(0.85)
    assert rows["local"]["calibrated holds"] == pytest.approx(0.95)
    assert rows["local"]["interval score"] == pytest.approx(1.9)


def test_point_weights_have_no_spread_of_draws():
    table = model_scores(predictions(0.1), [])
    (row,) = table.rows[1:]
    assert dict(zip(table.rows[0], row, strict=True))["weight draws hold at 95 %"] == ""
