# SPDX-License-Identifier: GPL-3.0-or-later
"""The heteroencoder of Bridgman et al. in PyTorch, channels last: answers every line on standard input with
seconds per step. Started by `failure_training.py`.
"""

import sys

import torch
from answers import answer_with_steps
from torch import nn

FILTERS = ((1, 8), (8, 8), (8, 8), (8, 8), (8, 8), (8, 1))


def heteroencoder() -> nn.Module:
    """Two poolings, two upsamplings, six convolutions (figure 8)."""
    layers: list[nn.Module] = []
    for number, (inputs, outputs) in enumerate(FILTERS):
        layers.append(nn.Conv3d(inputs, outputs, 3, padding=1))
        if number < len(FILTERS) - 1:
            layers.append(nn.ReLU())
        if number < 2:
            layers.append(nn.MaxPool3d(2))
        elif number < 4:
            layers.append(nn.Upsample(scale_factor=2))
    return nn.Sequential(*layers)


def main() -> None:
    batch, *grid, threads = map(int, sys.argv[1:])
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    network = heteroencoder().to(memory_format=torch.channels_last_3d)
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-3)
    x = (torch.rand(batch, 1, *grid) < 0.01).float().to(memory_format=torch.channels_last_3d)
    y = torch.rand(batch, 1, *grid)

    answer_with_steps(optimiser, lambda: ((network(x) - y) ** 2).mean())


if __name__ == "__main__":
    main()
