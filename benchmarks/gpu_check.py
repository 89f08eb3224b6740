# SPDX-License-Identifier: GPL-3.0-or-later
"""Does every stage give the same numbers on a GPU as on the CPU? ``make gpu-check``

Each stage runs in a process of its own on each platform; then the results are compared. ``--platforms
cpu cpu`` compares the CPU with itself, which shows that the check runs where there is no GPU.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

# largest deviation over the largest magnitude: double precision, one float32 pass, sums of many, training
TOLERANCE = {
    "stress": 1e-8,
    "forward printed": 1e-4,
    "forward modern": 1e-4,
    "draws modern": 1e-3,
    "losses modern": 2e-2,
}


def stress() -> np.ndarray:
    """Stress images (load, component, y, x) of a plate with an ellipse and three pores."""
    from mesobayes.fem.plate.solution import solve_unit_strains
    from mesobayes.geometry import Ellipse, Plate

    pores = tuple(Ellipse(x, y, 1.0, 1.0) for x, y in ((-7.0, 2.0), (6.0, 6.0), (5.5, -6.0)))
    plate = Plate(24.0, (Ellipse(0.0, 0.0, 5.0, 3.0, 30.0),), pores)
    return solve_unit_strains(plate, pixels_per_radius=2)["stress"].values


def patches(count: int = 16):
    """Random inputs, targets and solid masks of patches of 36 x 36 pixels."""
    from mesobayes.learning import PatchData

    rng = np.random.default_rng(0)
    inputs = np.ones((count, 36, 36, 5), np.float32)
    inputs[..., :3] = rng.uniform(-1.0, 1.0, (count, 36, 36, 3))
    target = rng.uniform(0.0, 1.0, (count, 16, 16)).astype(np.float32)
    return PatchData(inputs, target, np.ones((count, 16, 16), bool))


def forward(name: str) -> np.ndarray:
    """Stress of the ROI (patch, y, x) by a network with point weights."""
    from mesobayes.learning import predict_mean_weights
    from mesobayes.nets.build import build_network
    from mesobayes.nets.settings import StressNetworkSettings

    network = build_network(StressNetworkSettings(name, roi=16, width=0.25, convolution="plain"), seed=1)
    return np.asarray(predict_mean_weights(network, patches().inputs))


def draws() -> np.ndarray:
    """Posterior mean and spread of the stress (2, patch, y, x) from eight draws, the same on both."""
    from mesobayes.learning import predict
    from mesobayes.nets.build import build_network
    from mesobayes.nets.settings import StressNetworkSettings

    settings = StressNetworkSettings("modern", roi=16, width=0.25, estimator="shared", convolution="plain")
    prediction = predict(build_network(settings, seed=1), patches().inputs, 8, 16, 3)
    return np.stack([prediction.mean, prediction.epistemic_std])


def losses() -> np.ndarray:
    """Loss of twenty training steps."""
    from mesobayes.learning import FitSettings, fit
    from mesobayes.nets.build import build_network
    from mesobayes.nets.settings import StressNetworkSettings

    settings = StressNetworkSettings("modern", roi=16, width=0.25, estimator="shared", convolution="plain")
    result = fit(build_network(settings, seed=1), patches(), FitSettings(steps=20, batch=8), seed=2)
    return result.history[:, 0]


STAGES: dict[str, Callable[[], np.ndarray]] = {
    "stress": stress,
    "forward printed": lambda: forward("printed"),
    "forward modern": lambda: forward("modern"),
    "draws modern": draws,
    "losses modern": losses,
}


def run_stage(name: str, platform: str, folder: Path) -> np.ndarray:
    """Run one stage in a new process that sees one platform only."""
    path = folder / "result.npy"
    environment = os.environ | {"JAX_PLATFORMS": platform, "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
    command = [sys.executable, __file__, "--stage", name, "--output", path]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if "Error" in line] or ["see above"]
        sys.exit(
            f"error: stage {name!r} failed on {platform}: {said[-1]}\n"
            "Is there a GPU, and was `make env GPU=1` run?"
        )
    return np.load(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--platforms", nargs=2, default=("cpu", "cuda"))
    parser.add_argument("--stage", choices=STAGES)
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    if arguments.stage:
        np.save(arguments.output, STAGES[arguments.stage]())
        return
    wrong = []
    print(f"{'stage':20}{'deviation':>12}{'allowed':>10}")
    with tempfile.TemporaryDirectory() as folder:
        for name in STAGES:
            one, other = (run_stage(name, platform, Path(folder)) for platform in arguments.platforms)
            deviation = float(np.abs(one - other).max() / np.abs(one).max())
            print(f"{name:20}{deviation:12.1e}{TOLERANCE[name]:10.0e}", flush=True)
            if not deviation <= TOLERANCE[name]:
                wrong.append(name)
    if wrong:
        sys.exit(f"error: {', '.join(wrong)} differ between {' and '.join(arguments.platforms)}")
    print(f"every stage agrees between {' and '.join(arguments.platforms)}")


if __name__ == "__main__":
    main()
