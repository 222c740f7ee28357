"""The programs of AVeriTeC, FEVEROUS, QuanTemp, CheckThat! 2025 task 4 and TREC against the official outputs."""

from __future__ import annotations

import json
import zipfile
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
    cases = _cases(benchmarks, "feverous")
    for case in cases:
        evaluation = harness.evaluate("feverous", [], benchmarks / "goldens" / case["predictions"])
        values = evaluation.mean
        if case["kind"].endswith(":use_gold_verdict"):
            values = evaluation.document()["with_gold_verdict"]
        if "official_error" in case["expected"]:  # the official program divides by zero
            assert values["Retrieval F1"] is None
        else:
            assert set(values) == set(case["expected"])
            _assert_equal(values, case["expected"])
    assert len(cases) == 12


def test_quantemp_is_joined_by_claim(benchmarks):
    goldens = benchmarks / "goldens"
    for case in _cases(benchmarks, "quantemp"):
        evaluation = harness.evaluate("quantemp", goldens / case["gold"], goldens / case["predictions"])
        by_category = evaluation.document()["by_category"]
        values = by_category[case["category"]] if "category" in case else evaluation.mean
        expected = {key: _expected(case)[key] for key in ("weighted_f1", "macro_f1", "micro_f1")}
        assert set(values) == set(expected)
        _assert_equal(values, expected)
        wrong = case.get("official_pairs_by_position_so_this_number_is_wrong")
        if wrong is None or "official_error" in wrong:
            assert evaluation.extra["official_by_position"] is None
        else:
            _assert_equal(evaluation.extra["official_by_position"], {k: wrong[k] for k in expected})


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


def _discourse(path, column, labels):
    rows = [f"{index}\t{value}\n" for index, value in labels.items()]
    path.write_text(f"index\t{column}\n" + "".join(rows), encoding="utf-8")
    return path


def test_checkthat_2025_task_4a_is_the_macro_f1_of_scikit_learn(benchmarks, tmp_path):
    from sklearn.metrics import f1_score

    gold_path = benchmarks / "checkthat2025_task4" / "ct_dev.tsv"
    lines = gold_path.read_text(encoding="utf-8").splitlines()[1:]
    gold = {line.split("\t")[0]: json.loads(line.split("\t")[2]) for line in lines}
    guesses = {index: [labels[2], labels[0], float(int(index) % 2)] for index, labels in gold.items()}
    evaluation = harness.evaluate(
        "checkthat-2025-task4a", gold_path, _discourse(tmp_path / "a", "predictions", guesses)
    )
    expected = f1_score([*gold.values()], [*guesses.values()], average=None)
    assert list(evaluation.mean.values()) == pytest.approx([expected.mean(), *expected], abs=1e-12)


def test_checkthat_2025_task_4a_with_tweets_that_are_missing_unknown_or_twice(tmp_path):
    gold = _discourse(tmp_path / "gold", "labels", {1: [1.0, 0.0, 1.0], 2: [1.0, 0.0, 0.0]})
    some = _discourse(tmp_path / "some", "predictions", {1: [1.0, 0.0, 1.0]})
    evaluation = harness.evaluate("checkthat-2025-task4a", gold, some)
    assert evaluation.mean["macro_f1"] == pytest.approx(2 / 3)  # no tweet has or gets the second label: 0
    assert evaluation.document()["all_tweets"]["macro_f1"] == pytest.approx((2 / 3 + 0 + 1) / 3)
    assert "gold has 1 more" in str(evaluation.note)
    for text, problem in [
        ("index\tpredictions\n9\t[0.0, 0.0, 0.0]\n", "1 tweet not in gold"),
        ("index\tpredictions\n1\t[0.0]\n1\t[0.0, 0.0, 0.0]\n", "duplicate id 1"),
        ("index\tlabels\n1\t[0.0, 0.0, 0.0]\n", "needs a column 'predictions'"),
    ]:
        (tmp_path / "bad").write_text(text, encoding="utf-8")
        with pytest.raises(HarnessError, match=problem):
            harness.evaluate("checkthat-2025-task4a", gold, tmp_path / "bad")


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


def _skip_without_meteor():
    nltk = pytest.importorskip("nltk")
    try:
        nltk.data.find("tokenizers/punkt_tab/english")
    except LookupError:
        pytest.skip("nltk's punkt_tab is not on this machine")


