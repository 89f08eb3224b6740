# SPDX-License-Identifier: GPL-3.0-or-later
"""Milliseconds of a heteroencoder's training step with plain and banded convolutions.

python benchmarks/failure_training.py --grid 20 20 80 --batch 32
"""

from __future__ import annotations

import argparse
import time

import jax
import numpy as np

from mesobayes.images.damage import weight_table
from mesobayes.learning.damage_fit import DamageData, DamageFitSettings, minibatch, training_step
from mesobayes.learning.damage_fit import optimiser as build_optimiser
from mesobayes.nets.heteroencoder import HeteroencoderSettings, build_heteroencoder


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--grid", type=int, nargs=3, default=(20, 20, 80))
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    rng = np.random.default_rng(0)
    pores = rng.random((arguments.batch, *arguments.grid)) < 0.01
    target = rng.random(pores.shape).astype(np.float32)
    data = DamageData(pores, target, weight_table("uniform", target, ~pores))
    fit = DamageFitSettings(1, arguments.batch)
    batch = minibatch(data, fit, 0, 0)
    print(f"{jax.devices()[0].device_kind}, grid {arguments.grid}, batch {arguments.batch}")
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
    for (convolution, estimator), (_, _, _, seconds) in states.items():
        median = np.median(seconds[1:])
        print(
            f"{convolution:7s} {estimator:8s} {1e3 * median:8.1f} ms "
            f" {arguments.batch / median:7.1f} samples/s "
            f" {plain[estimator] / median:5.1f} times plain  (first call {seconds[0]:.1f} s)"
        )


if __name__ == "__main__":
    main()
