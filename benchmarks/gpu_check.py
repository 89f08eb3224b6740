# SPDX-License-Identifier: GPL-3.0-or-later
"""Does every stage of all studies give the same numbers on a GPU as on the CPU, and how much faster?

    make gpu-check
    python benchmarks/gpu_check.py --stages specimens "train stress"   # stages that begin so
    python benchmarks/gpu_check.py --platforms cpu cpu                 # where there is no GPU

Each platform has a process of its own, in which all stages are compiled at once, a thread for each, and then
timed one after the other. The table shows for each precision the largest deviation beside the allowed one,
and items per second on both. With two platforms the processes run side by side: rates on the CPU are then a
little low.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from mesobayes.record.logs import explain, process_environment

ROOT = Path(__file__).parents[1]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--platforms", nargs=2, default=("cpu", "cuda"), metavar=("ONE", "OTHER"))
    parser.add_argument("--stages", nargs="+", default=[""], help="first words of the stages, by default all")
    parser.add_argument("--worker", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker is not None:
        return work(arguments.worker, arguments.stages)
    begin = time.perf_counter()
    with tempfile.TemporaryDirectory() as name:
        folders = [Path(name, str(number)) for number in range(2)]
        answers = run_workers(arguments.platforms, arguments.stages, folders)
        if any(code for code, _ in answers):
            print("\n".join(text for code, text in answers if code), file=sys.stderr)
            return 1
        rows = compare(*folders)
    print(table(rows, arguments.platforms))
    wrong = [row["stage"] for row in rows if not row["agrees"]]
    verdict = f"{', '.join(wrong)} differ" if wrong else f"all {len(rows)} stages agree"
    print(f"{verdict} between {' and '.join(arguments.platforms)}; {time.perf_counter() - begin:.0f} s")
    return 1 if wrong or not rows else 0


def run_workers(platforms: list[str], stages: list[str], folders: list[Path]) -> list[tuple[int, str]]:
    """Exit status and last words of a process for each platform; two on one platform take turns."""
    running, answers = [], []
    for platform, folder in zip(platforms, folders, strict=True):
        folder.mkdir()
        environment = os.environ | process_environment(ROOT / "src", ROOT / "results/.cache")
        environment |= {"JAX_PLATFORMS": platform}
        command = [sys.executable, __file__, "--worker", str(folder), "--stages", *stages]
        running.append(subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True))
        if platforms[0] == platforms[1]:
            answers.append(ending(running[-1]))
    return answers or [ending(process) for process in running]


def ending(process: subprocess.Popen) -> tuple[int, str]:
    """Exit status and the last line of what a process says."""
    _, said = process.communicate()
    return process.returncode, (said.splitlines() or [""])[-1]


# ---- in the process of one platform


def work(folder: Path, wanted: list[str]) -> int:
    """Run the stages and store their arrays and rates; 1 after a failure, which is the last line printed."""
    import jax

    try:
        platform = jax.devices()[0].platform
        from gpu_stages import STAGES

        precisions = ("float32",) if platform == "cpu" else ("float32", "tensorfloat32")
        chosen = [
            (name, precision)
            for name, stage in STAGES.items()
            for precision in precisions
            if precision in stage.allowed and name.startswith(tuple(wanted))
        ]
        if not chosen:
            raise ValueError(f"no stage begins with {' or '.join(wanted)}: there are {', '.join(STAGES)}")
        works = {(name, precision): STAGES[name].prepare(precision) for name, precision in chosen}
        with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
            firsts = pool.map(lambda item: item[1].run()[0], works.items())
            numbers = dict(zip(works, firsts, strict=True))
        for number, ((name, precision), prepared) in enumerate(works.items()):
            begin = time.perf_counter()
            _, rate = prepared.run()
            rate = rate or prepared.items / (time.perf_counter() - begin)
            about = {"stage": name, "precision": precision, "rate": rate, "items": STAGES[name].items}
            about["allowed"] = STAGES[name].allowed[precision]
            (folder / f"{number:03d}.json").write_text(json.dumps(about))
            np.savez(folder / f"{number:03d}.npz", *numbers[name, precision])
    except Exception as error:
        print(f"error: {explain(error)}", file=sys.stderr)
        return 1
    return 0


# ---- comparison


def compare(one: Path, other: Path) -> list[dict]:
    """A row for each stage: rates, and for each precision of the other the deviation and what is allowed."""
    first, second = stored(one), stored(other)
    rows: dict[str, dict] = {}
    for (stage, precision), (about, arrays) in second.items():
        reference, expected = first[stage, "float32"]  # a CPU knows no other
        found = deviation(expected, arrays)
        row = rows.setdefault(
            stage,
            {"stage": stage, "items": about["items"], "rates": [reference["rate"], 0.0], "agrees": True},
        )
        row[precision] = (found, about["allowed"])
        row["rates"][1] = about["rate"]  # of the coarsest precision, as by default
        row["agrees"] &= found <= about["allowed"]
    return list(rows.values())


def stored(folder: Path) -> dict[tuple[str, str], tuple[dict, list[np.ndarray]]]:
    """What a process left, by stage and precision."""
    found = {}
    for path in sorted(folder.glob("*.json")):
        about = json.loads(path.read_text())
        with np.load(path.with_suffix(".npz")) as arrays:
            found[about["stage"], about["precision"]] = about, [arrays[name] for name in arrays.files]
    return found


def deviation(expected: list[np.ndarray], arrays: list[np.ndarray]) -> float:
    """Largest deviation of any array over its own largest magnitude; infinite where one is not finite."""
    worst = 0.0
    for one, other in zip(expected, arrays, strict=True):
        if one.shape != other.shape or not (np.isfinite(one).all() and np.isfinite(other).all()):
            return float("inf")
        worst = max(worst, float(np.abs(one - other).max() / (np.abs(one).max() or 1.0)))
    return worst


def table(rows: list[dict], platforms: list[str]) -> str:
    """The rows as text."""
    widths = (34, 11, 9, 11, 9, 11, 11, 7, 11)
    head = ("stage", "float32", "allowed", "TF32", "allowed", *platforms, "ratio", "")
    lines = [head, ("", "", "", "", "", "items/s", "items/s", "", "")]
    for row in rows:
        cells = [f"{row['stage']}{'' if row['agrees'] else '  DIFFERS'}"]
        for precision in ("float32", "tensorfloat32"):
            cells += [f"{value:.0e}" for value in row[precision]] if precision in row else ["", ""]
        one, other = row["rates"]
        lines.append((*cells, f"{one:,.1f}", f"{other:,.1f}", f"{other / one:.1f}", row["items"]))
    return "\n".join(
        f"{line[0]:{widths[0]}}"
        + "".join(f"{cell:>{width}}" for cell, width in zip(line[1:-1], widths[1:-1], strict=True))
        + f"  {line[-1]}"
        for line in lines
    )


if __name__ == "__main__":
    sys.exit(main())
