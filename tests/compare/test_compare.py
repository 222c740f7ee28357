"""Paired comparison: against enumeration and hand-worked cases, and through the command."""

from __future__ import annotations

import itertools
import json
import shutil

import numpy as np
import pytest

from harness import HarnessError, build_report, compare_results, run
from harness.compare.exchanges import Exchanges, randomization_p_values
from harness.compare.paired_tests import (
    Exchanged,
    adjust_p_values,
    choose_test,
    corrected_t_test,
    difference,
    fold_values,
    mcnemar,
    n_permutations,
)
from harness.compare.tables import FORMATS
from harness.data.claims import Gold
from harness.files import sha256
from harness.metrics.base import ResamplingGroups, Run
from harness.metrics.intervals import Intervals
from harness.metrics.labels import F1, Accuracy
from harness.metrics.ranking_per_article import MeanAveragePrecision
from harness.metrics.ranking_pooled import AveragePrecision
from harness.runner.pairing.resampled import resample
from harness.runner.result_files import sealed

INTERVALS = Intervals(resamples=2000, random_seed=5)


def answers(predicted, scores=None):
    columns = None if scores is None else np.column_stack([1 - np.array(scores), scores])
    return Run(columns, np.array(predicted, dtype=np.int64), probabilities=True)


def compared(metric, gold, one, other, unit, draws=2000):
    groups = ResamplingGroups(np.array(unit), np.array(unit))
    a, b = (resample(metric, gold, [system], groups, INTERVALS) for system in (one, other))
    exchanged = None
    if choose_test(metric, gold, one, groups) == "randomization":
        exchanges = Exchanges(gold, groups, seed=INTERVALS.random_seed, draws=draws)
        p_values = randomization_p_values(metric, [a.runs, b.runs], exchanges, {(0, 1): a.value - b.value})
        exchanged = Exchanged(p_values[0, 1], draws)
    return difference(metric, a, b, groups=groups, exchanged=exchanged)


def test_randomization_against_every_exchange():
    random = np.random.default_rng(3)
    unit = np.repeat(np.arange(8), 6)
    gold = Gold(("no", "yes"), random.integers(0, 2, 48))
    right, wrong = gold.codes.copy(), gold.codes.copy()
    right[random.random(48) < 0.2] ^= 1
    wrong[random.random(48) < 0.4] ^= 1
    one, other = answers(right), answers(wrong)

    def f1(predicted):
        hits = ((predicted == 1) & (gold.codes == 1)).sum()
        return 2 * hits / ((predicted == 1).sum() + (gold.codes == 1).sum())

    observed = f1(right) - f1(wrong)
    every = []
    for exchange in itertools.product([False, True], repeat=8):
        traded = np.array(exchange)[unit]
        every.append(f1(np.where(traded, wrong, right)) - f1(np.where(traded, right, wrong)))
    exact = np.mean(np.abs(every) >= abs(observed) - 1e-12)
    found = compared(F1(), gold, one, other, unit)
    assert found.value == pytest.approx(observed)
    assert found.test == "randomization"
    assert found.p == pytest.approx(exact, abs=0.03)
    assert found.low < observed < found.high


def test_equal_systems_do_not_differ():
    gold = Gold(("no", "yes"), np.array([0, 1] * 20))
    system = answers([0, 1, 1, 1] * 10, np.linspace(0, 1, 40))
    for metric in (F1(), AveragePrecision(), MeanAveragePrecision()):
        found = compared(metric, gold, system, system, np.repeat(np.arange(10), 4))
        assert (found.value, found.p) == (0, 1)


def test_scores_ranked_together_are_tested_by_the_jackknife_and_means_over_articles_by_exchanges():
    random = np.random.default_rng(1)
    gold = Gold(("no", "yes"), random.integers(0, 2, 200))
    unit = np.repeat(np.arange(20), 10)
    good = gold.codes + random.normal(0, 0.5, 200)
    # the same ranking on another scale: units that traded places would make it look worse
    one, other = answers(gold.codes, good), answers(gold.codes, 1000 * good)
    pooled = compared(AveragePrecision(), gold, one, other, unit)
    assert (pooled.test, pooled.value, pooled.p) == ("jackknife-t", 0, 1)
    assert compared(MeanAveragePrecision(), gold, one, other, unit).test == "randomization"


def test_false_findings_under_the_null_are_as_rare_as_they_should_be():
    """Two systems of one kind on 30 articles, 200 times: about 5 percent of p-values are below .05."""
    random = np.random.default_rng(11)
    unit = np.repeat(np.arange(30), 8)
    found = 0
    for _ in range(200):
        gold = Gold(("no", "yes"), random.integers(0, 2, 240))
        hard = np.repeat(random.random(30), 8) * 0.5
        one, other = (answers(gold.codes ^ (random.random(240) < hard)) for _ in range(2))
        found += compared(F1(), gold, one, other, unit, draws=400).p < 0.05
    # binomial(200, .05): 20 or more in 1 of 1,000 such tests
    assert found <= 20


