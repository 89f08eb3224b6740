# SPDX-License-Identifier: GPL-3.0-or-later
"""Periodic random sets of discs and spheres."""

import numpy as np
import pytest

from mesobayes.geometry.inclusions import sample_cell, sample_fractions
from mesobayes.geometry.packing import ball_volume, pack_periodic
from mesobayes.geometry.settings import InclusionFamily

MONO = InclusionFamily("mono", 128)
POLY = InclusionFamily("poly", 128, radius_min=4, radius_max=12, fraction_max=0.65)
OVERLAP = InclusionFamily("overlap", 128, overlap=True, fraction_max=0.95)
SPHERES = InclusionFamily("spheres", 48, dimension=3, radius_min=5, radius_max=5, fraction_max=0.33)


def smallest_gap(cell):
    """Smallest distance between surfaces of two inclusions over all periodic images."""
    difference = np.abs(cell.centres[:, None] - cell.centres[None])
    difference = np.minimum(difference, cell.side - difference)
    gap = np.sqrt((difference**2).sum(-1)) - cell.radii[:, None] - cell.radii[None]
    return gap[~np.eye(len(gap), dtype=bool)].min()


@pytest.mark.parametrize("family", [MONO, POLY, SPHERES], ids=lambda f: f.name)
@pytest.mark.parametrize("share", [0.1, 0.6, 0.95])
def test_non_overlapping_inclusions_keep_apart_across_the_periodic_border(family, share):
    fraction = family.fraction_min + share * (family.fraction_max - family.fraction_min)
    cell = sample_cell(family, np.random.default_rng(3), fraction)
    assert not cell.saturated
    assert len(cell.radii) > 1
    assert smallest_gap(cell) > -1e-9
    assert np.all((cell.centres >= 0) & (cell.centres <= cell.side))


@pytest.mark.parametrize("family", [MONO, POLY, OVERLAP, SPHERES], ids=lambda f: f.name)
def test_volume_fraction_is_exact_to_half_an_inclusion(family):
    half = 0.5 * ball_volume(family.radius_max, family.dimension) / family.side**family.dimension
    for seed in range(4):
        cell = sample_cell(family, np.random.default_rng(seed))
        assert abs(cell.fraction - cell.target_fraction) <= half * (1 + 1e-9)


@pytest.mark.parametrize("family", [MONO, SPHERES], ids=lambda f: f.name)
def test_pixels_hold_the_volume_of_the_shapes(family):
    fractions = []
    for seed in range(6):
        cell = sample_cell(family, np.random.default_rng(seed), 0.3)
        fractions.append(cell.image().mean() / cell.fraction)
    assert np.mean(fractions) == pytest.approx(1.0, abs=0.004)  # pixel noise of a disc of 8 px is about 1 %


def test_image_is_the_union_of_the_discs_with_y_on_the_first_axis():
    cell = sample_cell(POLY, np.random.default_rng(0), 0.3)
    y, x = np.mgrid[0:128, 0:128] + 0.5
    expected = np.zeros((128, 128), bool)
    for (cx, cy), radius in zip(cell.centres, cell.radii, strict=True):
        dx, dy = np.abs(x - cx), np.abs(y - cy)
        expected |= np.minimum(dx, 128 - dx) ** 2 + np.minimum(dy, 128 - dy) ** 2 <= radius**2
    np.testing.assert_array_equal(cell.image(), expected)


def test_saturation_is_found_and_lies_where_random_sequential_addition_jams():
    reached = []
    for seed in range(12):
        cell = sample_cell(MONO, np.random.default_rng(seed), 0.7)
        assert cell.saturated
        reached.append(cell.fraction)
    assert np.mean(reached) == pytest.approx(0.547, abs=0.012)  # jamming limit of equal discs


def test_a_saturated_cell_has_no_room_left():
    cell = sample_cell(MONO, np.random.default_rng(1), 0.7)
    points = np.random.default_rng(2).uniform(0, 128, (20000, 2))
    difference = np.abs(points[:, None] - cell.centres[None])
    difference = np.minimum(difference, 128 - difference)
    assert np.all(np.sqrt((difference**2).sum(-1)).min(axis=1) < 2 * 8)


def test_positions_of_the_last_disc_are_uniform_over_the_free_area():
    """Two discs in a small cell: the second is uniform outside the zone of the first."""
    offsets = []
    for seed in range(1500):
        centres, _ = pack_periodic(np.array([4.0, 4.0]), 20.0, 2, np.random.default_rng(seed))
        offsets.append((centres[1] - centres[0] + 10) % 20 - 10)
    distance = np.sqrt((np.array(offsets) ** 2).sum(-1))
    assert distance.min() >= 8
    ring = np.pi * (10**2 - 8**2) / (400 - np.pi * 64)  # share of the free area between the zone and 10 px
    assert np.mean(distance < 10) == pytest.approx(ring, abs=3 * np.sqrt(ring * (1 - ring) / 1500))


def test_overlapping_family_reaches_fractions_beyond_any_packing():
    cell = sample_cell(OVERLAP, np.random.default_rng(0), 0.95)
    assert cell.image().mean() == pytest.approx(cell.fraction, abs=1e-12)
    assert cell.fraction > 0.94


def test_fraction_laws_have_their_means():
    rng = np.random.default_rng(0)
    uniform = sample_fractions(MONO, rng, 20000)
    skewed = sample_fractions(InclusionFamily("skewed", 128, sampler="exponential"), rng, 20000)
    assert uniform.mean() == pytest.approx(0.275, abs=0.004)
    scale = 0.2
    mean = scale - 1 / np.expm1(1 / scale)  # of exp(-t/scale) cut at t = 1
    assert skewed.mean() == pytest.approx(0.05 + 0.45 * mean, abs=0.003)
    assert skewed.min() >= 0.05
    assert skewed.max() <= 0.50


def test_the_same_generator_gives_the_same_cell():
    first, second = (sample_cell(POLY, np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(first.centres, second.centres)
    np.testing.assert_array_equal(first.image(), second.image())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"dimension": 4}, "should be 2 or 3"),
        ({"radius_min": 9.0}, "radius_min <= radius_max"),
        ({"radius_min": 70.0, "radius_max": 70.0}, "does not fit into a periodic cell"),
        ({"fraction_max": 1.2}, "should be less than 1"),
        ({"fraction_min": 0.6}, "fraction_min <= fraction_max"),
        ({"sampler": "normal"}, "should be 'uniform' or 'exponential'"),
    ],
)
def test_impossible_families_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        InclusionFamily("bad", 128, **settings)


def test_radii_in_the_wrong_order_are_refused():
    with pytest.raises(ValueError, match="largest first"):
        pack_periodic(np.array([4.0, 5.0]), 40.0, 2, np.random.default_rng(0))
