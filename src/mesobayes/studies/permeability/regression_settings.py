# SPDX-License-Identifier: GPL-3.0-or-later
"""How a permeability network is fitted (Aldakheel et al. 2023, section 4.3)."""

from __future__ import annotations

from typing import Literal

from mesobayes.record.settings import Count, NonNegative, Positive, settings


@settings
class RegressionSettings:
    """Objective and optimiser.

    Attributes:
        epochs: passes over the training images, at most.
        schedule: "plateau" divides the rate by ten after `plateau_patience` epochs without a lower validation
            loss, stops after `stop_patience`, and keeps the best weights; "onecycle" rises and falls once
            over all epochs.
        loss: "mse" the mean square of log μ minus its prediction (eq. 11), "nll" the Gaussian negative log
            likelihood.
        l2: factor of the sum of squared kernels in the loss ("plateau"); decoupled weight decay ("onecycle").
        kl_weight: share of the divergence from the prior for a variational network.
        augment: random periodic shifts and mirror images, which leave the diagonal of the tensor as it is;
            the periodic network then sees every image in one random orientation, with the component along x
            of that orientation.
        feature_images: training images whose features set the scale of those of the periodic network.
    """

    epochs: Count
    batch: Count = 32
    learning_rate: Positive = 5e-4
    schedule: Literal["plateau", "onecycle"] = "plateau"
    loss: Literal["mse", "nll"] = "mse"
    l2: NonNegative = 1e-3
    plateau_patience: Count = 25
    stop_patience: Count = 100
    kl_weight: NonNegative = 1.0
    spread_rate: Positive = 10.0
    augment: bool = False
    feature_images: Count = 256
    checkpoint_seconds: NonNegative = 60.0
