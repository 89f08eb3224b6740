# SPDX-License-Identifier: GPL-3.0-or-later
import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def make(*arguments):
    return subprocess.run(
        ["make", "--dry-run", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=60
    )


@pytest.mark.parametrize(
    "target", ["results/fig_selective_learning.pdf", "results/small/stress/ellipse3/patches.zarr.zip"]
)
def test_any_result_is_forwarded_to_snakemake(target):
    done = make(target, "SCALE=smoke")
    assert done.returncode == 0, done.stderr
    assert f".venv/bin/snakemake {target}  --config scale=smoke" in done.stdout


def test_make_test_runs_the_whole_suite():
    assert ".venv/bin/python -m pytest\n" in make("test").stdout


def test_report_and_archive_are_of_the_scale_that_is_asked_for():
    assert ".venv/bin/mesobayes report --scale smoke" in make("report", "SCALE=smoke").stdout
    assert ".venv/bin/mesobayes archive --scale smoke" in make("archive", "SCALE=smoke").stdout
    assert ".venv/bin/mesobayes restore a.zip" in make("restore", "ARCHIVE=a.zip").stdout


def test_the_environment_is_installed_from_hashes_alone(tmp_path):
    done = make("env", f"VENV={tmp_path}/new")
    assert re.search(r"pip install .*--require-hashes .*-r envs/requirements-dev.txt", done.stdout)
    assert "--no-deps --no-build-isolation --editable ." in done.stdout
    assert "requirements-gpu.txt" in make("env", f"VENV={tmp_path}/new", "GPU=1").stdout


def check_system(what, interpreter):
    command = ["bash", ROOT / "envs/check_system.sh", what, interpreter]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def fake_python(folder, body):
    path = folder / "python"
    path.write_text(f"#!/bin/sh\n{body}\n")
    os.chmod(path, 0o755)
    return path


def test_an_old_python_is_refused_with_what_to_do(tmp_path):
    done = check_system("python", fake_python(tmp_path, "exit 1"))
    assert done.returncode == 1
    assert "older than Python 3.11: install a newer one and run make PYTHON=" in done.stderr


def test_missing_system_libraries_give_the_command_of_the_package_manager(tmp_path):
    message = "OSError: libGLU.so.1: cannot open shared object file"
    done = check_system("gmsh", fake_python(tmp_path, f'echo "{message}" >&2; exit 1'))
    assert done.returncode == 1
    assert message in done.stderr
    assert "apt-get install libglu1-mesa libxrender1 libxcursor1 libxft2 libxinerama1" in done.stderr
    assert "dnf install mesa-libGLU" in done.stderr


def test_ci_runs_the_command_of_the_readme():
    assert (ROOT / ".ci/run").read_text().rstrip().endswith("make --no-print-directory test")
    assert "make test" in (ROOT / "README.md").read_text()
