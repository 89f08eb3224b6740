# SPDX-License-Identifier: GPL-3.0-or-later
"""The stage behind every figure and every table: open the stores, draw, judge the printed values, write.

A drawing function takes opened data sets by the names of its inputs, settings by theirs, and ``run`` if it
asks for it; it returns a :class:`~mesobayes.drawing.drawing.Drawing`, or for a table a
:class:`~mesobayes.drawing.drawing.Table`. Of a store it may ask for some variables only, by
:class:`~mesobayes.drawing.drawing.Reads`. An input that it declares as ``Path``, such as the weights of a
network, stays closed.
"""

from __future__ import annotations

import csv
import importlib
import inspect
import io
import json
import math
import time
import typing
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mesobayes.drawing.drawing import Drawing, Number, Reads, Table
from mesobayes.drawing.judge import judge, scale_label
from mesobayes.drawing.registry import PrintedValue, Target, read_registry
from mesobayes.record.errors import SettingsError, StoreError
from mesobayes.record.files import replacing
from mesobayes.record.provenance import Run, versions

if TYPE_CHECKING:  # a schematic opens no store, so it does not load xarray
    import xarray as xr

Files = Path | list[Path] | None


def make_target(
    slug: str,
    function: str,
    settings: dict[str, Any],
    registry: Path,
    inputs: dict[str, Any],
    outputs: dict[str, Path],
    run: Run,
) -> None:
    """Draw one figure or table and write it with what it shows of the printed values.

    Args:
        slug: name of the target in the registry.
        function: ``"package.module:name"``; the module alone if the function is named like the target.
        settings: plain values of what the function asks for beside data, rebuilt from its type hints.
        registry: the registry of all targets.
        inputs: paths of stores by name, one, a list or ``None``.
        outputs: ``pdf``, ``png`` and ``json`` of a figure, ``csv`` and ``json`` of a table.
        run: scale, seed and hashes.

    Raises:
        StoreError: a store is broken or of another scale, or an output cannot be written.
        SettingsError: the function does not fit the target, or gives numbers that the registry does not know.
    """
    begin = time.perf_counter()
    target = read_registry(registry)[slug]
    draw = _import(function, slug)
    hints = typing.get_type_hints(draw, include_extras=True)
    arguments = {
        **{name: _opened(files, hints.get(name), run) for name, files in inputs.items()},
        **{name: _rebuilt(hints, name, value) for name, value in settings.items()},
    }
    if "run" in inspect.signature(draw).parameters:
        arguments["run"] = run
    wanted = Drawing if target.output == "figure" else Table
    result = _drawn(draw, arguments) if wanted is Drawing else draw(**arguments)
    if not isinstance(result, wanted):
        raise SettingsError(f"{function} returns {type(result).__name__}, but {slug} is a {target.output}")
    content = {
        **target_record(target, result.numbers, run),
        "inputs": {name: _origins(arguments[name], files, run) for name, files in inputs.items()},
        "drawn": result.drawn,
        "wall_time_s": round(time.perf_counter() - begin, 1),
    }
    if isinstance(result, Drawing):
        from mesobayes.drawing.style import save_figure

        save_figure(result.figure, outputs["pdf"], outputs["png"], outputs["json"], finite(content))
    else:
        save_rows(result.rows, outputs["csv"], outputs["json"], content, run)
    for entry in content["printed"]:
        print(f"{entry['key']}: {entry['verdict']}, {entry['reason']}", flush=True)


def target_record(target: Target, numbers: Mapping[str, Number], run: Run) -> dict[str, Any]:
    """Return heading and origin of a target, and every printed value beside ours with its verdict.

    Raises:
        SettingsError: a number stands under a key that the registry does not know.
    """
    unknown = sorted(set(numbers) - {value.key for value in target.printed})
    if unknown:
        raise SettingsError(f"the registry prints no {', '.join(unknown)} in {target.slug}")
    return {
        "slug": target.slug,
        "paper": target.paper,
        "number": target.number,
        "title": target.title,
        "caption": target.caption,
        "settings_of_the_paper": dict(target.settings),
        "overrides": list(run.overrides),
        **run.origin,
        "versions": versions(),
        "printed": [_compared(value, numbers.get(value.key), run) for value in target.printed],
    }


