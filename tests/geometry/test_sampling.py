# SPDX-License-Identifier: GPL-3.0-or-later
"""Random plates."""

from itertools import combinations

import numpy as np
import pytest

from mesobayes.geometry import PlacementError, PlateFamily, sample_plate
from mesobayes.geometry.distance import gap

FAMILIES = [
    PlateFamily("ellipse1", n_ellipses=1),
    PlateFamily("ellipse3"),
    PlateFamily("ellipse3_ood", pore_aspect_max=3.0),
]


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_random_plates_keep_gaps_margins_and_counts(family):
    for seed in range(5):
        plate = sample_plate(family, np.random.default_rng(seed))
        assert len(plate.ellipses) == family.n_ellipses
        assert family.n_pores_min <= len(plate.pores) <= family.n_pores_max
        for hole in plate.holes():
            width, height = hole.half_extent
            limit = 0.5 * family.side - family.margin + 1e-12
            assert abs(hole.cx) + width <= limit
            assert abs(hole.cy) + height <= limit
        for first, second in combinations(plate.holes(), 2):
            assert gap(first, second) >= family.gap_min - 1e-4


def test_pores_keep_the_area_of_a_circle_whatever_their_aspect():
    plate = sample_plate(FAMILIES[2], np.random.default_rng(3))
    np.testing.assert_allclose([pore.area for pore in plate.pores], np.pi)
    aspects = [pore.a / pore.b for pore in plate.pores]
    assert min(aspects) >= 1.0
    assert max(aspects) <= 3.0
    assert np.ptp(aspects) > 0.5


def test_the_same_generator_gives_the_same_plate():
    family = FAMILIES[1]
    assert sample_plate(family, np.random.default_rng(7)) == sample_plate(family, np.random.default_rng(7))


def test_a_family_that_does_not_fit_says_so():
    crowded = PlateFamily("crowded", side=20.0, n_ellipses=4, semi_axis_min=3.0, semi_axis_max=4.0)
    with pytest.raises(PlacementError, match=r"'crowded'.*found no place.*raise side"):
        sample_plate(crowded, np.random.default_rng(0))


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ({"side": 9.0}, "family 'bad': side must exceed 2 margin"),
        ({"n_pores_min": 50}, "family 'bad': n_pores_min must not exceed n_pores_max"),
        ({"gap_min": 0.0}, "gap_min"),
        ({"pore_aspect_max": 0.5}, "pore_aspect_max"),
    ],
)
def test_contradictory_families_are_refused(bad, words):
    with pytest.raises(ValueError, match=words):
        PlateFamily("bad", **bad)
