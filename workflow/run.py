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
from mesobayes.record.made import is_made


def main(log: str, threads: str, gpus: str, mem_mb: str, call: str, files: str) -> int:
    """Run one job with its output in a log; return its exit status."""
    job = Job(Path(log), int(threads), int(gpus), int(mem_mb))
    return run_job(lambda: execute({**json.loads(call), **json.loads(files), "text": call}), job)


def execute(call: dict) -> None:
    """Call the function that a job names; its checkpoint goes once its outputs are there.

    A second attempt at a chain of jobs begins at its first one: what the first attempt has finished stays.
    """
    if int(os.environ.get("MESOBAYES_ATTEMPT", "1")) > 1 and was_made(call):
        print("made by an earlier attempt")
        return
    module, _, name = call["function"].partition(":")
    with loading():
        function = getattr(importlib.import_module(module), name)
        hints = typing.get_type_hints(function, include_extras=True)
        run = run_of(call)
        values = {key: rebuilt(hints[key], value) for key, value in call["arguments"].items()}
    for kind in ("inputs", "outputs"):
        files = {key: as_paths(value) for key, value in call[kind].items()}
        values |= {kind: files} if kind in hints else files
    function(**values, run=run)
    if run.checkpoint is not None:
        run.checkpoint.unlink(missing_ok=True)


def was_made(call: dict) -> bool:
    """Whether the outputs of a job are there already, made by the same call from the same inputs."""
    outputs, inputs = (
        [Path(file) for files in call[kind].values() for file in listed(files)]
        for kind in ("outputs", "inputs")
    )
    return is_made(outputs, inputs, call["text"])


def listed(files: str | list[str] | None) -> list[str]:
    """Return one file, many or none as a list."""
    return [files] if isinstance(files, str) else files or []


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
    """Return what the job knows of itself; which samples a batch holds is no setting."""
    from mesobayes.record.provenance import Run, config_hash

    settings = {key: value for key, value in call["arguments"].items() if key != "indices"}
    first = Path(next(iter(call["outputs"].values())))
    checkpoint = None
    if first.name.endswith(".zarr.zip"):
        root = f"results/{call['run']['scale']}/"  # of this folder, or of the copy of an object store
        _, found, inside = f"/{first.as_posix()}".rpartition(f"/{root}")
        name = Path(inside) if found else Path(first.name)
        checkpoint = Path(root, "checkpoints", name.with_name(name.name.removesuffix(".zarr.zip") + ".npz"))
    origin = {key: value for key, value in call["run"].items() if key != "overrides"}
    return Run(
        **origin,
        config_hash=config_hash(settings),
        overrides=tuple(call["run"]["overrides"]),
        call=call.get("text", ""),
        checkpoint=checkpoint,
    )


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
