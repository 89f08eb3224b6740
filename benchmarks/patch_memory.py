# SPDX-License-Identifier: GPL-3.0-or-later
"""Host memory of the jobs that fit to patches or predict them, at a scale.

    python benchmarks/patch_memory.py [--scale paper] [--limit 4]

A fit has the patches that it learns from on its device, which without a GPU is the host; they are counted by
shapes and types. What Python, JAX, the network, its compilation, a minibatch and a block of predicted patches
take is measured on the CPU, in a process for each network: three steps and one block of made-up patches. A
turned copy of a structure gives about 30 patches, a structure 79.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from mesobayes.images.patches import PatchGeometry
from mesobayes.learning.fit import fit
from mesobayes.nets.build import build_network
from mesobayes.nets.settings import LocalNetworkSettings
from mesobayes.studies.configuration import resolve
from mesobayes.studies.stress.models.local_data import LocalData
from mesobayes.studies.stress.models.network_data import examples, training_task
from mesobayes.studies.stress.models.patch_data import PatchData, blocks
from mesobayes.studies.stress.predict import predict_patches
from mesobayes.studies.stress.settings import SelectiveSettings

ROOT = Path(__file__).parents[1]
GIB = 2**30
PATCHES_OF_STRUCTURE, PATCHES_OF_COPY = 79, 30


def made_up(network: Any, pixels_per_radius: int, count: int) -> PatchData | LocalData:
    """Random patches as a network learns from them."""
    rng, geometry = np.random.default_rng(0), PatchGeometry(pixels_per_radius)

    def images(*shape: int, size: int = geometry.roi) -> np.ndarray:
        return rng.random((count, size, size, *shape), np.float32)

    if isinstance(network, LocalNetworkSettings):
        prior = images(3, 0 if network.mechanics == "none" else 3)
        strain, scale = rng.random((count, 3), np.float32), np.ones(count, np.float32)
        return LocalData(images(9), images(3, 3), prior, images(3, 2), images() > 0.2, strain, scale)
    return PatchData(images(5, size=geometry.patch), images(), images() > 0.2)


def patch_bytes(network: Any, pixels_per_radius: int) -> int:
    """Bytes of one patch that a network learns from."""
    return sum(values.nbytes for values in vars(made_up(network, pixels_per_radius, 1)).values())


def measured(stress: Any, name: str) -> float:
    """GiB that this process takes at most for a short fit of a network and one block of predictions."""
    radius = stress.pixels_per_radius
    settings = replace(getattr(stress.fits, name), steps=3, epochs=None, reports=1)
    network = replace(getattr(stress.networks, name), roi=PatchGeometry(radius).roi, estimator="shared")
    start, data = build_network(network, 0), made_up(network, radius, 64)
    block = made_up(network, radius, len(blocks(10**6)[0]))
    seen = block.patches() if isinstance(block, LocalData) else block
    scored = seen.take(slice(settings.validation_patches))
    fitted = fit(training_task(start, settings, examples(data), scored), start, settings, 0)
    predict_patches(fitted.network, seen.inputs, 2, 0)
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 2**20


def learnt_from(model: Any) -> int:
    """Patches that a model learns from, turned copies included."""
    structures = -(-model.labels // PATCHES_OF_STRUCTURE)
    return model.labels + model.rotations * structures * PATCHES_OF_COPY


def fits(stress: Any) -> dict[tuple[str, str], int]:
    """Patches of the largest fit of every model and chain, by network."""
    models = {
        (name, network): learnt_from(model)
        for name, model in vars(stress.models).items()
        for network in model.networks
    }
    chains = {name: value for name, value in vars(stress).items() if isinstance(value, SelectiveSettings)}
    return models | {
        (name, network): chain.labelled(chain.queries)
        * (1 if chain.unit == "patch" else PATCHES_OF_STRUCTURE)
        for name, chain in chains.items()
        for network, acquisitions in vars(chain.acquisitions).items()
        if acquisitions
    }


def needs(stress: Any, base: dict[str, float]) -> dict[tuple[str, str], dict[str, float]]:
    """Patches of every fit, and GiB of the host with a GPU and without; base: GiB beside the patches."""
    return {
        (name, network): {
            "patches": count,
            "GPU": base[network],
            "CPU": base[network]
            + count * patch_bytes(getattr(stress.networks, network), stress.pixels_per_radius) / GIB,
        }
        for (name, network), count in fits(stress).items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--scale", default="paper")
    parser.add_argument("--limit", type=float, default=4.0, help="GiB")
    parser.add_argument("--network", help="measure this one only, in this process")
    arguments = parser.parse_args()
    config = yaml.safe_load((ROOT / "config.yaml").read_text("utf-8")) | {"scale": arguments.scale}
    stress = resolve(config, ROOT / "workflow/scales").stress
    if arguments.network:
        print(measured(stress, arguments.network))
        return
    base = {}
    for name in vars(stress.networks):
        command = [sys.executable, __file__, "--scale", arguments.scale, "--network", name]
        base[name] = float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        each = patch_bytes(getattr(stress.networks, name), stress.pixels_per_radius)
        print(f"{name}: {each:,} bytes a patch, {base[name]:.2f} GiB beside them")
    print("| fit | network | patches | with a GPU | without | within the limit |")
    print("|---|---|---|---|---|---|")
    for (name, network), need in needs(stress, base).items():
        within = [where for where in ("GPU", "CPU") if need[where] <= arguments.limit]
        print(
            f"| {name} | {network} | {need['patches']} | {need['GPU']:.1f} | {need['CPU']:.1f} | "
            f"{', '.join(within) or 'NO'} |"
        )


if __name__ == "__main__":
    main()
