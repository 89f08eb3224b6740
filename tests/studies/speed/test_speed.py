# SPDX-License-Identifier: GPL-3.0-or-later
"""Records of benchmarks: read, refused, drawn."""

import json
from pathlib import Path

import numpy as np
import pytest

from mesobayes.drawing.style import drawing_style
from mesobayes.record.errors import StoreError
from mesobayes.studies.speed.figures.peers import benchmark_peers
from mesobayes.studies.speed.figures.scaling import scaling
from mesobayes.studies.speed.records import read_problems, read_series

RECORDS = Path(__file__).parents[3] / "benchmarks" / "records"
MADE = {
    "machine": {"processor": "abacus", "cores": 2, "load_before": 0.1, "load_after": 0.3},
    "versions": {"python": "3.11"},
    "date": "2026-01-01",
    "command": "python benchmarks/x.py",
}


def row(solver, whose, cpu, difference=None):
    return {
        "solver": solver,
        "whose": whose,
        "cpu": cpu,
        "wall": [2 * s for s in cpu],
        "difference": difference,
    }


def problem(name, rows, floor=0.01):
    floor = floor and {"seconds": floor, "because": "operations"}
    content = {"problem": name, "title": name, "size": {"unknowns": 10}, "rows": rows, "floor": floor}
    return content | MADE


def series(name, quantity, size, seconds, floor=None):
    words = {"series": name, "title": name, "quantity": quantity, "clock": "cpu", "because": "operations"}
    return words | {"size": size, "seconds": seconds, "floor": floor} | MADE


def written(folder, **contents):
    paths = []
    for name, content in contents.items():
        paths.append(folder / f"{name}.json")
        paths[-1].write_text(json.dumps(content))
    return paths


@pytest.fixture
def peers(tmp_path):
    rows = [
        row("ours", "ours", [1.0, 2.0, 4.0]),
        row("slow", "theirs", [10.0, 10.0, 80.0], 1e-6),
        row("fast", "theirs", [0.5], 0.0),
    ]
    return written(tmp_path, plate=problem("plate", rows), bar=problem("bar", rows[:2], None))


def test_ratios_are_taken_round_by_round_so_that_hard_problems_do_not_count_more(peers):
    (plate, _) = read_problems(peers)
    ours, slow, fast = plate.solvers
    np.testing.assert_array_equal(plate.ratios(ours), [1, 1, 1])
    np.testing.assert_array_equal(plate.ratios(slow), [10, 5, 20])
    np.testing.assert_array_equal(plate.ratios(fast), [0.5])  # one round only
    np.testing.assert_array_equal(plate.ratios(slow, "wall"), plate.ratios(slow))


def test_the_figure_shows_every_solver_those_that_are_faster_as_plainly(peers):
    with drawing_style():
        drawing = benchmark_peers(peers)
        drawing.figure.canvas.draw()
    assert set(drawing.drawn) == {"plate", "bar"}
    assert drawing.drawn["plate"]["CPU time over ours"] == {
        "ours": [1.0, 1.0, 1.0],
        "slow": [10.0, 5.0, 20.0],
        "fast": [0.5],
    }
    assert drawing.drawn["plate"]["floor over ours"] == pytest.approx(0.005)
    assert drawing.drawn["bar"]["floor over ours"] is None
    shown = {label.get_text() for axes in drawing.figure.axes for label in axes.get_yticklabels()}
    assert {"ours", "slow", "fast"} <= shown
    assert not drawing.numbers


def test_the_exponent_of_a_power_law_is_found(tmp_path):
    size = [10, 100, 1000]
    seconds = [[2e-3 * n**1.5, 2.2e-3 * n**1.5, 1.8e-3 * n**1.5] for n in size]
    paths = written(
        tmp_path,
        pixels=series("pixels", "pixels", size, seconds, [1e-3 * n for n in size]),
        cores=series("cores", "processes", [1], [[1.0]]),
    )
    pixels, cores = read_series(paths)
    assert pixels.slope == pytest.approx(1.5)
    assert cores.slope is None
    with drawing_style():
        drawing = scaling(paths)
        drawing.figure.canvas.draw()
    assert drawing.drawn["pixels"]["exponent"] == pytest.approx(1.5)
    assert drawing.drawn["pixels"]["pixels"] == size
    assert drawing.drawn["cores"]["floor"] is None


@pytest.mark.parametrize(
    "spoil",
    [
        lambda content: content.pop("rows"),
        lambda content: content["rows"].clear(),
        lambda content: content["rows"][0].update(whose="somebody's"),
        lambda content: content["rows"][1].update(cpu=[0.0]),
        lambda content: content["rows"][1].update(wall=[]),
        lambda content: content.pop("machine"),
    ],
)
def test_what_is_no_record_is_refused_by_name(tmp_path, spoil):
    content = problem("plate", [row("ours", "ours", [1.0]), row("slow", "theirs", [2.0])])
    spoil(content)
    (path,) = written(tmp_path, plate=content)
    with pytest.raises(StoreError, match=r"plate\.json is no record of a benchmark"):
        read_problems([path])


def test_a_series_with_missing_rounds_is_refused(tmp_path):
    (path,) = written(tmp_path, one=series("pixels", "pixels", [1, 2], [[1.0, 1.0]]))
    with pytest.raises(StoreError, match="is no record"):
        read_series([path])


def test_the_records_of_the_repository_say_where_when_and_how_they_were_made():
    problems = read_problems(sorted(RECORDS.glob("problem_*.json")))
    found = read_series(sorted(RECORDS.glob("scaling_*.json")))
    assert problems
    assert found
    for one in [*problems, *found]:
        assert one.made["command"].startswith("python benchmarks/")
        assert {"python", "jax", "numpy"} <= set(one.made["versions"])
        assert "/tmp" not in json.dumps(one.made)
    for one in problems:
        assert one.solvers[0].ours
        assert any(not solver.ours for solver in one.solvers)
