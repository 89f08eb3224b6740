# SPDX-License-Identifier: GPL-3.0-or-later
"""One xarray data set <-> one ``.zarr.zip`` file, written whole or not at all, and checked on every reading.

A store is zarr v3 in a zip file, unsharded, every chunk compressed and closed by a CRC-32C. Floats have NaN
as fill value, empty chunks are written too, and each array carries its number of NaNs, so that a missing,
damaged or overwritten chunk is found instead of being read back as plausible numbers.
"""

from __future__ import annotations

import itertools
import json
import warnings
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
import zarr
from zarr.codecs import BytesCodec, Crc32cCodec, ZstdCodec
from zarr.storage import ZipStore

from mesobayes.record.content import HASH_DIGITS, data_hash, plain
from mesobayes.record.errors import StoreError
from mesobayes.record.files import replacing
from mesobayes.record.provenance import Run, versions

LAYOUT = 2  # raised when the way of writing changes
_CHUNK_BYTES = 2**22
_NAN_COUNT = "nan_count"


def write_store(dataset: xr.Dataset, path: Path | str, schema: str, run: Run) -> None:
    """Write a data set to one file, atomically.

    Args:
        dataset: arrays whose first dimension is the sample dimension, with ``units`` and ``long_name``.
        path: the ``.zarr.zip`` to write; missing folders are made.
        schema: name of the content's layout, such as ``"stress/structures"``; its readers ask for it.
        run: study, scale, seed and hashes, which go to the attributes beside the library versions.

    Raises:
        StoreError: the disk is full or read-only, or the folder may not be written; nothing is left behind.
    """
    names = sorted(map(str, dataset.variables))
    attributes = store_attributes(dataset.attrs, names, schema, run)
    with replacing(path) as temporary:
        with new_group(temporary, attributes) as group:
            for name, variable in dataset.variables.items():
                _write_array(group, str(name), variable, is_coordinate=name in dataset.coords)
        state_content(temporary, data_hash(dataset))


def store_attributes(
    attributes: Mapping[Any, Any], names: list[str], schema: str, run: Run
) -> dict[str, Any]:
    """Return what a store with arrays of these names says of itself."""
    return {
        **{key: plain(value) for key, value in attributes.items()},
        **{"schema": schema, "layout": LAYOUT, **run.origin, "versions": versions()},
        "contents": names,
    }


@contextmanager
def new_group(path: Path, attributes: Mapping[str, Any]) -> Iterator[zarr.Group]:
    """Yield the group of a new store, which is finished behind the block."""
    path.touch()  # where that fails, ZipStore would hide the reason behind an error of its own
    with ZipStore(path, mode="w", compression=zipfile.ZIP_STORED) as store:
        yield zarr.create_group(store, attributes=dict(attributes), zarr_format=3)


def state_content(path: Path, content: str) -> None:
    """Write the hash of what a store holds, known last, as the comment of its zip file."""
    with zipfile.ZipFile(path, "a") as archive:
        archive.comment = content.encode()


def create_array(
    group: zarr.Group,
    name: str,
    variable: xr.Variable,
    kind: np.dtype,
    shape: tuple[int, ...],
    is_coordinate: bool,
    nans: int,
) -> Any:
    """Return a new array for a variable, in chunks of about 4 MiB; `nans` of its values are NaN."""
    text, is_float = kind.kind in "OU", kind.kind == "f"
    extra: dict[str, Any] = {"coordinate": is_coordinate} | ({_NAN_COUNT: nans} if is_float else {})
    return group.create_array(
        name,
        shape=shape,
        dtype="string" if text else kind,
        chunks=_chunks(shape, kind),
        compressors=(ZstdCodec(level=3), Crc32cCodec()),
        serializer="auto" if text else BytesCodec(),
        fill_value="" if text else (np.nan if is_float else kind.type(0)),
        dimension_names=[str(dim) for dim in variable.dims],
        attributes={key: plain(value) for key, value in variable.attrs.items()} | extra,
        config={"write_empty_chunks": True},
    )


def open_store(
    path: Path | str,
    schema: str | None = None,
    *,
    variables: Iterable[str] | None = None,
    finite: Iterable[str] = (),
    sample_id: str | None = None,
    later: Iterable[str] = (),
) -> xr.Dataset:
    """Read a store into memory and check it.

    Args:
        path: the ``.zarr.zip`` to read.
        schema: the layout that the caller understands; by default any.
        variables: names that must be there; only these and the coordinates are read. By default all.
        finite: names that must hold no NaN and no infinity at all.
        sample_id: coordinate whose entries must be unique.
        later: names that are read only where and when they are used, chunk by chunk; whether they are finite
            is checked then.

    Raises:
        StoreError: the file is missing, truncated, damaged, foreign, of another schema or layout, or fails
            one of the checks above; the message names the file to delete.
    """
    path, finite, later = Path(path), set(finite), set(later)
    if not path.is_file():
        raise StoreError(f"{path} does not exist: ask snakemake for it, or check the path")
    try:
        dataset = _read_zip(
            path,
            schema,
            None if variables is None else set(variables),
            {name: name in finite for name in later},
        )
    except StoreError as error:
        raise StoreError(_delete_hint(path, str(error))) from error
    except (
        *(zipfile.BadZipFile, zlib.error, json.JSONDecodeError, zarr.errors.BaseZarrError),
        *(
            KeyError,
            ValueError,
            TypeError,
            AttributeError,
            OSError,
            EOFError,
            RuntimeError,
            NotImplementedError,
        ),
        zarr.errors.ZarrUserWarning,
    ) as error:
        raise StoreError(
            _delete_hint(path, f"truncated, damaged or no store of this project ({error})")
        ) from error
    problem = _content_problem(dataset, [name for name in finite if name not in later], sample_id)
    if problem:
        raise StoreError(_delete_hint(path, problem))
    return dataset


