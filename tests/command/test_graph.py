# SPDX-License-Identifier: GPL-3.0-or-later
"""The picture of the rules."""

from mesobayes.command.graph import draw_panel, places, read_dot, upstream, without_shortcuts
from mesobayes.drawing.diagram import canvas
from mesobayes.drawing.style import SKY

DOT = """digraph snakemake_dag {
\t0[label = "all", color = "0.00 0.6 0.85", style="rounded"];
\t1[label = "fig_a", color = "0.23 0.6 0.85", style="rounded"];
\t2[label = "fit", color = "0.57 0.6 0.85", style="rounded"];
\t3[label = "merge", color = "0.33 0.6 0.85", style="rounded"];
\t4[label = "draw", color = "0.28 0.6 0.85", style="rounded"];
\t1 -> 0
\t2 -> 1
\t3 -> 1
\t2 -> 2
\t3 -> 2
\t4 -> 2
\t4 -> 3
}
"""


def test_the_graph_of_snakemake_is_read_and_a_rule_is_not_its_own_input():
    edges = read_dot(DOT)
    assert edges["fit"] == {"merge", "draw"}
    assert edges["fig_a"] == {"fit", "merge"}
    assert edges["draw"] == set()


def test_figures_are_left_out_and_arrows_that_others_imply():
    edges = without_shortcuts(upstream(read_dot(DOT), {"fit", "merge", "fig_a"}))
    assert edges == {"fit": {"merge"}, "merge": {"draw"}, "draw": set()}


def test_a_box_stands_behind_all_it_reads_and_no_two_in_one_place():
    edges = {
        "a": frozenset(),
        "b": frozenset(),
        "c": frozenset("ab"),
        "d": frozenset("c"),
        "e": frozenset("ad"),
    }
    placed = places(edges)
    assert [placed[rule][0] for rule in "abcde"] == [0, 0, 1, 2, 3]
    assert len(set(placed.values())) == len(edges)


def test_every_rule_is_drawn_and_marked_where_figures_read_it():
    edges = {"merge_all": frozenset(), "fit_one": frozenset(["merge_all"])}
    _, axes = canvas(1.0, 0.3, 10, 3)
    draw_panel(axes, edges, places(edges), {"fit_one"}, "a study", SKY)
    assert {text.get_text() for text in axes.texts} == {"merge all", "fit one"}
    assert len(axes.lines) == 1
