# SPDX-License-Identifier: GPL-3.0-or-later
"""Random seeds from names.

A sample's numbers follow from what the sample *is* (study seed, split, index), never from the batch, the
attempt, the machine or the time in which it happens to be computed. The batch size may change and every
sample stays as it was.
"""

from __future__ import annotations

import hashlib

import numpy as np

_SEPARATOR = "\x1f"  # the ASCII unit separator: no name contains it, so ("a", "b") never meets ("ab",)


def seed_from_name(*parts: str | int) -> int:
    """Return the 63-bit seed that belongs to a name such as ``("stress", "ellipse3", 17)``.

    The parts are joined in order and hashed by SHA-256. An integer and its decimal text are the same name.

    Raises:
        ValueError: no part was given, or a part is neither text nor an integer, or holds the separator or
            half a surrogate pair, which has no code in UTF-8.
    """
    if not parts:
        raise ValueError(
            "a seed needs a name: give at least one part, for example ('stress', 'ellipse3', 17)"
        )
    for part in parts:
        if isinstance(part, bool) or not isinstance(part, str | int | np.integer):
            raise ValueError(
                f"seed names are made of text and integers, not {type(part).__name__} ({part!r})"
            )
        if _SEPARATOR in str(part):
            raise ValueError(f"the seed name {part!r} holds the separator character U+001F")
    digest = hashlib.sha256(_SEPARATOR.join(str(part) for part in parts).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def rng_from_name(*parts: str | int) -> np.random.Generator:
    """Return a NumPy generator seeded by :func:`seed_from_name`."""
    return np.random.default_rng(seed_from_name(*parts))
