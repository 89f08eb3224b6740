# SPDX-License-Identifier: GPL-3.0-or-later
"""What results say of themselves: fit and unfit to their inputs, in the right order of time."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from mesobayes.record.memory import load_folder, order_times, read_folder, save_folder, unfit
from mesobayes.record.provenance import Lineage, Run
from mesobayes.record.store import write_store

A, B = "results/smoke/a.zarr.zip", "results/smoke/b.zarr.zip"


@pytest.fixture
def chain(tmp_path, monkeypatch):
    """A store, a store made from it, and a figure with a picture made from that."""
    monkeypatch.chdir(tmp_path)
    write(A, 3)
    write(B, 4, A)
    content = read_folder(Path("results"), "smoke", {})[B].content
    record = {"call": "c", "made_from": [[B, content]], "outputs": ["results/f.json", "results/f.pdf"]}
    Path("results/f.json").write_text(json.dumps(record))
    Path("results/f.pdf").touch()


def write(path, length, *inputs):
    known = read_folder(Path("results"), "smoke", {})
    lineage = Lineage(made_from=tuple((file, known[file].content) for file in inputs), outputs=(path,))
    run = Run("toy", "smoke", "s", call="c", lineage=lineage)
    write_store(xr.Dataset({"x": ("i", np.arange(float(length)))}), path, "toy/x", run)


def read(before=None):
    return read_folder(Path("results"), "smoke", before or {})


def times():
    return [os.stat(path).st_mtime_ns for path in (A, B, "results/f.json", "results/f.pdf")]


def test_times_follow_the_order_in_which_things_were_made(chain):
    for number, path in enumerate((A, B, "results/f.json", "results/f.pdf")):
        os.utime(path, (1000 - number, 1000 - number))
    folder = read()
    assert unfit(folder) == set()
    order_times(folder, set())
    assert times() == [10**12] * 4
    assert folder == read()  # as it is now, so that nothing is read again


def test_a_result_whose_input_holds_something_else_is_unfit_and_its_time_stays(chain):
    write(A, 5)
    os.utime(B, (1, 1))
    folder = read()
    assert unfit(folder) == {B}
    order_times(folder, {B})
    assert os.stat(B).st_mtime_ns == 10**9


def test_the_same_content_written_again_is_the_same(chain):
    write(A, 3)
    assert unfit(read()) == set()


def test_an_input_that_is_gone_makes_nothing_unfit(chain):
    Path(A).unlink()
    folder = read()
    assert unfit(folder) == set()
    order_times(folder, set())


def test_what_is_known_is_kept_and_unchanged_files_are_not_read_again(chain, monkeypatch):
    folder = read()
    save_folder(Path("kept.json"), folder, {"a": ["b"]})
    kept, accepted = load_folder(Path("kept.json"))
    assert accepted == {"a": ["b"]}
    monkeypatch.setattr("mesobayes.record.memory.read_origin", pytest.fail)
    again = read(kept)
    assert {path: known.content for path, known in again.items()} == {
        path: known.content for path, known in folder.items()
    }
    Path("kept.json").write_text("{")
    assert load_folder(Path("kept.json")) == ({}, {})


@pytest.mark.parametrize("content", [b"", b"PK broken", b"{}", b"[1]"])
def test_a_file_that_says_nothing_is_known_by_its_bytes(chain, content):
    for name in ("results/smoke/c.zarr.zip", "results/g.json"):
        Path(name).write_bytes(content)
        assert read()[name].call == ""
