# SPDX-License-Identifier: GPL-3.0-or-later
"""The printed permeability CNN in PyTorch, channels last: answers every line on standard input with seconds
per step.

Started by `permeability_training.py` with an interpreter that has PyTorch; not part of the project's
environment.
"""

import sys

import torch
from answers import answer_with_steps
from torch import nn


def permeability_cnn(side: int) -> nn.Module:
    layers: list[nn.Module] = []
    channels = 1
    for size, filters in ((3, 16), (3, 32), (5, 64), (7, 64)):
        layers += [nn.Conv2d(channels, filters, size, padding=size // 2), nn.ReLU(), nn.MaxPool2d(2)]
        channels = filters
    features = channels * (side // 16) ** 2
    dense = [nn.Linear(features, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 2)]
    return nn.Sequential(*layers, nn.Flatten(), *dense)


def main() -> None:
    batch, side, threads = map(int, sys.argv[1:4])
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    network = permeability_cnn(side).to(memory_format=torch.channels_last)
    optimiser = torch.optim.Adam(network.parameters(), lr=5e-4, weight_decay=2e-3)
    x = (torch.rand(batch, 1, side, side) > 0.7).float().to(memory_format=torch.channels_last)
    y = torch.rand(batch, 2)

    answer_with_steps(optimiser, lambda: ((network(x) - y) ** 2).mean())


if __name__ == "__main__":
    main()