def test_corrections_by_hand():
    p = [0.01, 0.04, 0.03, 0.005]
    # Holm: .005 * 4, .01 * 3, .03 * 2, then not below the one before
    assert adjust_p_values(p) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    # Benjamini-Hochberg: .005 * 4 / 1, .01 * 4 / 2, .03 * 4 / 3, .04 * 4 / 4, from the largest down
    assert adjust_p_values(p, "bh") == pytest.approx([0.02, 0.04, 0.04, 0.02])
    assert adjust_p_values([]) == []
    assert adjust_p_values([0.9, 0.8]) == [1.0, 1.0]


def test_corrections_agree_with_scipy():
    from scipy.stats import false_discovery_control

    p = np.random.default_rng(2).random(30)
    assert adjust_p_values(p.tolist(), "bh") == pytest.approx(false_discovery_control(p))


def test_mcnemar_by_hand():
    gold = Gold(("no", "yes"), np.ones(12, dtype=np.int64))
    one, other = answers([1] * 9 + [0] * 3), answers([1] * 2 + [0] * 7 + [1] + [0] * 2)
    # 7 claims only the first gets right, 1 only the other: 2 * (1 + 8) / 2**8
    assert mcnemar(gold, one, other) == pytest.approx(18 / 256)
    assert mcnemar(gold, one, one) == 1.0


def test_enough_draws_for_a_table():
    assert n_permutations(1, Intervals(resamples=1000)) == 1000
    assert n_permutations(28, Intervals(resamples=1000)) == 11_200


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    out = tmp_path_factory.mktemp("runs")
    run("quickstart", only=["length", "rules", "claimbuster_features"], out=out)
    return out / "quickstart"


def test_systems_by_value_with_tie_groups(results):
    found = compare_results([results])
    values = [system.value.value for system in found.systems]
    assert values == sorted(values, reverse=True)
    assert found.systems[0].name == "claimbuster_features"
    assert found.systems[0].tie_group == 1
    assert len(found.pairs) == 3
    for pair in found.pairs:
        assert pair.difference is not None
        assert pair.p_corrected is not None
        assert pair.p_corrected >= pair.difference.p
        assert pair.difference.low <= pair.difference.value <= pair.difference.high
    assert str(compare_results([results])) == str(found)


def test_values_are_those_of_the_results(results):
    found = compare_results([results], metric="average_precision")
    for system in found.systems:
        (folder,) = (results / "results").glob(f"{system.name}-*")
        kept = json.loads((folder / "result.json").read_text())["values"]["average_precision"]
        assert (system.value.value, system.value.low, system.value.high) == (kept["value"], kept["low"], kept["high"])


def test_the_command_prints_every_format(results, harness):
    table = harness("compare", results).stdout
    assert "tie group" in table
    assert "Holm correction for 3 pairs" in table
    assert harness("compare", results, "--format", "markdown").stdout.startswith("| system | F1 | tie group |")
    assert "\\toprule" in harness("compare", results, "--format", "latex").stdout
    assert harness("compare", results, "--format", "csv").stdout.startswith(
        "metric,a,b,difference,low,high,p,p_corrected,decided_by,"
    )
    document = json.loads(harness("compare", results, "--json", "--metric", "brier").stdout)
    assert set(document) == {"metric", "systems", "pairs"}
    undefined = [system for system in document["systems"] if system["value"] is None]
    assert {system["system"] for system in undefined} == {"length", "rules"}
    assert all(system["reason"] for system in undefined)
    assert all(pair["reason"] for pair in document["pairs"])


def test_results_that_cannot_be_compared(results, tmp_path, harness):
    with pytest.raises(HarnessError, match="needs two results or more"):
        compare_results([next((results / "results").iterdir())])
    with pytest.raises(HarnessError, match="contains no result"):
        compare_results([tmp_path])
    for stage in ("detect", "my judge"):
        (tmp_path / "chain" / stage).mkdir(parents=True)
        (tmp_path / "chain" / stage / "current.json").write_text("{}", encoding="utf-8")
    (tmp_path / "chain" / "chain.json").write_text("{}", encoding="utf-8")
    with pytest.raises(HarnessError, match=r"its stages have results of their own \(detect, my judge\)") as refused:
        build_report([tmp_path / "chain"])
    chain = tmp_path / "chain"
    assert str(refused.value).endswith(f": harness report {chain}/detect, harness report '{chain}/my judge'")
    with pytest.raises(HarnessError, match="no metric of these results is called 'f2'"):
        compare_results([results], metric="f2")
    run("quickstart", only=["length"], limit=30, out=tmp_path)
    with pytest.raises(HarnessError, match=r"different claims: [\d,]+ only in .*results/.* \(.+\)"):
        compare_results([results, tmp_path / "quickstart"])
    (length,) = (results / "results").glob("length-*")
    shutil.copytree(length, tmp_path / "damaged")
    (tmp_path / "damaged" / "predictions.parquet").write_bytes(b"PAR1")
    with pytest.raises(HarnessError, match=r"damaged/predictions\.parquet: .*; run the experiment again"):
        compare_results([length, tmp_path / "damaged"])
    done = harness("compare", "nowhere")
    assert done.returncode == 2
    assert "contains no result" in done.stderr


