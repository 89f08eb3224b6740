# SPDX-License-Identifier: GPL-3.0-or-later
"""Intervals of made-up predictions whose errors have a known law."""

import json

import numpy as np
import pytest
import xarray as xr

from mesobayes.record.provenance import Run
from mesobayes.studies.stress.figures.calibration import calibration_stress
from mesobayes.studies.stress.intervals.calibrate import calibration
from mesobayes.studies.stress.intervals.ensemble import ensemble
from mesobayes.studies.stress.intervals.settings import IntervalSettings

SETTINGS = IntervalSettings(levels=(0.5, 0.8, 0.95), halvings=8, pixels=20_000, members=2)
STRUCTURES, PATCHES, ROI, DRAWS = 24, 40, 6, 400


def made_up(seed: int, factor: float = 1.0, heads: bool = True, draws: int = DRAWS) -> xr.Dataset:
    """Normal errors, `factor` times as wide as the heads say; the draws say a fifth of what the heads do."""
    rng = np.random.default_rng(seed)
    n, image = STRUCTURES * PATCHES, ("patch", "y", "x")
    shape = (n, ROI, ROI)
    mean = rng.uniform(1, 2, shape).astype(np.float32)
    std = np.exp(rng.normal(-2, 0.5, shape)).astype(np.float32)
    centre, spread = mean.max((1, 2)), np.exp(rng.normal(-2, 0.5, n))
    result = xr.Dataset(
        {
            "truth": (image, mean + factor * std * rng.normal(size=shape)),
            "mask": (image, rng.uniform(size=shape) > 0.2),
            "mean": (image, mean),
            "std": (image, std / 5),
            "true_max": ("patch", centre + 0.1 + factor * spread * rng.normal(size=n)),
            "mean_max": ("patch", centre),
            "roi_max": (("draw", "patch"), centre + spread / 5 * rng.normal(size=(draws, n))),
            "structure": ("patch", np.repeat(np.arange(STRUCTURES), PATCHES)),
        },
        attrs={
            **{"network": "modern", "model": "bayes_full", "repeat": 0, "labels": 10, "steps": 5},
            **{"family": "ellipse3", "trained_on": "ellipse3", "draws": draws, "fit_seconds": 1.0},
        },
    )
    if not heads:
        return result
    return result.assign(
        pixel_std=(image, std), max_centre=("patch", centre + 0.1), max_std=("patch", spread)
    )


def coverage(result: xr.Dataset, method: str) -> np.ndarray:
    """Coverage (target, level)."""
    return result["coverage"].sel(interval=method).mean("structure").transpose("target", "level").values


@pytest.fixture(scope="module")
def at_home() -> xr.Dataset:
    return calibration(made_up(0), None, SETTINGS, "seed")


def test_a_right_law_holds_every_level_and_calibration_leaves_it_so(at_home):
    for method in ("predictive", "calibrated"):
        np.testing.assert_allclose(coverage(at_home, method), [SETTINGS.levels] * 2, atol=0.03)
    np.testing.assert_allclose(
        at_home["factor"].sel(interval="calibrated"), at_home["factor"].sel(interval="predictive"), rtol=0.1
    )


def test_draws_too_narrow_by_five_hold_what_five_times_less_holds(at_home):
    from scipy.stats import norm

    expected = 2 * norm.cdf(norm.ppf(0.5 + 0.5 * np.array(SETTINGS.levels)) / 5) - 1
    np.testing.assert_allclose(coverage(at_home, "weight_draws")[1], expected, atol=0.02)


def test_constant_and_proportional_widths_hold_their_level_but_are_wider(at_home):
    for method in ("constant", "amplitude"):
        np.testing.assert_allclose(coverage(at_home, method), [SETTINGS.levels] * 2, atol=0.04)
        worse = at_home["score"].sel(interval=method, level=0.95).mean("structure")
        assert (worse > at_home["score"].sel(interval="calibrated", level=0.95).mean("structure")).all()


def test_calibration_mends_a_law_that_is_too_narrow_at_home():
    result = calibration(made_up(1, factor=2.0), None, SETTINGS, "seed")
    assert (coverage(result, "predictive")[:, -1] < 0.75).all()
    np.testing.assert_allclose(coverage(result, "calibrated"), [SETTINGS.levels] * 2, atol=0.03)
    np.testing.assert_allclose(
        result["factor"].sel(interval="calibrated"), 2 * result["factor"].sel(interval="predictive"), rtol=0.1
    )