def test_normalized_claims_by_hand(tmp_path):
    _skip_without_meteor()
    gold, mine = tmp_path / "gold.csv", tmp_path / "mine.csv"
    gold.write_text("post,normalized claim\nwow,The lake is dry\nso,It rained\n", encoding="utf-8")
    mine.write_text('normalized claim\nThe lake is DRY\n""\n', encoding="utf-8")
    evaluation = harness.evaluate("checkthat-2025-task2", gold, mine)
    # Four tokens in one chunk: 1 - .5 / 4^3, and 0 for the empty one.
    assert evaluation.mean["meteor"] == pytest.approx((1 - 0.5 / 64) / 2)
    assert evaluation.document()["empty"] == 1
    mine.write_text("post,normalized claim\nso,It rained\nwow,The lake is dry\n", encoding="utf-8")
    with pytest.raises(HarnessError, match=r"post: is not the post of that row of gold.csv \(and 1 more\)"):
        harness.evaluate("checkthat-2025-task2", gold, mine)
    mine.write_text("normalized claim\nIt rained\n", encoding="utf-8")
    with pytest.raises(HarnessError, match=r"has 1 row, and gold\.csv has 2"):
        harness.evaluate("checkthat-2025-task2", gold, mine)


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
    with pytest.raises(HarnessError, match=r"has 1 claim, and gold.json has 2"):
        harness.evaluate("averitec", gold, predictions)


GOLD_ITEM = {"label": "Refuted", "questions": [], "justification": "none", "claim_types": []}


@pytest.mark.parametrize(
    ("item", "field"),
    [
        ({}, "label"),
        ({"label": "Refuted", "justification": None}, "justification"),
        ({"label": "Refuted", "string_evidence": "one text"}, "string_evidence"),
        ({"label": "Refuted", "questions": [{"question": "q", "answers": None}]}, "questions[1]"),
        ({"label": "Refuted", "questions": [{"question": "q"}]}, "questions[1]"),
        (
            {
                "label": "Refuted",
                "questions": [{"question": "q", "answers": {"answer": "Yes", "answer_type": "Boolean"}}],
            },
            "questions[1]",
        ),
    ],
)
def test_what_stops_the_program_of_averitec_or_misleads_it_is_a_fault(tmp_path, item, field):
    predictions = tmp_path / "predictions.json"
    predictions.write_text(json.dumps([GOLD_ITEM, item]), encoding="utf-8")
    with pytest.raises(HarnessError) as error:
        harness.check_submission("averitec", predictions)
    assert [(fault.line, fault.field) for fault in error.value.faults] == [(2, field)]


def test_quantemp_leaves_out_claims_with_two_gold_labels(tmp_path):
    gold, predictions = tmp_path / "gold.json", tmp_path / "predictions.csv"
    labels = [("A", "True"), ("b", "False"), ("B ", "True"), ("c", "False")]
    gold.write_text(json.dumps([{"claim": claim, "label": label} for claim, label in labels]), encoding="utf-8")
    predictions.write_text("claim,verdict\na,True\nb,True\nc,False\nd,False\n", encoding="utf-8")
    evaluation = harness.evaluate("quantemp", gold, predictions)
    assert evaluation.mean["micro_f1"] == 1.0
    assert evaluation.extra["claims"] == {
        "scored": 2,
        "missing": 0,
        "repeated": 0,
        "unknown": 1,
        "with_two_gold_labels": 1,
    }


def test_a_program_reads_a_member_of_a_zip_file_and_takes_no_option_of_another(tmp_path):
    gold = tmp_path / "qrels"
    gold.write_text("1 0 a 1\n", encoding="utf-8")
    with zipfile.ZipFile(tmp_path / "runs.zip", "w") as archive:
        archive.writestr("mine/run.txt", "1 Q0 a 1 2.0 s\n")
    member = f"{tmp_path / 'runs.zip'}!mine/run.txt"
    assert harness.evaluate("trec", gold, member).mean["map"] == 1.0
    harness.check_submission("trec", member)
    with pytest.raises(HarnessError, match="FEVER only"):
        harness.evaluate("trec", gold, member, max_evidence=3)
    with pytest.raises(HarnessError, match="give either --gold"):
        harness.evaluate("trec", [], member)
