# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration: what ``config.yaml`` and the scale files may hold, one section per study.

A study's ``settings.py`` names the record of its section ``SECTION``; nothing else has to be told of a new
study. This module loads no numerical library.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import yaml

from mesobayes.record.errors import SettingsError
from mesobayes.record.settings import build, nearest, read_plain, settings

SCALES = ("smoke", "small", "paper")


def sections() -> dict[str, type]:
    """Return the record of every study's section by the study's name."""
    here = Path(__file__).parent
    names = sorted(path.parent.name for path in here.glob("*/settings.py"))
    return {name: importlib.import_module(f"mesobayes.studies.{name}.settings").SECTION for name in names}


def configuration_record() -> type:
    """Return the record of the whole configuration: scale, seed and a section per study."""
    fields: dict[str, Any] = {"scale": Literal[SCALES], "seed": str, **sections()}
    return settings(type("Configuration", (), {"__annotations__": fields, "__module__": __name__}))


def resolve(config: Mapping[str, Any], scales: Path | str) -> Any:
    """Complete the user's configuration by the file of the scale it names, and check the whole.

    Args:
        config: content of ``config.yaml`` with whatever the command line changed; wins over the scale file.
        scales: folder with one YAML file per scale.

    Raises:
        SettingsError: unknown scale, unknown or missing key, wrong type or range; one sentence with the key
            and the nearest valid name.
    """
    return build(configuration_record(), merge(read_scale(config, scales), config))


def read_scale(config: Mapping[str, Any], scales: Path | str) -> dict[str, Any]:
    """Read the file of the scale that a configuration names. Raises SettingsError for an unknown scale."""
    names = sorted(path.stem for path in Path(scales).glob("*.yaml"))
    scale = config.get("scale")
    if scale not in names:
        raise SettingsError(f"unknown scale {scale!r}{nearest(scale, names)}")
    return yaml.safe_load((Path(scales) / f"{scale}.yaml").read_text(encoding="utf-8")) or {}


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``base`` with the entries of ``over`` laid on top, mapping by mapping."""
    both = dict(base)
    for key, value in over.items():
        nested = isinstance(value, Mapping) and isinstance(both.get(key), Mapping)
        both[key] = merge(both[key], value) if nested else value
    return both


def overrides(
    config: Mapping[str, Any], file: Mapping[str, Any], scale: Mapping[str, Any]
) -> tuple[str, ...]:
    """Return the keys, such as ``stress.mesh.growth``, whose values are not those of the scale in use.

    Args:
        config: the configuration in use, with what the command line changed.
        file: content of ``config.yaml``.
        scale: content of the scale file.
    """
    usual, given = dict(leaves(merge(file, scale))), dict(leaves(merge(scale, config)))
    changed = {key for key, value in given.items() if _plain_text(usual.get(key)) != _plain_text(value)}
    return tuple(sorted(changed - {"scale"}))


def _plain_text(value: Any) -> str:
    return str(read_plain(value) if isinstance(value, str) else value)


def leaves(tree: Mapping[str, Any], where: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every value below a tree of mappings with its dotted key."""
    for key, value in tree.items():
        name = f"{where}.{key}" if where else str(key)
        if isinstance(value, Mapping):
            yield from leaves(value, name)
        else:
            yield name, value


def configuration_schema() -> dict[str, Any]:
    """Return the JSON schema of the whole configuration."""
    from mesobayes.record.settings import json_schema

    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **json_schema(configuration_record())}


if __name__ == "__main__":  # make schema
    print(yaml.safe_dump(configuration_schema(), sort_keys=False), end="")
