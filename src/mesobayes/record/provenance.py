# SPDX-License-Identifier: GPL-3.0-or-later
"""What a result was made from: hashes of code, settings and inputs, commit, versions of the libraries."""

from __future__ import annotations

import hashlib
import json
import platform
import subprocess
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

_DISTRIBUTIONS = (
    *("mesobayes", "snakemake", "numpy", "scipy", "xarray", "zarr", "jax", "jaxlib", "flax", "optax"),
    *("numpyro", "jax-fem", "gmsh", "cholespy", "matplotlib"),
)


@dataclass(frozen=True)
class Lineage:
    """What stands behind a job: see :mod:`mesobayes.record.lineage`.

    Attributes:
        settings_hash: :func:`config_hash` of the settings of the job and of every job behind its inputs.
        made_from: path and content hash of every input, in order.
        outputs: every file that the job makes.
        benchmark: where Snakemake writes what the job took.
        configuration: hash of the resolved configuration, kept as ``results/configurations/<hash>.yaml``.
        commit: commit of the sources, with ``-dirty`` where they were edited since; empty without git.
    """

    settings_hash: str = ""
    made_from: tuple[tuple[str, str], ...] = ()
    outputs: tuple[str, ...] = ()
    benchmark: str = ""
    configuration: str = ""
    commit: str = ""


@dataclass(frozen=True)
class Run:
    """What a job knows of itself; all but overrides and checkpoint stand in the attributes of its stores.

    Attributes:
        study: name of the study, such as ``"stress"``.
        scale: ``"smoke"``, ``"small"`` or ``"paper"``.
        seed: the study seed, a name.
        config_hash: :func:`config_hash` of the settings in use.
        code_hash: :meth:`mesobayes.record.code.Sources.hash` of the modules in use.
        call: everything the job was asked to do, as the workflow wrote it.
        overrides: keys of the study whose values are not those of its scale.
        checkpoint: where a fit may keep what it needs to go on after an interruption.
        lineage: inputs, settings and sources behind the job.
    """

    study: str
    scale: str
    seed: str
    config_hash: str = ""
    code_hash: str = ""
    call: str = ""
    overrides: tuple[str, ...] = ()
    checkpoint: Path | None = None
    lineage: Lineage = Lineage()

    @property
    def label(self) -> str:
        """What every figure says of its origin."""
        modified = " (modified)" if self.overrides else ""
        return f"scale {self.scale}{modified}, seed {self.seed}"

    @property
    def origin(self) -> dict[str, Any]:
        """What every store and every record of a figure says of its origin."""
        return {
            "study": self.study,
            "scale": self.scale,
            "seed": self.seed,
            "config_hash": self.config_hash,
            "code_hash": self.code_hash,
            "call": self.call,
            **asdict(self.lineage),
        }


def config_hash(settings: Mapping[str, Any]) -> str:
    """Return 16 hexadecimal digits for a mapping of plain values; the order of keys does not matter."""
    text = json.dumps(settings, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def commit_of(folder: Path) -> str:
    """Return the commit of a folder, with ``-dirty`` where files were edited since; empty without git."""
    command = ["git", "-C", str(folder), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=20).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return ""


@cache
def versions() -> dict[str, str]:
    """Return the version of Python and of every library that can change a number."""
    found = {"python": platform.python_version()}
    for name in _DISTRIBUTIONS:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found
