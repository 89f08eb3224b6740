# SPDX-License-Identifier: GPL-3.0-or-later
"""Fitting networks to patches and predicting with them."""

from mesobayes.learning.archive import load_network, save_network
from mesobayes.learning.compilation import keep_compiled
from mesobayes.learning.data import PatchData, central_mask, masked_maximum
from mesobayes.learning.prediction import Prediction, predict, predict_mean_weights
from mesobayes.learning.progress import Progress, print_progress
from mesobayes.learning.settings import FitSettings
from mesobayes.learning.training import FitResult, fit

__all__ = [
    "FitResult",
    "FitSettings",
    "PatchData",
    "Prediction",
    "Progress",
    "central_mask",
    "fit",
    "keep_compiled",
    "load_network",
    "masked_maximum",
    "predict",
    "predict_mean_weights",
    "print_progress",
    "save_network",
]
