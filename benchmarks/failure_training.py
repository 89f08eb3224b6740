# SPDX-License-Identifier: GPL-3.0-or-later
"""Milliseconds of a heteroencoder's training step with plain and banded convolutions.

python benchmarks/failure_training.py --grid 20 20 80 --batch 32 --output docs/benchmarks/failure_training.md
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import jax
import numpy as np
from report import publish

from mesobayes.nets.functional_heteroencoder import build_heteroencoder
from mesobayes.nets.settings import HeteroencoderSettings
from mesobayes.studies.failure.damage_fit import DamageData, minibatch, training_step
from mesobayes.studies.failure.damage_fit import optimiser as build_optimiser
from mesobayes.studies.failure.loss_weights import weight_table
from mesobayes.studies.failure.settings import DamageFitSettings


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
    data = DamageData(pores, target, weight_table("uniform", target, ~pores))
    fit = DamageFitSettings(1, arguments.batch)
    batch = minibatch(data, fit, 0, 0)
    cases = [(c, e) for e in ("none", "flipout") for c in ("plain", "banded")]
    states = {}
    for case in cases:
        settings = HeteroencoderSettings(convolution=case[0], estimator=case[1])
        parameters = build_heteroencoder(settings, 0)
        states[case] = (settings, parameters, build_optimiser(fit).init(parameters), [])
    for _ in range(arguments.rounds + 1):  # side by side, so that the machine's mood touches all alike
        for case, (settings, parameters, state, seconds) in states.items():
            begin = time.perf_counter()
            parameters, state, loss = training_step(
                parameters, state, batch, settings, fit, arguments.batch, jax.random.key(0)
            )
            loss.block_until_ready()
            seconds.append(time.perf_counter() - begin)
            states[case] = (settings, parameters, state, seconds)
    plain = {e: np.median(states["plain", e][3][1:]) for e in ("none", "flipout")}
    lines = [
        "# Heteroencoder: one training step",
        "",
        f"Made by `python benchmarks/failure_training.py` on one {jax.devices()[0].device_kind}: grid "
        f"{' × '.join(map(str, arguments.grid))}, minibatch {arguments.batch}, median of {arguments.rounds} "
        "steps, side by side.",
        "`plain`: flax convolutions; `banded`: ours.",
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
