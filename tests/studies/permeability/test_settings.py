# SPDX-License-Identifier: GPL-3.0-or-later
"""The study's section of the configuration: sizes of networks, lengths of fits, what is refused at once."""

import pytest

from mesobayes.record.errors import SettingsError
from mesobayes.studies.permeability.settings import FITS


def test_a_network_is_sized_by_the_cells_of_its_fit(settings_of):
    settings = settings_of("paper")
    square, cube = settings.network_of("mono_printed"), settings.network_of("spheres_printed")
    assert (square.side, square.dimension, square.outputs) == (256, 2, 2)
    assert (cube.side, cube.dimension, cube.outputs) == (101, 3, 1)


def test_fits_of_the_transfer_study_have_a_length_of_their_own(settings_of):
    settings = settings_of("paper")
    epochs = {name: settings.fit_of(name).epochs for name in FITS}
    assert {epochs[name] for name in FITS if name.startswith(("poly", "overlap"))} == {100}
    assert epochs["mono_printed"] == 300


@pytest.mark.parametrize(
    ("over", "message"),
    [
        (
            {"families": {"spheres": {"side": 12}}},
            "printed network of spheres_printed needs cells of at least",
        ),
        ({"families": {"mono": {"side": 16}}}, "diameter of 16 px does not fit"),
        ({"split": {"validation": 0.5, "test": 0.5}}, "leave nothing for training"),
        ({"fits": {"printed": {"schedule": "linear"}}}, "permeability.fits.printed.schedule"),
        ({"fits": {"bayes": {"weight_decay": 0.01}}}, "Gaussian weights of networks.bayes have their prior"),
        ({"cells": {"mono": {"number": 2}}}, "permeability.cells.mono.number"),
    ],
)
def test_what_no_job_could_do_is_refused_when_the_configuration_is_read(settings_of, over, message):
    with pytest.raises(SettingsError, match=message):
        settings_of(**over)
