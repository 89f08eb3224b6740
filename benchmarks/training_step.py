# SPDX-License-Identifier: GPL-3.0-or-later
"""Seconds per step of the printed StressNet: plain convolutions and those for a CPU, estimators, PyTorch.

The median of each is reported and the ratios are of medians.

    python benchmarks/training_step.py --peers .venv-peers/bin/python
"""

from __future__ import annotations

import argparse
import os
import platform
from pathlib import Path

import numpy as np
from floors import arithmetic_floor, training_operations
from side_by_side import (
    Step,
    loop_step,
    medians,
    peer_step,
    peer_version,
    rates_table,
    restart_with_huge_pages,
    rows_of,
    take_turns,
)

from record import RECORDS, write_record

VARIANTS = {
    "deterministic": {"convolution": "cpu"},
    "deterministic, plain convolutions": {"convolution": "plain"},
    "variational, shared": {"convolution": "cpu", "estimator": "shared"},
    "variational, flipout": {"convolution": "cpu", "estimator": "flipout"},
}
PEER = "PyTorch, channels last"


def stepper(options: dict[str, str], batch: int, pixels_per_radius: int, width: float) -> Step:
    """Function that runs one training step on fixed random data; returns wall and CPU seconds."""
    from mesobayes.nets.build import build_network
    from mesobayes.nets.settings import StressNetworkSettings
    from mesobayes.studies.stress.fit_settings import PatchFitSettings
    from mesobayes.studies.stress.models.symmetries import Batch
    from mesobayes.studies.stress.task import patch_task

    rng = np.random.default_rng(0)
    size, roi = 18 * pixels_per_radius, 8 * pixels_per_radius
    inputs = rng.uniform(-1, 1, (batch, size, size, 5)).astype(np.float32)
    target = rng.uniform(0, 1, (batch, roi, roi)).astype(np.float32)
    data = Batch(inputs, target, np.ones(target.shape, bool))
    network = build_network(StressNetworkSettings("printed", roi, width=width, **options), 0)  # type: ignore[arg-type]
    settings = PatchFitSettings(steps=1000, batch=batch)
    return loop_step(patch_task(network, settings, data), network, settings)


def table(median: dict[str, np.ndarray], batch: int) -> str:
    """Markdown table of medians, and the ratios that have a target, by wall time and by CPU time."""
    lines = rates_table(median, batch)
    own = median["deterministic"]
    ratios = {
        "plain convolutions over those for a CPU (target at least 2.5)": median[
            "deterministic, plain convolutions"
        ]
        / own,
        "shared over deterministic (target at most 1.3)": median["variational, shared"] / own,
        "flipout over deterministic": median["variational, flipout"] / own,
    }
    if PEER in median:
        ratios["rate over that of PyTorch (target at least 0.55)"] = median[PEER] / own
    lines += ["", "| ratio of medians | wall | CPU |", "|---|---|---|"]
    lines += [f"| {name} | {wall:.2f} | {cpu:.2f} |" for name, (wall, cpu) in ratios.items()]
    return "\n".join(lines)


def record(arguments: argparse.Namespace, seconds: dict[str, np.ndarray]) -> None:
    """Write the record, with the operations of plain convolutions as floor."""
    from mesobayes.nets.build import build_network
    from mesobayes.nets.settings import StressNetworkSettings

    roi, size = 8 * arguments.pixels_per_radius, 18 * arguments.pixels_per_radius
    network = build_network(
        StressNetworkSettings("printed", roi, width=arguments.width, convolution="plain"), 0
    )
    examples = np.zeros((arguments.batch, size, size, 5), np.float32)
    operations = training_operations(network, examples)
    write_record(
        arguments.records,
        "stressnet",
        f"StressNet of Krokos et al., a step on {arguments.batch} patches",
        {"pixels": arguments.batch * size**2},
        rows_of(seconds, {PEER}),
        arithmetic_floor(operations, np.float32, "convolutions, forward and back"),
        {"torch": peer_version(arguments.peers, "torch")} if arguments.peers else {},
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peers", help="interpreter with PyTorch (make peers)")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--pixels-per-radius", type=int, default=4)
    parser.add_argument(
        "--width", type=float, default=1.0, help="channel multiplier (PyTorch always runs at 1)"
    )
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--output", type=Path)
    parser.add_argument("--records", type=Path, default=RECORDS)
    arguments = parser.parse_args()
    restart_with_huge_pages()
    shape = (arguments.batch, arguments.pixels_per_radius)
    load = os.getloadavg()[0]
    steps = {name: stepper(options, *shape, arguments.width) for name, options in VARIANTS.items()}
    if arguments.peers:
        sizes = (18 * arguments.pixels_per_radius, 8 * arguments.pixels_per_radius)
        steps[PEER] = peer_step(arguments.peers, "stressnet.py", arguments.batch, *sizes)
    seconds = take_turns(steps, arguments.rounds)
    record(arguments, seconds)
    text = table(medians(seconds), arguments.batch)
    print(text)
    if arguments.output:
        import jax

        peer = f", PyTorch {peer_version(arguments.peers, 'torch')}" if arguments.peers else ""
        header = (
            "# Training step of the printed StressNet\n\n"
            f"Batch {arguments.batch}, {18 * shape[1]} × {18 * shape[1]} pixels, width {arguments.width:g}, "
            f"float32, {os.cpu_count()} cores ({platform.machine()}), JAX {jax.__version__}{peer}, huge "
            "pages on. One step is the gradient of the objective, the Adam update and, for the variational "
            "networks, the draw of the weights. All variants took turns in one run; the load average went "
            f"from {load:.1f} to {os.getloadavg()[0]:.1f} meanwhile, and other processes make the seconds "
            "longer than they need be. On a busy machine wall times say little; CPU time (all threads, for "
            "PyTorch including the waiting of OpenMP) is the steadier measure.\n\n"
        )
        arguments.output.parent.mkdir(parents=True, exist_ok=True)
        arguments.output.write_text(header + text + "\n")


if __name__ == "__main__":
    main()
