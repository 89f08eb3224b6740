# SPDX-License-Identifier: GPL-3.0-or-later
"""The tools that keep the tree tidy, each on the whole tree."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
SOURCES = [
    path
    for folder in ("src", "tests", "workflow", "benchmarks", ".ci", "envs", "profiles")
    for path in sorted((ROOT / folder).rglob("*"))
    if path.is_file() and "__pycache__" not in path.parts
]


@pytest.mark.parametrize(
    "command",
    [
        ("ruff", "check", "."),
        ("ruff", "format", "--check", "."),
        ("snakefmt", "--check", "Snakefile", "workflow"),
        ("mypy",),
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_a_tool_has_nothing_to_say(command):
    done = subprocess.run(
        [BIN / command[0], *command[1:]], cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]


def test_snakemake_lint_has_nothing_to_say(checkout):
    run = checkout.snakemake("--lint")
    assert run.code == 0, run.text[-3000:]
    assert "your workflow is in a good condition" in run.text


def test_every_source_file_says_its_licence():
    code = [path for path in SOURCES if path.suffix in (".py", ".smk", ".sh")] + [
        ROOT / "Snakefile",
        ROOT / ".ci/run",
    ]
    assert len(code) > 50
    for path in code:
        assert "SPDX-License-Identifier: GPL-3.0-or-later" in path.read_text(encoding="utf-8")[:200], path


def test_no_package_index_and_no_address_of_one_is_in_the_tree():
    pattern = re.compile(
        r"https?://\S+(/simple|/packages/[0-9a-f]{2}/)|--?index-url|find-links", re.IGNORECASE
    )
    top = [path for path in ROOT.iterdir() if path.is_file()]
    for path in [*SOURCES, *top, *(ROOT / "docs").rglob("*.md")]:
        if path.suffix in (".png", ".pdf") or path == Path(__file__):
            continue
        found = pattern.search(path.read_text(encoding="utf-8"))
        assert not found, (path, found)


def test_only_the_scripts_of_the_workflow_know_snakemake():
    for path in (ROOT / "src").rglob("*.py"):
        imports = re.search(r"^\s*(import|from) snakemake", path.read_text(encoding="utf-8"), re.MULTILINE)
        assert not imports, path


def test_every_script_has_the_name_of_a_rule_and_is_thin():
    rules = "\n".join(path.read_text() for path in (ROOT / "workflow/rules").glob("*.smk"))
    registry = (ROOT / "workflow/figures.yaml").read_text()
    for path in (ROOT / "workflow/scripts").glob("*.py"):
        drawn = (
            path.stem.startswith(("fig_", "table_")) and f"slug: {path.stem.partition('_')[2]}\n" in registry
        )
        looped = f'"{path.stem.partition("_")[2]}": {{' in rules  # figures of ours that no paper has
        assert drawn or looped or f"rule {path.stem}:" in rules, path
        body = path.read_text()
        assert len(body.splitlines()) < 45, path
        assert "snakemake.config" not in body, path


def test_figures_neither_solve_nor_train():
    """Schematics are drawn from the definitions of the networks, so they may import those."""
    for path in (ROOT / "src/mesobayes/figures").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"mesobayes\.(fem|learning|studies|jobs)", text), path
