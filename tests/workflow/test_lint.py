# SPDX-License-Identifier: GPL-3.0-or-later
"""The tools that keep the tree tidy, each on the whole tree."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

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
    assert len(code) > 150
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


def test_only_the_workflow_knows_snakemake():
    for path in (ROOT / "src").rglob("*.py"):
        imports = re.search(r"^\s*(import|from) snakemake", path.read_text(encoding="utf-8"), re.MULTILINE)
        assert not imports, path


def test_one_thin_script_stands_behind_every_rule():
    (script,) = (ROOT / "workflow").rglob("*.py")
    assert script == ROOT / "workflow/run.py"
    text = script.read_text(encoding="utf-8")
    assert len(text.splitlines()) < 120
    assert not re.search(r"mesobayes\.(?!record\b)", text)  # it names no study and no stage
    for path in (ROOT / "workflow/rules").glob("*.smk"):
        assert not re.search(r"^ +(script|run|notebook):", path.read_text(encoding="utf-8"), re.MULTILINE), (
            path
        )


FIGURES = sorted((ROOT / "src/mesobayes/studies").glob("*/figures/*.py"))
# what schematics are drawn from: definitions of networks and presets, operations that they explain, and one
# field and one mesh that are made for their pictures
DEFINITIONS = re.compile(
    r"mesobayes\.(nets\.|fem\.\w+\.settings import|fem\.cell\.magnetic_field import|"
    r"fem\.plate\.meshing import|learning\.weights import)"
)


def test_figures_neither_solve_nor_train():
    """They may read weights, and schematics are drawn from the definitions of what they show."""
    assert len(FIGURES) > 15
    for path in FIGURES:
        text = path.read_text(encoding="utf-8")
        for line in re.findall(r"^.*\bmesobayes\.(?:fem|learning|nets)\b.*$", text, re.MULTILINE):
            assert DEFINITIONS.search(line), (path, line)
        assert not re.search(r"mesobayes\.studies\.\w+\.(fit|data|task)\b", text), path


def test_figures_know_neither_printed_values_nor_verdicts():
    words = re.compile(r"\b[Vv]erdict|\b[Jj]udge|contradict|not shown|\bSHOWN\b|read_registry")
    for path in FIGURES:
        found = words.search(path.read_text(encoding="utf-8"))
        assert not found, (path, found)


def test_editors_and_the_catalog_of_workflows_find_what_they_look_for():
    first = (ROOT / "config.yaml").read_text(encoding="utf-8").splitlines()[0]
    assert (ROOT / first.removeprefix("# yaml-language-server: $schema=")).is_file()
    catalog = yaml.safe_load((ROOT / ".snakemake-workflow-catalog.yml").read_text(encoding="utf-8"))
    assert catalog["usage"]["software-stack-deployment"] == {"conda": True}
    assert catalog["usage"]["report"]
    explained = (ROOT / "config/README.md").read_text(encoding="utf-8")
    sections = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    assert all(f"| `{name}` |" in explained for name in sections)
    for link in re.findall(r"\]\((\.\./[^)]+)\)", explained):
        assert (ROOT / "config" / link).exists(), link
