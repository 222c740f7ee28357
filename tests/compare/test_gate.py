"""Rules that fail a build, read and judged."""

from __future__ import annotations

import json

import pytest

from harness import HarnessError, check_gate, run
from harness.compare.gate import read_rule

CONFIG = """\
name: e
task: checkability
dataset: public-matters
gold: single:author-pass-1
split: {protocol: grouped_folds, k: 3, by: article}
classifiers:
  - {name: length, label: baseline}
  - {name: rules, label: my rules}
  - {name: claimbuster_features, label: cb}
metrics: [f1, average_precision, brier]
intervals: {resamples: 200}
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gate")
    (folder / "e.yaml").write_text(CONFIG, encoding="utf-8")
    run(folder / "e.yaml", out=folder / "runs")
    return folder / "runs" / "e"


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("f1 < baseline - 0.02", ("certain", None, "f1", "<", "baseline", -0.02)),
        ("f1<baseline-0.02", ("certain", None, "f1", "<", "baseline-0.02", 0.0)),
        ("f1 < baseline + .5", ("certain", None, "f1", "<", "baseline", 0.5)),
        ("point f1 <= .7", ("point", None, "f1", "<=", None, 0.7)),
        ("possible cb: average_precision >= 1e-3", ("possible", "cb", "average_precision", ">=", None, 0.001)),
        ("'my rules': f1 > \"a [b=1]\"", ("certain", "my rules", "f1", ">", "a [b=1]", 0.0)),
        ("precision_at_10 < -0.5", ("certain", None, "precision_at_10", "<", None, -0.5)),
        ("certain < 3", ("certain", None, "certain", "<", None, 3.0)),
    ],
)
def test_rules_are_read(text, read):
    assert tuple(read_rule(text))[1:] == read


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "the end"),
        ("f1", "the end"),
        ("f1 = 3", "= 3"),
        ("f1 < ", "the end"),
        ("f1 < 3 4", "4"),
        ("f1 < a - b", "b"),
        ("f1 < __import__('os')", "("),
        ("f1 < 0.5; rm", "; rm"),
        ("< 3", "<"),
    ],
)
def test_what_is_no_rule_is_refused(text, found):
    with pytest.raises(HarnessError) as caught:
        read_rule(text)
    assert f"found '{found}" in str(caught.value)
    assert "as in 'f1 < baseline - 0.02'" in str(caught.value)


def verdict(results, rule, system):
    return next(v for v in check_gate([results], [rule]) if v.system == system)


def test_the_interval_decides_and_not_only_the_value(results):
    from harness import compare_results

    pair = next(
        p for p in compare_results([results], metric="f1").pairs if {p.a, p.b} == {"cb", "baseline"} and p.difference
    )
    better = pair.difference
    assert pair.a == "cb"
    assert better.low > 0
    inside = (better.low + better.value) / 2
    # The value is above what the interval reaches below: holds at the point and possibly, not surely.
    assert not verdict(results, f"f1 > baseline + {inside:.6f}", "cb").failed
    assert verdict(results, f"point f1 > baseline + {inside:.6f}", "cb").failed
    assert verdict(results, f"possible f1 > baseline + {inside:.6f}", "cb").failed
    assert verdict(results, "f1 > baseline", "cb").failed
    # The same difference from the other side.
    assert verdict(results, "f1 < cb", "baseline").failed
    assert not verdict(results, f"possible f1 < cb - {better.high + 0.01:.6f}", "baseline").failed


def test_a_rule_judges_every_other_system_or_the_named_one(results):
    assert {v.system for v in check_gate([results], ["f1 < baseline"])} == {"my rules", "cb"}
    assert {v.system for v in check_gate([results], ["f1 < 0.1"])} == {"baseline", "my rules", "cb"}
    assert {v.system for v in check_gate([results], ["'my rules': f1 < baseline"])} == {"my rules"}


def test_what_cannot_be_judged_has_failed(results):
    found = verdict(results, "brier > 0.5", "baseline")
    assert found.failed
    assert "not probabilities" in found.message
    assert "cannot evaluate the rule: 'cb' is the reference itself" in verdict(results, "cb: f1 < cb", "cb").message


def test_unknown_names_are_refused(results):
    with pytest.raises(HarnessError, match="no system is called 'bc'"):
        check_gate([results], ["f1 < bc"])
    with pytest.raises(HarnessError, match="no metric of these results is called 'f2'"):
        check_gate([results], ["f2 < 0.5"])


def test_baseline_is_the_first_result_where_nobody_has_the_name(results):
    folders = {path.name.rsplit("-", 1)[0]: path for path in (results / "results").iterdir()}
    found = check_gate([folders["cb"], folders["my-rules"]], ["possible f1 < baseline - 0.9"])
    assert [v.system for v in found] == ["my rules"]


def test_the_command_exits_with_1(results, harness):
    failing = harness("compare", results, "--fail-if", "f1 > baseline", "--fail-if", "f1 < 0.01")
    assert failing.returncode == 1
    assert "failed: f1 > baseline: cb: f1 difference to baseline is" in failing.stderr
    assert "passed: f1 < 0.01" in failing.stderr
    passing = harness("compare", results, "--fail-if", "f1 < baseline - 0.9", "--json")
    assert passing.returncode == 0
    assert not any(entry["failed"] for entry in json.loads(passing.stdout)["gate"])
    wrong = harness("compare", results, "--fail-if", "f1 ~ 3")
    assert wrong.returncode == 2
    assert "Traceback" not in wrong.stderr
