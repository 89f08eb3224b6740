# SPDX-License-Identifier: GPL-3.0-or-later
"""CPU seconds, memory and strain of failure of porous specimens, by preset and grid.

    python benchmarks/failure_simulation.py --specimens 6 --presets fast printed
    python benchmarks/failure_simulation.py --specimens 512 --presets fast --batch 64 128 256   # on a GPU

The first specimen of every shape compiles and is not counted. `--output` writes the table as Markdown.
"""

from __future__ import annotations

import argparse
import platform
import resource
import time
from dataclasses import dataclass
from pathlib import Path

import jax
import numpy as np
from report import load, publish

from mesobayes.fem.bar.failure import fail_specimens
from mesobayes.fem.bar.settings import PRESETS
from mesobayes.geometry.porosity import PorosityField
from mesobayes.record.seeds import rng_from_name


@dataclass(frozen=True)
class Timing:
    """Specimens of one preset, failed in batches: seconds are means per specimen, memory is in MiB."""

    preset: str
    batch: int
    strains: list[float]
    cpu: float
    wall: float
    peak: float


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--grid", type=int, nargs=3, default=(20, 20, 80))
    parser.add_argument("--porosity", type=float, default=0.0008)
    parser.add_argument("--specimens", type=int, default=6)
    parser.add_argument("--presets", nargs="+", default=["fast", "printed"], choices=sorted(PRESETS))
    parser.add_argument("--batch", type=int, nargs="+", default=[1])
    parser.add_argument("--output", type=Path, help="Markdown file to write")
    arguments = parser.parse_args()
    field = PorosityField(tuple(arguments.grid), arguments.porosity)
    start = resident()
    device = jax.devices()[0].device_kind
    print(f"{device}; before the first specimen {start:.0f} MiB resident")
    timings = [
        time_preset(field, preset, batch, arguments.specimens, start)
        for preset in arguments.presets
        for batch in arguments.batch
    ]
    text = report(field, timings, start, device)
    publish(text, arguments.output)


def time_preset(field: PorosityField, preset: str, batch: int, specimens: int, start: float) -> Timing:
    """Fail the specimens batch by batch and print a line for each."""
    warm = np.repeat(field.sample(rng_from_name("benchmark", 0))[None], batch, axis=0)
    fail_specimens(warm, preset, batch=batch)
    cpu, wall, strains = [], [], []
    for begin in range(0, specimens, batch):
        indices = range(begin, min(begin + batch, specimens))
        pores = np.stack([field.sample(rng_from_name("benchmark", index)) for index in indices])
        clock, processor = time.perf_counter(), time.process_time()
        result = fail_specimens(pores, preset, batch=batch)
        cpu.append((time.process_time() - processor) / len(pores))
        wall.append((time.perf_counter() - clock) / len(pores))
        strains += result["failure_strain"].values.tolist()
        print(f"{preset} {begin}: {strains[-len(pores) :]}, {cpu[-1]:.2f} CPU s each", flush=True)
    return Timing(preset, batch, strains, float(np.mean(cpu)), float(np.mean(wall)), resident() - start)


def resident() -> float:
    """Largest memory of this process so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def report(field: PorosityField, timings: list[Timing], start: float, device: str) -> str:
    """Markdown: seconds, memory and strains of every preset."""
    lines = [
        "# Failure of porous bars: speed",
        "",
        f"Made by `python benchmarks/failure_simulation.py` on one {device} ({platform.machine()}): grid "
        f"{' × '.join(map(str, field.shape))}, mean porosity {field.porosity:g}. Seconds are from the first "
        "load to the first failed voxel, without compilation.",
        "",
        load(),
        "",
        f"Memory is the largest so far, above the {start:.0f} MiB of Python and JAX.",
        "",
        "| preset | batch | specimens | CPU s each | wall s each | MiB | median strain of failure |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {t.preset} | {t.batch} | {len(t.strains)} | {t.cpu:.2f} | {t.wall:.2f} | {t.peak:.0f} "
        f"| {100 * np.median(np.where(np.isfinite(t.strains), t.strains, np.inf)):.2f} % |"
        for t in timings
    ]
    lines += [
        "",
        "Strains of first failure in percent, in order of the specimens (nan: none up to the largest):",
    ]
    lines += [f"\n`{t.preset}`: " + ", ".join(f"{100 * strain:.2f}" for strain in t.strains) for t in timings]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
