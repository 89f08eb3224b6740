# SPDX-License-Identifier: GPL-3.0-or-later
"""One sample of a large run alone: the job of its batch with one number, and the same sample bit for bit."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from mesobayes.command.sample_picture import draw_sample, is_field
from mesobayes.command.testcase import alone, is_same, parts_of, values_of
from mesobayes.record.errors import MesobayesError
from mesobayes.record.provenance import Run
from mesobayes.record.store import open_store, write_store

ROOT = Path(__file__).parents[2]


def test_a_sample_is_named_by_study_family_and_number():
    assert parts_of("stress/ellipse3/17") == ("stress/ellipse3", 17)
    for wrong in ("ellipse3/17", "stress/ellipse3", "stress/ellipse3/-1", "a/b/c/1"):
        with pytest.raises(MesobayesError, match="such as stress/ellipse3/17"):
            parts_of(wrong)


def test_the_job_is_that_of_the_batch_with_one_number_and_files_of_its_own():
    call = json.dumps({"arguments": {"indices": [0, 1, 2], "side": 4.0}, "function": "f", "run": {}})
    files = json.dumps({"inputs": {}, "outputs": {"store": "results/smoke/a/b/batches/0000.zarr.zip"}})
    place = Path("testcases/smoke/a/b/7")
    words = ["python", "run.py", "logs/x.log", "1", "0", "2000", call, files]
    (*_, log, threads, gpus, memory, call, files), size = alone(words, 7, place, Path("own.log"))
    assert size == 3
    assert (log, threads, gpus, memory) == ("own.log", "1", "0", "2000")
    assert json.loads(call)["arguments"] == {"indices": [7], "side": 4.0}
    assert json.loads(files)["outputs"] == {"store": "testcases/smoke/a/b/7.zarr.zip"}


def specimens(numbers, value=0.5):
    shape = (len(numbers), 2, 3, 4)
    return xr.Dataset(
        {
            "damage": (("specimen", "x", "y", "z"), np.full(shape, value), {"units": "1"}),
            "failed_voxel": (("specimen", "axis"), np.ones((len(numbers), 3), int), {"units": "voxel"}),
            "seconds": ("specimen", np.random.default_rng().random(len(numbers)), {"units": "s"}),
            "status": ("specimen", np.zeros(len(numbers), int)),
        },
        {"specimen": list(numbers)},
    )


def test_values_are_said_with_their_units_and_fields_are_left_to_the_picture():
    said = values_of(specimens([7]))
    assert said["status"] == 0
    assert said["values"]["failed_voxel"] == {"value": [1, 1, 1], "units": "voxel"}
    assert set(said["values"]) == {"failed_voxel", "seconds"}


def test_a_sample_is_compared_with_that_of_the_run_but_for_times(tmp_path):
    batch = tmp_path / "0000.zarr.zip"
    assert is_same(specimens([1]), batch, 1) is None
    write_store(specimens([0, 1]), batch, "failure/specimens", Run("failure", "smoke", "s"))
    assert is_same(specimens([1]), batch, 1) is True
    assert is_same(specimens([1], value=0.6), batch, 1) is False
    assert is_same(specimens([5]), batch, 5) is None


def test_a_picture_shows_fields_of_planes_and_slices_of_volumes(tmp_path):
    data = specimens([7])
    assert [name for name in data.data_vars if is_field(data[name])] == ["damage"]
    draw_sample(data, "specimen", "failure/fast/7", tmp_path / "7.png")
    assert (tmp_path / "7.png").stat().st_size > 1000


def test_one_cell_of_a_run_is_computed_without_touching_the_results(tmp_path):
    for name in ("Snakefile", "config.yaml", "workflow", "profiles", "envs", "src"):
        (tmp_path / name).symlink_to(ROOT / name)
    command = [
        sys.executable,
        "-m",
        "mesobayes.command.main",
        "testcase",
        "permeability/mono/61",
        "--scale",
        "smoke",
    ]
    done = subprocess.run(command, cwd=tmp_path, env=os.environ, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    facts = json.loads((tmp_path / "testcases/smoke/permeability/mono/61.json").read_text("utf-8"))
    assert facts["batch"] == "results/smoke/permeability/mono/batches/0002.zarr.zip"
    assert facts["same_as_in_the_run"] is None
    assert facts["memory_gb"] > 0.05
    assert open_store(tmp_path / "testcases/smoke/permeability/mono/61.zarr.zip")["sample"].values == [61]
    assert not (tmp_path / "results").exists()
    wrong = subprocess.run(
        [*command[:4], "permeability/none/1"],
        cwd=tmp_path,
        env=os.environ,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert wrong.returncode == 1
    assert wrong.stderr.splitlines()[-1].startswith("error: nothing makes results/")