def test_another_gold_is_refused(results, tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    (length,) = (results / "results").glob("length-*")
    shutil.copytree(length, tmp_path / "changed")
    path = tmp_path / "changed" / "predictions.parquet"
    table = pq.read_table(path)
    gold = table["gold"].to_pylist()
    first = next(row for row, label in enumerate(gold) if label is not None)
    gold[first] = "no" if gold[first] == "yes" else "yes"
    pq.write_table(table.set_column(table.column_names.index("gold"), "gold", pa.array(gold)), path)
    document = json.loads((tmp_path / "changed" / "result.json").read_text())
    document["predictions_sha256"] = sha256(path.read_bytes())
    (tmp_path / "changed" / "result.json").write_text(json.dumps(sealed(document)))
    with pytest.raises(HarnessError, match=r"1 claims have a different gold label in .*changed: \w+"):
        compare_results([length, tmp_path / "changed"])


def test_one_article_has_no_test():
    gold = Gold(("no", "yes"), np.array([0, 1, 1]))
    groups = ResamplingGroups(np.zeros(3, dtype=np.int64), np.zeros(3, dtype=np.int64))
    from harness.errors import Undefined

    with pytest.raises(Undefined, match="only one unit"):
        resample(Accuracy(), gold, [answers([0, 1, 0])], groups, INTERVALS)


def test_the_corrected_t_test_by_hand():
    gold = Gold(("no", "yes"), np.ones(40, dtype=np.int64))
    fold = np.repeat(np.arange(4), 10)
    right = np.array([9, 8, 7, 9])
    one = answers(np.concatenate([[1] * n + [0] * (10 - n) for n in right]))
    other = answers(np.concatenate([[1] * n + [0] * (10 - n) for n in [6, 7, 6, 7]]))
    groups = ResamplingGroups(np.arange(40) // 5, np.arange(40) // 5)
    # differences .3 .1 .1 .2: mean .175, variance .0275 / 3; t = .175 / sqrt((1/4 + 1/3) .0275 / 3), 3 degrees
    from scipy.stats import t

    expected = 2 * t.sf(0.175 / np.sqrt((1 / 4 + 1 / 3) * 0.0275 / 3), 3)
    a, b = (fold_values(Accuracy(), gold, [run], groups=groups, fold=fold) for run in (one, other))
    assert corrected_t_test(a, b) == pytest.approx(expected)
    single_fold = np.zeros(40, dtype=np.int64)
    assert fold_values(Accuracy(), gold, [one], groups=groups, fold=single_fold) is None
    assert corrected_t_test(a, None) is None
    assert corrected_t_test(a, a) == 1.0


def test_other_tests_stand_in_the_document(results):
    pairs = compare_results([results]).document()["pairs"]
    assert all(0 <= pair["mcnemar_p"] <= 1 and 0 <= pair["folds_p"] <= 1 for pair in pairs)
    ranked = compare_results([results], metric="average_precision").document()["pairs"]
    assert all("mcnemar_p" not in pair for pair in ranked)
    assert "McNemar" in str(compare_results([results]))


def test_published_results_have_an_interval_only_where_ours_are_near(fetched, tmp_path):
    outcome = run("checkthat-2019", only=["length", "rules"], out=tmp_path, root=fetched)
    found = compare_results([outcome.folder], metric="checkthat_average_precision")
    best, ours = found.published[0], {system.name: system.value for system in found.systems}
    assert (best.system, best.value, best.low, best.high) == ("TheEarthIsFlat (contr.-2)", 0.1821, None, None)
    rules = ours["rules"]
    near = next(entry for entry in found.published if entry.nearest == "rules" and entry.low is not None)
    assert near.high == pytest.approx(near.value + rules.high - rules.value)
    assert near.difference == pytest.approx(near.value - rules.value)
    # The note stands wherever the row stands.
    assert "no interval: our system rules at" in best.note
    printed = [write([found]) for write in FORMATS.values()]
    for text in (*printed, str(outcome), json.dumps(found.document(), ensure_ascii=False)):
        assert best.note in text
    assert any(entry["note"] == best.note for entry in outcome.document()["published"][0]["systems"])
    assert not compare_results([outcome.folder], metric="mean_average_precision").published


def test_the_interval_of_a_difference_ends_where_the_metric_does():
    # Leaving out one of three units gives differences of -.5, .5 and 0: standard error sqrt(2/3 * .5) = .577, times
    # Student's t with 2 degrees of freedom (4.303) is 2.48, more than accuracies can differ.
    gold = Gold(("no", "yes"), np.array([1, 1, 1]))
    result = compared(Accuracy(), gold, answers([1, 0, 0]), answers([0, 1, 0]), [0, 1, 2])
    assert (result.value, result.low, result.high) == (0, -1, 1)
