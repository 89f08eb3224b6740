# SPDX-License-Identifier: GPL-3.0-or-later
"""Training steps of a PyTorch network, one for every line on standard input."""

import sys
import time
from collections.abc import Callable

import torch


def answer_with_steps(optimiser: torch.optim.Optimizer, loss: Callable[[], torch.Tensor]) -> None:
    """Take two steps to warm up, then one per line, and print its wall and CPU seconds."""

    def step() -> tuple[float, float]:
        start, cpu = time.perf_counter(), time.process_time()
        optimiser.zero_grad(set_to_none=True)
        loss().backward()
        optimiser.step()
        return time.perf_counter() - start, time.process_time() - cpu

    step()
    step()
    for _ in sys.stdin:
        print(*step(), flush=True)
