# SPDX-License-Identifier: GPL-3.0-or-later
"""What every layer needs to know about the variational family, whatever network it belongs to."""

from __future__ import annotations

from typing import Literal, Protocol


class VariationalSettings(Protocol):
    """Part of a network's settings that decides on posterior and prior of its weights."""

    @property
    def estimator(self) -> Literal["none", "shared", "flipout"]: ...

    @property
    def prior(self) -> Literal["fixed", "learned"]: ...

    @property
    def prior_std(self) -> float: ...

    @property
    def posterior_std(self) -> float: ...
