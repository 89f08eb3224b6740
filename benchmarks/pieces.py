# SPDX-License-Identifier: GPL-3.0-or-later
"""All benchmarks that leave a record, one after the other, each with its time.

    make bench-peers      # beside the code of others, in the environment of `make peers`
    make bench-scaling    # against the size of the problem
    python benchmarks/pieces.py peers --peers .venv-peers/bin/python

A piece writes its records to `benchmarks_out/records`; one whose records lie there is done, so that the same
command goes on after an interruption. When all pieces of a group are done, their records take the places of
those in `benchmarks/records`, and the next call begins anew. The cores should have nothing else to do.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

HERE = Path(__file__).parent
SERIES = ("structures", "unknowns", "pixels", "voxels", "draws", "cores")
# environment of solvers, which run on one core; training uses all
ONE_CORE = {"OMP_NUM_THREADS": "1", "PJRT_NPROC": "1"}
# script, arguments, records, whether it runs on one core
Piece = tuple[str, tuple[str, ...], tuple[str, ...], bool]
REPORTS = "docs/benchmarks"
PEERS: dict[str, Piece] = {
    "plate": ("fem_solve.py", ("--output", f"{REPORTS}/fem.md"), ("problem_plate",), True),
    "strip": ("strip_solve.py", (), ("problem_strip",), True),
    "cells": (
        "permeability_solve.py",
        ("--output", f"{REPORTS}/permeability.md"),
        ("problem_cell_2d", "problem_cell_3d"),
        True,
    ),
    "bar": ("bar_solve.py", (), ("problem_bar",), True),
    "stressnet": (
        "training_step.py",
        ("--output", f"{REPORTS}/training.md"),
        ("problem_stressnet",),
        False,
    ),
    "permeability_cnn": (
        "permeability_training.py",
        ("--output", f"{REPORTS}/permeability_training.md"),
        ("problem_permeability_cnn",),
        False,
    ),
    "heteroencoder": (
        "failure_training.py",
        ("--rounds", "3", "--output", f"{REPORTS}/failure_training.md"),
        ("problem_heteroencoder",),
        False,
    ),
    "variational_step": ("variational_step.py", (), ("problem_variational_step",), False),
}
SCALING: dict[str, Piece] = {
    name: ("scaling.py", ("--series", name), (f"scaling_{name}",), True) for name in SERIES
}
WITHOUT_PEERS = {"strip_solve.py", "scaling.py"}  # theirs run in the project's own environment


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("group", choices=["peers", "scaling"])
    parser.add_argument("--peers", help="interpreter of the environment of `make peers`")
    parser.add_argument("--only", nargs="+", help="pieces to run now")
    arguments = parser.parse_args()
    pieces = {"peers": PEERS, "scaling": SCALING}[arguments.group]
    commands = {
        name: command(piece, arguments.peers)
        for name, piece in pieces.items()
        if not arguments.only or name in arguments.only
    }
    finished = run_pieces(pieces, commands, Path("benchmarks_out/records"), HERE / "records")
    return 0 if finished else 1


def command(piece: Piece, peers: str | None) -> list[str]:
    """Return the command of a piece but for where its records go."""
    script, options, *_ = piece
    with_peers = ["--peers", peers] if peers and script not in WITHOUT_PEERS else []
    return [sys.executable, str(HERE / script), *options, *with_peers]


def run_pieces(
    pieces: Mapping[str, Piece], commands: Mapping[str, list[str]], waiting: Path, records: Path
) -> bool:
    """Run the pieces whose records are not waiting, and publish all records once none is missing.

    A piece that fails leaves its message, and the others go on. Returns whether all asked for are done.
    """
    failed, began = [], time.perf_counter()
    for name, words in commands.items():
        _, _, made, one_core = pieces[name]
        if all((waiting / f"{record}.json").is_file() for record in made):
            print(f"{name}: done before", flush=True)
            continue
        start = time.perf_counter()
        environment = {**os.environ, **(ONE_CORE if one_core else {})}
        code = subprocess.run([*words, "--records", str(waiting)], env=environment).returncode
        failed += [name] if code else []
        verdict = f"failed with {code}" if code else "done"
        print(f"{name}: {verdict} after {time.perf_counter() - start:.0f} s", flush=True)
    print(f"all pieces: {time.perf_counter() - began:.0f} s", flush=True)
    every = [waiting / f"{record}.json" for piece in pieces.values() for record in piece[2]]
    if all(path.is_file() for path in every):
        records.mkdir(parents=True, exist_ok=True)
        for path in every:
            shutil.move(path, records / path.name)
        print(f"{len(every)} records are in {records}", flush=True)
    return not failed


if __name__ == "__main__":
    sys.exit(main())
