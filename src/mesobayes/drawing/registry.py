# SPDX-License-Identifier: GPL-3.0-or-later
"""The registry of all figures and tables: what the papers print, and how each value is compared with ours.

It stands in ``workflow/figures.yaml``; the head of that file says what every key means.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import yaml

from mesobayes.record.errors import SettingsError
from mesobayes.record.settings import nearest

_OUTPUTS = {"figure": ("fig", ("pdf", "png", "json")), "table": ("table", ("csv",))}
_KINDS = ("data", "geometry", "schematic")

CLAIMS = ("within", "at_least", "at_most", "equals", "trend")
ASIDES = ("setting", "calibrated", "misprint", "hardware")
_SIGNS = ("positive", "negative")
_OPTIONS = {  # what an entry may say beside value, compare and number
    "within": ("bound", "tolerance", "relative"),
    "at_least": ("bound",),
    "at_most": ("bound",),
    "equals": ("bound",),
    "trend": ("sign", "margin"),
    "setting": (),
    "calibrated": ("because",),
    "misprint": ("because",),
    "hardware": (),
}


@dataclass(frozen=True)
class PrintedValue:
    """One value that a paper prints, and how it is compared with ours.

    Attributes:
        key: its name, unique within the target.
        value: the number, or the text of a claim.
        compare: one of ``CLAIMS``, which get a verdict, or of ``ASIDES``, which are counted apart.
        bound: the number that is compared where the paper prints text, or where another is honest.
        tolerance: largest distance that counts as the same, for ``within``.
        relative: the same as a share of the printed number.
        sign: the sign that a trend claims, ``positive`` or ``negative``.
        margin: how far from zero a trend has to be, where the paper says "clearly" or "much".
        number: what our number is.
        because: why a misprint is one, or what of ours was chosen to meet the value.
    """

    key: str
    value: float | str
    compare: str
    bound: float | None = None
    tolerance: float | None = None
    relative: float | None = None
    sign: str | None = None
    margin: float = 0.0
    number: str = ""
    because: str = ""

    @property
    def is_number(self) -> bool:
        return not isinstance(self.value, str)

    @property
    def is_claim(self) -> bool:
        """Whether it counts among the claims of the papers."""
        return self.compare in CLAIMS

    @property
    def compared(self) -> float:
        """The number that ours is held against; for a trend its margin on the claimed side of zero."""
        if self.compare == "trend":
            return self.margin if self.sign == "positive" else 0.0 - self.margin
        return float(self.value if self.bound is None else self.bound)

    @property
    def slack(self) -> float:
        """Largest distance that counts as the same, in units of the number."""
        return abs(self.compared) * self.relative if self.relative is not None else self.tolerance or 0.0


@dataclass(frozen=True)
class Target:
    """One figure or table.

    Attributes:
        slug: its unique name.
        paper: key of the paper.
        number: figure or table number in the paper; ``beyond-1`` for what no paper shows.
        output: ``figure`` or ``table``.
        kind: ``data``, ``geometry`` or ``schematic``.
        title: short title.
        caption: what is to be seen.
        settings: what the paper states about how the result was made.
        printed: the values that the paper prints, lists taken apart into one value each.
    """

    slug: str
    paper: str
    number: str
    output: str
    kind: str
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
        """Everything the rule writes below ``results/``, the main file first."""
        return tuple(f"results/{self.rule}.{ending}" for ending in _OUTPUTS[self.output][1])

    def record(self, scale: str) -> str:
        """Return the JSON file that says what the target shows of the printed values."""
        return self.files[-1] if self.output == "figure" else f"results/{scale}/records/{self.rule}.json"

    @property
    def beyond(self) -> bool:
        """Whether no paper shows it."""
        return self.number.startswith("beyond-")

    @property
    def label(self) -> str:
        """Figure or table number for readers, such as ``Fig. 33``, ``Table 1`` or ``text 4.1.4a``."""
        if self.number.startswith("text-"):
            return f"text {self.number.removeprefix('text-')}"
        if self.beyond:
            return "beyond the paper"
        if self.output == "table":
            return f"Table {self.number.removeprefix('T').removeprefix('-')}"
        return f"Fig. {self.number}"

    def planned_message(self) -> str:
        """Return the sentence with which a target fails that no rule makes yet."""
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
        slugs = (target.slug for target in self.targets)
        raise SettingsError(f"no target of the registry is called {slug!r}{nearest(slug, slugs)}")


def read_registry(path: Path | str) -> Registry:
    """Read the registry.

    Raises:
        SettingsError: an entry lacks a key or has one too many, two entries share a slug, a paper, an
            output or a kind is unknown, or a printed value does not say how it is compared.
    """
    content = yaml.load(Path(path).read_text(encoding="utf-8"), Loader=_LOADER)
    papers = content["papers"]
    targets = tuple(_target(entry, papers, path) for entry in content["targets"])
    slugs = [target.slug for target in targets]
    twice = sorted({slug for slug in slugs if slugs.count(slug) > 1})
    if twice:
        raise SettingsError(f"{path}: the slug {twice[0]!r} stands there twice")
    return Registry(papers, targets)


_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # every figure reads it: the fast one where it is


def _target(entry: dict[str, Any], papers: Mapping[str, Any], path: Path | str) -> Target:
    wrong = sorted({field.name for field in fields(Target)} ^ set(entry))
    if wrong:
        raise SettingsError(
            f"{path}: entry {entry.get('slug')!r} has missing or unknown keys: {', '.join(wrong)}"
        )
    for key, allowed in (("paper", papers), ("output", _OUTPUTS), ("kind", _KINDS)):
        if entry[key] not in allowed:
            raise SettingsError(f"{path}: entry {entry['slug']!r} has the unknown {key} {entry[key]!r}")
    try:
        printed = tuple(_flatten(entry["printed"]))
    except SettingsError as error:
        raise SettingsError(f"{path}: entry {entry['slug']!r}: {error}") from error
    return Target(**{**entry, "printed": printed})


def _flatten(values: Mapping[str, Any], prefix: str = "") -> list[PrintedValue]:
    """Take nested mappings and lists apart: ``r2: {value: [0.9, 0.8]}`` gives ``r2[0]`` and ``r2[1]``."""
    flat: list[PrintedValue] = []
    for name, entry in values.items():
        key = f"{prefix}{name}"
        if not isinstance(entry, Mapping):
            raise SettingsError(f"{key!r} must be a mapping with value and compare, not {entry!r}")
        if "compare" not in entry and all(isinstance(inner, Mapping) for inner in entry.values()):
            flat += _flatten(entry, f"{key}.")
        elif isinstance(entry.get("value"), list):
            items = [item if isinstance(item, Mapping) else {"value": item} for item in entry["value"]]
            flat += [_printed(f"{key}[{i}]", _override(entry, item)) for i, item in enumerate(items)]
        else:
            flat.append(_printed(key, entry))
    return flat


def _override(common: Mapping[str, Any], item: Mapping[str, Any]) -> dict[str, Any]:
    """Let an item of a list replace what stands beside the list; with another comparison only common keys."""
    kept = ("value", "compare", "number", *_OPTIONS.get(item.get("compare", common.get("compare")), ()))
    return {**{key: value for key, value in common.items() if key in kept or "compare" not in item}, **item}


def _printed(key: str, entry: Mapping[str, Any]) -> PrintedValue:
    for needed in ("value", "compare"):
        if needed not in entry:
            raise SettingsError(f"{key!r} does not say its {needed}")
    compare = entry["compare"]
    if compare not in _OPTIONS:
        raise SettingsError(f"{key!r} cannot be compared by {compare!r}{nearest(compare, _OPTIONS)}")
    allowed = ("value", "compare", "number", *_OPTIONS[compare])
    for option in entry:
        if option not in allowed:
            raise SettingsError(f"{key!r}, compared by {compare!r}, has the unknown {option!r}")
    printed = PrintedValue(key, **entry)
    problem = _problem(printed)
    if problem:
        raise SettingsError(f"{key!r} {problem}")
    return printed


def _problem(printed: PrintedValue) -> str:
    """Return what is missing or wrong in one value, as the end of a sentence."""
    for name in ("bound", "tolerance", "relative", "margin"):
        number = getattr(printed, name)
        if number is not None and not (isinstance(number, int | float) and math.isfinite(number)):
            return f"has the {name} {number!r}, which is no number"
    if not isinstance(printed.value, int | float | str) or printed.value != printed.value:
        return f"has the value {printed.value!r}, which is neither number nor text"
    if printed.compare == "within" and (printed.tolerance is None) == (printed.relative is None):
        return "is compared within, so it needs a tolerance, absolute or relative"
    if printed.compare == "within" and printed.slack <= 0:
        return "needs a tolerance above zero; use equals for an exact number"
    named = printed.sign in _SIGNS and printed.number and printed.margin >= 0
    if printed.compare == "trend" and not named:
        return "is a trend, so it needs a sign (positive or negative) and says what the number is"
    if printed.compare in ("misprint", "calibrated") and not printed.because:
        return f"is compared as {printed.compare}, so it needs a because"
    if printed.is_claim and printed.compare != "trend" and not printed.is_number and printed.bound is None:
        return f"is text, so {printed.compare!r} needs a bound"
    if printed.is_claim and not printed.is_number and not printed.number:
        return "is text, so it says what the number is"
    return ""
