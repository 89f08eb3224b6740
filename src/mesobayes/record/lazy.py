# SPDX-License-Identifier: GPL-3.0-or-later
"""Names that a package offers without importing the modules that define them."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping


def lazy_names(
    package: str, homes: Mapping[str, str]
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """Return ``__getattr__`` and ``__dir__`` of a package (PEP 562) that loads a module at its first use.

    Args:
        package: full name of the package, ``__name__`` in its ``__init__.py``.
        homes: name to the module below the package that defines it, such as ``"plate.solution"``.
    """

    def get(name: str) -> object:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(importlib.import_module(f"{package}.{homes[name]}"), name)

    return get, lambda: sorted(homes)
