# SPDX-License-Identifier: GPL-3.0-or-later
"""The study of ``docs/add_a_study.md`` in a copy of the tree, as a cheap stand-in for all studies."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs/add_a_study.md").read_text(encoding="utf-8")
SECTIONS = dict(part.split("\n", 1) for part in re.split(r"^## ", DOCUMENT, flags=re.MULTILINE)[1:])
BLOCK = re.compile(
    r"^((?:New file|At the end of|In `)[^\n]*)\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL
)
FOLDER = "src/mesobayes/studies/toy"
FIGURE = "fig_radius_histogram"
STORE = "results/smoke/toy/radii.zarr.zip"

SMOKE = ("--config", "scale=smoke")
PLAIN = ("unshare", "--user", "--map-user=1000", "--map-group=1000")  # a child that is no root

# appended to data.py: the job says that it has started, and goes on when it is told to
HELD = """

def _held(draw):
    import functools, os, time

    @functools.wraps(draw)
    def held(*arguments, **named):
        Path("started.part").write_text(str(os.getpid()))
        os.replace("started.part", "started")
        for _ in range(12000):
            if Path("go").exists():
                break
            time.sleep(0.05)
        draw(*arguments, **named)

    return held


draw_radii = _held(draw_radii)
"""


def follow(text, root):
    """Do in a copy of the tree what a part of the document says."""
    blocks = BLOCK.findall(text)
    assert len(blocks) >= 3
    for said, code in blocks:
        names = re.findall(r"`([^`]+)`", said)
        if said.startswith("New file"):
            for name in names[: 2 if said.startswith("New files") else 1]:
                path = root / name
                assert not path.exists()
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(code, encoding="utf-8")
        else:
            path, text = root / names[0], (root / names[0]).read_text(encoding="utf-8")
            place = len(text) if said.startswith("At the end of") else text.index(names[1])
            path.write_text(text[:place] + code + text[place:], encoding="utf-8")


def without_other_studies(root):
    """Leave the toy study alone in a copy: its workflow is read in a moment."""
    path = root / "Snakefile"
    kept = [
        line
        for line in path.read_text(encoding="utf-8").splitlines(keepends=True)
        if not re.match(r'include: "workflow/rules/(stress|strip|permeability|failure)', line)
    ]
    path.write_text("".join(kept), encoding="utf-8")


def planned(checkout, *arguments):
    """Return the rules that would run for the figure."""
    run = checkout.plan(FIGURE, *SMOKE, *arguments)
    if not run.jobs:
        assert "Nothing to be done" in run.text
    return set(run.jobs)


def files(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


def can(*by):
    """Whether this machine lets us run a command as a child of another."""
    return not subprocess.run([*by, "true"], capture_output=True).returncode
