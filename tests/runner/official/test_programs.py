"""The programs of AVeriTeC, FEVEROUS, QuanTemp, CheckThat! 2025 task 4b and TREC against the official outputs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import harness
from harness.errors import HarnessError


def _cases(benchmarks: Path, folder: str) -> list[dict]:
    return json.loads((benchmarks / "goldens" / folder / "expected.json").read_text(encoding="utf-8"))


def _assert_equal(values, expected) -> None:
    numbers = {key: value for key, value in expected.items() if isinstance(value, float)}
    assert {key: values[key] for key in numbers} == pytest.approx(numbers, abs=1e-9)


def test_feverous(benchmarks):
    cases = [case for case in _cases(benchmarks, "feverous") if "use_gold_verdict" not in case["kind"]]
    for case in cases:
        evaluation = harness.evaluate("feverous", [], benchmarks / "goldens" / case["predictions"])
        if "official_error" in case["expected"]:  # the official program divides by zero
            assert evaluation.mean["Retrieval F1"] is None
        else:
            assert set(evaluation.mean) == set(case["expected"])
            _assert_equal(evaluation.mean, case["expected"])
    assert len(cases) == 7


def test_quantemp_is_joined_by_claim(benchmarks):
    goldens = benchmarks / "goldens"
    for case in _cases(benchmarks, "quantemp"):
        if "category" in case:
            continue
        evaluation = harness.evaluate("quantemp", goldens / case["gold"], goldens / case["predictions"])
        _assert_equal(
            evaluation.mean, {k: v for k, v in _expected(case).items() if k in ("weighted_f1", "macro_f1", "micro_f1")}
        )
        wrong = case.get("official_pairs_by_position_so_this_number_is_wrong", {})
        if "macro_f1" in wrong:
            _assert_equal(evaluation.extra["official_by_position"], wrong)


def _expected(case: dict) -> dict:
    return case.get("expected") or case["expected_when_joined_by_claim"]


def test_checkthat_2025_task_4b(benchmarks):
    gold = benchmarks / "checkthat2025_task4" / "subtask4b_query_tweets_dev.tsv"
    for case in _cases(benchmarks, "checkthat2025_4b"):
        if "expected" in case:
            path = benchmarks / "goldens" / case["predictions"]
            evaluation = harness.evaluate("checkthat-2025-task4b", gold, path)
            assert set(evaluation.mean) == set(case["expected"])
            _assert_equal(evaluation.mean, case["expected"])


def test_trec(benchmarks):
    goldens = benchmarks / "goldens"
    for case in _cases(benchmarks, "retrieval"):
        evaluation = harness.evaluate("trec", goldens / case["qrels"], goldens / case["run"])
        assert set(evaluation.mean) == set(case["expected"])
        _assert_equal(evaluation.mean, case["expected"])
        _assert_equal(evaluation.document()["all_queries"], case["expected_over_all_qrels_queries (trec_eval -c)"])


@pytest.mark.parametrize("kind", ["one_question", "majority_question_copies", "random_labels", "synonyms"])
def test_averitec(benchmarks, kind):
    nltk = pytest.importorskip("nltk")
    for data in ("tokenizers/punkt_tab/english", "corpora/wordnet"):
        try:
            nltk.data.find(data)
        except LookupError:
            pytest.skip(f"nltk's {data} is not on this machine")
    case = next(case for case in _cases(benchmarks, "averitec") if case["kind"] == kind)
    path = benchmarks / "goldens" / case["predictions"]
    evaluation = harness.evaluate("averitec", benchmarks / case["gold"], path)
    assert set(evaluation.mean) == set(case["expected"])
    _assert_equal(evaluation.mean, case["expected"])


def test_ties_of_trec_by_hand(tmp_path):
    # Equal scores rank by id, descending: c, b, a. b is relevant: rank 2. Query 2 has no answer.
    qrels, run = tmp_path / "qrels", tmp_path / "run"
    qrels.write_text("1 0 b 1\n2 0 x 1\n", encoding="utf-8")
    run.write_text("1 Q0 a 1 2.0 s\n1 Q0 b 2 2.0 s\n1 Q0 c 3 2.0 s\n", encoding="utf-8")
    evaluation = harness.evaluate("trec", qrels, run)
    assert evaluation.mean["recip_rank"] == 0.5
    assert evaluation.extra["all_queries"]["recip_rank"] == 0.25


def test_faults_of_a_run_file_come_at_once(tmp_path):
    qrels, run = tmp_path / "qrels", tmp_path / "run"
    qrels.write_text("1 0 b 1\n", encoding="utf-8")
    run.write_text("1 Q0 a 1 nan s\n1 Q0 b 2\n1 Q0 c 3 1.0 s\n1 Q0 c 4 0.5 s\n", encoding="utf-8")
    with pytest.raises(HarnessError) as error:
        harness.evaluate("trec", qrels, run)
    assert [fault.line for fault in error.value.faults] == [1, 2, 4]


def test_feverous_takes_no_gold_file(tmp_path):
    with pytest.raises(HarnessError, match="remove --gold"):
        harness.evaluate("feverous", tmp_path / "gold", tmp_path / "predictions")


def test_predictions_of_averitec_must_be_as_many_as_gold(tmp_path):
    gold, predictions = tmp_path / "gold.json", tmp_path / "predictions.json"
    item = {"label": "Refuted", "questions": [], "justification": "", "claim_types": []}
    gold.write_text(json.dumps([item, item]), encoding="utf-8")
    predictions.write_text(json.dumps([item]), encoding="utf-8")
    with pytest.raises(HarnessError, match=r"has 1 claims, and gold.json has 2"):
        harness.evaluate("averitec", gold, predictions)
