# SPDX-License-Identifier: GPL-3.0-or-later
"""The scripts of benchmarks: what they count, what they write, and that a stop loses nothing."""

import importlib
import json
import sys
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def module(name):
    sys.path.insert(0, str(BENCHMARKS))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(BENCHMARKS))


def test_a_dense_matrix_costs_the_sum_of_squares_and_a_diagonal_one_a_step_a_column():
    floors = module("floors")
    n = 7
    dense = sp.csc_matrix(np.tril(np.ones((n, n)) + n * np.eye(n)))
    assert floors.cholesky_operations(dense) == sum(k**2 for k in range(1, n + 1))
    assert floors.cholesky_operations(sp.eye(n, format="csc")) == n


def test_a_training_step_of_a_dense_layer_counts_three_products():
    floors = module("floors")
    weights = np.ones((30, 20), np.float32)
    operations = floors.training_operations(lambda x: x @ weights, np.ones((8, 30), np.float32))
    assert operations == 3 * 8 * 2 * 30 * 20


def test_floors_are_work_over_the_best_rate_of_this_machine():
    floors = module("floors")
    floor = floors.memory_floor(2e9, "fields")
    assert 0.001 < floor.seconds < 100
    assert "2.00e+09 bytes of fields at" in floor.because
    assert floors.best_rate(lambda: sum(range(1000)), 1.0, repeats=2) > 0


def test_a_record_says_all_that_a_figure_needs_but_not_where_it_was_written(tmp_path, monkeypatch):
    record = module("record")
    monkeypatch.setattr(sys, "argv", ["/x/fem_solve.py", "--meshes", "1", "--records", str(tmp_path)])
    rows = [
        record.Row("ours", "ours", [1.0], [0.5]),
        record.their_row("other", [{"wall": 2.0, "cpu": 1.0, "difference": 1e-6}]),
    ]
    record.write_record(tmp_path, "plate", "a plate", {"unknowns": 3}, rows, None, {"other": "1.2"})
    content = json.loads((tmp_path / "problem_plate.json").read_text())
    assert content["command"] == "python benchmarks/fem_solve.py --meshes 1"
    assert content["rows"][1] == {
        **{"solver": "other", "whose": "theirs", "wall": [2.0], "cpu": [1.0], "difference": 1e-6}
    }
    assert content["versions"]["other"] == "1.2"
    assert content["machine"]["cores"] >= 1


def test_rounds_take_turns_and_all_of_them_are_kept():
    turns = module("side_by_side")
    order = []

    def step(name, seconds):
        return lambda: (order.append(name), seconds)[1]

    found = turns.take_turns({"a": step("a", (2.0, 1.0)), "b": step("b", (4.0, 3.0))}, 2)
    assert order == ["a", "b", "a", "b"]
    np.testing.assert_array_equal(found["a"], [[2, 1], [2, 1]])
    rows = turns.rows_of(found, {"b"})
    assert [(row.solver, row.whose, row.cpu) for row in rows] == [
        ("a", "ours", [1, 1]),
        ("b", "theirs", [3, 3]),
    ]


@pytest.fixture
def pieces():
    return module("pieces")


WRITE = (
    "import sys, pathlib; folder = pathlib.Path(sys.argv[-1]); folder.mkdir(parents=True, exist_ok=True); "
)


def commands(*good):
    """Two pieces of which those named write their record, and the others fail."""
    return {
        name: [sys.executable, "-c", WRITE + f"(folder / 'problem_{name}.json').write_text('{name}')"]
        if name in good
        else [sys.executable, "-c", "raise SystemExit(3)"]
        for name in ("one", "two")
    }


def test_what_is_done_is_not_run_again_and_records_are_published_together(pieces, tmp_path, capsys):
    waiting, records = tmp_path / "waiting", tmp_path / "records"
    known = {name: ("x.py", (), (f"problem_{name}",), True) for name in ("one", "two")}
    assert not pieces.run_pieces(known, commands("one"), waiting, records)
    assert not records.exists()
    assert "two: failed with 3 after" in capsys.readouterr().out
    assert pieces.run_pieces(known, commands("two"), waiting, records)  # one would fail now
    assert "one: done before" in capsys.readouterr().out
    assert {path.name for path in records.iterdir()} == {"problem_one.json", "problem_two.json"}
    assert not list(waiting.iterdir())


def test_every_piece_calls_a_script_that_is_there_and_peers_go_to_those_that_take_them(pieces):
    for piece in [*pieces.PEERS.values(), *pieces.SCALING.values()]:
        words = pieces.command(piece, "peer/python")
        script = Path(words[1])
        text = script.read_text()
        assert ("--peers" in words) == ('"--peers"' in text)
        assert '"--records"' in text
    assert {record for piece in pieces.PEERS.values() for record in piece[2]} >= {"problem_cell_3d"}


def test_the_bar_of_a_peer_has_the_solid_voxels_and_two_corners_that_hold_it():
    bar = module("bar_solve")
    pores = np.zeros((2, 3, 4), bool)
    pores[0, 0, 0] = pores[1, 2, 3] = True
    mesh = bar.mesh_of(pores)
    assert mesh["cells"].shape == (22, 8)
    assert len(mesh["points"]) == 3 * 4 * 5 - 2  # the corners of the bar that only the voids have
    volumes = np.ptp(mesh["points"][mesh["cells"]], axis=1)
    np.testing.assert_array_equal(volumes, 1.0)
    first, second = mesh["pins"]
    assert first[2] == second[2] == 0
    assert first[1] == second[1]
    assert first[0] != second[0]
