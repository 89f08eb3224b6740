# SPDX-License-Identifier: GPL-3.0-or-later
"""CPU seconds, memory and strain of failure of porous specimens, by preset and grid.

    python benchmarks/failure_simulation.py --specimens 6 --presets fast printed
    python benchmarks/failure_simulation.py --specimens 512 --presets fast --batch 64 128 256   # on a GPU

The first specimen of every shape compiles and is not counted.
"""

from __future__ import annotations

import argparse
import resource
import time

import jax
import numpy as np

from mesobayes.fem.failure import PRESETS, fail_specimens
from mesobayes.geometry.porosity import PorosityField
from mesobayes.seeds import rng_from_name


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--grid", type=int, nargs=3, default=(20, 20, 80))
    parser.add_argument("--porosity", type=float, default=0.0008)
    parser.add_argument("--specimens", type=int, default=6)
    parser.add_argument("--presets", nargs="+", default=["fast", "printed"], choices=sorted(PRESETS))
    parser.add_argument("--batch", type=int, nargs="+", default=[1])
    arguments = parser.parse_args()
    field = PorosityField(tuple(arguments.grid), arguments.porosity)
    start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{jax.devices()[0].device_kind}; before the first specimen {start:.0f} MiB resident")
    print("preset    batch  specimen  strain   CPU s  wall s  peak MiB above the start")
    for preset in arguments.presets:
        for batch in arguments.batch:
            time_preset(field, preset, batch, arguments.specimens, start)


def time_preset(field: PorosityField, preset: str, batch: int, specimens: int, start: float) -> None:
    """Print one line per batch of specimens and the means."""
    warm = np.repeat(field.sample(rng_from_name("benchmark", 0))[None], batch, axis=0)
    fail_specimens(warm, preset, batch=batch)
    cpu, wall, strains = [], [], []
    for begin in range(0, specimens, batch):
        pores = np.stack(
            [
                field.sample(rng_from_name("benchmark", begin + i))
                for i in range(min(batch, specimens - begin))
            ]
        )
        clock, processor = time.perf_counter(), time.process_time()
        result = fail_specimens(pores, preset, batch=batch)
        cpu.append((time.process_time() - processor) / len(pores))
        wall.append((time.perf_counter() - clock) / len(pores))
        strains += result["failure_strain"].values.tolist()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - start
        print(
            f"{preset:8s} {batch:6d} {begin:9d}  {np.nanmedian(result['failure_strain']):.4f} "
            f"{cpu[-1]:7.2f} {wall[-1]:7.2f} {peak:9.0f}",
            flush=True,
        )
    print(
        f"{preset:8s} {batch:6d}      mean  median strain {np.nanmedian(strains):.4f}, "
        f"{np.mean(cpu):.2f} CPU s, {np.mean(wall):.3f} s wall, {1 / np.mean(wall):.2f} specimens per s",
        flush=True,
    )


if __name__ == "__main__":
    main()
