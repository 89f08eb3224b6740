# SPDX-License-Identifier: GPL-3.0-or-later
"""Compiled functions kept on disk, so that the second process that needs one does not compile it again."""

from __future__ import annotations

from pathlib import Path

import jax


def keep_compiled(folder: Path) -> None:
    """Keep every compilation of this process that takes longer than half a second in the folder.

    Several processes may share it. For a caller outside the workflow, whose jobs are started with this
    setting.
    """
    folder.mkdir(parents=True, exist_ok=True)
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.5)
