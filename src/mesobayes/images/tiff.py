# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tags of a TIFF file say of its pixels, and which files are refused for it."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import TiffImagePlugin
from PIL.TiffTags import lookup

from mesobayes.images.errors import ImageError
from mesobayes.images.find import LOSSY

BITS, COMPRESSION, PHOTOMETRIC, DESCRIPTION, ORIENTATION = 258, 259, 262, 270, 274
SAMPLES, EXTRA_SAMPLES, SAMPLE_FORMAT = 277, 338, 339
UNSIGNED, SIGNED = 1, 2
KINDS = {UNSIGNED: "uint", SIGNED: "int", 3: "float"}
PREFIXES = tuple(TiffImagePlugin.PREFIXES)
_JPEG = (6, 7, 34892)


def check_tags(path: Path, tags: Mapping[int, Any]) -> None:
    """Refuse a TIFF page that is compressed with loss, has no photometric interpretation, or channels."""
    if tags.get(COMPRESSION) in _JPEG:
        raise ImageError(f"{path} is compressed as JPEG: {LOSSY}; save the original without loss")
    if PHOTOMETRIC not in tags:
        raise ImageError(
            f"{path} does not say whether 0 is black or white (PhotometricInterpretation is missing): "
            "save it anew as PNG or TIFF"
        )
    channels = tags.get(SAMPLES, 1)
    if 0 in np.atleast_1d(tags.get(EXTRA_SAMPLES, ())) and tags[PHOTOMETRIC] in (0, 1):
        raise ImageError(f"{path} holds {channels} channels: save the one that shows the phases")


def check_volume(path: Path, tags: Mapping[int, Any], pages: int) -> None:
    """Refuse pages that are no slices of one volume, by what ImageJ or OME wrote of them."""
    description = str(tags.get(DESCRIPTION, ""))
    if description.startswith("ImageJ="):
        counts = {
            key: int(value) for key, value in re.findall(r"^(\w+)=(\d+)\s*$", description, re.MULTILINE)
        }
        if counts.get("images", 1) > pages:
            raise ImageError(
                f"{path} holds {counts['images']} slices in one block, as ImageJ writes above 4 GB; only the "
                "first can be read: save it as an image sequence and give the folder"
            )
        several = {key: counts[key] for key in ("channels", "frames") if counts.get(key, 1) > 1}
    else:
        several = {
            {"C": "channels", "T": "frames"}[axis]: int(count)
            for axis, count in re.findall(r'<Pixels[^>]*?\bSize([CT])="(\d+)"', description)
            if int(count) > 1
        }
    if several:
        text = " and ".join(f"{count} {what}" for what, count in several.items())
        raise ImageError(f"{path} holds {text}: save the one that shows the phases")


def unread_tiff(file: BinaryIO, head: bytes) -> str:
    """Say what a TIFF file holds that Pillow does not read."""
    try:
        with warnings.catch_warnings(action="ignore"):
            tags = TiffImagePlugin.ImageFileDirectory_v2(head if head[2] == 43 else head[:8])
            file.seek(tags.next)
            tags.load(file)
            bits, kind = tags[BITS], tags.get(SAMPLE_FORMAT, (UNSIGNED,))[0]
    except Exception:  # whatever is met in a damaged file
        return "is damaged or cut off: it begins like a TIFF file and names no pixels"
    photometric, samples = tags.get(PHOTOMETRIC), tags.get(SAMPLES, 1)
    names: dict[Any, str] = {value: name for name, value in lookup(PHOTOMETRIC).enum.items()}
    return (
        f"is a TIFF file of {KINDS.get(kind, 'unknown ')}{bits[0]} with {samples} samples a pixel "
        f"({names.get(photometric, photometric)}), which is not supported: save it as 8-bit or 16-bit grey, "
        "or as npy"
    )
