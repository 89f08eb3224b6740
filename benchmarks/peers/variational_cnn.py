# SPDX-License-Identifier: GPL-3.0-or-later
"""The variational CNN in bayesian-torch: answers every line on standard input with seconds per step.

    python variational_cnn.py BATCH SIDE FLIPOUT THREADS

Started by `variational_step.py`.
"""

import math
import sys

import torch
from answers import answer_with_steps
from bayesian_torch import layers as bayes
from torch import nn

STANDARD = {"prior_mean": 0.0, "prior_variance": 1.0, "posterior_mu_init": 0.0}
STANDARD["posterior_rho_init"] = math.log(math.expm1(0.02))  # a posterior deviation of 0.02


class VariationalCNN(nn.Module):
    """Four convolutions with pooling and three dense layers, as printed; returns output and divergence."""

    def __init__(self, side: int, flipout: bool):
        super().__init__()
        convolution = bayes.Conv2dFlipout if flipout else bayes.Conv2dReparameterization
        dense = bayes.LinearFlipout if flipout else bayes.LinearReparameterization
        self.convolutions, self.dense = nn.ModuleList(), nn.ModuleList()
        channels = 1
        for size, filters in ((3, 16), (3, 32), (5, 64), (7, 64)):
            self.convolutions.append(convolution(channels, filters, size, padding=size // 2, **STANDARD))
            channels = filters
        channels *= (side // 16) ** 2
        for units in (64, 32, 2):
            self.dense.append(dense(channels, units, **STANDARD))
            channels = units

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        divergence = torch.zeros(())
        for layer in self.convolutions:
            x, part = layer(x)
            x, divergence = torch.relu(nn.functional.max_pool2d(x, 2)), divergence + part
        x = x.flatten(1)
        for number, layer in enumerate(self.dense):
            x, part = layer(x)
            x, divergence = torch.relu(x) if number < 2 else x, divergence + part
        return x, divergence


def main() -> None:
    batch, side, flipout, threads = map(int, sys.argv[1:5])
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    network = VariationalCNN(side, bool(flipout))
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-3)
    x, y = (torch.rand(batch, 1, side, side) > 0.7).float(), torch.zeros(batch, 2)

    def loss() -> torch.Tensor:
        output, divergence = network(x)
        return 0.5 * ((output - y) / 0.05).square().sum() / batch + divergence / batch

    answer_with_steps(optimiser, loss)


if __name__ == "__main__":
    main()
