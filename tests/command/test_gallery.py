# SPDX-License-Identifier: GPL-3.0-or-later
import json
from html.parser import HTMLParser
from pathlib import Path

import pytest

from mesobayes.command.gallery import cards_of, gallery, render
from mesobayes.command.verdicts import lines
from mesobayes.drawing.judge import NO_VERDICT
from mesobayes.drawing.registry import read_registry

ROOT = Path(__file__).parents[2]
REGISTRY = read_registry(ROOT / "workflow" / "figures.yaml")
VOID = {"meta", "img", "input", "br"}


class Page(HTMLParser):
    """Tags of a page with their attributes; fails where they are not closed in order."""

    def __init__(self, text):
        super().__init__()
        self.open, self.found = [], []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def all(self, tag, attribute):
        return [attrs[attribute] for name, attrs in self.found if name == tag and attribute in attrs]


def record(slug):
    target = REGISTRY[slug]
    return {
        **{
            "slug": slug,
            "scale": "smoke",
            "seed": "s",
            "overrides": [],
            "config_hash": "a1",
            "code_hash": "b2",
        },
        "printed": [
            {
                **{"key": value.key, "printed": value.value, "compare": value.compare, "ours": None},
                **{"low": None, "high": None, "n": 0, "verdict": NO_VERDICT, "reason": "scale < smoke"},
            }
            for value in target.printed
        ],
    }


@pytest.fixture
def results(tmp_path):
    """A figure and a table, with everything beside them."""
    folder = tmp_path / "results"
    (folder / "smoke" / "records").mkdir(parents=True)
    for ending in ("pdf", "png"):
        (folder / f"fig_rotation_augmentation.{ending}").touch()
    (folder / "fig_rotation_augmentation.json").write_text(json.dumps(record("rotation_augmentation")))
    (folder / "table_se_ablation.csv").write_text("network,accuracy,scale,seed\nmodern <x>,0.5,smoke,s\n")
    (folder / "smoke/records/table_se_ablation.json").write_text(json.dumps(record("se_ablation")))
    return folder


def test_the_page_is_whole_and_every_link_leads_to_a_file_beside_it(results):
    page = Page(render(REGISTRY, cards_of(REGISTRY, "smoke", results)))
    links = [*page.all("a", "href"), *page.all("img", "src")]
    assert len(links) >= 7
    for link in links:
        assert (results / link).is_file(), link
    assert page.all("article", "id") == ["rotation_augmentation", "se_ablation"]


def test_nothing_is_asked_of_a_network(results):
    text = render(REGISTRY, cards_of(REGISTRY, "smoke", results))
    assert "http" not in text
    assert "//" not in text.replace("<!doctype html>", "")


def test_printed_values_stand_beside_ours_and_text_is_escaped(results):
    text = render(REGISTRY, cards_of(REGISTRY, "smoke", results))
    assert "gain_over_full" in text
    assert "0.82" in text
    assert "modern &lt;x&gt;" in text
    assert "scale &lt; smoke" in text


def test_a_search_finds_the_words_of_title_and_caption(results):
    cards = cards_of(REGISTRY, "smoke", results)
    assert "rotated copies" in cards[0].words
    assert "squeeze" in cards[1].words


def test_claims_are_listed_and_settings_only_counted(results):
    rows = [row for card in cards_of(REGISTRY, "smoke", results) for row in card.rows]
    text = list(lines(rows))
    claims = sum(
        value.is_claim for card in cards_of(REGISTRY, "smoke", results) for value in card.target.printed
    )
    assert len([line for line in text if line.startswith("| ") and "target" not in line]) == claims
    assert f"{claims} {NO_VERDICT}" in text
    assert text[-1].startswith("counted apart: ")


def test_tables_of_another_scale_are_left_out(results):
    figure = ["rotation_augmentation"]
    assert [card.target.slug for card in cards_of(REGISTRY, "paper", results)] == figure
    (results / "table_se_ablation.csv").write_text(
        "network,scale,seed\nmodern,small,s\n"
    )  # drawn again since
    assert [card.target.slug for card in cards_of(REGISTRY, "smoke", results)] == figure


def test_the_page_is_written_beside_the_results(results, monkeypatch, capsys):
    monkeypatch.chdir(results.parent)
    Path("workflow").symlink_to(ROOT / "workflow")
    assert gallery("smoke") == 0
    assert Path("results/index.html").is_file()
    assert "2 of" in capsys.readouterr().out
