# SPDX-License-Identifier: GPL-3.0-or-later
from collections import Counter
from pathlib import Path

import pytest
import yaml

from mesobayes.drawing.judge import claim_region
from mesobayes.drawing.registry import ASIDES, CLAIMS, read_registry
from mesobayes.record.errors import SettingsError

ROOT = Path(__file__).parents[2]
PATH = ROOT / "workflow" / "figures.yaml"
REGISTRY = read_registry(PATH)
PAPERS = [target for target in REGISTRY.targets if not target.beyond]
VALUES = {(t.slug, v.key): v for t in REGISTRY.targets for v in t.printed}
REVIEWED = yaml.safe_load(Path(__file__).with_name("printed_values.yaml").read_text())


def test_all_84_figures_and_tables_are_there():
    counts = Counter((target.paper, target.output) for target in PAPERS)
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
    numbers = [t.number for t in PAPERS if t.paper == paper and t.output == "figure"]
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


def test_every_value_says_how_it_is_compared():
    assert {value.compare for value in VALUES.values()} == {*CLAIMS, *ASIDES}
    for value in VALUES.values():
        if value.is_claim:
            region = claim_region(value)
            assert region.low < region.high or (value.compare == "equals" and region.low == region.high)


@pytest.mark.parametrize(
    ("word", "compare"),
    [
        *((word, "at_least") for word in ("r2", "recall", "acc10", "accuracy_at", "plateau_accuracy")),
        *((word, "at_most") for word in ("mape", "mispredicted", "rel_error", "patches_needed_maxunc")),
        *((word, "equals") for word in ("params_", "sum_")),
        *((word, "hardware") for word in ("_minutes", "_s", "_h", "speedup")),
        *((word, "within") for word in ("coverage95", "plateau_phi", "Kirsch")),
    ],
)
def test_values_of_one_kind_are_compared_alike(word, compare):
    ends = word in ("_s", "_h")
    found = {
        place: value.compare
        for place, value in VALUES.items()
        if (place[1].endswith(word) if ends else word in place[1])
    }
    assert found
    assert set(found.values()) == {compare}, found


def test_what_went_into_a_result_is_a_setting_and_no_claim():
    for slug in ("constitutive_parameters", "magnetic_materials", "model_variants", "damage_transform"):
        assert {value.compare for value in REGISTRY[slug].printed} == {"setting"}


def test_the_misprints_say_why_and_stand_on_the_page_of_misprints():
    page = (ROOT / "docs" / "misprints.md").read_text()
    found = {place: value for place, value in VALUES.items() if value.compare == "misprint"}
    assert set(found) == {
        ("damage_evolution", "phi0_text"),
        ("microstructure_families", "vf_max"),
        ("heteroencoder_architecture", "latent_text"),
    }
    assert all(value.because for value in found.values())
    for words in ("0.008 and 0.08", "5 to 95 %", "7,000 latent"):
        assert words in page


def test_a_claim_in_words_says_what_its_number_is():
    for place, value in VALUES.items():
        if value.compare == "trend" or (value.is_claim and not value.is_number):
            assert len(value.number) > 10, place


def test_every_entry_has_a_title_and_a_caption_of_its_own():
    assert len({t.title for t in REGISTRY.targets}) == len(REGISTRY.targets)
    assert len({t.caption for t in REGISTRY.targets}) == len(REGISTRY.targets)
    assert all(t.caption.endswith(".") and len(t.caption) > 25 for t in REGISTRY.targets)


def test_lists_are_taken_apart_into_one_value_each():
    printed = {v.key: v.value for v in REGISTRY["permeability_mono_metrics"].printed}
    assert printed == {"mape[0]": 0.01, "mape[1]": 0.01, "r2[0]": 0.994, "r2[1]": 0.991}


