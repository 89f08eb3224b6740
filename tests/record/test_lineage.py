# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands behind a job, and inputs that do not belong together."""

import numpy as np
import pytest
import xarray as xr

from mesobayes.record.content import data_hash
from mesobayes.record.errors import StoreError
from mesobayes.record.files import content_hash
from mesobayes.record.lineage import benchmark_of, lineage_of, read_origin, refuse_mixed
from mesobayes.record.provenance import Lineage, Run
from mesobayes.record.store import open_store, write_store


def write(path, value, settings="s", scale="smoke", made_from=()):
    run = Run("toy", scale, "seed", call="c", lineage=Lineage(settings, tuple(made_from)))
    data = xr.Dataset({"x": ("i", np.full(3, value)), "name": ("i", ["a", "b", "c"])}, attrs={"n": (1, 2)})
    write_store(data, path, "toy/x", run)
    return str(path), open_store(path).attrs["content_hash"]


def test_a_lineage_holds_the_content_of_every_input_and_the_settings_behind_them(tmp_path):
    store, content = write(tmp_path / "a.zarr.zip", 1.0)
    text = tmp_path / "b.tsv"
    text.write_text("1")
    found = lineage_of([str(text), store, str(tmp_path / "gone")], ["out"], "own", "smoke")
    assert found.made_from == ((store, content), (str(text), content_hash(text)))
    assert found.outputs == ("out",)
    other, _ = write(tmp_path / "a.zarr.zip", 1.0, settings="t")
    assert lineage_of([other], [], "own", "smoke").settings_hash != found.settings_hash
    assert lineage_of([store], [], "other", "smoke").settings_hash != found.settings_hash


def test_the_hash_of_a_content_is_that_of_what_is_read_back_whoever_wrote_it(tmp_path):
    path, content = write(tmp_path / "a.zarr.zip", 1.0)
    assert data_hash(open_store(path)) == content
    assert write(tmp_path / "b.zarr.zip", 1.0, settings="t")[1] == content
    assert write(tmp_path / "c.zarr.zip", 2.0)[1] != content


def test_inputs_of_another_scale_are_refused(tmp_path):
    store, _ = write(tmp_path / "a.zarr.zip", 1.0, scale="paper")
    with pytest.raises(StoreError, match=r"a\.zarr\.zip is of scale paper, not smoke: delete it"):
        lineage_of([store], [], "own", "smoke")


def test_inputs_that_were_made_from_different_things_are_refused_by_name():
    def origin(*made_from):
        return {"scale": "smoke", "made_from": [list(pair) for pair in made_from]}

    refuse_mixed({"a": origin(("p", "1")), "b": origin(("p", "1"))}, {"a": "x", "b": "y", "p": "1"}, "smoke")
    with pytest.raises(StoreError, match="b was made from another p than the one behind a: delete it"):
        refuse_mixed({"a": origin(("p", "1")), "b": origin(("p", "2"))}, {}, "smoke")
    with pytest.raises(StoreError, match="a was made from another p than the one beside it"):
        refuse_mixed({"a": origin(("p", "1")), "p": {}}, {"a": "x", "p": "2"}, "smoke")


def test_inputs_made_with_other_libraries_are_told_of_once(tmp_path, capsys, monkeypatch):
    stores = [write(tmp_path / f"{name}.zarr.zip", 1.0)[0] for name in "ab"]
    lineage_of(stores, [], "own", "smoke")
    assert capsys.readouterr().out == ""
    here = {**read_origin(stores[0])["versions"], "numpy": "9.9"}
    monkeypatch.setattr("mesobayes.record.lineage.versions", lambda: here)
    lineage_of(stores, [], "own", "smoke")
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith(f"note: {stores[0]} was made with numpy ")
    assert line.endswith("(here 9.9)")


def test_the_times_of_a_job_lie_beside_its_log():
    assert benchmark_of("logs/small/fit/a_b.log") == "results/small/benchmarks/fit/a_b.tsv"
    assert benchmark_of("") == ""
