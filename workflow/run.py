# SPDX-License-Identifier: GPL-3.0-or-later
"""The script behind every rule: run one job, described by two lines of JSON.

    python workflow/run.py LOG THREADS GPUS CALL FILES

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

from mesobayes.record.logs import job_log


def main(log: str, threads: str, gpus: str, call: str, files: str) -> None:
    """Run one job with its output in a log."""
    with job_log(log, int(threads), int(gpus)):
        execute({**json.loads(call), **json.loads(files), "text": call, "log": log})


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
    inputs, outputs = as_list(call["inputs"]), as_list(call["outputs"])
    lineage = lineage_of(
        *(inputs, outputs, config_hash(settings), call["run"]["scale"]),
        benchmark=benchmark_of(call.get("log", "")),
        configuration=os.environ.get("MESOBAYES_CONFIGURATION", ""),
        commit=os.environ.get("MESOBAYES_COMMIT", ""),
    )
    first = Path(outputs[0])
    checkpoint = None
    if first.name.endswith(".zarr.zip"):
        root = Path("results", call["run"]["scale"])
        inside = first.relative_to(root) if first.is_relative_to(root) else Path(first.name)
        name = f"{first.name.removesuffix('.zarr.zip')}.{lineage.settings_hash}.npz"
        checkpoint = root / "checkpoints" / inside.with_name(name)
    origin = {key: value for key, value in call["run"].items() if key != "overrides"}
    return Run(
        **origin,
        config_hash=config_hash(settings),
        overrides=tuple(call["run"]["overrides"]),
        call=call.get("text", ""),
        checkpoint=checkpoint,
        lineage=lineage,
    )


def as_list(files: dict) -> list[str]:
    """Return every path below the names of inputs or outputs."""
    return [path for value in files.values() for path in ([value] if isinstance(value, str) else value or [])]


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
    main(*sys.argv[1:])
