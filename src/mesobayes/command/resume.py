# SPDX-License-Identifier: GPL-3.0-or-later
"""`mesobayes resume`: the last run of this folder goes on where it was interrupted."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from mesobayes.command.workflow import drivers, snakemake
from mesobayes.record.errors import MesobayesError

LAST_RUN = Path("results/.last_run.json")  # written when a run starts


def resume() -> int:
    """Unlock the folder if nobody works in it, and give the last command again; return its exit status.

    Raises:
        MesobayesError: a run is at work here, or none was started yet.
    """
    at_work = drivers()
    if at_work:
        raise MesobayesError(
            f"snakemake works in this folder already (process {at_work[0]}): wait for it, or stop it first"
        )
    arguments = last_arguments()
    subprocess.run(snakemake("--unlock"), check=True, capture_output=True)
    print(f"snakemake {' '.join(arguments)}", flush=True)
    return subprocess.run(snakemake(*arguments), check=False).returncode


def last_arguments(path: Path = LAST_RUN) -> list[str]:
    """Return the words of the last command. Raises MesobayesError where there is none."""
    try:
        words = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise MesobayesError(
            f"{path} does not say what ran last: give the command of snakemake itself"
        ) from None
    return [str(word) for word in words]
