# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures 13, 19, 28 and 40, and the split by patch: accuracy against threshold."""

from __future__ import annotations

from dataclasses import asdict

from mesobayes.drawing.drawing import Drawing
from mesobayes.record.provenance import Run
from mesobayes.studies.stress.figures.accuracy_curves import one_model, several_models
from mesobayes.studies.stress.figures.predictions import (
    NETWORK_STYLE,
    Mechanics,
    Predictions,
    Stores,
    accuracy_difference,
    accuracy_number,
    by_network,
)
from mesobayes.studies.stress.settings import StressFits, StressNetworks


def accuracy_threshold_1ellipse(
    ellipse1_full: Predictions,
    mechanics: Mechanics,
    networks: StressNetworks,
    run: Run,
) -> Drawing:
    """Figure 13: plates with one ellipse, one curve for each network."""
    drawing = one_model(ellipse1_full, mechanics, networks, run)
    return Drawing(drawing.figure, {"accuracy_at_10pct": accuracy_number(ellipse1_full)}, drawing.drawn)


def accuracy_threshold_nonlinear(
    strip: Predictions,
    mechanics: Mechanics,
    networks: StressNetworks,
    run: Run,
) -> Drawing:
    """Figure 28: strips at finite strain."""
    drawing = one_model(strip, mechanics, networks, run)
    thresholds = {"acc5": 0.05, "acc10": 0.10, "acc15": 0.15, "acc_above_20": 0.20}
    numbers = {key: accuracy_number(strip, threshold) for key, threshold in thresholds.items()}
    return Drawing(drawing.figure, numbers, drawing.drawn)


def rotation_augmentation(
    rotations0: Predictions,
    rotations6: Predictions,
    rotations12: Predictions,
    ellipse3_full: Predictions,
    mechanics: Mechanics,
    networks: StressNetworks,
    fits: StressFits,
    run: Run,
) -> Drawing:
    """Figure 19: few patches with turned copies beside all patches without."""
    models = {
        f"{_labels(rotations0)} patches": rotations0,
        f"{_labels(rotations6)} patches, 6 turned copies": rotations6,
        f"{_labels(rotations12)} patches, 12 turned copies": rotations12,
        f"{_labels(ellipse3_full)} patches": ellipse3_full,
    }
    mirrored = [NETWORK_STYLE[name][0] for name in by_network(ellipse3_full) if getattr(fits, name).augment]
    remark = f"{', '.join(mirrored)}: random symmetries of the square with all patches, none with few"
    drawing = several_models(models, mechanics, networks, run, remark=remark if mirrored else "")
    turned = (rotations0, rotations6, rotations12)
    numbers = {f"acc10_rot{6 * i}": accuracy_number(stores) for i, stores in enumerate(turned)}
    numbers["full_23k_no_rot"] = accuracy_number(ellipse3_full)
    numbers["gain_over_full"] = accuracy_difference(rotations12, ellipse3_full)
    return Drawing(drawing.figure, numbers, drawing.drawn)


def homogenisation_vs_cnn(
    ellipse3_full: Predictions,
    average_input: Predictions,
    mechanics: Mechanics,
    networks: StressNetworks,
    run: Run,
) -> Drawing:
    """Figure 40: the macroscopic stress field as input, and its average over the patch."""
    models = {"macroscopic stress field": ellipse3_full, "its average over the patch": average_input}
    drawing = several_models(models, mechanics, networks, run)
    numbers = {
        "acc10_full": accuracy_number(ellipse3_full),
        "acc10_average": accuracy_number(average_input),
    }
    return Drawing(drawing.figure, numbers, drawing.drawn)


def split_by_patch(
    by_structure: Predictions,
    by_patch: Predictions,
    mechanics: Mechanics,
    networks: StressNetworks,
    run: Run,
) -> Drawing:
    """What is held out: whole structures, or as in the paper patches of structures that the network knows."""
    models = {"scored on other structures": by_structure, "on other patches of the same ones": by_patch}
    drawing = several_models(models, mechanics, networks, run, split="structures")
    gain = accuracy_difference(by_patch, by_structure)
    return Drawing(drawing.figure, {}, {**drawing.drawn, "gain_by_patch": asdict(gain)})


def _labels(stores: Stores) -> str:
    return f"{stores[0].attrs['labels']:,}"
