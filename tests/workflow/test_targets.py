# SPDX-License-Identifier: GPL-3.0-or-later
import re
from pathlib import Path

import pytest

from mesobayes.drawing.registry import read_registry

REGISTRY = read_registry(Path(__file__).parents[2] / "workflow/figures.yaml")


@pytest.mark.parametrize("scale", ["smoke", "small", "paper"])
def test_every_built_target_has_a_plan_at_every_scale(checkout, made, scale):
    rules = [target.rule for target in made] + ["table_reproduction"]
    by_rule = checkout.plan(*rules, "--config", f"scale={scale}")
    files = [target.files[0] for target in made] + ["results/table_reproduction.csv"]
    by_file = checkout.plan(*files, "--config", f"scale={scale}")
    assert by_rule.jobs == by_file.jobs
    assert by_rule.jobs["fig_selective_learning"] == 1
    assert by_rule.jobs["fit_selective"] >= 20


def test_the_paper_scale_plans_the_printed_number_of_fits(checkout):
    jobs = checkout.plan(
        "fig_selective_learning",
        "--config",
        "scale=paper",
        "stress={selective: {acquisitions: {printed: [random, max_variance], modern: [random, oracle], "
        "local: [], geometry: []}}}",
    ).jobs
    # two networks; five repeats of the first fit and of chains by two acquisitions each
    assert jobs["fit_selective"] == 2 * 5 * (1 + 2)


def test_the_first_fit_is_shared_by_all_acquisitions_of_a_repeat(checkout):
    messages = checkout.plan("fig_selective_learning", "--config", "scale=smoke").messages
    fits = [message for message in messages if message.startswith("fit_selective: selective, modern")]
    assert (
        len(fits) == len(set(fits)) == 2 + 2 * 4
    )  # two repeats: first fit, and a chain by four acquisitions
    assert sum("initial" in fit for fit in fits) == 2


def test_every_target_of_the_papers_is_listed_and_says_whether_it_is_planned(checkout, made):
    listed = checkout.snakemake("--list-target-rules").text
    for target in REGISTRY.targets:
        (line,) = [line for line in listed.splitlines() if line.startswith(f"{target.rule} (")]
        assert ("planned" in line) == (target not in made)
        assert target.title in line


def last_lines(run):
    """What is left of the output without Snakemake's own two remarks on profile and configuration."""
    remarks = ("Using workflow specific profile", "Config file", "Assuming unrestricted")
    return [line for line in run.text.splitlines() if line and not line.startswith(remarks)]


@pytest.fixture(scope="module")
def less_is_built(new_copy, tmp_path_factory):
    """A copy in which no study draws figure 35 and the table of the ablation."""
    copy = new_copy(tmp_path_factory.mktemp("planned"))
    for rules in (copy.path / "workflow/rules").glob("*.smk"):
        text = rules.read_text("utf-8")
        drawn = r'TARGETS\["(query_rate|se_ablation)"\] = draw\(\n.*?\n\)\n'
        rules.write_text(re.sub(drawn, "", text, flags=re.DOTALL), "utf-8")
    return copy


@pytest.mark.parametrize(
    "asked", ["results/fig_query_rate.pdf", "fig_query_rate", "results/table_se_ablation.csv"]
)
@pytest.mark.parametrize("flags", [(), ("--dry-run",)])
def test_a_planned_target_fails_with_its_sentence_and_leaves_nothing(less_is_built, asked, flags):
    checkout = less_is_built
    run = checkout.snakemake(asked, *flags)
    assert run.code != 0
    (line,) = last_lines(run)
    assert " is planned: " in line
    assert asked.rpartition("/")[2].partition(".")[0] in line
    assert not list((checkout.path / "results").glob("*_*")) if (checkout.path / "results").exists() else True


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("results/fig_selctive_learning.pdf",), "did you mean 'results/fig_selective_learning.pdf'?"),
        (("fig_qury_rate",), "unknown target 'fig_qury_rate'; did you mean 'fig_query_rate'?"),
        (("all", "--config", "scale=smal"), "unknown scale 'smal'; did you mean 'small'?"),
        (("all", "--config", "sede=x"), "unknown key 'sede'; did you mean 'seed'?"),
        (
            ("all", "--config", "stress={selective: {repets: 3}}"),
            "'stress.selective.repets'; did you mean 'repeats'?",
        ),
        (
            ("all", "--config", "stress={mesh: {order: 7}}"),
            "'stress.mesh.order' must be at most 2, not 7",
        ),
    ],
)
def test_a_mistake_gives_one_clear_line_with_the_nearest_name(checkout, arguments, words):
    run = checkout.snakemake(*arguments)
    assert run.code != 0
    (line,) = last_lines(run)
    assert line.startswith("error: ")
    assert words in line


def test_a_folder_that_cannot_be_written_gives_one_clear_line_before_anything_runs(new_copy, tmp_path):
    copy = new_copy(tmp_path)
    (copy.path / "results").touch()
    run = copy.snakemake("fig_se_block", "--config", "scale=smoke")
    assert run.code != 0
    (line,) = last_lines(run)
    assert line.startswith("error: results/.writable cannot be written: ")
    assert not (copy.path / "logs").exists()
