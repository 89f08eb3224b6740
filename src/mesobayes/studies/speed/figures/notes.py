# SPDX-License-Identifier: GPL-3.0-or-later
"""How figures of benchmarks say where and when they ran, and how large a ratio is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def circumstances(made: Sequence[dict[str, Any]]) -> str:
    """Return processor, cores, load and date of some records as a part of a sentence."""
    machines = sorted({f"{one['machine']['processor']}, {one['machine']['cores']} cores" for one in made})
    loads = [one["machine"][key] for one in made for key in ("load_before", "load_after")]
    dates = sorted({one["date"] for one in made})
    when = dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}"
    return f"{'; '.join(machines)}; load average {min(loads):.1f} to {max(loads):.1f}; {when}"


def rounds_of(counts: Sequence[int]) -> str:
    """Return how many rounds there were, as a number or a range."""
    low, high = min(counts), max(counts)
    return str(low) if low == high else f"{low} to {high}"


def ratio_text(ratio: float) -> str:
    """Return a ratio with two digits, without an exponent."""
    return f"{ratio:.2g}" if ratio < 100 else f"{float(f'{ratio:.2g}'):,.0f}"
