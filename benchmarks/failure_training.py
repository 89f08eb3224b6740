# SPDX-License-Identifier: GPL-3.0-or-later
"""Milliseconds of a heteroencoder's training step with plain convolutions and those for a CPU, beside
PyTorch and TensorFlow Probability.

python benchmarks/failure_training.py --peers .venv-peers/bin/python --output
docs/benchmarks/failure_training.md
"""

from __future__ import annotations

import argparse
from pathlib import Path

import jax
import numpy as np
from floors import arithmetic_floor, training_operations
from report import load, publish
from side_by_side import (
    Step,
    loop_step,
    medians,
    peer_step,
    peer_version,
    restart_with_huge_pages,
    rows_of,
    take_turns,
)

from mesobayes.nets.build import build_network
from mesobayes.nets.settings import HeteroencoderSettings
from mesobayes.studies.failure.fit_settings import DamageFitSettings
from mesobayes.studies.failure.loss_weights import weight_table
from mesobayes.studies.failure.task import specimen_task
from record import RECORDS, write_record

PEERS = {
    "PyTorch, channels last": "heteroencoder_torch.py",
    "Keras with TensorFlow Probability, flipout": "heteroencoder_tfp.py",
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--grid", type=int, nargs=3, default=(20, 20, 80))
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peers", help="interpreter with PyTorch and TensorFlow Probability (make peers)")
    parser.add_argument("--output", type=Path, help="Markdown file to write")
    parser.add_argument("--records", type=Path, default=RECORDS)
    arguments = parser.parse_args()
    restart_with_huge_pages()
    rng = np.random.default_rng(0)
    pores = rng.random((arguments.batch, *arguments.grid)) < 0.01
    target = rng.random(pores.shape).astype(np.float32)
    weights = weight_table("uniform", target, ~pores)
    fit = DamageFitSettings(steps=1000, batch=arguments.batch)
    steps: dict[str, Step] = {}
    for estimator, name in (("none", "deterministic"), ("flipout", "variational, flipout")):
        for convolution, form in (("cpu", ""), ("plain", ", plain convolutions")):
            network = build_network(HeteroencoderSettings(convolution=convolution, estimator=estimator), 0)
            task = specimen_task(network, fit, pores, target, weights)
            steps[name + form] = loop_step(task, network, fit)
    for name, script in PEERS.items() if arguments.peers else ():
        steps[name] = peer_step(arguments.peers, script, arguments.batch, *arguments.grid)
    seconds = take_turns(steps, arguments.rounds)
    median = medians(seconds)
    plain = build_network(HeteroencoderSettings(convolution="plain"), 0)
    packages = ("torch", "tensorflow", "tensorflow-probability") if arguments.peers else ()
    floor = arithmetic_floor(
        training_operations(plain, pores.astype(np.float32)), np.float32, "convolutions, forward and back"
    )
    write_record(
        arguments.records,
        "heteroencoder",
        f"heteroencoder of Bridgman et al., a step on {arguments.batch} bars",
        {"voxels": pores.size},
        rows_of(seconds, PEERS),
        floor,
        {name: peer_version(arguments.peers, name) for name in packages},
    )
    lines = [
        "# Heteroencoder: one training step",
        "",
        f"Made by `python benchmarks/failure_training.py` on one {jax.devices()[0].device_kind}: grid "
        f"{' × '.join(map(str, arguments.grid))}, minibatch {arguments.batch}, median of {arguments.rounds} "
        "steps that take turns.",
        "Plain: XLA's volume convolutions; else the same sums as banded image convolutions. Symmetries and "
        "weights are part of our steps, the others have one random field as target.",
        "",
        load(),
        "",
        "| network | wall ms | CPU ms | specimens per wall s | CPU of this row / deterministic |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {name} | {1e3 * wall:.0f} | {1e3 * cpu:.0f} | {arguments.batch / wall:.1f} "
        f"| {cpu / median['deterministic'][1]:.1f} |"
        for name, (wall, cpu) in median.items()
    ]
    lines += ["", f"The floor of a core: {1e3 * floor.seconds:.0f} ms, {floor.because}."]
    text = "\n".join(lines) + "\n"
    publish(text, arguments.output)


if __name__ == "__main__":
    main()
