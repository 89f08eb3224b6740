# SPDX-License-Identifier: GPL-3.0-or-later
"""Batches of samples, each written by one job, become one data set."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import xarray as xr

from mesobayes.record.errors import MesobayesError, StoreError
from mesobayes.record.store import open_store


def merge_batches(paths: Iterable[Path | str], dim: str, schema: str) -> xr.Dataset:
    """Concatenate batches along ``dim``, ordered by the coordinate of that name.

    Other dimensions may differ in length between batches (the padded lists of pores do); shorter ones are
    padded by NaN. The attributes keep a ``manifest``: for each batch its file name and its ids, in order.

    Raises:
        StoreError: a batch is broken, two batches hold the same id, or their code or configuration differ.
    """
    files = sorted(Path(path) for path in paths)
    if not files:
        raise StoreError("there is no batch to merge: give at least one path")
    folder = files[0].parent
    batches = [open_store(file, schema, sample_id=dim) for file in files]
    for key in ("config_hash", "code_hash"):
        if len({batch.attrs[key] for batch in batches}) > 1:
            raise StoreError(f"the batches in {folder} differ in {key}: delete that folder and run again")
    manifest = [
        {"file": file.name, dim: batch[dim].values.tolist()}
        for file, batch in zip(files, batches, strict=True)
    ]
    _refuse_duplicates(manifest, dim, folder)
    merged = _concatenate(batches, dim).sortby(dim)
    merged.attrs["manifest"] = manifest
    return merged


def refuse_bad_share(
    bad: int, drawn: int, reasons: xr.DataArray, what: str, share_max: float, setting: str
) -> None:
    """Refuse a data set of which too much failed.

    Raises:
        MesobayesError: ``bad`` of ``drawn`` samples is more than ``share_max``; names the last reason.
    """
    if bad > share_max * drawn:
        last = next(reason for reason in reversed(reasons.values.tolist()) if reason)
        raise MesobayesError(
            f"{bad} of {drawn} {what}, more than the share {share_max} set by {setting}; "
            f"last reason: {last}. The finished batches are kept"
        )


def _refuse_duplicates(manifest: Sequence[dict[str, Any]], dim: str, folder: Path) -> None:
    owner: dict[Any, str] = {}
    for entry in manifest:
        for sample in entry[dim]:
            if sample in owner:
                raise StoreError(
                    f"{dim} {sample} is in both {owner[sample]} and {entry['file']} of {folder}: "
                    "delete that folder and run again"
                )
            owner[sample] = entry["file"]


def _concatenate(batches: Sequence[xr.Dataset], dim: str) -> xr.Dataset:
    lengths = {name: max(batch.sizes[name] for batch in batches) for name in batches[0].sizes if name != dim}
    padded = []
    for batch in batches:
        missing = {name: (0, n - batch.sizes[name]) for name, n in lengths.items() if n > batch.sizes[name]}
        padded.append(batch.pad(missing) if missing else batch)
    return xr.concat(
        padded,
        dim=dim,
        data_vars="minimal",
        coords="minimal",
        compat="override",
        join="override",
        combine_attrs="override",
    )
