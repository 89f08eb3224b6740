# SPDX-License-Identifier: GPL-3.0-or-later

import matplotlib as mpl
import numpy as np
import pytest

from mesobayes.studies.stress.figures.panels import draw_field, stress_scale, void_edges
from mesobayes.studies.stress.figures.shown import shown_network
from studies.stress.pictured import repeats

pytestmark = pytest.mark.usefixtures("style")


# which network


def test_the_printed_network_is_shown_where_it_is_better_than_no_learning():
    stores = [*repeats(0.1, network="modern", baseline=0.3), *repeats(0.15, network="printed", baseline=0.3)]
    assert shown_network(stores).network == "printed"
    assert "above" in shown_network(stores).reason


def test_a_network_below_the_baseline_gives_way_to_the_next():
    stores = [*repeats(0.1, network="modern", baseline=0.6), *repeats(0.3, network="printed", baseline=0.6)]
    assert shown_network(stores).network == "modern"


def test_where_no_network_is_above_the_baseline_the_best_is_shown_and_this_is_said():
    stores = [*repeats(0.2, network="modern", baseline=0.99), *repeats(0.3, network="printed", baseline=0.99)]
    found = shown_network(stores)
    assert found.network == "modern"
    assert "not above" in found.reason


# fields and their colours


def test_a_scale_holds_every_value_or_says_that_it_does_not():
    truth = np.array([0.0, 1.0, np.nan])
    assert stress_scale([truth], [np.array([1.4])]).high == 1.4
    assert stress_scale([truth], [np.array([1.4])]).extend == "neither"
    beyond = stress_scale([truth], [np.array([9.0])])
    assert (beyond.high, beyond.extend) == (1.5, "max")


def test_the_outline_runs_along_the_edges_between_material_and_void():
    solid = np.ones((4, 5), bool)
    solid[1, 2] = False
    edges = void_edges(solid)
    assert len(edges) == 4
    ends = {tuple(sorted(map(tuple, edge.tolist()))) for edge in edges}
    assert ends == {((2, 1), (3, 1)), ((2, 2), (3, 2)), ((2, 1), (2, 2)), ((3, 1), (3, 2))}


def test_a_field_is_masked_in_voids_only():
    figure = mpl.figure.Figure()
    solid = np.random.default_rng(0).uniform(size=(6, 6)) > 0.3
    field = np.arange(36.0).reshape(6, 6)
    image = draw_field(figure.subplots(), np.where(solid, field, np.nan), solid, stress_scale([field]))
    np.testing.assert_array_equal(np.ma.getmaskarray(image.get_array()), ~solid)
