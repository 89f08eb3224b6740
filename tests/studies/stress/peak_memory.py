# SPDX-License-Identifier: GPL-3.0-or-later
"""Peak memory of a fit, or of a query of selective learning; started in processes of their own by the tests.

    python peak_memory.py FOLDER write
    python peak_memory.py FOLDER fit LABELS
    python peak_memory.py FOLDER query POOL VALIDATION

Prints KiB. The patches are made up.
"""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import xarray as xr

from mesobayes.images.patches import PatchGeometry
from mesobayes.nets.settings import StressNetworkSettings
from mesobayes.record.parts import write_parts
from mesobayes.record.provenance import Run
from mesobayes.studies.stress.fit import fit_model
from mesobayes.studies.stress.fit_settings import PatchFitSettings
from mesobayes.studies.stress.models.network_data import open_network_data
from mesobayes.studies.stress.models.settings import ModelSettings
from mesobayes.studies.stress.selective.query import fit_query
from mesobayes.studies.stress.settings import ChainSettings
from mesobayes.studies.stress.stores import PATCHES

RADIUS, PATCHES_EACH, STRUCTURES = 2, 500, 21
SIZE = PatchGeometry(RADIUS).patch
RUN = Run("stress", "smoke", "test")
NETWORK = StressNetworkSettings("modern", 8 * RADIUS, width=0.17, levels=2)
SETTINGS = PatchFitSettings(steps=2, batch=4, reports=1, validation_patches=8)
MODEL = ModelSettings(
    **{"family": "ellipse3", "labels": 1, "length": 1.0, "networks": ("modern",), "estimator": "none"},
    **{"whole_structures": False, "rotations": 0, "augment": True, "folds": 0, "split": "structure"},
    **{"prior": "learned", "prior_std": 0.1, "squeeze": True, "average_input": False},
)


def made_up(structure: int) -> xr.Dataset:
    """Patches of a structure; every third one is held out."""
    rng = np.random.default_rng(structure)
    inputs = rng.random((PATCHES_EACH, SIZE, SIZE, 5), np.float32)
    inputs[..., 3] = inputs[..., 3] > 0.2
    return xr.Dataset(
        {
            "input": (("patch", "y", "x", "channel"), inputs),
            "target": (("patch", "y", "x"), rng.random((PATCHES_EACH, SIZE, SIZE), np.float32)),
            "scale": ("patch", np.ones(PATCHES_EACH, np.float32)),
            "structure": ("patch", np.full(PATCHES_EACH, structure, np.int32)),
            "split": ("patch", np.full(PATCHES_EACH, structure % 3 == 0, np.uint8)),
        }
    )


def peak() -> int:
    """Largest resident memory so far, in KiB; unlike `ru_maxrss` without that of the parent."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0])


def main() -> None:
    folder, what, *counts = sys.argv[1:]
    store = Path(folder) / "patches.zarr.zip"
    if what == "write":
        parts = map(made_up, range(STRUCTURES))
        attributes = {"pixels_per_radius": RADIUS, "family": "ellipse3"}
        write_parts(parts, STRUCTURES * PATCHES_EACH, "patch", store, PATCHES, RUN, attributes)
    elif what == "fit":
        model = replace(MODEL, labels=int(counts[0]))
        made = (Path(folder) / "fit.zarr.zip", Path(folder) / "weights.zarr.zip")
        fit_model(store, None, None, *made, "model", model, NETWORK, SETTINGS, 0, RUN)
    else:
        pool, validation = map(int, counts)
        chain = ChainSettings(100, pool, validation, query_rate=1, queries=1, draws=2, unit="patch")
        data = open_network_data(store, None, NETWORK)
        fit_query(data, None, "initial", 0, 0, chain, NETWORK, SETTINGS, "test", None, None)
    print(peak())


if __name__ == "__main__":
    main()
