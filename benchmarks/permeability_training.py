# SPDX-License-Identifier: GPL-3.0-or-later
"""Seconds per training step of the permeability networks, beside the printed one in PyTorch.

python benchmarks/permeability_training.py --peers .venv-peers/bin/python
"""

from __future__ import annotations

import argparse
import platform
from pathlib import Path

import numpy as np
from floors import arithmetic_floor, training_operations
from report import load, publish
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
    threads,
)

from record import RECORDS, write_record

PEER = "printed, PyTorch, channels last"
NETWORKS = {
    "printed": {"name": "printed"},
    "modern": {"name": "modern"},
    "modern, variational": {"name": "modern", "estimator": "shared"},
}


def stepper(options: dict[str, str], batch: int, side: int) -> Step:
    """Function that runs one training step on fixed random images; returns wall and CPU seconds."""
    from mesobayes.nets.build import build_network
    from mesobayes.nets.settings import PermeabilityNetworkSettings
    from mesobayes.studies.permeability.settings import CellFitSettings
    from mesobayes.studies.permeability.task import LabelledImages, cell_task

    rng = np.random.default_rng(0)
    images = (rng.random((batch, side, side)) > 0.7).astype(np.uint8)
    data = LabelledImages(images, np.zeros((batch, 2), np.float32))
    network = build_network(PermeabilityNetworkSettings(side=side, **options), 0)  # type: ignore[arg-type]
    settings = CellFitSettings(steps=1000, batch=batch, learning_rate=5e-4, l2=1e-3)
    return loop_step(cell_task(network, settings, data, data), network, settings)


def record(arguments: argparse.Namespace, seconds: dict[str, np.ndarray]) -> None:
    """Write the record; the floor is that of the printed network, which the peer runs too."""
    from mesobayes.nets.build import build_network
    from mesobayes.nets.settings import PermeabilityNetworkSettings

    network = build_network(PermeabilityNetworkSettings("printed", arguments.side), 0)
    examples = np.zeros((arguments.batch, arguments.side, arguments.side), np.float32)
    write_record(
        arguments.records,
        "permeability_cnn",
        f"CNN of Aldakheel et al., a step on {arguments.batch} cells",
        {"pixels": examples.size},
        rows_of(seconds, {PEER}),
        arithmetic_floor(
            training_operations(network, examples), np.float32, "convolutions, forward and back"
        ),
        {"torch": peer_version(arguments.peers, "torch")} if arguments.peers else {},
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peers", help="interpreter with PyTorch (make peers)")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--side", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--output", type=Path)
    parser.add_argument("--records", type=Path, default=RECORDS)
    arguments = parser.parse_args()
    restart_with_huge_pages()
    steps = {name: stepper(options, arguments.batch, arguments.side) for name, options in NETWORKS.items()}
    if arguments.peers:
        steps[PEER] = peer_step(arguments.peers, "permeability_cnn.py", arguments.batch, arguments.side)
    seconds = take_turns(steps, arguments.rounds)
    record(arguments, seconds)
    median = medians(seconds)
    lines = [
        "# Training step of the permeability networks",
        "",
        f"Made by `python benchmarks/permeability_training.py`: minibatch {arguments.batch}, "
        f"{arguments.side}² pixels, float32, {threads()} threads ({platform.machine()}), median of "
        f"{arguments.rounds} steps that take turns. `modern` sees every image in two orientations.",
        "",
        load(),
        "",
        *rates_table(median, arguments.batch),
    ]
    if PEER in median:
        wall, cpu = median[PEER] / median["printed"]
        lines += [
            "",
            f"Rate of `printed` over that of PyTorch {peer_version(arguments.peers, 'torch')}: {wall:.2f} by "
            f"wall time, {cpu:.2f} by CPU time.",
        ]
    text = "\n".join(lines) + "\n"
    publish(text, arguments.output)


if __name__ == "__main__":
    main()
