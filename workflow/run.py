# SPDX-License-Identifier: GPL-3.0-or-later
"""The script behind every rule: run one job, described by two lines of JSON.

    python workflow/run.py LOG THREADS GPUS MEM_MB CALL FILES

CALL names a function, its arguments and the run it belongs to; FILES its inputs and outputs. Arguments are
rebuilt from the type hints of the function; files come under their names in the rule, as paths. A function
with parameters ``inputs`` or ``outputs`` gets all of them in one mapping instead.
"""

import contextlib
import gc
import importlib
import json
import os
import sys
import typing
from collections.abc import Iterator
from pathlib import Path

from mesobayes.record.job import Job, run_job


def main(log: str, threads: str, gpus: str, mem_mb: str, call: str, files: str) -> int:
    """Run one job with its output in a log; return its exit status."""
    job = Job(Path(log), int(threads), int(gpus), int(mem_mb))
    content = {**json.loads(call), **json.loads(files), "text": call, "log": log}
    return run_job(lambda: execute(content), job)


def execute(call: dict) -> None:
    """Call the function that a job names; its checkpoint goes once its outputs are there."""
    module, _, name = call["function"].partition(":")
    with loading():
        function = getattr(importlib.import_module(module), name)
        hints = typing.get_type_hints(function, include_extras=True)
        run = run_of(call)
        values = {key: rebuilt(hints[key], value) for key, value in call["arguments"].items()}
    for kind in ("inputs", "outputs"):
        files = {key: as_paths(value) for key, value in call[kind].items()}
        values |= {kind: files} if kind in hints else files
    if "registry" in hints:
        values["registry"] = Path(__file__).with_name("figures.yaml")
    function(**values, run=run)
    if run.checkpoint is not None:
        run.checkpoint.unlink(missing_ok=True)


@contextlib.contextmanager
def loading() -> Iterator[None]:
    """Collect no garbage while libraries load, a third of that time, and do not search them for it later."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def run_of(call: dict):
    """Return what the job knows of itself; which samples a batch holds is no setting.

    The checkpoint of a fit carries the hash of its settings, and of those behind its inputs, in its name.
    """
    from mesobayes.record.lineage import benchmark_of, lineage_of
    from mesobayes.record.provenance import Run, config_hash

    settings = {key: value for key, value in call["arguments"].items() if key != "indices"}
    inputs, outputs = files_of(call["inputs"]), files_of(call["outputs"])
    lineage = lineage_of(
        *(inputs, outputs, config_hash(settings), call["run"]["scale"]),
        benchmark=benchmark_of(call.get("log", "")),
        configuration=os.environ.get("MESOBAYES_CONFIGURATION", ""),
        commit=os.environ.get("MESOBAYES_COMMIT", ""),
    )
    first = Path(outputs[0])
    checkpoint = None
    if first.name.endswith(".zarr.zip"):
        root = f"results/{call['run']['scale']}/"  # of this folder, or of the copy of an object store
        _, found, inside = f"/{first.as_posix()}".rpartition(f"/{root}")
        name = Path(inside) if found else Path(first.name)
        stem = f"{name.name.removesuffix('.zarr.zip')}.{lineage.settings_hash}"
        checkpoint = Path(root, "checkpoints", name.with_name(f"{stem}.npz"))
    origin = {key: value for key, value in call["run"].items() if key != "overrides"}
    return Run(
        **origin,
        config_hash=config_hash(settings),
        overrides=tuple(call["run"]["overrides"]),
        call=call.get("text", ""),
        checkpoint=checkpoint,
        lineage=lineage,
    )


def files_of(named: dict) -> list[str]:
    """Return every path below the names of inputs or of outputs, each of which may be one, many or none."""
    return [path for files in named.values() for path in ([files] if isinstance(files, str) else files or [])]


def rebuilt(hint: object, value: object) -> object:
    """Return a plain value as what a type hint asks for: a settings record, a tuple, a path."""
    from pydantic import TypeAdapter

    return TypeAdapter(hint).validate_json(json.dumps(value))


def as_paths(files: str | list[str] | None) -> Path | list[Path] | None:
    """Return the path of a file, the paths of a list, or None where a rule has none."""
    if isinstance(files, list):
        return [Path(file) for file in files]
    return None if files is None else Path(files)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
