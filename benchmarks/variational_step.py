# SPDX-License-Identifier: GPL-3.0-or-later
"""A training step of one variational network by ours, numpyro's SVI and bayesian-torch, in one run; writes
a record.

    python benchmarks/variational_step.py --peers .venv-peers/bin/python

The network is the CNN of Aldakheel et al. on small images, every kernel a Gaussian with a standard normal
prior, the objective the evidence lower bound with one draw of the weights a step, the optimiser Adam.
numpyro runs in this interpreter with an `AutoNormal` guide, bayesian-torch with its layers by
reparameterisation and by flipout.
"""

from __future__ import annotations

import argparse
import time
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

KERNELS, FILTERS, UNITS = (3, 3, 5, 7), (16, 32, 64, 64), (64, 32, 2)
NUMPYRO = "numpyro, SVI with AutoNormal"
TORCH = {"bayesian-torch, reparameterisation": 0, "bayesian-torch, flipout": 1}


def our_step(estimator: str, images: np.ndarray) -> Step:
    """A step of our training loop."""
    from mesobayes.nets.build import build_network
    from mesobayes.nets.settings import PermeabilityNetworkSettings
    from mesobayes.studies.permeability.settings import CellFitSettings
    from mesobayes.studies.permeability.task import LabelledImages, cell_task

    data = LabelledImages(images, np.zeros((len(images), 2), np.float32))
    network = build_network(
        PermeabilityNetworkSettings(
            "printed",
            images.shape[1],
            estimator=estimator,  # type: ignore[arg-type]
            prior="fixed",
            prior_std=1.0,
        ),
        0,
    )
    settings = CellFitSettings(steps=1000, batch=len(images), learning_rate=1e-3, augment=False)
    return loop_step(cell_task(network, settings, data, data), network, settings)


def numpyro_step(images: np.ndarray) -> Step:
    """A step of numpyro's stochastic variational inference on the same network."""
    import jax
    import jax.numpy as jnp
    import numpyro
    from jax import lax
    from numpyro import distributions as dist
    from numpyro.infer import SVI, Trace_ELBO, init_to_mean
    from numpyro.infer.autoguide import AutoNormal

    def weight(name, shape):
        return numpyro.sample(name, dist.Normal(0.0, 1.0).expand(shape).to_event(len(shape)))

    def pooled(x):
        return lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")

    def model(x, y):
        x, inputs = x[..., None], 1
        for number, (size, filters) in enumerate(zip(KERNELS, FILTERS, strict=True)):
            kernel = weight(f"kernel{number}", (size, size, inputs, filters))
            bias = numpyro.param(f"bias{number}", jnp.zeros(filters))
            form = ("NHWC", "HWIO", "NHWC")
            x = lax.conv_general_dilated(x, kernel, (1, 1), "SAME", dimension_numbers=form) + bias
            x, inputs = jax.nn.relu(pooled(x)), filters
        x = x.reshape(len(x), -1)
        for number, units in enumerate(UNITS):
            bias = numpyro.param(f"dense_bias{number}", jnp.zeros(units))
            x = x @ weight(f"dense{number}", (x.shape[1], units)) + bias
            x = jax.nn.relu(x) if number < len(UNITS) - 1 else x
        noise = numpyro.param("noise", 0.05, constraint=dist.constraints.positive)
        numpyro.sample("label", dist.Normal(x, noise).to_event(2), obs=y)

    guide = AutoNormal(model, init_loc_fn=init_to_mean, init_scale=0.02)
    inference = SVI(model, guide, numpyro.optim.Adam(1e-3), Trace_ELBO())
    x, y = jnp.asarray(images, jnp.float32), jnp.zeros((len(images), 2))
    state = inference.init(jax.random.key(0), x, y)
    update = jax.jit(inference.update, donate_argnums=0)

    def step() -> tuple[float, float]:
        nonlocal state
        wall, cpu = time.perf_counter(), time.process_time()
        state, loss = update(state, x, y)
        loss.block_until_ready()
        return time.perf_counter() - wall, time.process_time() - cpu

    step()
    return step


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peers", help="interpreter with bayesian-torch (make peers)")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--side", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--records", type=Path, default=RECORDS)
    arguments = parser.parse_args()
    restart_with_huge_pages()
    images = (
        np.random.default_rng(0).random((arguments.batch, arguments.side, arguments.side)) > 0.7
    ).astype(np.uint8)
    steps = {f"ours, {estimator}": our_step(estimator, images) for estimator in ("shared", "flipout")}
    steps[NUMPYRO] = numpyro_step(images)
    for name, flipout in TORCH.items() if arguments.peers else ():
        sizes = (arguments.batch, arguments.side, flipout)
        steps[name] = peer_step(arguments.peers, "variational_cnn.py", *sizes)
    seconds = take_turns(steps, arguments.rounds)
    versions = {"numpyro": _numpyro_version()}
    if arguments.peers:
        versions |= {name: peer_version(arguments.peers, name) for name in ("torch", "bayesian-torch")}
    from mesobayes.nets.build import build_network
    from mesobayes.nets.settings import PermeabilityNetworkSettings

    network = build_network(PermeabilityNetworkSettings("printed", arguments.side), 0)
    operations = training_operations(network, images.astype(np.float32))
    write_record(
        arguments.records,
        "variational_step",
        f"variational CNN, a step on {arguments.batch} cells",
        {"pixels": images.size},
        rows_of(seconds, {NUMPYRO, *TORCH}),
        arithmetic_floor(operations, np.float32, "convolutions, forward and back"),
        versions,
    )
    print("\n".join(rates_table(medians(seconds), arguments.batch)))


def _numpyro_version() -> str:
    import numpyro

    return str(numpyro.__version__)


if __name__ == "__main__":
    main()
