# SPDX-License-Identifier: GPL-3.0-or-later
"""Milliseconds of a heteroencoder's training step with plain convolutions and those for a CPU.

python benchmarks/failure_training.py --grid 20 20 80 --batch 32 --output docs/benchmarks/failure_training.md
"""

from __future__ import annotations

import argparse
from pathlib import Path

import jax
import numpy as np
from report import load, publish
from side_by_side import Step, loop_step, restart_with_huge_pages, take_turns

from mesobayes.nets.build import build_network
from mesobayes.nets.settings import HeteroencoderSettings
from mesobayes.studies.failure.fit_settings import DamageFitSettings
from mesobayes.studies.failure.loss_weights import weight_table
from mesobayes.studies.failure.task import specimen_task


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--grid", type=int, nargs=3, default=(20, 20, 80))
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--output", type=Path, help="Markdown file to write")
    arguments = parser.parse_args()
    restart_with_huge_pages()
    rng = np.random.default_rng(0)
    pores = rng.random((arguments.batch, *arguments.grid)) < 0.01
    target = rng.random(pores.shape).astype(np.float32)
    weights = weight_table("uniform", target, ~pores)
    fit = DamageFitSettings(steps=1000, batch=arguments.batch)
    steps: dict[tuple[str, str], Step] = {}
    for estimator in ("none", "flipout"):
        for convolution in ("plain", "cpu"):
            network = build_network(HeteroencoderSettings(convolution=convolution, estimator=estimator), 0)
            task = specimen_task(network, fit, pores, target, weights)
            steps[estimator, convolution] = loop_step(task, network, fit)
    median = take_turns(steps, arguments.rounds)
    lines = [
        "# Heteroencoder: one training step",
        "",
        f"Made by `python benchmarks/failure_training.py` on one {jax.devices()[0].device_kind}: grid "
        f"{' × '.join(map(str, arguments.grid))}, minibatch {arguments.batch}, median of {arguments.rounds} "
        "steps, side by side.",
        "`plain`: XLA's volume convolutions; `cpu`: the same sums as banded image convolutions. Symmetries "
        "and weights are part of the step.",
        "",
        load(),
        "",
        "| estimator | convolution | wall ms | CPU ms | specimens per wall s | CPU of plain / this row |",
        "|---|---|---|---|---|---|",
    ]
    for (estimator, convolution), (wall, cpu) in median.items():
        times_plain = median[estimator, "plain"][1] / cpu
        lines.append(
            f"| {estimator} | {convolution} | {1e3 * wall:.0f} | {1e3 * cpu:.0f} "
            f"| {arguments.batch / wall:.1f} | {times_plain:.1f} |"
        )
    text = "\n".join(lines) + "\n"
    publish(text, arguments.output)


if __name__ == "__main__":
    main()