def _compared(value: PrintedValue, number: Number | None, run: Run) -> dict[str, Any]:
    verdict = judge(value, number, run.scale, run.overrides)
    ours = number or Number(None)
    spread = {"ours": ours.value, "low": ours.low, "high": ours.high, "n": ours.n}
    return {"key": value.key, "printed": value.value, "compare": value.compare, **spread, **verdict._asdict()}


def save_rows(
    rows: Sequence[Sequence[Any]], path: Path, record: Path, content: Mapping[str, Any], run: Run
) -> None:
    """Write a table as CSV, each row with its scale and seed, and its record as JSON; both or none.

    Raises:
        StoreError: a file cannot be written.
    """
    heading, *body = rows
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*heading, "scale", "seed"])
    writer.writerows([*row, scale_label(run.scale, run.overrides), run.seed] for row in body)
    dump = json.dumps(finite({**content, "rows": rows}), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    with replacing(path) as table, replacing(record) as facts:
        table.write_text(text.getvalue(), encoding="utf-8")
        facts.write_text(dump, encoding="utf-8")


def finite(value: Any) -> Any:
    """Return plain values for JSON: lists for arrays, numbers of Python, ``None`` for what is not finite."""
    if isinstance(value, Mapping):
        return {str(key): finite(item) for key, item in value.items()}
    if hasattr(value, "tolist"):  # arrays and numbers of NumPy and JAX
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _import(function: str, slug: str) -> Callable[..., Any]:
    module, _, name = function.partition(":")
    try:
        return getattr(importlib.import_module(module), name or slug)
    except AttributeError as error:
        raise SettingsError(f"{module} has no function {name or slug!r} to draw {slug}") from error


def _drawn(draw: Callable[..., Any], arguments: Mapping[str, Any]) -> Any:
    """Call a function that draws in the one style."""
    from mesobayes.drawing.style import drawing_style  # loads matplotlib, which no table needs

    with drawing_style():
        return draw(**arguments)


def _rebuilt(hints: Mapping[str, Any], name: str, value: Any) -> Any:
    """Return a plain value as what a type hint asks for, such as a settings record."""
    from pydantic import TypeAdapter

    return TypeAdapter(hints[name]).validate_json(json.dumps(value)) if name in hints else value


def _opened(files: Files, hint: Any, run: Run) -> Any:
    """Open a store, a list of stores or none; paths stay paths where the function asks for these."""
    if files is None or hint in (Path, list[Path], Path | None, list[Path] | None):
        return files
    reads = [note.variables for note in getattr(hint, "__metadata__", ()) if isinstance(note, Reads)]
    variables = reads[0] if reads else None
    if isinstance(files, list):
        return [_open(file, variables, run) for file in files]
    return _open(files, variables, run)


def _open(path: Path, variables: Sequence[str] | None, run: Run) -> xr.Dataset:
    from mesobayes.record.store import open_store

    data = open_store(path, variables=variables)
    if data.attrs["scale"] != run.scale:
        raise StoreError(
            f"{path} is of scale {data.attrs['scale']}, not {run.scale}: delete it and run again"
        )
    return data


def _origins(opened: Any, files: Files, run: Run) -> list[dict[str, str]]:
    """Return the content of each input, and from which code and which settings it comes."""
    if files is None:
        return []
    paths = files if isinstance(files, list) else [files]
    sets = opened if isinstance(opened, list) else [opened]
    keys = ("schema", "config_hash", "code_hash", "settings_hash")
    contents = dict(run.lineage.made_from)
    return [
        {
            "file": str(path),
            "content_hash": contents.get(str(path), ""),
            **{key: str(data.attrs.get(key, "")) for key in keys if hasattr(data, "attrs")},
        }
        for path, data in zip(paths, sets, strict=True)
    ]
