# SPDX-License-Identifier: GPL-3.0-or-later
"""The printed StressNet in PyTorch, channels last: answers every line on standard input with seconds per
step.

Started by `training_step.py` with an interpreter that has PyTorch; not part of the project's environment.
"""

import sys

import torch
from answers import answer_with_steps
from torch import nn


class Gate(nn.Module):
    def __init__(self, channels: int, reduction: int):
        super().__init__()
        self.squeeze = nn.Linear(channels, channels // reduction)
        self.excite = nn.Linear(channels // reduction, channels)

    def forward(self, x):
        gate = torch.sigmoid(self.excite(torch.relu(self.squeeze(x.mean((2, 3))))))
        return x * gate[:, :, None, None]


def unit(convolution: nn.Module, channels: int) -> nn.Module:
    return nn.Sequential(convolution, nn.BatchNorm2d(channels), nn.ReLU())


class Residual(nn.Module):
    def __init__(self, channels: int):
        super().__init__()
        self.body = nn.Sequential(
            unit(nn.Conv2d(channels, channels, 3, padding=1), channels),
            unit(nn.Conv2d(channels, channels, 3, padding=1), channels),
            Gate(channels, 16),
        )

    def forward(self, x):
        return x + self.body(x)


def stressnet() -> nn.Module:
    return nn.Sequential(
        unit(nn.Conv2d(4, 32, 9, padding=4), 32),
        unit(nn.Conv2d(32, 64, 3, stride=2, padding=1), 64),
        unit(nn.Conv2d(64, 128, 3, stride=2, padding=1), 128),
        *(Residual(128) for _ in range(5)),
        unit(nn.ConvTranspose2d(128, 64, 3, stride=2, padding=1, output_padding=1), 64),
        unit(nn.ConvTranspose2d(64, 32, 3, stride=2, padding=1, output_padding=1), 32),
        nn.Conv2d(32, 1, 9, padding=4),
        nn.ReLU(),
    )


def main() -> None:
    batch, size, roi, threads = map(int, sys.argv[1:5])
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    network = stressnet().to(memory_format=torch.channels_last)
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-3)
    x = torch.randn(batch, 4, size, size).to(memory_format=torch.channels_last)
    y = torch.rand(batch, 1, roi, roi)
    low = (size - roi) // 2

    def loss() -> torch.Tensor:
        field = network(x)[:, :, low : low + roi, low : low + roi]
        return ((field - y) ** 2).mean()

    answer_with_steps(optimiser, loss)


if __name__ == "__main__":
    main()
