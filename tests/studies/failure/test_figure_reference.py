# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pytest
import xarray as xr

from mesobayes.record.provenance import Run
from mesobayes.studies.failure.figures.reference import reference_posterior

RUN = Run("failure", "smoke", "test")


def posteriors(rhat):
    rng = np.random.default_rng(0)
    pores = np.zeros((2, 4, 4, 8), np.uint8)
    pores[0, 1, 1, 1] = 1
    field = ("posterior", "specimen", "x", "y", "z")
    watched = {"prediction": 20, "maximum": 2, "weight": 10}
    spread = np.array([0.5, 0.8, 1.0])
    return xr.Dataset(
        {
            "mean": (field, rng.random((3, *pores.shape))),
            "std": (field, spread[:, None, None, None, None] * np.ones((3, *pores.shape))),
            "maximum": (("posterior", "draw", "specimen"), 1 + rng.random((3, 40, 2))),
            "weight_std": (("posterior", "weight"), spread[:, None] * np.ones((3, 10))),
            "correlation": (field[:2], np.array([[0.1, 0.3], [0.4, 0.6], [0.7, 0.9]])),
            "true_maximum": ("specimen", [1.0, 1.0]),
            "pores": (field[1:], pores),
            **{f"rhat_{key}": (f"watched_{key}", np.full(n, rhat)) for key, n in watched.items()},
            **{f"ess_{key}": (f"watched_{key}", np.full(n, 90.0)) for key, n in watched.items()},
        },
        {"posterior": ["mean field", "full covariance", "SMC"]},
        {
            "runs": 4,
            "evidence": 1 / 300,
            "noise_std": 0.1,
            "evidence_bound": {"mean field": -2.0, "full covariance": -1.0},
            "log_evidence": [0.5, -0.5],
            "degrees": 9,
            "seconds": {"SMC": 1.0},
        },
    )


@pytest.mark.parametrize(("rhat", "converged"), [(1.01, True), (1.2, False)])
def test_the_figure_says_whether_the_runs_agree(rhat, converged):
    drawing = reference_posterior(posteriors(rhat), RUN)
    note = drawing.figure.get_supxlabel()
    assert ("no reference yet" in note) is not converged
    assert f"{rhat:.2f} (90)" in note
    assert drawing.drawn["converged"] is converged


def test_the_record_holds_the_agreement_with_the_truth_and_the_spreads_over_that_of_smc():
    drawn = reference_posterior(posteriors(1.0), RUN).drawn
    ratios = {"mean field": 0.5, "full covariance": 0.8, "SMC": 1.0}
    assert drawn["median_deviation_ratio_of_voxels"] == pytest.approx(ratios)
    assert drawn["median_deviation_ratio_of_weights"] == pytest.approx(ratios)
    means = {"mean field": 0.2, "full covariance": 0.5, "SMC": 0.8}
    assert drawn["correlation_of_mean_with_truth"] == pytest.approx(means)


def test_the_figure_says_how_often_a_voxel_counts():
    assert "evidence 1/300 of a voxel" in reference_posterior(posteriors(1.0), RUN).figure.get_supxlabel()
