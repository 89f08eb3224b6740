# SPDX-License-Identifier: GPL-3.0-or-later
"""An archive of one scale: what it says of itself, and back in another folder with its times."""

import json
import os
import shutil
import zipfile
from pathlib import Path

import pytest

from mesobayes.command.archive import archive, memory_of, restore
from mesobayes.command.report import caption, label, other_scale
from mesobayes.drawing.registry import read_registry
from mesobayes.record.errors import MesobayesError

ROOT = Path(__file__).parents[2]
REGISTRY = read_registry(ROOT / "workflow" / "figures.yaml")
STORE = Path("results/smoke/stress/a.zarr.zip")
TIME = 1_700_000_000_123_456_789


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder with one figure at scale smoke, another at small, and a store with its memory."""
    here = tmp_path / "here"
    (here / "workflow" / "scales").mkdir(parents=True)
    for name in (
        "Snakefile",
        "config.yaml",
        "CITATION.cff",
        "workflow/figures.yaml",
        "workflow/scales/smoke.yaml",
    ):
        shutil.copy(ROOT / name, here / name)
    for name in ("Makefile", "pyproject.toml", "README.md", "LICENSE"):
        (here / name).touch()
    monkeypatch.chdir(here)
    for slug, scale in (("se_block", "smoke"), ("mlp", "small")):
        for file in REGISTRY[slug].files:
            write(file, json.dumps({"scale": scale}))
    write(STORE, "data")
    write(memory_of(STORE), "{}")
    write("results/smoke/checkpoints/stress/a.npz", "left out")
    return here


def write(name, text):
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    os.utime(path, ns=(TIME, TIME))


@pytest.fixture
def packed(folder):
    assert archive("smoke") == 0
    return folder / "archive-smoke.zip"


@pytest.fixture
def elsewhere(packed, tmp_path, monkeypatch):
    """Another clone, without results."""
    there = tmp_path / "there"
    there.mkdir()
    monkeypatch.chdir(there)
    return there


def test_everything_of_one_scale_is_in_it_and_nothing_of_another(packed):
    with zipfile.ZipFile(packed) as file:
        names = set(file.namelist())
    assert {"Snakefile", str(STORE), str(memory_of(STORE)), *REGISTRY["se_block"].files} < names
    assert not names & {*REGISTRY["mlp"].files, "results/smoke/checkpoints/stress/a.npz"}


def test_it_describes_itself_as_a_workflow_run_crate(packed):
    with zipfile.ZipFile(packed) as file:
        described, names = json.loads(file.read("ro-crate-metadata.json")), set(file.namelist())
    entities = {entity["@id"]: entity for entity in described["@graph"]}
    assert len(entities) == len(described["@graph"])
    assert entities["ro-crate-metadata.json"]["about"] == {"@id": "./"}
    workflow = entities[entities["./"]["mainEntity"]["@id"]]
    assert "ComputationalWorkflow" in workflow["@type"]
    assert entities[workflow["programmingLanguage"]["@id"]]["version"].count(".") == 2
    assert entities["#run"]["instrument"] == {"@id": "Snakefile"}
    assert {"@id": str(STORE)} in entities["#run"]["result"]
    assert entities[REGISTRY["se_block"].files[0]]["name"] == "Fig. 6: Squeeze-and-excitation block"
    for entity in entities.values():  # every part is in the archive, every reference leads to an entity
        assert entity["@type"] != "File" or entity["@id"] in names
        for value in entity.values():
            for reference in value if isinstance(value, list) else [value]:
                if isinstance(reference, dict) and not reference["@id"].startswith("http"):
                    assert reference["@id"] in entities


def test_it_comes_back_with_times_to_the_nanosecond_and_twice_without_harm(packed, elsewhere, capsys):
    for _ in range(2):
        assert restore(packed) == 0
        assert STORE.read_text() == "data"
        assert STORE.stat().st_mtime_ns == TIME
        assert memory_of(STORE).is_file()
    assert "sources differ" in capsys.readouterr().out  # there are none here


def test_another_file_is_never_overwritten(packed, elsewhere):
    write(STORE, "mine")
    with pytest.raises(
        MesobayesError, match=r"1 other files lie here, such as results/smoke/stress/a\.zarr\.zip"
    ):
        restore(packed)
    assert STORE.read_text() == "mine"


def test_a_flipped_byte_is_found(packed, elsewhere):
    content = bytearray(packed.read_bytes())
    place = content.find(b"data", content.find(str(STORE).encode()))
    content[place] ^= 255
    packed.write_bytes(content)
    with pytest.raises(MesobayesError, match="damaged"):
        restore(packed)
    assert not STORE.exists()


def test_what_is_no_archive_is_refused(tmp_path):
    (tmp_path / "a.zip").write_bytes(b"something else")
    with pytest.raises(MesobayesError, match="is damaged or no archive"):
        restore(tmp_path / "a.zip")


def test_nothing_made_is_nothing_to_archive(folder):
    with pytest.raises(MesobayesError, match="nothing was made at scale paper"):
        archive("paper")


# the report of Snakemake reads the same records


def test_a_report_refuses_to_call_figures_by_another_scale(folder):
    assert other_scale(["fig_se_block"], REGISTRY, "smoke") is None
    problem = other_scale([], REGISTRY, "smoke")
    assert problem.startswith(
        "results/fig_mlp.pdf was made at scale small, and this report is of scale smoke"
    )


def test_labels_sort_in_the_order_of_the_paper():
    targets = [target for target in REGISTRY.targets if target.paper == "krokos2022"]
    labels = [label(target, REGISTRY, None) for target in targets]
    assert labels == sorted(labels)
    value = {"compare": "at_least", "verdict": "shown"}
    assert label(targets[0], REGISTRY, {"printed": [value, value]}).endswith("stress (2 shown)")


@pytest.mark.parametrize("target", REGISTRY.targets[::9], ids=lambda target: target.slug)
def test_captions_are_restructured_text_without_surprises(target):
    from docutils.core import publish_parts

    values = [
        {
            **{"key": value.key, "printed": value.value, "ours": 0.5, "low": 0.4, "high": 0.6},
            **{"verdict": "shown", "reason": "a_b* `c` (d) {e}"},
        }
        for value in target.printed
    ]
    record = {
        "scale": "smoke",
        "seed": "s",
        "overrides": [],
        "config_hash": "a",
        "code_hash": "b",
        "printed": values,
    }
    text = caption(target, {**record, "rows": [["name_", "x"], ["*", 1.0]]})
    text = text.replace("{% raw %}", "").replace("{% endraw %}", "")
    html = publish_parts(text, writer="html", settings_overrides={"halt_level": 2, "report_level": 2})["body"]
    assert "<ol" not in html
    assert html.count("<table") == bool(values) + (target.output == "table")
