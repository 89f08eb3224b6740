# SPDX-License-Identifier: GPL-3.0-or-later
"""The headline of each paper at printed size on a machine with a GPU, piece by piece, each with its time.

    make paper-gpu                                   # everything, in order
    python benchmarks/paper_gpu.py cells mono_modern   # these pieces
    python benchmarks/paper_gpu.py --minutes 9         # as far as nine minutes lead; the same command goes on
    python benchmarks/paper_gpu.py --list

A piece is a few files of the workflow at scale `paper`, made with `profiles/gpu`. What is on disk is not
made again; a fit that is cut off goes on from its checkpoint. `results/paper/pieces.json` adds up the
seconds of every piece over all tries, and says on which card.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

LOG = Path("results/paper/pieces.json")
HERE = "results/paper"
CELLS, STRESS, FAILURE = f"{HERE}/permeability", f"{HERE}/stress", f"{HERE}/failure"
_GRACE = 60.0  # seconds that a piece has to end after it is told to


def _cell_fit(name: str) -> tuple[str, ...]:
    return (f"{CELLS}/fits/{name}.zarr.zip",)


def _model(network: str, model: str, family: str) -> tuple[str, ...]:
    return (f"{STRESS}/predictions/{network}/{model}/{family}/repeat0.zarr.zip",)


def _damage_fit(variant: str) -> tuple[str, ...]:
    return (f"{FAILURE}/fits/{variant}/fold0.zarr.zip",)


PIECES: dict[str, tuple[str, ...]] = {
    # Aldakheel et al. 2023, two dimensions: 5,500 cells of 256², three networks, transfer
    "cells": (f"{CELLS}/mono/cells.zarr.zip",),
    "mono_printed": _cell_fit("mono_printed"),
    "mono_modern": _cell_fit("mono_modern"),
    "mono_bayes": _cell_fit("mono_bayes"),
    "poly_transfer": _cell_fit("poly_modern_transfer"),
    "overlap_transfer": _cell_fit("overlap_modern_transfer"),
    # Krokos et al. 2022: one and three ellipses, two priors, selective learning of figures 33 to 36
    "ellipse1": (f"{STRESS}/ellipse1/patches.zarr.zip",),
    "ellipse1_printed": _model("printed", "ellipse1_full", "ellipse1"),
    "ellipse1_modern": _model("modern", "ellipse1_full", "ellipse1"),
    "ellipse3": (f"{STRESS}/ellipse3/patches.zarr.zip",),
    "ellipse3_printed": _model("printed", "ellipse3_full", "ellipse3"),
    "ellipse3_modern": _model("modern", "ellipse3_full", "ellipse3"),
    "learned_prior": _model("modern", "bayes_learned", "ellipse3"),
    "fixed_prior": _model("modern", "bayes_fixed", "ellipse3"),
    "bayes_30000": _model("modern", "bayes_full", "ellipse3"),
    "figure_33": ("results/fig_selective_learning.pdf",),
    "figure_34": ("results/fig_selective_learning_large.pdf",),
    "figure_35": ("results/fig_query_rate.pdf",),
    "figure_36": ("results/fig_selective_learning_full.pdf",),
    # Bridgman et al. 2022: 18,452 specimens, two weightings and the Bayesian network
    "specimens": (f"{FAILURE}/fast/specimens.zarr.zip",),
    "damage_IH": _damage_fit("point_t_IH"),
    "damage_IHpr": _damage_fit("point_t_IHpr"),
    "damage_bayes": _damage_fit("bayes_t_IH"),
    # Aldakheel et al. 2023, three dimensions: 2,500 volumes of 101³
    "volumes": (f"{CELLS}/spheres/cells.zarr.zip",),
    "volumes_printed": _cell_fit("spheres_printed"),
    "volumes_modern": _cell_fit("spheres_modern"),
}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pieces", nargs="*", metavar="PIECE", help="by default all, in order")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="no piece runs beyond this")
    parser.add_argument("--dry-run", action="store_true", help="what each piece would run")
    parser.add_argument("--list", action="store_true", help="the pieces and their seconds so far")
    parser.add_argument("--log", type=Path, default=LOG)
    arguments = parser.parse_args()
    unknown = sorted(set(arguments.pieces) - set(PIECES))
    if unknown:
        parser.error(f"no piece is called {', '.join(unknown)}; --list shows all")
    asked = arguments.pieces or list(PIECES)
    if arguments.list:
        print(table(asked, read_log(arguments.log)))
        return 0
    end = time.monotonic() + 60.0 * arguments.minutes
    unfinished = []
    for name in asked:
        left = end - time.monotonic()
        if left <= 0:
            unfinished.append(name)
            continue
        words = command(PIECES[name], arguments.dry_run)
        start = time.monotonic()
        code = run_until(words, left)
        seconds = time.monotonic() - start
        print(f"{name}: {'done' if code == 0 else f'ended with {code}'} after {seconds:.0f} s", flush=True)
        unfinished += [name] if code else []
        if not arguments.dry_run:
            write_log(arguments.log, name, seconds, code == 0, card())
    print(table(asked, read_log(arguments.log)))
    return 1 if unfinished else 0


def command(files: Sequence[str], dry_run: bool) -> list[str]:
    """Return the call of snakemake that makes some files at the printed size."""
    words = [sys.executable, "-m", "snakemake", *files, "--profile", "profiles/gpu", "--nolock"]
    return [*words, *(["--dry-run"] if dry_run else []), "--config", "scale=paper"]


def run_until(words: Sequence[str], seconds: float) -> int:
    """Run a command in a session of its own; after so many seconds tell it and its children to end."""
    process = subprocess.Popen(words, start_new_session=True)
    try:
        return process.wait(None if seconds == float("inf") else seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(_GRACE)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    return 124


def card() -> str:
    """Return the name of the GPU."""
    try:
        ask = ["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"]
        return subprocess.run(ask, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "no GPU"


def read_log(path: Path) -> dict[str, dict]:
    """Return what is known of every piece: seconds of all tries, whether it is done, card, date."""
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def write_log(path: Path, name: str, seconds: float, done: bool, card_name: str) -> None:
    """Add a try of a piece."""
    log = read_log(path)
    before = log.get(name, {}).get("seconds", 0.0)
    log[name] = {
        "seconds": round(before + seconds, 1),
        "done": done,
        "card": card_name,
        "date": time.strftime("%Y-%m-%d"),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(log, indent=1) + "\n", encoding="utf-8")


def table(names: Sequence[str], log: dict[str, dict]) -> str:
    """Return the pieces with their seconds as Markdown."""
    lines = ["| piece | s | done | card |", "|---|---|---|---|"]
    for name in names:
        entry = log.get(name, {})
        seconds = f"{entry['seconds']:.0f}" if entry else ""
        lines.append(
            f"| {name} | {seconds} | {'yes' if entry.get('done') else 'no'} | {entry.get('card', '')} |"
        )
    total = sum(log[name]["seconds"] for name in names if name in log)
    return "\n".join([*lines, f"| all | {total:.0f} | | |"])


if __name__ == "__main__":
    sys.exit(main())
