# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures 8 and 9: the layers of the printed network in use, and what its filters answer to a cell."""

from __future__ import annotations

from pathlib import Path

import jax.numpy as jnp
import numpy as np
import xarray as xr
from matplotlib.patches import Rectangle

from mesobayes.drawing.drawing import Drawing
from mesobayes.drawing.style import GREEN, ORANGE, SKY, new_figure
from mesobayes.nets.build import build_network
from mesobayes.nets.permeability import PrintedPermeabilityCNN
from mesobayes.nets.settings import PermeabilityNetworkSettings
from mesobayes.record.provenance import Run
from mesobayes.studies.permeability.figures.panels import cell_near, show_image
from mesobayes.studies.permeability.predict import load_permeability_network

_FRACTION = 0.3  # of the cell whose feature maps are shown
_FILTERS = 4  # of each layer


def permeability_cnn(network: PermeabilityNetworkSettings, run: Run) -> Drawing:
    """The layers of the network in use, read from the network itself."""
    built = build_network(network, 0)
    assert isinstance(built, PrintedPermeabilityCNN)
    figure = new_figure(1.0, 0.36)
    axes = figure.add_subplot(aspect="equal")
    axes.set_axis_off()
    edge, height, x = network.side, 6.0, 0.4
    layers: list[dict[str, object]] = []
    axes.add_patch(Rectangle((x, 1.8), 0.5, height, facecolor="white", edgecolor="black"))
    axes.text(x + 0.25, 1.4, f"image\n{edge} × {edge}", ha="center", va="top", fontsize=6.5)
    x += 3.0
    for i, layer in enumerate(built.convolutions):
        k, _, _, filters = layer.kernel.mu.shape
        edge, height = edge // 2, 0.74 * height
        width = 0.35 + filters / 45
        axes.add_patch(Rectangle((x, 4.8 - height / 2), width, height, facecolor=SKY, edgecolor="black"))
        label = f"Conv{i + 1} {k} × {k}\n{filters} filters, ReLU\nmaximum 2 × 2\n{edge} × {edge} × {filters}"
        axes.text(x + width / 2, 1.4, label, ha="center", va="top", fontsize=6.5)
        layers.append({"name": f"Conv{i + 1}", "kernel": k, "filters": filters, "output": edge})
        x += width + 2.6
    for i, layer in enumerate(built.dense):
        inputs, units = layer.kernel.mu.shape
        last = i == len(built.dense) - 1
        height = 1.0 if last else 1.2 + units / 20
        colour = GREEN if last else ORANGE
        axes.add_patch(Rectangle((x, 4.8 - height / 2), 0.5, height, facecolor=colour, edgecolor="black"))
        name = "output" if last else f"FC{i + 1}"
        ends = "linear\nlog μ₁₁, log μ₂₂" if last else "ReLU"
        axes.text(x + 0.25, 1.4, f"{name}\n{units} units\n{ends}", ha="center", va="top", fontsize=6.5)
        layers.append({"name": name, "inputs": inputs, "units": units})
        x += 2.6
    axes.set_xlim(-1.0, x - 0.6)
    axes.set_ylim(-0.9, 8.2)
    weights = sum(int(np.prod(layer.kernel.mu.shape)) for layer in (*built.convolutions, *built.dense))
    axes.set_title(
        f"scale {run.scale}: {weights:,} weights; filter counts are a choice, the paper does not print them"
    )
    return Drawing(figure, drawn={"layers": layers, "weights": weights, "side": network.side})


def feature_maps(cells: xr.Dataset, weights: Path, run: Run) -> Drawing:
    """One cell and the filters of every layer of the fitted network that vary most over it."""
    network = load_permeability_network(weights)
    assert isinstance(network, PrintedPermeabilityCNN)
    cell = cell_near(cells, _FRACTION)
    image = cell["image"].values
    maps = [np.asarray(values)[0] for values in network.feature_maps(jnp.asarray(image[None], jnp.float32))]
    figure = new_figure(0.95, 0.78)
    grid = figure.add_gridspec(_FILTERS, len(maps) + 1)
    show_image(figure.add_subplot(grid[1:3, 0]), image, "image")
    shown = {}
    for layer, values in enumerate(maps):
        chosen = np.argsort(-values.std(axis=(0, 1)), kind="stable")[:_FILTERS]
        shown[f"Conv{layer + 1}"] = {"shape": values.shape, "filters": chosen}
        for row, index in enumerate(chosen):
            place = figure.add_subplot(grid[row, layer + 1])
            place.imshow(values[..., index])
            place.set(xticks=[], yticks=[])
            place.set_xlabel(f"filter {index + 1}", labelpad=1)
            if row == 0:
                place.set_title(f"Conv{layer + 1}, {values.shape[0]} × {values.shape[1]}")
    figure.suptitle(
        f"{run.label}: printed network after training; the four filters that vary most", fontsize=8
    )
    return Drawing(figure, drawn={"sample": int(cell["sample"]), **shown})
