# SPDX-License-Identifier: GPL-3.0-or-later
"""A user's image by its name; this module loads no numerical library."""

from __future__ import annotations

from pathlib import Path

from mesobayes.images.errors import ImageError

ENDINGS = (".png", ".tif", ".tiff", ".npy", ".zarr.zip", ".zarr")
_ACCEPTED = f"{', '.join(ENDINGS[:-1])} or {ENDINGS[-1]}"
LOSSY = "JPEG changes the grey values beside every edge, and with them the phases"


def find_image(folder: Path | str, name: str) -> Path:
    """Return the file of that name in a folder, whatever its format, or the folder of slices.

    Dots, blanks and capitals belong to the name; capitals of the ending do not matter.

    Raises:
        ImageError: there is none, there are several, or its format is none that is read.
    """
    folder = Path(folder)
    entries = sorted(folder.iterdir()) if folder.is_dir() else []
    mine = [path for path in entries if path.name.startswith(name)]
    found = [path for path in mine if _ending(path, name) in ENDINGS or (path.name == name and path.is_dir())]
    if len(found) == 1:
        return found[0]
    asked = f"one image {folder}/{name} is needed ({_ACCEPTED}, or a folder of slices)"
    if found:
        raise ImageError(f"{asked}: {', '.join(map(str, found))} are there")
    for path in mine:
        refuse_lossy(path)
    other = [str(path) for path in mine if path.stem == name]
    near = [str(path) for path in entries if path.name.lower().startswith(f"{name.lower()}.")]
    there = f"none is there, only {', '.join(other or near)}" if other or near else "none is there"
    raise ImageError(f"{asked}: {there}")


def image_name(path: Path) -> str:
    """Return the name under which an image is found, that of its file or folder without the ending.

    Raises:
        ImageError: its format is none that is read.
    """
    refuse_lossy(path)
    ending = next((ending for ending in ENDINGS if path.name.lower().endswith(ending)), "")
    if not ending and not path.is_dir():
        raise ImageError(f"{path} is none of {_ACCEPTED}, and no folder of slices: save it as one of these")
    return path.name[: len(path.name) - len(ending)]


def refuse_lossy(path: Path) -> None:
    """Raise ImageError for a JPEG file."""
    if path.suffix.lower() in (".jpg", ".jpeg", ".jpe"):
        raise ImageError(f"{path} is refused: {LOSSY}; save the original as PNG or TIFF")


def _ending(path: Path, name: str) -> str:
    return path.name[len(name) :].lower()
