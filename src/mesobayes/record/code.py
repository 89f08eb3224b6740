# SPDX-License-Identifier: GPL-3.0-or-later
"""What a job's code is: the content of the modules in use, and the locked versions of their libraries.

Snakemake does not see edits of imported modules. Every rule therefore carries the hash of the function it
calls among its parameters: the hash follows the project's imports to every module in use, and from there to
the libraries and what these need, so an edit or a new version re-runs exactly what depends on it, and a
touched or newly checked-out file re-runs nothing.
"""

from __future__ import annotations

import ast
import hashlib
import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from mesobayes.record.errors import StoreError
from mesobayes.record.files import replacing

_PACKAGE = "mesobayes"
_NAMED_OTHERWISE = {"PIL": "pillow", "yaml": "pyyaml"}  # in the lock than by their import


class Imports(NamedTuple):
    """What one file imports, also inside functions.

    Attributes:
        project: module of the project and the names taken from it.
        typing: the same of imports for type checkers alone.
        libraries: top-level names of everything else but the standard library.
    """

    project: list[tuple[str, list[str]]]
    typing: list[tuple[str, list[str]]]
    libraries: list[str]


class Sources:
    """The modules of the project as they are now; each file is read once.

    Args:
        root: folder of the package; by default the installed one.
        lock: locked requirements, whose versions count as code; by default none.
        cache: file that keeps the imports of a content, since reading them takes most of the time.
    """

    def __init__(self, root: Path | None = None, lock: Path | None = None, cache: Path | None = None):
        self.root = Path(__file__).resolve().parents[1] if root is None else Path(root)
        self._contents: dict[Path, bytes] = {}
        self._found: dict[Path, Imports] = {}
        self._resolved: dict[Path, list[Path]] = {}
        self._locked = {} if lock is None else read_lock(lock.read_text(encoding="utf-8"))
        self._cache = cache
        self._kept: dict[str, Any] = {} if cache is None else _read_cache(cache)
        self._new = False

    def hash(self, *names: str) -> str:
        """Return 16 hexadecimal digits for modules, all project modules they import, and their libraries.

        Args:
            names: dotted names such as ``"mesobayes.studies.stress.patches"``; a package means all its files.

        Raises:
            ModuleNotFoundError: a name is neither a module nor a package of the project.
        """
        total = hashlib.sha256()
        files = self.files(*names)
        for path in files:
            total.update(path.relative_to(self.root).as_posix().encode() + b"\0")
            total.update(self._content(path) + b"\0")
        for line in self.versions(files):
            total.update(line.encode() + b"\0")
        return total.hexdigest()[:16]

    def files(self, *names: str) -> list[Path]:
        """Return, sorted, the files of the named modules and of every project module they import.

        An ``__init__.py`` that only re-exports is read as a table of names: ``from mesobayes.fem import f``
        leads to the module that defines ``f`` and not to the rest of the package. Names that it imports for
        type checkers alone, because it loads them when first used, count as well.
        """
        seen: set[Path] = set()
        todo = [path for name in names for path in self._files_of(name)]
        while todo:
            path = todo.pop()
            if path not in seen:
                seen.add(path)
                if path not in self._resolved:
                    self._resolved[path] = list(self._imported_files(path))
                todo.extend(self._resolved[path])
        return sorted(seen)

    def versions(self, files: list[Path]) -> list[str]:
        """Return, sorted, ``name==version`` of the locked libraries that files import or that these need."""
        todo = {name for path in files for name in self._imports(path).libraries}
        seen: set[str] = set()
        while todo:
            name = todo.pop()
            key = _NAMED_OTHERWISE.get(name, name).lower().replace("_", "-")
            if key in self._locked and key not in seen:
                seen.add(key)
                todo |= self._locked[key].needs
        return sorted(f"{name}=={self._locked[name].version}" for name in seen)

    def keep(self) -> None:
        """Write the cache where it has grown; a folder that may not be written keeps none."""
        if self._cache is not None and self._new:
            try:
                with replacing(self._cache) as temporary:
                    temporary.write_text(json.dumps(self._kept), encoding="utf-8")
            except StoreError:
                return

    def reexports(self, init: Path) -> dict[str, str]:
        """Return which module each name comes from that a package file imports, unless it is a sub-module."""
        imports = self._imports(init)
        return {
            name: module
            for module, names in [*imports.project, *imports.typing]
            for name in names
            if self.root.joinpath(*module.split(".")[1:]) != init.parent
        }

    def _content(self, path: Path) -> bytes:
        if path not in self._contents:
            self._contents[path] = path.read_bytes().replace(b"\r\n", b"\n")
        return self._contents[path]

    def _imports(self, path: Path) -> Imports:
        if path not in self._found:
            self._found[path] = self._read_imports(path)
        return self._found[path]

    def _read_imports(self, path: Path) -> Imports:
        content = self._content(path)
        place = path.relative_to(self.root)
        key = f"{place.parent.as_posix()}:{hashlib.sha256(content).hexdigest()}"
        if key not in self._kept:
            self._kept[key] = imports_of(content, [_PACKAGE, *place.parts[:-1]])
            self._new = True
        return Imports(*self._kept[key])

    def _files_of(self, name: str) -> list[Path]:
        """Return the file of a module, or every file of a package."""
        parts = name.split(".")
        base = self.root.joinpath(*parts[1:])
        if parts[0] == _PACKAGE and base.with_suffix(".py").is_file():
            return [base.with_suffix(".py")]
        if parts[0] == _PACKAGE and len(parts) > 1 and base.is_dir():
            return sorted(base.rglob("*.py"))
        raise ModuleNotFoundError(f"{name!r} is no module of {_PACKAGE} below {self.root}")

    def _imported_files(self, path: Path) -> Iterator[Path]:
        for module, names in self._imports(path).project:
            yield from self._resolve(module, names)

    def _resolve(self, module: str, names: list[str]) -> Iterator[Path]:
        base = self.root.joinpath(*module.split(".")[1:])
        if not base.is_dir():
            yield from self._files_of(module)
            return
        init = base / "__init__.py"
        exported = self.reexports(init) if init.is_file() else {}
        for name in names:
            if name in exported:
                yield from self._resolve(exported[name], [name])
            elif base.joinpath(f"{name}.py").is_file() or base.joinpath(name).is_dir():
                yield from self._files_of(f"{module}.{name}")
            elif base == self.root:
                yield init  # a name that the top package itself defines, such as the version
            else:
                yield from self._files_of(module)  # defined in the package file, or a star: take everything
        if not names and base != self.root:
            yield from self._files_of(module)


