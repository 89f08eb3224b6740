# SPDX-License-Identifier: GPL-3.0-or-later
"""Milliseconds of a heteroencoder's training step with plain convolutions and those for a CPU.

python benchmarks/failure_training.py --grid 20 20 80 --batch 32 --output docs/benchmarks/failure_training.md
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from report import publish

from mesobayes.learning.optimiser import build_optimiser
from mesobayes.learning.step import TrainingState, training_step
from mesobayes.nets.build import build_network
from mesobayes.nets.settings import HeteroencoderSettings
from mesobayes.nets.state import split_network
from mesobayes.studies.failure.loss_weights import weight_table
from mesobayes.studies.failure.settings import DamageFitSettings
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
    rng = np.random.default_rng(0)
    pores = rng.random((arguments.batch, *arguments.grid)) < 0.01
    target = rng.random(pores.shape).astype(np.float32)
    weights = weight_table("uniform", target, ~pores)
    fit = DamageFitSettings(steps=1000, batch=arguments.batch)
    rows, root = jnp.arange(arguments.batch)[None], jax.random.key(0)
    cases = [(c, e) for e in ("none", "flipout") for c in ("plain", "cpu")]
    states = {}
    for case in cases:
        network = build_network(HeteroencoderSettings(convolution=case[0], estimator=case[1]), 0)
        task = specimen_task(network, fit, pores, target, weights)
        _, parameters, statistics = split_network(network)
        state = TrainingState(parameters, statistics, build_optimiser(fit, 1000).init(parameters), None)
        states[case] = (task, jax.device_put(task.data), jax.tree.map(jnp.array, state), [])
    for number in range(arguments.rounds + 1):  # side by side, so that the machine's mood touches all alike
        for case, (task, data, state, seconds) in states.items():
            begin = time.perf_counter()
            state, terms = training_step(task, fit, 1000, state, data, rows, root, np.int32(number))
            terms.block_until_ready()
            seconds.append(time.perf_counter() - begin)
            states[case] = (task, data, state, seconds)
    plain = {e: np.median(states["plain", e][3][1:]) for e in ("none", "flipout")}
    lines = [
        "# Heteroencoder: one training step",
        "",
        f"Made by `python benchmarks/failure_training.py` on one {jax.devices()[0].device_kind}: grid "
        f"{' × '.join(map(str, arguments.grid))}, minibatch {arguments.batch}, median of {arguments.rounds} "
        "steps, side by side.",
        "`plain`: convolutions of XLA; `cpu`: ours. Symmetries and weights are part of the step.",
        "",
        "| estimator | convolution | ms a step | specimens per s | times plain |",
        "|---|---|---|---|---|",
    ]
    for (convolution, estimator), (_, _, _, seconds) in states.items():
        median = np.median(seconds[1:])
        lines.append(
            f"| {estimator} | {convolution} | {1e3 * median:.0f} | {arguments.batch / median:.1f} "
            f"| {plain[estimator] / median:.1f} |"
        )
    text = "\n".join(lines) + "\n"
    publish(text, arguments.output)


if __name__ == "__main__":
    main()
