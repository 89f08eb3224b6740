# SPDX-License-Identifier: GPL-3.0-or-later
"""Checkpoints of a fit: written whole or not at all, and refused by any other fit."""

from __future__ import annotations

import hashlib
import logging
import zipfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from mesobayes.learning.settings import FitSettings
from mesobayes.learning.task import Task
from mesobayes.record.errors import StoreError
from mesobayes.record.files import replacing

_LOG = logging.getLogger(__name__)
_ROWS = 256  # of an array, hashed at once


def fit_identity(task: Task, settings: FitSettings, seed: int, start: Any) -> str:
    """Hash of all that decides the numbers of a fit: settings, seed, starting weights and data."""
    fit = asdict(settings)
    del fit["checkpoint_seconds"]
    if settings.schedule != "plateau":
        del fit["reports"]
    content = {"fit": fit, "seed": seed, "start": start, "task": dict(task.identity), "data": task.data}
    digest = hashlib.sha256()
    for path, leaf in jax.tree_util.tree_leaves_with_path(content, is_leaf=lambda leaf: leaf is None):
        digest.update(jax.tree_util.keystr(path).encode())
        if isinstance(leaf, np.ndarray | jax.Array):
            digest.update(f"{leaf.shape}{leaf.dtype}".encode())
            for part in _parts(leaf):
                digest.update(np.ascontiguousarray(part).data)
        else:
            digest.update(repr(leaf).encode())
    return digest.hexdigest()[:16]


def _parts(array: Any) -> Iterator[Any]:
    """Yield an array in parts: of a large one on the device the host holds one part."""
    if array.ndim == 0 or len(array) <= _ROWS:
        yield array
    else:
        yield from (array[begin : begin + _ROWS] for begin in range(0, len(array), _ROWS))


def save_arrays(path: Path, arrays: dict[str, np.ndarray], identity: str) -> None:
    """Write arrays to one file, whole or not at all. Raises StoreError if the disk is full or read-only."""
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez(file, allow_pickle=False, identity=np.array(identity), **arrays)


def load_arrays(path: Path) -> tuple[dict[str, np.ndarray], str]:
    """Read what `save_arrays` wrote: arrays and identity. Raises StoreError if the file is damaged."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as content:
            arrays = {name: content[name] for name in content.files}
        return arrays, str(arrays.pop("identity"))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise StoreError(f"{path} is damaged or not a checkpoint: delete it and run again") from error


def save_state(path: Path, state: Any, step: int, records: dict[str, np.ndarray], identity: str) -> None:
    """Write the training state (any tree of arrays), the number of finished steps and the records so far."""
    leaves = {f"leaf{i:04d}": np.asarray(leaf) for i, leaf in enumerate(jax.tree.leaves(state))}
    save_arrays(path, {**leaves, **records, "step": np.array(step)}, identity)


def load_state(path: Path, state: Any, identity: str) -> tuple[Any, int, dict[str, np.ndarray]] | None:
    """Training state shaped like `state`, finished steps and records; None without a usable checkpoint.

    A damaged checkpoint and one of another fit are left out with a message in the log.
    """
    if not path.exists():
        return None
    try:
        arrays, found = load_arrays(path)
    except StoreError:
        _LOG.warning("the checkpoint %s is damaged: training starts from step 0", path)
        return None
    if found != identity:
        _LOG.warning(
            "the checkpoint %s belongs to another configuration (%s, here %s): training starts from step 0",
            *(path, found, identity),
        )
        return None
    old, structure = jax.tree.flatten(state)
    leaves = [jnp.array(arrays.pop(f"leaf{i:04d}")) for i in range(len(old))]
    step = int(arrays.pop("step"))
    _LOG.info("resumed at step %d, from %s", step, path)
    return jax.tree.unflatten(structure, leaves), step, arrays
