# SPDX-License-Identifier: GPL-3.0-or-later
"""The printed size on a GPU, piece by piece, and the archive for a machine without network."""

import importlib
import json
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def module(name):
    sys.path.insert(0, str(ROOT / "benchmarks"))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(ROOT / "benchmarks"))


@pytest.fixture(scope="module")
def paper():
    return module("paper_gpu")


@pytest.fixture(scope="module")
def pack():
    return module("pack")


def test_every_piece_has_a_plan_at_the_printed_size(checkout, paper):
    files = [file for piece in paper.PIECES.values() for file in piece]
    assert len(files) == len(set(files))
    plan = checkout.plan(*files, "--profile", "profiles/gpu", "--config", "scale=paper")
    for file in files:
        assert file in plan.text, file
    assert plan.jobs["generate_cells"] == 6 + 2 * 2 + 10  # batches of 1000, 500 and 250
    assert plan.jobs["fit_fold"] == 3
    assert plan.jobs["fit_model"] == 7


def test_the_script_asks_the_workflow_for_a_piece_and_writes_nothing_when_dry(checkout, paper):
    command = [sys.executable, "benchmarks/paper_gpu.py", "mono_bayes", "--dry-run"]
    done = subprocess.run(command, cwd=checkout.path, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    assert "fit_permeability" in done.stdout + done.stderr
    assert "mono_bayes: done after" in done.stdout
    assert not (checkout.path / paper.LOG).exists()


def test_a_piece_that_does_not_exist_is_refused_by_name(paper, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["paper_gpu.py", "cels"])
    with pytest.raises(SystemExit):
        paper.main()
    assert "no piece is called cels" in capsys.readouterr().err


def test_pieces_come_in_order_until_the_time_is_over_and_their_times_add_up(
    paper, monkeypatch, tmp_path, capsys
):
    log = tmp_path / "pieces.json"
    asked = []

    def command(files, dry_run):
        asked.append(files)
        return [sys.executable, "-c", "import sys, time; time.sleep(0.2); sys.exit(len(sys.argv[1:]))"] + (
            ["fail"] if files == paper.PIECES["mono_printed"] else []
        )

    monkeypatch.setattr(paper, "command", command)
    monkeypatch.setattr(
        sys, "argv", ["paper_gpu.py", "cells", "mono_printed", "mono_modern", "--log", str(log)]
    )
    assert paper.main() == 1
    assert paper.main() == 1
    assert asked == 2 * [paper.PIECES[name] for name in ("cells", "mono_printed", "mono_modern")]
    known = json.loads(log.read_text())
    assert {name: entry["done"] for name, entry in known.items()} == {
        "cells": True,
        "mono_printed": False,
        "mono_modern": True,
    }
    assert known["cells"]["seconds"] > 0
    assert "mono_printed: ended with 1" in capsys.readouterr().out
    asked.clear()
    monkeypatch.setattr(sys, "argv", [*sys.argv, "--minutes", "0"])
    assert paper.main() == 1
    assert not asked


def test_a_piece_that_takes_too_long_is_told_to_end_with_its_children(paper, tmp_path):
    mark = tmp_path / "ended"
    child = f"import time, pathlib; time.sleep(60); pathlib.Path({str(mark)!r}).touch()"
    words = [
        sys.executable,
        "-c",
        f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])",
    ]
    begin = time.monotonic()
    assert paper.run_until(words, 0.5) == 124
    assert time.monotonic() - begin < 50
    assert not mark.exists()


LOCK = """
jax==0.10.2 \\
    --hash=sha256:00
jax_cuda13_plugin==0.10.2 ; sys_platform == 'linux' \\
    --hash=sha256:01
numpy==2.4.6 \\
    --hash=sha256:02
"""


def test_only_what_is_missing_or_differs_there_is_packed(pack):
    there = "jax==0.10.2\nNumPy==2.4.5\njax-cuda13-plugin==0.10.2\n"
    assert pack.missing(LOCK, there) == {"numpy": "numpy==2.4.6"}
    assert set(pack.missing(LOCK, "")) == {"jax", "jax-cuda13-plugin", "numpy"}


def test_an_archive_holds_wheels_and_stores_in_their_places_and_is_refused_above_the_limit(pack, tmp_path):
    wheel, store = tmp_path / "a-1-py3-none-any.whl", tmp_path / "b.zarr.zip"
    wheel.write_bytes(b"w" * 1000)
    store.write_bytes(b"s" * 3000)
    members = {"pack/wheels/a-1-py3-none-any.whl": wheel, "pack/results/paper/b.zarr.zip": store}
    output = tmp_path / "pack.tar"
    with pytest.raises(SystemExit, match=r"more than .* the largest: pack/results/paper/b.zarr.zip"):
        pack.write_archive(members, output, limit=3999)
    assert not output.exists()
    assert pack.write_archive(members, output, limit=4000) == output.stat().st_size
    with tarfile.open(output) as archive:
        assert sorted(archive.getnames()) == sorted(members)


def test_the_limit_is_what_a_machine_takes(pack):
    assert pack.LIMIT == 64 * 2**20