def test_half_widths_of_home_fail_abroad_where_errors_are_larger_and_those_of_abroad_do_not():
    abroad = made_up(2, factor=2.0).assign_attrs(family="ellipse1")
    result = calibration(abroad, made_up(3), SETTINGS, "seed")
    assert (coverage(result, "calibrated")[:, -1] < 0.75).all()
    np.testing.assert_allclose(coverage(result, "recalibrated"), [SETTINGS.levels] * 2, atol=0.03)


def test_every_structure_is_scored_and_named(at_home):
    assert at_home.sizes["structure"] == STRUCTURES
    assert at_home.attrs["calibrated_on"] == STRUCTURES // 2
    assert at_home.attrs["guaranteed"] == 0
    assert np.isfinite(at_home["coverage"]).all()
    assert at_home["rms_error"].sel(interval="predictive").values == pytest.approx(
        at_home["mean_scale"].sel(interval="predictive").values, rel=0.3
    )


def test_a_network_without_heads_has_its_draws_and_the_references():
    result = calibration(made_up(4, heads=False), None, SETTINGS, "seed")
    assert list(result["interval"].values) == ["weight_draws", "constant", "amplitude"]


def test_point_weights_hold_nothing_by_themselves():
    result = calibration(made_up(5, draws=1).assign(std=lambda data: 0 * data["std"]), None, SETTINGS, "seed")
    np.testing.assert_array_equal(coverage(result, "weight_draws"), 0)


def test_an_ensemble_adds_the_variance_between_its_members():
    members = [made_up(0), made_up(0)]
    members[1] = members[1].assign(
        mean=members[1]["mean"] + 1,
        mean_max=members[1]["mean_max"] + 1,
        max_centre=members[1]["max_centre"] + 1,
    )
    both = ensemble(members, "ensemble")
    np.testing.assert_allclose(both["mean"], members[0]["mean"] + 0.5, rtol=1e-6)
    np.testing.assert_allclose(both["std"], np.sqrt(0.5), rtol=1e-5)
    np.testing.assert_allclose(both["pixel_std"] ** 2, members[0]["pixel_std"] ** 2 + 0.5, rtol=1e-5)
    np.testing.assert_allclose(both["max_std"] ** 2, members[0]["max_std"] ** 2 + 0.5, rtol=1e-5)
    np.testing.assert_allclose(both["max_centre"], members[0]["max_centre"] + 0.5)
    solid = both["mean"].where(both["mask"], 0).max(("y", "x"))
    np.testing.assert_allclose(both["mean_max"], solid)
    assert both.sizes["draw"] == 2
    assert both.attrs["fit_seconds"] == 2.0


def test_the_figure_shows_the_coverage_that_was_stored(at_home):
    few = at_home.assign_attrs(model="few_labels", labels=3)
    abroad = calibration(made_up(2, factor=2.0).assign_attrs(family="ellipse1"), made_up(3), SETTINGS, "seed")
    full = at_home.assign_attrs(model="all", labels=100)
    drawing = calibration_stress(
        [few, at_home, full], [at_home], [at_home], [at_home], [at_home, abroad], Run("stress", "small", "s")
    )
    json.dumps(drawing.drawn, allow_nan=False)
    shown = drawing.drawn["reliability"]["maximum"]["percent (level: mean, low, high)"]["calibrated"]
    np.testing.assert_allclose([row[0] for row in shown], 100 * coverage(at_home, "calibrated")[0], atol=1e-3)
    assert all(low <= mean <= high for mean, low, high in shown)
    families = drawing.drawn["families"]
    assert list(families) == ["ellipse3 -> ellipse3", "ellipse3 -> ellipse1"]
    assert (
        families["ellipse3 -> ellipse1"]["recalibrated"][0]
        > families["ellipse3 -> ellipse1"]["calibrated"][0]
    )
    assert drawing.drawn["labels"]["labels"] == [3, 10, 100]


def test_a_figure_of_single_structures_leaves_out_what_cannot_be_tested():
    one = made_up(6).isel(patch=slice(PATCHES))
    result = calibration(one, None, SETTINGS, "seed")
    assert np.isnan(result["coverage"].sel(interval="calibrated")).all()
    drawing = calibration_stress(*[[result]] * 5, Run("stress", "smoke", "s"))
    json.dumps(drawing.drawn, allow_nan=False)