def imports_of(content: bytes, package: list[str]) -> Imports:
    """Return what a file of a package imports."""
    found = Imports([], [], [])
    tree = ast.parse(content)
    for_checkers = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
        for child in node.body
        for inner in ast.walk(child)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules: list[tuple[str, list[str]]] = [(alias.name, []) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            stem = package[: len(package) - node.level + 1] if node.level else []
            names = [alias.name for alias in node.names]
            modules = [(".".join([*stem, *(node.module.split(".") if node.module else [])]), names)]
        else:
            continue
        typing = id(node) in for_checkers
        for module, names in modules:
            top = module.split(".")[0]
            if top == _PACKAGE:
                (found.typing if typing else found.project).append((module, names))
            elif not typing and top not in sys.stdlib_module_names and top not in found.libraries:
                found.libraries.append(top)
    return found


class Locked(NamedTuple):
    """One library of the lock: its version, several where it depends on the machine, and what it needs."""

    version: str
    needs: set[str]


def read_lock(text: str) -> Mapping[str, Locked]:
    """Read requirements as ``uv pip compile`` writes them, with the comments that say what needs what."""
    versions: dict[str, list[str]] = defaultdict(list)
    needs: dict[str, set[str]] = defaultdict(set)
    name, via = "", False
    for line in text.splitlines():
        if pinned := re.match(r"([A-Za-z0-9._-]+)==([^ ;\\]+)", line):
            name, via = pinned[1].lower(), False
            versions[name].append(pinned[2])
        elif comment := re.match(r"\s+# (via)?\s*([A-Za-z0-9._-]*)(.*)", line):
            via = via or bool(comment[1])
            if via and comment[2] and not comment[3].strip():
                needs[comment[2].lower()].add(name)
    return {name: Locked(",".join(found), needs[name]) for name, found in versions.items()}


def _read_cache(path: Path) -> dict[str, Any]:
    """Return the imports that a file keeps; none of a damaged one."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return kept if isinstance(kept, dict) else {}