def _write_array(group: zarr.Group, name: str, variable: xr.Variable, is_coordinate: bool) -> None:
    values = np.asarray(variable.values)
    nans = int(np.isnan(values).sum()) if values.dtype.kind == "f" else 0
    array = create_array(group, name, variable, values.dtype, values.shape, is_coordinate, nans)
    array[...] = values.astype(object) if values.dtype.kind in "OU" else values


def _chunks(shape: tuple[int, ...], kind: np.dtype) -> tuple[int, ...]:
    """Split along the first axis into chunks of about 4 MiB; zarr wants no chunk of length zero."""
    if not shape:
        return ()
    row = max(1, int(np.prod(shape[1:])) * kind.itemsize)
    return (max(1, min(shape[0], _CHUNK_BYTES // row)), *(max(1, n) for n in shape[1:]))


def _read_zip(
    path: Path, schema: str | None, wanted: set[str] | None, later: Mapping[str, bool]
) -> xr.Dataset:
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
        content = archive.comment.decode()
        damaged = archive.testzip()  # reads every member and checks its header and its CRC-32
    if damaged is not None:
        raise StoreError(f"its member {damaged} is damaged")
    with warnings.catch_warnings(), ZipStore(path, mode="r") as store:
        warnings.simplefilter(
            "error", zarr.errors.ZarrUserWarning
        )  # raised for a member that belongs to no array
        group = zarr.open_group(store, mode="r", zarr_format=3)
        attributes: dict[str, Any] = dict(group.attrs) | {"content_hash": content}
        contents = attributes.pop("contents", ())
        found = attributes.get("schema")
        if schema is not None and found != schema:
            raise StoreError(f"its schema is {found!r}, but {schema!r} is needed")
        if attributes.get("layout") != LAYOUT:
            raise StoreError(f"it was written in layout {attributes.get('layout')!r}, but {LAYOUT} is needed")
        missing = [
            key
            for key in ("study", "scale", "seed", "config_hash", "code_hash", "versions")
            if key not in attributes
        ]
        if missing:
            raise StoreError(f"it does not say its {', '.join(missing)}")
        arrays = dict(group.arrays())
        if set(arrays) != set(contents):
            raise StoreError(f"of its arrays only {', '.join(sorted(arrays))} are there")
        absent = sorted((wanted or set()) - set(arrays))
        if absent:
            raise StoreError(f"it holds no {', '.join(absent)}")
        variables: dict[str, xr.Variable] = {}
        coordinates: dict[str, xr.Variable] = {}
        for name, array in sorted(arrays.items()):
            extra = dict(array.attrs)
            is_coordinate = extra.pop("coordinate")
            if wanted is None or is_coordinate or name in wanted:
                target = coordinates if is_coordinate else variables
                _refuse_missing_chunks(name, array, names)
                target[name] = (
                    _put_off(path, name, array, extra, later[name])
                    if name in later
                    else _read_array(name, array, extra)
                )
    if len(content) != HASH_DIGITS:
        raise StoreError("it was truncated or packed anew: its end, which says what it holds, is missing")
    return xr.Dataset(variables, coordinates, attributes)


def _refuse_missing_chunks(name: str, array: Any, names: set[str]) -> None:
    grid = [range(-(-n // c)) for n, c in zip(array.shape, array.chunks, strict=True)]
    chunks = {"/".join([name, "c", *map(str, index)]) for index in itertools.product(*grid)}
    if chunks - names:
        raise StoreError(f"{len(chunks & names)} of {len(chunks)} chunks of {name} are there")


def _put_off(path: Path, name: str, array: Any, attributes: dict[str, Any], finite: bool) -> xr.Variable:
    from mesobayes.record.chunks import ChunkedArray, chunked_variable

    attributes.pop(_NAN_COUNT, None)
    values = ChunkedArray(path, name, array.shape, np.dtype(array.dtype), finite)
    return xr.Variable(array.metadata.dimension_names or (), chunked_variable(values), attributes)


def _read_array(name: str, array: Any, attributes: dict[str, Any]) -> xr.Variable:
    values = np.asarray(array[...])
    if values.dtype.kind == "f":
        nans = int(np.isnan(values).sum())
        if nans != attributes.pop(_NAN_COUNT, nans):
            raise StoreError(f"{name} has holes: it holds {nans} NaNs that were not written")
    dims = array.metadata.dimension_names or ()
    return xr.Variable(dims, values.astype(object) if values.dtype.kind == "T" else values, attributes)


def _content_problem(dataset: xr.Dataset, finite: Iterable[str], sample_id: str | None) -> str | None:
    for name in finite:
        bad = int(np.size(dataset[name]) - np.isfinite(dataset[name].values).sum())
        if bad:
            return f"{name} holds {bad} values that are not finite"
    if sample_id is not None:
        if sample_id not in dataset.coords:
            return f"it has no {sample_id} ids"
        ids, counts = np.unique(dataset[sample_id].values, return_counts=True)
        if (counts > 1).any():
            return f"{sample_id} {ids[counts > 1][0]} occurs {counts.max()} times"
    return None


def _delete_hint(path: Path, problem: str) -> str:
    return f"{path} cannot be used: {problem}. Delete this file and run the same command again."
