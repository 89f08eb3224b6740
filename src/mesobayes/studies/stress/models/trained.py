# SPDX-License-Identifier: GPL-3.0-or-later
"""A fitted model as the stages that predict open it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from mesobayes.learning.weights import load_network
from mesobayes.nets.build import StressNetwork
from mesobayes.record.seeds import seed_from_name
from mesobayes.record.store import open_store
from mesobayes.studies.stress.stores import MODEL


@dataclass(frozen=True)
class Trained:
    """One fit of a model.

    Attributes:
        origin: attributes of its store.
        network: the fitted one.
        seed: of posterior draws, the same wherever this fit predicts.
    """

    origin: dict[str, Any]
    network: StressNetwork
    seed: int


def open_trained(fit: Path, weights: Path, study_seed: str) -> Trained:
    """Read store and weights of a fit. Raises StoreError."""
    origin = open_store(fit, MODEL, variables=()).attrs
    seed = seed_from_name(study_seed, "draws", origin["network"], origin["model"], origin["repeat"])
    return Trained(origin, cast(StressNetwork, load_network(weights)), seed)
