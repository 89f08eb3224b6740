# SPDX-License-Identifier: GPL-3.0-or-later
"""`mesobayes predict <image>`: an image of one's own through a study."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from mesobayes.command.workflow import scale_of, snakemake
from mesobayes.images.find import image_name
from mesobayes.record.errors import MesobayesError

TARGETS = {
    "permeability": "results/predict/{}.json",
    "stress": "results/predict/stress/{}.json",
    "failure": "results/predict/failure/{}.json",
}


def predict(image: Path, study: str, scale: str | None, further: Sequence[str]) -> int:
    """Put the image among the inputs, ask Snakemake for its prediction, and print the answer.

    Args:
        image: a file, or a folder of the format zarr or of slices.
        study: "permeability", "stress" or "failure".
        scale: of the networks.
        further: words for Snakemake, such as `--config`.

    Raises:
        MesobayesError: there is no such image, its format is none that is read, or there is another one of
            its name among the inputs.
    """
    name = place(image, Path("inputs"))
    target = TARGETS[study].format(name)
    command = snakemake(target, *further, "--config", f"scale={scale_of(scale)}")
    done = subprocess.run(command, check=False)
    if done.returncode == 0:
        print(json.dumps(json.loads(Path(target).read_text(encoding="utf-8")), indent=2, ensure_ascii=False))
        print(f"in {target}")
    return done.returncode


def place(image: Path, inputs: Path) -> str:
    """Copy an image to the inputs, unless it lies there, and return its name."""
    if not image.exists():
        raise MesobayesError(f"there is no image {image}")
    name = image_name(image)
    there = inputs / image.name
    if there.exists() and there.resolve() == image.resolve():
        return name
    if image.is_dir() or (there.exists() and there.read_bytes() != image.read_bytes()):
        if there.exists():
            raise MesobayesError(f"{there} is another image of this name: rename one of them")
        shutil.copytree(image, there)
    elif not there.exists():
        inputs.mkdir(exist_ok=True)
        shutil.copy2(image, there)
    return name
