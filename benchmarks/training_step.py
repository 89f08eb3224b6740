# SPDX-License-Identifier: GPL-3.0-or-later
"""Seconds per training step of the printed StressNet: plain layers, rewritten layers, estimators, PyTorch.

All variants take turns in one run, so that a busy machine slows them alike; the median of each is reported
and the ratios are of medians. Huge pages act only when the process is started with them, so the script
starts itself again with the environment of a job.

    python benchmarks/training_step.py --peers .venv-peers/bin/python
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

HUGE_PAGES = "glibc.malloc.hugetlb=1:glibc.malloc.mmap_max=0:glibc.malloc.trim_threshold=100000000000"
VARIANTS = {
    "deterministic, plain layers": {"convolution": "plain"},
    "deterministic": {"convolution": "rewritten"},
    "variational, shared": {"convolution": "rewritten", "estimator": "shared"},
    "variational, flipout": {"convolution": "rewritten", "estimator": "flipout"},
}
PEER = "PyTorch, channels last"


def stepper(
    options: dict[str, str], batch: int, pixels_per_radius: int, width: float
) -> Callable[[], tuple[float, float]]:
    """Function that runs one training step on fixed random data; returns wall and CPU seconds."""
    from flax import nnx

    from mesobayes.learning import FitSettings, PatchData
    from mesobayes.learning.training import HostSteps, initial_state
    from mesobayes.nets import NetworkSettings, build_network

    rng = np.random.default_rng(0)
    size, roi = 18 * pixels_per_radius, 8 * pixels_per_radius
    inputs = rng.uniform(-1, 1, (batch, size, size, 5)).astype(np.float32)
    target = rng.uniform(0, 1, (batch, roi, roi)).astype(np.float32)
    data = PatchData(inputs, target, np.ones(target.shape, bool))
    network = build_network(NetworkSettings("printed", roi, width=width, **options), 0)  # type: ignore[arg-type]
    settings = FitSettings(steps=1000, batch=batch)
    advance = HostSteps(nnx.graphdef(network), settings, data, 0)
    state = initial_state(network, settings)
    count = 0

    def step() -> tuple[float, float]:
        nonlocal state, count
        start, cpu = time.perf_counter(), time.process_time()
        state, _ = advance(state, count)
        count += 1
        return time.perf_counter() - start, time.process_time() - cpu

    step()
    return step


def torch_stepper(interpreter: str, batch: int, pixels_per_radius: int) -> Callable[[], tuple[float, float]]:
    """The same for PyTorch in another interpreter."""
    script = Path(__file__).parent / "peers" / "stressnet.py"
    threads = os.environ.get("PJRT_NPROC", str(os.cpu_count()))
    arguments = [str(batch), str(18 * pixels_per_radius), str(8 * pixels_per_radius), threads]
    process = subprocess.Popen(
        [interpreter, str(script), *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    requests, answers = process.stdin, process.stdout
    assert requests is not None
    assert answers is not None

    def step() -> tuple[float, float]:
        requests.write("step\n")
        requests.flush()
        wall, cpu = map(float, answers.readline().split())
        return wall, cpu

    step()
    return step


def table(seconds: dict[str, list[tuple[float, float]]], batch: int) -> str:
    """Markdown table of medians, and the ratios that have a target, by wall time and by CPU time."""
    median = {name: np.median(values, axis=0) for name, values in seconds.items()}  # (wall, CPU)
    lines = ["| step | median wall s | samples/s | median CPU s |", "|---|---|---|---|"]
    for name, (wall, cpu) in median.items():
        lines.append(f"| {name} | {wall:.3f} | {batch / wall:.1f} | {cpu:.3f} |")
    own = median["deterministic"]
    ratios = {
        "plain layers over rewritten (target at least 2.5)": median["deterministic, plain layers"] / own,
        "shared over deterministic (target at most 1.3)": median["variational, shared"] / own,
        "flipout over deterministic": median["variational, flipout"] / own,
    }
    if PEER in median:
        ratios["rate over that of PyTorch (target at least 0.55)"] = median[PEER] / own
    lines += ["", "| ratio of medians | wall | CPU |", "|---|---|---|"]
    lines += [f"| {name} | {wall:.2f} | {cpu:.2f} |" for name, (wall, cpu) in ratios.items()]
    return "\n".join(lines)


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
    arguments = parser.parse_args()
    if "GLIBC_TUNABLES" not in os.environ:
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, "GLIBC_TUNABLES": HUGE_PAGES})
    shape = (arguments.batch, arguments.pixels_per_radius)
    load = os.getloadavg()[0]
    steps = {name: stepper(options, *shape, arguments.width) for name, options in VARIANTS.items()}
    if arguments.peers:
        steps[PEER] = torch_stepper(arguments.peers, *shape)
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in steps}
    for _ in range(arguments.rounds):
        for name, step in steps.items():
            seconds[name].append(step())
    text = table(seconds, arguments.batch)
    print(text)
    if arguments.output:
        import jax

        header = (
            "# Training step of the printed StressNet\n\n"
            f"Batch {arguments.batch}, {18 * shape[1]} × {18 * shape[1]} pixels, width {arguments.width:g}, "
            f"float32, {os.cpu_count()} cores ({platform.machine()}), JAX {jax.__version__}, huge pages on. "
            "One step is the gradient of the objective, the Adam update and, for the variational networks, "
            "the draw of the weights. All variants took turns in one run; the load average went from "
            f"{load:.1f} to {os.getloadavg()[0]:.1f} meanwhile, and other processes make the seconds longer "
            "than they need be. On a busy machine wall times say little; CPU time (all threads, for PyTorch "
            "including the waiting of OpenMP) is the steadier measure.\n\n"
        )
        arguments.output.parent.mkdir(parents=True, exist_ok=True)
        arguments.output.write_text(header + text + "\n")


if __name__ == "__main__":
    main()
