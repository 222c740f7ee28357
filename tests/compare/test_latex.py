"""LaTeX tables: braces and environments close, signs are escaped, bold follows its rule."""

from __future__ import annotations

import re

from harness.compare.comparison import ComparedSystem, Comparison, SystemPair
from harness.compare.latex import comparison_latex
from harness.compare.paired_tests import Difference
from harness.metrics.intervals import Value


def comparison(groups, heading="F1", p=0.001):
    names = ["[a] 100% & #1_{x}", "b\\~^", "c<d>|$"][: len(groups)]
    systems = tuple(
        ComparedSystem(name, Value(value=0.9 - 0.1 * n, low=0.5, high=0.95, n_units=40, method="jackknife-t"), group)
        for n, (name, group) in enumerate(zip(names, groups, strict=True))
    )
    tested = Difference(
        value=0.1,
        low=0.05,
        high=0.2,
        p=p,
        detectable=0.1,
        test="randomization",
        method="jackknife-t",
        draws=1000,
        resamples=1000,
    )
    pairs = tuple(
        SystemPair(names[0], name, tested, p if group > 1 else 0.9)
        for name, group in list(zip(names, groups, strict=True))[1:]
    )
    return Comparison(
        metric=heading.lower(),
        heading=heading,
        systems=systems,
        pairs=pairs,
        n=400,
        n_units=40,
        unit="article",
        resamples=1000,
        correction="holm",
        warnings=(),
    )


def check_syntax(text):
    """Braces and environments close, every row has the cells of its head, and no bare special sign is left."""
    bare = re.sub(r"\\\\|\\[&%$#_{}]", "", text)
    assert bare.count("{") == bare.count("}")
    opened = re.findall(r"\\begin\{(\w+)\}", text)
    assert sorted(opened) == sorted(re.findall(r"\\end\{(\w+)\}", text))
    n_columns = len(re.search(r"\\begin\{tabular\}\{(l+)\}", text)[1])
    rows = [line for line in text.splitlines() if line.endswith("\\\\")]
    assert rows
    assert {len(re.split(r"(?<!\\)&", row)) for row in rows} == {n_columns}
    assert not [row for row in rows if row.lstrip().startswith(("[", "*"))]
    assert not re.search(r"(?<!\\)[#_]", bare)


def test_the_best_tie_group_is_bold_unless_it_is_everybody():
    text = comparison_latex([comparison([1, 1, 2]), comparison([1, 1, 1], "AP")])
    check_syntax(text)
    assert re.findall(r"textbf\{([^}]+)\}", text) == [".900", ".800"]
    assert ".700$^{**}$" in text
    assert "No bold for AP: no system differs significantly from the best" in text
    assert "Bold: the best tie group of a column, unless all systems are in it" in text


def test_one_metric_has_its_tie_groups_and_a_single_system_has_neither_pairs_nor_bold():
    text = comparison_latex([comparison([1, 2, 3])])
    check_syntax(text)
    assert "system & F1 & tie group" in text
    alone = comparison_latex([comparison([1])])
    check_syntax(alone)
    assert "textbf" not in alone
    assert "{[}a{]} 100\\% \\& \\#1\\_\\{x\\} & .900 {[}.500, .950{]} \\\\" in alone


def test_signs_are_escaped():
    text = comparison_latex([comparison([1, 2, 2])])
    assert "b\\textbackslash{}\\textasciitilde{}\\textasciicircum{} &" in text
    assert "c\\textless{}d\\textgreater{}\\textbar{}\\$ &" in text
