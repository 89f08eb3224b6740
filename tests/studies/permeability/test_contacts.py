# SPDX-License-Identifier: GPL-3.0-or-later
"""From images to conductances: symmetries, sizes of cells, fits, and cells where nothing is found."""

import numpy as np
import pytest

from mesobayes.geometry.inclusions import sample_cell
from mesobayes.geometry.settings import InclusionFamily
from mesobayes.nets.build import build_network
from mesobayes.nets.settings import ContactNetworkSettings
from mesobayes.record.store import write_store
from mesobayes.studies.permeability.contact_graphs import stacked
from mesobayes.studies.permeability.contact_task import predict_contacts
from mesobayes.studies.permeability.contacts import fit_contact_cells
from mesobayes.studies.permeability.coverage import coverage_of
from mesobayes.studies.permeability.curve import curve_of
from mesobayes.studies.permeability.data import label_cells
from mesobayes.studies.permeability.mechanics import describe_cells, graph_of
from mesobayes.studies.permeability.settings import CellMechanicsSettings, Materials
from mesobayes.studies.permeability.stopped import fit_stopped_cells

DISCS = InclusionFamily("mono", 32, 2, 4.0, 4.0, fraction_max=0.5)
SPHERES = InclusionFamily("spheres", 20, 3, 4.0, 4.0, fraction_max=0.3)
MECHANICS = CellMechanicsSettings(gap=8.0, gap_volume=4.0, misfit_max=0.1, steps=6)


def predict(images, family):
    graphs = [graph_of(image, family, Materials(), MECHANICS)[0] for image in images]
    network = build_network(ContactNetworkSettings(dimension=images[0].ndim), 0)
    return predict_contacts(network, stacked(graphs))


def test_predictions_turn_with_the_image_and_do_not_see_shifts_and_mirrors():
    image = sample_cell(DISCS, np.random.default_rng(0), 0.4).image()
    images = [image, np.roll(image, (3, 7), (0, 1)), image[::-1], image[:, ::-1], image.T]
    whole, *others, turned = predict(images, DISCS)
    for other in others:
        np.testing.assert_allclose(other, whole, atol=2e-4)
    np.testing.assert_allclose(turned, whole[::-1], atol=2e-4)
    assert abs(whole[0] - whole[1]) > 0.01


def test_axes_of_a_volume_are_exchanged_with_its_components():
    image = sample_cell(SPHERES, np.random.default_rng(0), 0.25).image()  # (z, y, x)
    whole, turned = predict([image, np.transpose(image, (2, 0, 1))], SPHERES)  # x, z, y
    np.testing.assert_allclose(turned, whole[[1, 2, 0]], atol=2e-4)


def test_a_cell_and_two_by_two_of_it_have_one_permeability():
    """The size of the cell does not count."""
    image = sample_cell(DISCS, np.random.default_rng(1), 0.4).image()
    np.testing.assert_allclose(predict([np.tile(image, (2, 2))], DISCS), predict([image], DISCS), atol=1e-3)


@pytest.fixture(scope="module")
def chain(settings_of):
    """Cells of discs with all that is fitted to them."""
    settings = settings_of()
    cells = label_cells(DISCS, range(60), "study", Materials(), 1e-6, 2)
    mechanics = describe_cells(cells, DISCS, Materials(), MECHANICS)
    rest = (settings.split, settings.prediction, "study")
    stopped = fit_stopped_cells(cells, mechanics, 5, *rest)
    network, contacts = fit_contact_cells(
        cells, mechanics, stopped, ContactNetworkSettings(), settings.contacts, *rest
    )
    return settings, cells, mechanics, stopped, network, contacts


def test_conductances_and_a_stopped_solver_beat_the_volume_fraction(chain):
    _, _, mechanics, stopped, _, contacts = chain
    assert mechanics["found"].values.all()
    assert stopped.attrs["skill"] > 0.8
    assert contacts.attrs["skill"] > 0.3
    assert contacts.attrs["n_stopped"] == 0
    assert set(contacts.data_vars) >= {"log_mean", "log_truth", "noise_std", "volume_fraction"}


def test_a_cell_without_separate_inclusions_is_predicted_by_the_stopped_solver(chain):
    settings, cells, mechanics, stopped, _, contacts = chain
    hidden = mechanics.assign(found=("sample", np.zeros_like(mechanics["found"].values)))
    seen = mechanics["found"].values.copy()
    seen[np.isin(mechanics["sample"].values, contacts["sample"].values)] = 0
    hidden["found"] = ("sample", seen)
    _, found = fit_contact_cells(
        cells,
        hidden,
        stopped,
        ContactNetworkSettings(),
        settings.contacts,
        settings.split,
        settings.prediction,
        "study",
    )
    assert found.attrs["n_stopped"] == contacts.sizes["sample"]
    np.testing.assert_allclose(found["log_mean"].values, stopped["log_mean"].values)


def test_the_curve_counts_nested_cells_and_knows_the_bounds(chain):
    settings, cells, mechanics, *_ = chain
    curve = curve_of(cells, mechanics, None, settings.contacts, settings.split, "study")
    assert curve["cells"].values.tolist() == [10, 42]
    assert np.all(np.diff(curve["bound_mape"].values) < 0)
    fraction = curve["skill"].sel(model="volume fraction").values
    np.testing.assert_allclose(fraction[-1], 0.0, atol=1e-9)  # it is its own measure
    assert np.all(fraction[0] <= 1e-9)


def test_coverage_is_that_of_the_fit_on_its_own_family(chain, tmp_path, run):
    settings, cells, mechanics, stopped, _, _ = chain
    write_store(stopped, tmp_path / "stopped.zarr.zip", "permeability/fit", run)
    family = cells.assign(mechanics.drop_vars("sample"))
    found = coverage_of([family], {"stopped": stopped}, [], settings.split, settings.prediction, "study")
    assert float(found["coverage_nominal"][0, 0]) == pytest.approx(stopped.attrs["coverage_nominal"])
    assert int(found["labels"][0, 0]) == stopped["log_truth"].size
    assert float(found["skill"][0, 0]) == pytest.approx(stopped.attrs["skill"])
