# SPDX-License-Identifier: GPL-3.0-or-later
"""The registry of all figures and tables of the three papers, read from ``workflow/figures.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from mesobayes.record.errors import SettingsError

_OUTPUTS = {"figure": ("fig", ("pdf", "png", "json")), "table": ("table", ("csv",))}
_KINDS = ("data", "geometry", "schematic")


@dataclass(frozen=True)
class PrintedValue:
    """One value that a paper prints: a number, or the text of a claim."""

    key: str
    value: float | str

    @property
    def is_number(self) -> bool:
        return not isinstance(self.value, str)


@dataclass(frozen=True)
class Target:
    """One figure or table of a paper.

    ``settings`` is what the paper states about how the result was made; ``printed`` the values it prints,
    lists taken apart into one value each.
    """

    slug: str
    paper: str
    number: str
    output: str
    kind: str
    built: bool
    title: str
    caption: str
    settings: Mapping[str, Any]
    printed: tuple[PrintedValue, ...]

    @property
    def rule(self) -> str:
        """Name of the rule that makes it, such as ``fig_selective_learning``."""
        return f"{_OUTPUTS[self.output][0]}_{self.slug}"

    @property
    def files(self) -> tuple[str, ...]:
        """Everything the rule writes, the main file first."""
        return tuple(f"results/{self.rule}.{ending}" for ending in _OUTPUTS[self.output][1])

    @property
    def label(self) -> str:
        """Figure or table number for readers, such as ``Fig. 33``, ``Table 1`` or ``text 4.1.4a``."""
        if self.number.startswith("text-"):
            return f"text {self.number.removeprefix('text-')}"
        if self.number.startswith("beyond-"):
            return "beyond the paper"
        if self.output == "table":
            return f"Table {self.number.removeprefix('T').removeprefix('-')}"
        return f"Fig. {self.number}"

    def planned_message(self) -> str:
        """The sentence with which a target fails whose study is not built yet."""
        return (
            f"results/{self.rule} is planned: {self.label} of {self.paper} ({self.title}) is in the "
            "registry, but no rule makes it yet; the targets that are built are listed in README.md"
        )


@dataclass(frozen=True)
class Registry:
    """All targets in the order of the papers, and the titles of the papers."""

    papers: Mapping[str, Mapping[str, str]]
    targets: tuple[Target, ...]

    def __getitem__(self, slug: str) -> Target:
        for target in self.targets:
            if target.slug == slug:
                return target
        raise SettingsError(f"no target of the registry is called {slug!r}")

    @property
    def built(self) -> tuple[Target, ...]:
        return tuple(target for target in self.targets if target.built)

    @property
    def planned(self) -> tuple[Target, ...]:
        return tuple(target for target in self.targets if not target.built)


def read_registry(path: Path | str) -> Registry:
    """Read the registry.

    Raises:
        SettingsError: an entry lacks a key or has one too many, two entries share a slug, or a paper, an
            output or a kind is unknown.
    """
    content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    papers = content["papers"]
    targets = tuple(_target(entry, papers, path) for entry in content["targets"])
    slugs = [target.slug for target in targets]
    twice = sorted({slug for slug in slugs if slugs.count(slug) > 1})
    if twice:
        raise SettingsError(f"{path}: the slug {twice[0]!r} stands there twice")
    return Registry(papers, targets)


def _target(entry: dict[str, Any], papers: Mapping[str, Any], path: Path | str) -> Target:
    fields = set(Target.__dataclass_fields__)
    wrong = sorted(fields ^ set(entry))
    if wrong:
        raise SettingsError(
            f"{path}: entry {entry.get('slug')!r} has missing or unknown keys: {', '.join(wrong)}"
        )
    for key, allowed in (("paper", papers), ("output", _OUTPUTS), ("kind", _KINDS)):
        if entry[key] not in allowed:
            raise SettingsError(f"{path}: entry {entry['slug']!r} has the unknown {key} {entry[key]!r}")
    return Target(**{**entry, "printed": tuple(_flatten(entry["printed"]))})


def _flatten(values: Mapping[str, Any], prefix: str = "") -> list[PrintedValue]:
    """Take nested mappings and lists apart: ``{r2: [0.9, 0.8]}`` becomes ``r2[0]`` and ``r2[1]``."""
    flat: list[PrintedValue] = []
    for key, value in values.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            flat += _flatten(value, f"{name}.")
        elif isinstance(value, list):
            flat += [PrintedValue(f"{name}[{i}]", item) for i, item in enumerate(value)]
        elif value is not None:
            flat.append(PrintedValue(name, value))
    return flat