def test_an_item_of_a_list_may_be_compared_otherwise():
    first, second = (VALUES["damage_evolution", f"stage1_strain[{i}]"] for i in range(2))
    assert (first.value, first.compare, first.tolerance) == (0, "setting", None)
    assert (second.value, second.compare, second.tolerance) == (0.02, "within", 0.01)


def test_a_figure_is_three_files_and_a_table_one():
    assert REGISTRY["selective_learning"].files == tuple(
        f"results/fig_selective_learning.{ending}" for ending in ("pdf", "png", "json")
    )
    assert REGISTRY["se_ablation"].files == ("results/table_se_ablation.csv",)


def test_the_record_of_a_table_lies_with_its_scale():
    assert REGISTRY["selective_learning"].record("small") == "results/fig_selective_learning.json"
    assert REGISTRY["se_ablation"].record("small") == "results/small/records/table_se_ablation.json"


def test_the_sentence_of_a_planned_target_is_one_line_that_says_planned():
    for target in REGISTRY.targets:
        assert " is planned: " in target.planned_message()
        assert "\n" not in target.planned_message()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("slug: se_block", "slug: mlp", "'mlp' stands there twice"),
        ("kind: geometry", "kind: geography", "unknown kind 'geography'"),
        ("paper: krokos2022", "paper: krokus2022", "unknown paper 'krokus2022'"),
        ("    kind: geometry", "    kinds: geometry", "missing or unknown keys: kind, kinds"),
    ],
)
def test_a_wrong_entry_is_refused_by_name(tmp_path, old, new, words):
    path = tmp_path / "figures.yaml"
    path.write_text(PATH.read_text().replace(old, new, 1))
    with pytest.raises(SettingsError, match=words):
        read_registry(path)


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("16", "'reduction' must be a mapping with value and compare"),
        ("{compare: equals}", "'reduction' does not say its value"),
        ("{value: 16}", "'reduction' must be a mapping|does not say its compare"),
        ("{value: 16, compare: at_lest}", "cannot be compared by 'at_lest'; did you mean 'at_least'?"),
        ("{value: 16, compare: within}", "needs a tolerance, absolute or relative"),
        (
            "{value: 16, compare: within, tolerance: 1, relative: 0.1}",
            "needs a tolerance, absolute or relative",
        ),
        ("{value: 16, compare: within, tolerance: 0}", "needs a tolerance above zero"),
        ("{value: 16, compare: within, tolerance: wide}", "has the tolerance 'wide', which is no number"),
        ("{value: 16, compare: at_most, tolerance: 1}", "compared by 'at_most', has the unknown 'tolerance'"),
        ("{value: more, compare: at_least, number: reduction}", "is text, so 'at_least' needs a bound"),
        ("{value: more, compare: at_least, bound: 16}", "is text, so it says what the number is"),
        ("{value: more, compare: trend, number: reduction}", "is a trend, so it needs a sign"),
        ("{value: more, compare: trend, sign: up, number: reduction}", "is a trend, so it needs a sign"),
        ("{value: more, compare: trend, sign: positive}", "is a trend, so it needs a sign"),
        ("{value: 16, compare: misprint}", "is compared as misprint, so it needs a because"),
        ("{value: .nan, compare: equals}", "which is neither number nor text"),
        ("{value: null, compare: equals}", "which is neither number nor text"),
    ],
)
def test_a_value_that_cannot_be_compared_is_refused_with_its_reason(tmp_path, entry, words):
    path = tmp_path / "figures.yaml"
    old = "reduction: {value: 16, compare: setting}"
    assert old in PATH.read_text()
    path.write_text(PATH.read_text().replace(old, f"reduction: {entry}"))
    with pytest.raises(SettingsError, match=words) as error:
        read_registry(path)
    assert "'se_block'" in str(error.value)


def test_an_unknown_slug_is_refused_with_the_nearest_one():
    with pytest.raises(SettingsError, match=r"is called 'se_blok'; did you mean 'se_block'\?"):
        REGISTRY["se_blok"]
