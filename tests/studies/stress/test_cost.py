# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pytest
import xarray as xr

from mesobayes.drawing.style import drawing_style
from mesobayes.record.provenance import Run
from mesobayes.studies.stress.figures.cost import mechanics_cost
from studies.stress.predicted import NETWORKS, counted, mechanics, predictions

RUN = Run("stress", "small", "seed")
PATCHES = 120
ERRORS = {"superposition": 0.3, "pores": 0.2, "edges": 0.15, "whole": 0.1}
SECONDS = (2e-5, 3e-3, 5e-3, 8e-3, 4e-3)


@pytest.fixture(autouse=True)
def _style():
    with drawing_style():
        yield


def windowed():
    found = mechanics(PATCHES, **ERRORS)
    shares = np.clip(np.linspace(0.3, 0.9, 6)[:, None] + [-0.2, 0.0, 0.1], 0, 1)
    return found.assign_coords(
        window=[10.0, 14.0, 18.0, 24.0, 32.0, 50.0], threshold=[0.05, 0.1, 0.2]
    ).assign(
        seconds=("mechanics", list(SECONDS)),
        accuracy=(("window", "threshold"), shares),
        window_max=(("window", "window_patch"), np.ones((6, 40))),
    )


def timed():
    one = np.array([[1e-3, 1.6e-2], [2e-3, 3.2e-2]])
    return xr.Dataset(
        {"seconds": (("repeat", "network", "how"), np.stack([0.9 * one, 1.1 * one]))},
        {"network": ["modern", "local"], "how": ["one pass", "draws"]},
        {"patches": 64, "draws": 16},
    )


def benchmark(path, cpu):
    path.write_text(f"s\th:m:s\tmax_rss\tcpu_time\n99\t0:00:01\t-\t{cpu}\n", encoding="utf-8")
    return path


def models():
    return [
        [
            store
            for network, error in (("modern", poor), ("local", good))
            for store in predictions(error, network=network, patches=PATCHES, labels=labels)
        ]
        for labels, poor, good in ((60, 0.3, 0.12), (300, 0.2, 0.08), (3500, 0.12, 0.06))
    ]


def drawn(tmp_path):
    solves = [benchmark(tmp_path / f"{number}.tsv", 3.0) for number in range(2)]
    seen = [benchmark(tmp_path / "channels.tsv", 0.6)]
    few, some, full = models()
    return mechanics_cost(windowed(), timed(), few, some, full, solves, seen, NETWORKS, 4, RUN), full


def test_costs_are_those_of_a_patch_and_pixel_networks_pay_for_their_channels(tmp_path):
    drawing, full = drawn(tmp_path)
    facts = drawing.drawn
    assert facts["finite elements, ms a patch"] == pytest.approx(6000 / PATCHES)
    assert facts["networks"]["modern"][0]["milliseconds"] == pytest.approx(1.0)
    assert facts["networks"]["local"][0]["milliseconds"] == pytest.approx(2.0 + 600 / PATCHES)
    assert facts["methods"]["pores"]["milliseconds"] == pytest.approx(5.0)
    assert facts["with draws, ms a patch"]["modern"] == pytest.approx(16.0)
    shares = [100 * counted(store) for store in full if store.attrs["network"] == "modern"]
    assert facts["networks"]["modern"][2]["shares"] == pytest.approx(shares)


def test_every_method_network_and_window_is_drawn_once(tmp_path):
    figure = drawn(tmp_path)[0].figure
    left, right = figure.axes
    assert len(left.get_legend_handles_labels()[1]) == 2 * 3 + 1
    assert len([line for line in right.lines if len(line.get_xdata()) == 6]) == 3
    texts = {text.get_text().replace("\n", " ") for text in left.texts}
    assert {"superposition of pores", "interacting pores", "tuned macro Tresca"} <= texts
