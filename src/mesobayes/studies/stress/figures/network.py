# SPDX-License-Identifier: GPL-3.0-or-later
"""Figure 8: the layers of StressNet, read from the network in use."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from matplotlib.axes import Axes

from mesobayes.drawing.bars import foot_note
from mesobayes.drawing.diagram import arrow, brace, canvas, cuboid
from mesobayes.drawing.drawing import Drawing, Number
from mesobayes.drawing.style import BLUE, ORANGE, PURPLE, SKY
from mesobayes.images.patches import PatchGeometry
from mesobayes.nets.layers import Linear
from mesobayes.nets.settings import StressNetworkSettings
from mesobayes.nets.stressnet import StressNet
from mesobayes.record.provenance import Run
from mesobayes.studies.stress.figures.blocks import NORM_NAMES, printed_network
from mesobayes.studies.stress.figures.parts import PATCH, ROI

COLOURS = {"input": PATCH, "conv": SKY, "residual": PURPLE, "up": BLUE, "last": ORANGE, "output": ROI}


@dataclass(frozen=True)
class Layer:
    """One layer: its kind, kernel edge, edge in pixels and channels of what it returns, number of weights."""

    kind: str
    kernel: int
    edge: int
    channels: int
    weights: int


def layers_of(network: StressNet, edge: int) -> list[Layer]:
    """Return the layers of a network, in order, on images of `edge` pixels."""
    kernel = network.encoder[0].linear.kernel.mu
    x = jax.ShapeDtypeStruct((1, edge, edge, kernel.shape[2]), jnp.float32)
    found = []
    for kind, unit, linear in _units(network):
        noise_and_train = (None,) if unit is linear else (None, False)
        x = jax.eval_shape(lambda image, unit=unit, rest=noise_and_train: unit(image, *rest), x)
        weights = sum(leaf.size for leaf in jax.tree.leaves(nnx.state(unit, nnx.Param)))
        found.append(Layer(kind, linear.kernel.mu.shape[0], x.shape[1], x.shape[3], weights))
    return found


def _units(network: StressNet) -> Iterator[tuple[str, Any, Linear]]:
    """Kind of each part of a network in the order of its call, the part, and its first linear layer."""
    for down in network.encoder:
        yield "conv", down, down.linear
    for block in network.blocks:
        yield "residual", block, block.first.linear
    for up in (*network.decoder, network.first_up):
        if up is not None:
            yield "up", up, up.linear
    yield "last", network.last, network.last


def stressnet_architecture(network: StressNetworkSettings, pixels_per_radius: int, run: Run) -> Drawing:
    """Draw figure 8: every layer as large as what it returns."""
    geometry = PatchGeometry(pixels_per_radius)
    points = replace(network, estimator="none")  # a weight counts once, whatever its posterior
    built = printed_network(points)
    layers = layers_of(built, geometry.patch)
    channels = built.encoder[0].linear.kernel.mu.shape[2]
    shown = [
        Layer("input", 0, geometry.patch, channels, 0),
        *layers,
        Layer("output", 0, geometry.roi, layers[-1].channels, 0),
    ]
    pitches = [_PITCH["residual" if layer.kind == "residual" else "other"] for layer in shown]
    figure, axes = canvas(1.0, 0.31, sum(pitches), 11.9)
    centres = np.cumsum(pitches) - 0.5 * np.array(pitches)
    _draw_layers(axes, shown, centres)
    inner = [x for x, layer in zip(centres, shown, strict=True) if layer.kind == "residual"]
    brace(axes, inner[0] - 0.9, inner[-1] + 0.9, 2.5, f"{len(inner)} residual blocks (figure 7)", 0.35)
    foot_note(
        figure,
        f"height and depth: pixels; width: channels; {sum(layer.weights for layer in layers):,} weights; "
        f"after each conv but the last: {_norm(built)}ReLU; S: |σ₁| + |σ₂| of the input\n"
        f"input: three macroscopic stresses and the pores; output: the region of interest; {run.label}",
    )
    numbers = {
        "input": Number(f"{geometry.patch}x{geometry.patch}x{channels}", note="pixels and channels in use"),
        "output": Number(
            f"{layers[-1].edge}x{layers[-1].edge}", note="pixels, before the region of interest is cut out"
        ),
    }
    return Drawing(figure, numbers, {"layers": [vars(layer) for layer in layers], "roi_px": geometry.roi})


_PITCH = {"residual": 2.6, "other": 4.1}  # from layer to layer


def _draw_layers(axes: Axes, layers: list[Layer], centres: np.ndarray) -> None:
    """Draw layers around their centres, with arrows between them, sizes below and operations above."""
    middle, scale = 5.8, 5.2 / max(layer.edge for layer in layers)
    widest = max(layer.channels for layer in layers)
    before, end = layers[0], 0.0
    for x, layer in zip(centres, layers, strict=True):
        high, wide = scale * layer.edge, 0.3 + 1.1 * layer.channels / widest
        depth = 0.5 * high
        left = x - 0.5 * (wide + 0.3 * depth)
        if layer.kind != "input":
            arrow(axes, (end + 0.15, middle), (left - 0.1, middle), linewidth=0.7)
        end, _ = cuboid(axes, (left, middle - high / 2), (wide, high, depth), COLOURS[layer.kind])
        if layer.kind != before.kind or layer.kind != "residual":
            size = f"{layer.edge} × {layer.edge}\n× {layer.channels}"
            axes.text(x, middle - high / 2 - 0.35, size, ha="center", va="top", fontsize=6.5)
        if layer.kind != "residual":
            axes.text(x, 10.9, _label(layer, before), ha="center", va="center", fontsize=6.5)
        before = layer


def _norm(network: StressNet) -> str:
    name = NORM_NAMES[network.encoder[0].norm.kind]
    return f"{name}, " if name else ""


def _label(layer: Layer, before: Layer) -> str:
    kernel = f"{layer.kernel} × {layer.kernel}"
    match layer.kind:
        case "conv":
            return f"conv\n{kernel}\nstride {before.edge // layer.edge}"
        case "up":
            factor = layer.edge // before.edge
            return f"conv\ntransposed\n{kernel}" if factor > 1 else f"conv\n{kernel}"
        case "last":
            return f"conv\n{kernel}\nReLU, × S"
    return layer.kind
