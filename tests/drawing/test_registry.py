# SPDX-License-Identifier: GPL-3.0-or-later
from collections import Counter
from pathlib import Path

import pytest
import yaml

from mesobayes.drawing.registry import read_registry
from mesobayes.record.errors import SettingsError

ROOT = Path(__file__).parents[2]
PATH = ROOT / "workflow" / "figures.yaml"
REGISTRY = read_registry(PATH)
REVIEWED = yaml.safe_load(Path(__file__).with_name("printed_values.yaml").read_text())


def test_all_84_figures_and_tables_are_there():
    counts = Counter((target.paper, target.output) for target in REGISTRY.targets)
    assert counts == {
        ("krokos2022", "figure"): 42,
        ("krokos2022", "table"): 4,
        ("aldakheel2023", "figure"): 14,
        ("aldakheel2023", "table"): 4,
        ("bridgman2022", "figure"): 17,
        ("bridgman2022", "table"): 3,
    }


@pytest.mark.parametrize(
    ("paper", "count"), [("krokos2022", 42), ("aldakheel2023", 14), ("bridgman2022", 17)]
)
def test_the_figures_of_each_paper_are_numbered_without_a_gap(paper, count):
    numbers = [t.number for t in REGISTRY.targets if t.paper == paper and t.output == "figure"]
    assert numbers == [str(i) for i in range(1, count + 1)]


def test_slugs_rules_and_files_are_unique():
    for values in (
        [t.slug for t in REGISTRY.targets],
        [t.rule for t in REGISTRY.targets],
        [file for t in REGISTRY.targets for file in t.files],
    ):
        assert len(values) == len(set(values))


def test_the_printed_values_are_those_of_the_reviewed_list():
    found = {t.slug: {v.key: v.value for v in t.printed} for t in REGISTRY.targets if t.printed}
    assert found == REVIEWED


def test_every_entry_has_a_title_and_a_caption_of_its_own():
    assert len({t.title for t in REGISTRY.targets}) == 84
    assert len({t.caption for t in REGISTRY.targets}) == 84
    assert all(t.caption.endswith(".") and len(t.caption) > 25 for t in REGISTRY.targets)


def test_lists_are_taken_apart_into_one_value_each():
    printed = {v.key: v.value for v in REGISTRY["permeability_mono_metrics"].printed}
    assert printed == {"mape[0]": 0.01, "mape[1]": 0.01, "r2[0]": 0.994, "r2[1]": 0.991}


def test_a_figure_is_three_files_and_a_table_one():
    assert REGISTRY["selective_learning"].files == tuple(
        f"results/fig_selective_learning.{ending}" for ending in ("pdf", "png", "json")
    )
    assert REGISTRY["se_ablation"].files == ("results/table_se_ablation.csv",)


def test_the_sentence_of_a_planned_target_is_one_line_that_says_planned():
    for target in REGISTRY.planned:
        assert " is planned: " in target.planned_message()
        assert "\n" not in target.planned_message()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("slug: se_block", "slug: mlp", "'mlp' stands there twice"),
        ("kind: geometry", "kind: geography", "unknown kind 'geography'"),
        ("paper: krokos2022", "paper: krokus2022", "unknown paper 'krokus2022'"),
        ("    built: false", "    build: false", "missing or unknown keys: build, built"),
    ],
)
def test_a_wrong_entry_is_refused_by_name(tmp_path, old, new, words):
    path = tmp_path / "figures.yaml"
    path.write_text(PATH.read_text().replace(old, new, 1))
    with pytest.raises(SettingsError, match=words):
        read_registry(path)


def test_an_unknown_slug_is_refused():
    with pytest.raises(SettingsError, match="no target of the registry is called 'x'"):
        REGISTRY["x"]
