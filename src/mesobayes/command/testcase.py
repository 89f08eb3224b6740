# SPDX-License-Identifier: GPL-3.0-or-later
"""`mesobayes testcase <sample>`: one structure, cell or specimen of a large run, computed alone and shown.

The job is that of the workflow's rule for a batch, with one number instead of many: a sample is a function of
its number, whatever else is in its batch. Everything is written below `testcases`.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mesobayes.command.status import in_words, last_sentence
from mesobayes.command.workflow import scale_of, snakemake
from mesobayes.record.errors import MesobayesError
from mesobayes.record.files import replacing
from mesobayes.record.logs import process_environment

if TYPE_CHECKING:
    import xarray as xr

FOLDER = Path("testcases")
_FORM = (
    "name it by study, family and number, such as stress/ellipse3/17, permeability/poly/3 or failure/fast/5"
)
_VALUES_SHOWN = 12  # of a variable, in the JSON file


def testcase(sample: str, scale: str | None, further: Sequence[str]) -> int:
    """Compute a sample alone, write its store, picture and JSON file, and print the latter.

    Args:
        sample: study, family and number, such as "stress/ellipse3/17".
        scale: by default that of `config.yaml`.
        further: words for Snakemake, such as `--config`.

    Raises:
        MesobayesError: there is no such sample.
    """
    scale, (family, number) = scale_of(scale), parts_of(sample)
    words = job_of(f"results/{scale}/{family}/batches/0000.zarr.zip", scale, further)
    place = FOLDER / scale / family / str(number)
    log = FOLDER / "logs" / scale / family / f"{number}.log"
    command, size = alone(words, number, place, log)
    begin = time.perf_counter()
    status, memory = run(command)
    facts: dict[str, Any] = {
        "sample": sample,
        "scale": scale,
        "batch": f"results/{scale}/{family}/batches/{number // size:04d}.zarr.zip",
        "seconds": round(time.perf_counter() - begin, 1),
        "memory_gb": round(memory, 2),
    }
    if status:
        facts["failed"] = last_sentence(log)
        write(facts, place)
        return 1
    from mesobayes.command.sample_picture import draw_sample
    from mesobayes.record.store import open_store

    data = open_store(place.with_suffix(".zarr.zip"))
    facts |= values_of(data) | {"same_as_in_the_run": is_same(data, Path(facts["batch"]), number)}
    write(facts, place)
    draw_sample(
        data,
        dimension_of(data),
        f"{sample} at scale {scale}, {in_words(facts['seconds'])}",
        place.with_suffix(".png"),
    )
    print(f"in {place}.json, .png and .zarr.zip")
    return 0


def parts_of(sample: str) -> tuple[str, int]:
    """Split a sample into study with family, and number. Raises MesobayesError."""
    found = re.fullmatch(r"(\w+/\w+)/(\d+)", sample)
    if found is None:
        raise MesobayesError(f"{sample!r} names no sample: {_FORM}")
    return found[1], int(found[2])


def job_of(batch: str, scale: str, further: Sequence[str]) -> list[str]:
    """Return the command of the job that makes a batch, word by word, as Snakemake would give it."""
    asked = snakemake(
        batch, "--dry-run", "--force", "--printshellcmds", *further, "--config", f"scale={scale}"
    )
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    commands = [
        line for line in (done.stdout + done.stderr).splitlines() if line.startswith("Shell command: ")
    ]
    if done.returncode or not commands:
        last = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
        raise MesobayesError(last[-1].removeprefix("error: ") if last else f"nothing makes {batch}: {_FORM}")
    return shlex.split(commands[-1].removeprefix("Shell command: "))


def alone(words: Sequence[str], number: int, place: Path, log: Path) -> tuple[list[str], int]:
    """Return a batch's job for one sample, with a log and a store of its own, and the size of a batch."""
    *_, threads, gpus, memory, call, files = words
    job, paths = json.loads(call), json.loads(files)
    size = len(job["arguments"]["indices"])
    job["arguments"]["indices"] = [number]
    paths["outputs"] = {name: str(place.with_suffix(".zarr.zip")) for name in paths["outputs"]}
    script = [sys.executable, "workflow/run.py", str(log), threads, gpus, memory]
    return [*script, json.dumps(job, sort_keys=True), json.dumps(paths)], size


def run(command: Sequence[str]) -> tuple[int, float]:
    """Run a job; return its exit status and the memory that it used at most, in GB."""
    environment = os.environ | process_environment(Path("src").resolve(), (FOLDER / ".cache").resolve())
    with subprocess.Popen(command, env=environment) as process:
        _, ended, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(ended)
    return process.returncode, usage.ru_maxrss / 2**20


def dimension_of(data: xr.Dataset) -> str:
    """Return the dimension that counts samples."""
    return next(name for name in ("structure", "sample", "specimen") if name in data.dims)


def values_of(data: xr.Dataset) -> dict[str, Any]:
    """Return status and everything short of the only sample, with its units."""
    sample = data.isel({dimension_of(data): 0})
    short = {
        str(name): {"value": sample[name].values.tolist(), "units": data[name].attrs.get("units", "")}
        for name in sample.data_vars
        if sample[name].size <= _VALUES_SHOWN
    }
    status: dict[str, Any] = {
        name: short.pop(name)["value"] for name in ("status", "status_reason") if name in short
    }
    return {**status, "values": short}


def is_same(data: xr.Dataset, batch: Path, number: int) -> bool | None:
    """Whether a sample is bit for bit that of the run, but for times; None where the run has not made it."""
    from mesobayes.record.errors import StoreError
    from mesobayes.record.store import open_store

    try:
        whole = open_store(batch)
    except StoreError:
        return None
    dim = dimension_of(data)
    if number not in whole[dim]:
        return None
    other = whole.sel({dim: [number]})
    lengths = {
        name: slice(size) for name, size in data.sizes.items()
    }  # lists are as long as a batch's longest
    return all(
        same(data[name], other[name].isel(lengths, missing_dims="ignore"))
        for name in data.data_vars
        if data[name].attrs.get("units") != "s"
    )


def same(one: xr.DataArray, other: xr.DataArray) -> bool:
    """Whether two arrays hold the same values."""
    import numpy as np

    values = np.squeeze(one.values), np.squeeze(other.values)
    return np.array_equal(*values, equal_nan=one.dtype.kind == "f")


def write(facts: dict[str, Any], place: Path) -> None:
    """Print what is known of a sample and write it."""
    text = json.dumps(facts, indent=2, ensure_ascii=False)
    with replacing(place.with_suffix(".json")) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")
    print(text)
