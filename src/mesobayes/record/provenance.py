# SPDX-License-Identifier: GPL-3.0-or-later
"""What a result was made from: hashes of code and configuration, and versions of the libraries.

Snakemake does not see edits of imported modules. Every rule therefore carries ``code_hash(...)`` of the
function it calls among its parameters: the hash follows the project's imports to every module in use, so an
edit re-runs exactly what depends on it, and a touched or newly checked-out file re-runs nothing.
"""

from __future__ import annotations

import ast
import hashlib
import json
import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

_PACKAGE = "mesobayes"
_DISTRIBUTIONS = (
    *("mesobayes", "snakemake", "numpy", "scipy", "xarray", "zarr", "jax", "jaxlib", "flax", "optax"),
    *("numpyro", "jax-fem", "gmsh", "cholespy", "matplotlib"),
)


@dataclass(frozen=True)
class Run:
    """What a job knows of itself; all but the last two stand in the attributes of every store it writes.

    Attributes:
        study: name of the study, such as ``"stress"``.
        scale: ``"smoke"``, ``"small"`` or ``"paper"``.
        seed: the study seed, a name.
        config_hash: :func:`config_hash` of the settings in use.
        code_hash: :func:`code_hash` of the modules in use.
        call: everything the job was asked to do, as the workflow wrote it.
        overrides: keys of the study whose values are not those of its scale.
        checkpoint: where a fit may keep what it needs to go on after an interruption.
    """

    study: str
    scale: str
    seed: str
    config_hash: str = ""
    code_hash: str = ""
    call: str = ""
    overrides: tuple[str, ...] = ()
    checkpoint: Path | None = None

    @property
    def label(self) -> str:
        """What every figure says of its origin."""
        modified = " (modified)" if self.overrides else ""
        return f"scale {self.scale}{modified}, seed {self.seed}"

    @property
    def origin(self) -> dict[str, str]:
        """What every store says of its origin."""
        return {
            "study": self.study,
            "scale": self.scale,
            "seed": self.seed,
            "config_hash": self.config_hash,
            "code_hash": self.code_hash,
            "call": self.call,
        }


def config_hash(settings: Mapping[str, Any]) -> str:
    """Return 16 hexadecimal digits for a mapping of plain values; the order of keys does not matter."""
    text = json.dumps(settings, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


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


def code_hash(*names: str, root: Path | None = None) -> str:
    """Return 16 hexadecimal digits for the content of modules and of all project modules they import.

    Args:
        names: dotted names such as ``"mesobayes.studies.stress.patches"``; a package means all its files.
        root: folder of the package; by default the installed one.

    Raises:
        ModuleNotFoundError: a name is neither a module nor a package of the project.
    """
    root = Path(__file__).resolve().parents[1] if root is None else Path(root)
    total = hashlib.sha256()
    for path in module_files(*names, root=root):
        total.update(path.relative_to(root).as_posix().encode() + b"\0")
        total.update(path.read_bytes().replace(b"\r\n", b"\n") + b"\0")
    return total.hexdigest()[:16]


def module_files(*names: str, root: Path) -> list[Path]:
    """Return, sorted, the files of the named modules and of every project module they import.

    An ``__init__.py`` that only re-exports is read as a table of names: ``from mesobayes.fem import f``
    leads to the module that defines ``f`` and not to the rest of the package. Names that it imports for type
    checkers alone, because it loads them when first used, count as well.
    """
    seen: set[Path] = set()
    todo = [path for name in names for path in _files_of(name, root)]
    while todo:
        path = todo.pop()
        if path not in seen:
            seen.add(path)
            todo.extend(_imported_files(path, root))
    return sorted(seen)


def _files_of(name: str, root: Path) -> list[Path]:
    """Return the file of a module, or every file of a package."""
    parts = name.split(".")
    base = root.joinpath(*parts[1:])
    if parts[0] == _PACKAGE and base.with_suffix(".py").is_file():
        return [base.with_suffix(".py")]
    if parts[0] == _PACKAGE and len(parts) > 1 and base.is_dir():
        return sorted(base.rglob("*.py"))
    raise ModuleNotFoundError(f"{name!r} is no module of {_PACKAGE} below {root}")


def _imported_files(path: Path, root: Path) -> Iterator[Path]:
    for module, names in _imports(path, root):
        yield from _resolve(module, names, root)


def _imports(path: Path, root: Path, typing: bool = False) -> list[tuple[str, list[str]]]:
    """Return ``(module, imported names)`` for every project import in a file, also inside functions."""
    return _imports_in(path, root, path.read_bytes(), typing)


@cache  # a workflow asks for the hashes of dozens of jobs, which share most of their modules
def _imports_in(path: Path, root: Path, content: bytes, typing: bool) -> list[tuple[str, list[str]]]:
    found: list[tuple[str, list[str]]] = []
    package = [_PACKAGE, *path.relative_to(root).parts[:-1]]
    typing_only: set[int] = set()
    for node in ast.walk(ast.parse(content, filename=str(path))):
        if not typing and isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            typing_only.update(id(inner) for child in node.body for inner in ast.walk(child))
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == _PACKAGE:
                    found.append((alias.name, []))
        elif isinstance(node, ast.ImportFrom):
            stem = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*stem, *(node.module.split(".") if node.module else [])])
            if module.split(".")[0] == _PACKAGE:
                found.append((module, [alias.name for alias in node.names]))
    return found


def _resolve(module: str, names: list[str], root: Path) -> Iterator[Path]:
    base = root.joinpath(*module.split(".")[1:])
    if not base.is_dir():
        yield from _files_of(module, root)
        return
    init = base / "__init__.py"
    exported = _reexports(init, root) if init.is_file() else {}
    for name in names:
        if name in exported:
            yield from _resolve(exported[name], [name], root)
        elif base.joinpath(f"{name}.py").is_file() or base.joinpath(name).is_dir():
            yield from _files_of(f"{module}.{name}", root)
        elif base == root:
            yield init  # a name that the top package itself defines, such as the version
        else:
            yield from _files_of(module, root)  # defined in the package file, or a star: take everything
    if not names and base != root:
        yield from _files_of(module, root)


def _reexports(init: Path, root: Path) -> dict[str, str]:
    """Return which module each name comes from that a package file imports, unless it is a sub-module."""
    return {
        name: module
        for module, names in _imports(init, root, typing=True)
        for name in names
        if root.joinpath(*module.split(".")[1:]) != init.parent
    }
