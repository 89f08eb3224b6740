# SPDX-License-Identifier: GPL-3.0-or-later
"""The JSON beside every figure and table of Bridgman et al. 2022."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from mesobayes.figures.bridgman.drawing import NOT_SHOWN, Finding
from mesobayes.figures.registry import Target
from mesobayes.provenance import Provenance, versions


def figure_record(
    target: Target, findings: Mapping[str, Finding], drawn: Mapping[str, Any], provenance: Provenance
) -> dict[str, Any]:
    """What stands in the JSON of a figure or table; every printed value gets a verdict."""
    missing = Finding(None, NOT_SHOWN, "the figure shows it, but no number of ours stands for it")
    return {
        "slug": target.slug,
        "paper": target.paper,
        "number": target.number,
        "title": target.title,
        "caption": target.caption,
        "settings_of_the_paper": dict(target.settings),
        "scale": provenance.scale,
        "seed": provenance.seed,
        "config_hash": provenance.config_hash,
        "code_hash": provenance.code_hash,
        "versions": versions(),
        "drawn": drawn,
        "printed": [
            {"key": value.key, "printed": value.value, **findings.get(value.key, missing)._asdict()}
            for value in target.printed
        ],
    }


def finite(value: Any) -> Any:
    """Plain values for JSON: NumPy numbers become Python's, what is not finite becomes None."""
    if isinstance(value, Mapping):
        return {str(key): finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
