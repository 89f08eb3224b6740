# SPDX-License-Identifier: GPL-3.0-or-later
"""Host memory of the jobs on patches at a scale, from shapes and types of one patch; solves and fits nothing.

    python benchmarks/patch_memory.py [--scale paper] [--limit 4]

A fit holds the patches that it learns from, which it reads chunk by chunk, those that it is scored on, and
what Python, JAX and the network take. A turned copy of a structure gives about 30 patches, a structure 79.
On a GPU the arrays lie on the device as well, without a GPU a second time in the host: `CPU` counts them
twice.
"""

from __future__ import annotations

import argparse
import resource
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
import yaml

from mesobayes.images.patches import PatchGeometry
from mesobayes.studies.configuration import resolve
from mesobayes.studies.stress.models.local_data import local_data
from mesobayes.studies.stress.models.patch_data import patch_data
from mesobayes.studies.stress.settings import SelectiveSettings

ROOT = Path(__file__).parents[1]
GIB = 2**30
PATCHES_OF_STRUCTURE, PATCHES_OF_COPY = 79, 30
PIXEL_NETWORKS = ("local", "geometry")


def image_bytes(pixels_per_radius: int) -> int:
    """Bytes of one patch as networks of images take it."""
    size = PatchGeometry(pixels_per_radius).patch
    images = {
        "input": (("patch", "y", "x", "channel"), np.zeros((1, size, size, 5), np.float32)),
        "target": (("patch", "y", "x"), np.zeros((1, size, size), np.float32)),
    }
    one = patch_data(xr.Dataset(images, attrs={"pixels_per_radius": pixels_per_radius}), np.array([0]))
    return one.inputs.nbytes + one.target.nbytes + one.mask.nbytes


def pixel_bytes(pixels_per_radius: int, mechanics: Any) -> int:
    """Bytes of one patch as networks of single pixels take it."""
    roi = PatchGeometry(pixels_per_radius).roi
    pixels, shape = ("patch", "y", "x"), (1, roi, roi)
    stress = ((*pixels, "load", "frame"), np.zeros((*shape, 3, 3), np.float32))
    channels = {
        "features": ((*pixels, "feature"), np.zeros((*shape, 9), np.float32)),
        "macro_stress": stress,
        "solid": (pixels, np.zeros(shape, bool)),
        "micro_deviator": ((*pixels, "load", "deviator"), np.zeros((*shape, 3, 2), np.float32)),
        "strain": (("patch", "load"), np.zeros((1, 3))),
        "scale": ("patch", np.zeros(1, np.float32)),
        **({} if mechanics == "none" else {mechanics: stress}),
    }
    return sum(
        values.nbytes for values in vars(local_data(xr.Dataset(channels), np.array([0]), mechanics)).values()
    )


def examples(model: Any) -> int:
    """Patches that a model learns from, turned copies included."""
    structures = -(-model.labels // PATCHES_OF_STRUCTURE)
    return model.labels + model.rotations * structures * PATCHES_OF_COPY


def needs(settings: Any, base: int) -> dict[tuple[str, str], dict[str, float]]:
    """GiB of the fit of every model and network: learnt from, scored, in all with a GPU and without."""
    stress, found = settings.stress, {}
    radius = stress.pixels_per_radius
    for name, model in vars(stress.models).items():
        for network in model.networks:
            record = getattr(stress.networks, network)
            each = pixel_bytes(radius, record.mechanics) if network in PIXEL_NETWORKS else image_bytes(radius)
            fit = getattr(stress.fits, network)
            learnt, scored = each * examples(model), image_bytes(radius) * fit.validation_patches
            found[name, network] = {
                "patches": examples(model),
                "learnt": learnt / GIB,
                "GPU": (learnt + scored + base) / GIB,
                "CPU": (2 * learnt + scored + base) / GIB,
            }
    for name, chain in chains(stress).items():
        # of the labelled, the pool and the held-out patches none is given back before the job ends
        count = chain.initial + chain.pool + chain.validation
        learnt = image_bytes(radius) * (chain.initial + chain.pool)
        held = image_bytes(radius) * count
        found[name, "images"] = {
            "patches": count,
            "learnt": held / GIB,
            "GPU": (held + base) / GIB,
            "CPU": (held + learnt + base) / GIB,
        }
    return found


def chains(stress: Any) -> dict[str, Any]:
    """Chains of selective learning by patches that networks of images take part in."""
    found = {name: value for name, value in vars(stress).items() if isinstance(value, SelectiveSettings)}
    return {name: value for name, value in found.items() if value.unit == "patch"}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--scale", default="paper")
    parser.add_argument("--limit", type=float, default=4.0, help="GiB")
    arguments = parser.parse_args()
    import jax

    jax.block_until_ready(jax.numpy.zeros(1))
    base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    config = yaml.safe_load((ROOT / "config.yaml").read_text("utf-8")) | {"scale": arguments.scale}
    settings = resolve(config, ROOT / "workflow/scales")
    print(f"Python and JAX: {base / GIB:.2f} GiB")
    print(f"an image patch: {image_bytes(settings.stress.pixels_per_radius):,} bytes")
    print("| model | network | patches | their GiB | with a GPU | without | within the limit |")
    print("|---|---|---|---|---|---|---|")
    for (model, network), need in needs(settings, base).items():
        print(
            f"| {model} | {network} | {need['patches']:.0f} | {need['learnt']:.2f} | {need['GPU']:.2f} | "
            f"{need['CPU']:.2f} | {'yes' if need['GPU'] <= arguments.limit else 'NO'} |"
        )


if __name__ == "__main__":
    main()
