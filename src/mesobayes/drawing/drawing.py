# SPDX-License-Identifier: GPL-3.0-or-later
"""What a drawing function returns: a figure or the rows of a table, and the numbers found on the way."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # a table is written without matplotlib
    from matplotlib.figure import Figure

_LEVEL = 0.95


@dataclass(frozen=True)
class Reads:
    """Names of the variables that a drawing function reads of a store, where it does not need all.

    It stands in a type hint: ``Annotated[xr.Dataset, Reads("true_max", "mean_max")]``.
    """

    variables: tuple[str, ...]

    def __init__(self, *variables: str) -> None:
        object.__setattr__(self, "variables", variables)


@dataclass(frozen=True)
class Number:
    """One number of ours with its spread, for a value that a paper prints.

    Attributes:
        value: the number; for a setting it may be text. ``None`` where there is none, the note says why.
        low: lower end of the 95 % interval of the number; ``None`` where a single run gives no spread.
        high: upper end of that interval.
        n: repeats, folds or specimens behind the interval.
        note: what the number is, as a part of a sentence.

    Raises:
        ValueError: only one end of the interval is given, or the lower one lies above the upper one.
    """

    value: float | str | None
    low: float | None = None
    high: float | None = None
    n: int = 1
    note: str = ""

    def __post_init__(self) -> None:
        if (self.low is None) != (self.high is None):
            raise ValueError(f"an interval has two ends, not {self.low} and {self.high}")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"the interval from {self.low} to {self.high} is empty")

    @classmethod
    def of(cls, repeats: Sequence[float], note: str = "") -> Number:
        """Return the mean of repeats with the 95 % Student-t interval of that mean.

        Args:
            repeats: one number per repeat or fold, which are taken as independent. One repeat has no
                interval; one that is not finite leaves no number.
            note: what the number is.
        """
        values = [float(value) for value in repeats]
        n = len(values)
        missing = sum(not math.isfinite(value) for value in values)
        if missing or n == 0:
            return cls(None, n=n, note=_joined(note, f"missing in {missing} of {n} repeats"))
        mean = math.fsum(values) / n
        if n == 1:
            return cls(mean, note=note)
        from scipy.special import stdtrit  # loaded by the few figures that have repeats

        deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (n - 1))
        half = float(stdtrit(n - 1, (1 + _LEVEL) / 2)) * deviation / math.sqrt(n)
        return cls(mean, mean - half, mean + half, n, note)

    @classmethod
    def difference(cls, a: Sequence[float], b: Sequence[float], note: str = "") -> Number:
        """Return the mean of ``a − b`` over repeats that share folds, data and steps, with its interval.

        Raises:
            ValueError: the two do not have one number each per repeat.
        """
        return cls.of([float(x) - float(y) for x, y in zip(a, b, strict=True)], note)

    @classmethod
    def exact(cls, value: float, note: str = "") -> Number:
        """Return a number without any spread, such as a count: its interval is the number itself."""
        return cls(value, value, value, note=note)

    @classmethod
    def share(cls, count: int, of: int, note: str = "") -> Number:
        """Return a share of independent trials with its 95 % Wilson interval.

        Args:
            count: trials that count.
            of: all trials; without any there is no number.
            note: what the number is.
        """
        if of == 0:
            return cls(None, n=0, note=_joined(note, "no trials"))
        z = 1.959963984540054  # 97.5 % quantile of the standard normal distribution
        centre, half = 2 * count + z**2, z * math.sqrt(z**2 + 4 * count * (1 - count / of))
        low, high = ((centre + sign * half) / (2 * (of + z**2)) for sign in (-1, 1))
        return cls(count / of, max(0.0, low), min(1.0, high), of, note)


def _joined(*parts: str) -> str:
    return "; ".join(filter(None, parts))


@dataclass(frozen=True)
class Drawing:
    """A figure, our numbers by the keys of the registry, and everything needed to redraw it."""

    figure: Figure
    numbers: dict[str, Number] = field(default_factory=dict)
    drawn: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Table:
    """Rows of a table, headings first, our numbers by the keys of the registry, and what is behind them."""

    rows: Sequence[Sequence[Any]]
    numbers: dict[str, Number] = field(default_factory=dict)
    drawn: dict[str, Any] = field(default_factory=dict)
