# SPDX-License-Identifier: GPL-3.0-or-later
"""Does every stage of all studies give the same numbers on a GPU as on the CPU, and how much faster?

    make gpu-check
    python benchmarks/gpu_check.py --stages specimens "train stress"   # stages that begin so
    python benchmarks/gpu_check.py --platforms cpu cpu                 # where there is no GPU

Each platform has a process of its own, in which all stages are compiled at once, a thread for each, and then
timed one after the other. The table shows for each precision the largest deviation beside the allowed one,
and items per second on both. With two platforms the processes run side by side: rates on the CPU are then a
little low. A stage that fails leaves its message, and the others go on.
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
        error = run_workers(arguments.platforms, arguments.stages, folders)
        if error:
            print(error, file=sys.stderr)
            return 1
        rows = compare(*folders)
        compiled = [compilation(*pair) for pair in zip(arguments.platforms, folders, strict=True)]
    print(table(rows, arguments.platforms))
    for row in rows:
        if row["error"]:
            print(f"{row['stage']} failed: {row['error']}")
    print(*compiled, sep="\n")
    wrong = [row["stage"] for row in rows if not row["agrees"]]
    print(
        f"{len(rows) - len(wrong)} of {len(rows)} stages agree between {' and '.join(arguments.platforms)}"
        f"{', not ' + ', '.join(wrong) if wrong else ''}; {time.perf_counter() - begin:.0f} s"
    )
    return 0 if rows and not wrong else 1


def run_workers(platforms: list[str], stages: list[str], folders: list[Path]) -> str:
    """Run a process for each platform, two on one platform in turn; the last words of one that failed."""
    waiting = list(zip(platforms, folders, strict=True))
    running: list[tuple[subprocess.Popen, Path]] = []
    try:
        while waiting or running:
            if waiting and not (running and platforms[0] == platforms[1]):
                running.append(start_worker(*waiting.pop(0), stages))
                continue
            time.sleep(0.1)
            for process, said in [pair for pair in running if pair[0].poll() is not None]:
                if process.returncode:
                    last = (said.read_text().splitlines() or [""])[-1]
                    return last if "error: " in last else f"error: status {process.returncode} {last}"
                running.remove((process, said))
    finally:
        for process, _ in running:  # of the other platform, in vain
            process.kill()
            process.wait()
    return ""


def start_worker(platform: str, folder: Path, stages: list[str]) -> tuple[subprocess.Popen, Path]:
    """Process of a platform, and the file of what it says."""
    folder.mkdir()
    environment = os.environ | process_environment(ROOT / "src", ROOT / "results/.cache")
    environment |= {"JAX_PLATFORMS": platform}
    command = [sys.executable, __file__, "--worker", str(folder), "--stages", *stages]
    said = folder / "said.txt"
    with said.open("w") as stream:
        return subprocess.Popen(command, env=environment, stderr=stream), said


# ---- in the process of one platform

LEAST_SECONDS = 0.25  # that a stage is timed for


def work(folder: Path, wanted: list[str]) -> int:
    """Run the stages and store their arrays and rates; 1 with a line that says why where none can run."""
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
    except Exception as error:
        print(f"error: {explain(error)}", file=sys.stderr)
        return 1
    begin = time.perf_counter()
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:  # the long ones, which are last, begin
        tries = {case: pool.submit(first_run, STAGES[case[0]], case[1]) for case in reversed(chosen)}
    (folder / "compilation.txt").write_text(f"{time.perf_counter() - begin:.0f}")
    coarsest = dict(chosen)  # of every stage, as by default
    for number, (name, precision) in enumerate(chosen):
        stage = STAGES[name]
        about = {"stage": name, "precision": precision, "items": stage.items}
        about["allowed"] = stage.allowed[precision]
        try:
            prepared, arrays, about["seconds"] = tries[name, precision].result()
            if precision == coarsest[name]:
                about["rate"] = measured_rate(prepared)
            np.savez(folder / f"{number:03d}.npz", *arrays)
        except Exception as error:
            about["error"] = explain(error)
        (folder / f"{number:03d}.json").write_text(json.dumps(about))
    return 0


def first_run(stage, precision: str):
    """A stage made ready, its arrays, and the seconds that both took."""
    begin = time.perf_counter()
    prepared = stage.prepare(precision)
    arrays, _ = prepared.run()
    return prepared, arrays, time.perf_counter() - begin


def measured_rate(prepared) -> float:
    """Items per second of a stage that is compiled."""
    calls, begin = 0, time.perf_counter()
    while (passed := time.perf_counter() - begin) < LEAST_SECONDS:
        _, rate = prepared.run()
        if rate:
            return rate
        calls += 1
    return calls * prepared.items / passed


# ---- comparison

SHORT = {"float32": "float32", "tensorfloat32": "TF32"}


def compare(one: Path, other: Path) -> list[dict]:
    """A row for each stage: rates, and for each precision of the other the deviation and what is allowed."""
    first, second = stored(one), stored(other)
    both = [
        {stage: about["rate"] for (stage, _), about in found.items() if "rate" in about}
        for found in (first, second)
    ]
    rows: dict[str, dict] = {}
    for (stage, precision), about in second.items():
        reference = first[stage, "float32"]  # a CPU knows no other
        empty = {"stage": stage, "items": about["items"], "rates": (), "agrees": True, "error": ""}
        row = rows.setdefault(stage, empty)
        row["error"] = row["error"] or reference.get("error") or about.get("error", "")
        if row["error"]:
            row["agrees"] = False
            continue
        difference = deviation(reference["arrays"], about["arrays"])
        row[precision] = (difference, about["allowed"])
        row["rates"] = [rates.get(stage) for rates in both]
        row["agrees"] &= difference <= about["allowed"]
    return list(rows.values())


def stored(folder: Path) -> dict[tuple[str, str], dict]:
    """What a process left, by stage and precision; without arrays where the stage failed."""
    found = {}
    for path in sorted(folder.glob("*.json")):
        about = json.loads(path.read_text())
        if "error" not in about:
            with np.load(path.with_suffix(".npz")) as arrays:
                about["arrays"] = [arrays[name] for name in arrays.files]
        found[about["stage"], about["precision"]] = about
    return found


def compilation(platform: str, folder: Path) -> str:
    """How long the first runs of all stages took on a platform, and the longest of them."""
    took = {about["stage"]: about["seconds"] for about in stored(folder).values() if "seconds" in about}
    longest = max(took, key=lambda stage: took[stage]) if took else "none"
    seconds = (folder / "compilation.txt").read_text()
    most = took.get(longest, 0)
    return f"first runs, with compilation, on {platform}: {seconds} s, longest {longest}, {most:.0f} s"


def deviation(expected: list[np.ndarray], arrays: list[np.ndarray]) -> float:
    """Largest deviation of any array over its own largest magnitude; infinite where one is not finite."""
    worst = 0.0
    for one, other in zip(expected, arrays, strict=True):
        if one.shape != other.shape or not (np.isfinite(one).all() and np.isfinite(other).all()):
            return float("inf")
        worst = max(worst, float(np.abs(one - other).max() / (np.abs(one).max() or 1.0)))
    return worst


def table(rows: list[dict], platforms: list[str]) -> str:
    """The rows as text: TF32 stands beside float32 where the other platform has it."""
    precisions = [name for name in ("float32", "tensorfloat32") if any(name in row for row in rows)]
    lines = [["", *(cell for name in precisions for cell in (SHORT[name], "")), *platforms, "", ""]]
    lines.append(
        ["stage", *("deviation", "allowed") * len(precisions), "items/s", "items/s", "ratio", "items"]
    )
    for row in rows:
        cells = [row["stage"]]
        for name in precisions:
            cells += [f"{value:.0e}" for value in row[name]] if name in row else ["", ""]
        if row["rates"] and all(row["rates"]):
            one, other = row["rates"]
            cells += [f"{one:,.1f}", f"{other:,.1f}", f"{other / one:.1f}"]
        else:
            cells += ["", "", ""]
        state = "" if row["agrees"] else "  FAILED" if row["error"] else "  DIFFERS"
        lines.append([*cells, row["items"] + state])
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            f"{cell:<{width}}" if column in (0, len(line) - 1) else f"{cell:>{width}}"
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


if __name__ == "__main__":
    sys.exit(main())
