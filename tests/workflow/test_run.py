# SPDX-License-Identifier: GPL-3.0-or-later
"""The one script behind every rule: arguments from type hints, files by name, a checkpoint that goes."""

import gc
import importlib.util
import json
import re
import sys
import types
from pathlib import Path

import pytest

from mesobayes.fem.plate.settings import MeshSettings
from mesobayes.record.provenance import Run
from mesobayes.record.settings import plain

PATH = Path(__file__).parents[2] / "workflow" / "run.py"
SPEC = importlib.util.spec_from_file_location("run_script", PATH)
script = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(script)

seen = {}


def stage(
    batches: list[Path],
    start: Path | None,
    store: Path,
    mesh: MeshSettings,
    indices: tuple[int, ...],
    run: Run,
) -> None:
    seen.update(batches=batches, start=start, store=store, mesh=mesh, indices=indices, run=run)


def whole(inputs: dict[str, Path], outputs: dict[str, Path], run: Run) -> None:
    seen.update(inputs=inputs, outputs=outputs, collecting=gc.isenabled())


@pytest.fixture(autouse=True)
def module(monkeypatch, tmp_path):
    made = types.ModuleType("stages_of_a_test")
    made.stage, made.whole = stage, whole
    monkeypatch.setitem(sys.modules, "stages_of_a_test", made)
    monkeypatch.chdir(tmp_path)
    seen.clear()


def call(function="stage", **changes):
    arguments = {"mesh": plain(MeshSettings(order=1)), "indices": [3, 4]}
    content = {
        "function": f"stages_of_a_test:{function}",
        "arguments": arguments if function == "stage" else {},
        "run": {"study": "stress", "scale": "smoke", "seed": "s", "code_hash": "c", "overrides": []},
        "inputs": {"batches": ["a", "b"], "start": None},
        "outputs": {"store": "results/smoke/stress/ellipse3/fit.zarr.zip"},
    }
    return content | changes


def test_arguments_are_rebuilt_from_the_type_hints_and_files_come_as_paths():
    script.execute(call())
    assert seen["mesh"] == MeshSettings(order=1)
    assert seen["indices"] == (3, 4)
    assert seen["batches"] == [Path("a"), Path("b")]
    assert seen["start"] is None
    assert seen["store"] == Path("results/smoke/stress/ellipse3/fit.zarr.zip")


def test_which_samples_a_batch_holds_is_no_setting():
    first, second = (script.run_of(call(arguments={"indices": [i], "side": 1.0})) for i in (0, 1))
    assert first == second
    assert first != script.run_of(call(arguments={"indices": [0], "side": 2.0}))


def test_a_checkpoint_has_the_path_of_the_output_and_goes_after_success():
    path = script.run_of(call()).checkpoint
    assert path.parent == Path("results/smoke/checkpoints/stress/ellipse3")
    assert re.fullmatch(r"fit\.[0-9a-f]{16}\.npz", path.name)
    path.parent.mkdir(parents=True)
    path.touch()
    script.execute(call())
    assert not path.exists()


def test_a_detour_to_another_configuration_leaves_the_checkpoint_alone():
    detour = call(arguments={"mesh": plain(MeshSettings(order=2)), "indices": [3, 4]})
    path, other = (script.run_of(content).checkpoint for content in (call(), detour))
    path.parent.mkdir(parents=True)
    path.touch()
    script.execute(detour)
    assert path.exists()
    assert other != path


def test_the_registry_is_the_one_beside_the_script_wherever_the_job_runs(monkeypatch):
    asked = {}
    module = sys.modules["stages_of_a_test"]
    module.registered = with_registry(asked)
    script.execute({**call(), "function": "stages_of_a_test:registered", "arguments": {}})
    assert asked["registry"] == PATH.with_name("figures.yaml")


def with_registry(asked):
    def registered(batches: list[Path], start: Path | None, store: Path, registry: Path, run: Run) -> None:
        asked["registry"] = registry

    return registered


def test_a_function_may_ask_for_all_files_in_one_mapping():
    script.execute(call("whole"))
    assert seen["inputs"] == {"batches": [Path("a"), Path("b")], "start": None}
    assert seen["outputs"] == {"store": Path("results/smoke/stress/ellipse3/fit.zarr.zip")}


def test_garbage_is_collected_in_the_job_but_not_while_its_libraries_load(monkeypatch):
    while_loading = []

    def load(name):
        while_loading.append(gc.isenabled())
        return sys.modules[name]

    monkeypatch.setattr(script.importlib, "import_module", load)
    script.execute(call("whole"))
    assert while_loading == [False]
    assert seen["collecting"]
    with pytest.raises(KeyError):
        script.execute({**call(), "function": "no_such_module:stage"})
    assert gc.isenabled()


def test_a_run_holds_what_its_job_was_called_with():
    content = call()
    script.execute({**content, "text": json.dumps(content)})
    assert seen["run"].call == json.dumps(content)


def test_a_checkpoint_stays_in_the_folder_where_results_lie_in_an_object_store():
    output = {"store": ".snakemake/storage/s3/bucket/mine/results/smoke/stress/ellipse3/fit.zarr.zip"}
    assert script.run_of(call(outputs=output)).checkpoint == script.run_of(call()).checkpoint
