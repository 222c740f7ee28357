"""The official CheckThat! ranking numbers: by hand, against the official scorers' outputs, and known facts."""

import csv
import io
import json
import zipfile

import numpy as np
import pytest
from metric_cases import value, yes_no

from harness.metrics.official.checkthat import (
    CheckThatAveragePrecision,
    CheckThatPrecisionAt,
    CheckThatReciprocalRank,
    CheckThatRPrecision,
)
from harness.metrics.official.checkthat_ranking import checkthat_mean, checkthat_ranking
from harness.metrics.ranking_per_article import MeanAveragePrecision


def test_by_hand():
    # ranked: - + - +; a cutoff beyond the end still divides by itself
    numbers = checkthat_ranking(np.array([1, 0, 1, 0], dtype=bool), np.array([0.5, 0.5, 0.4, 0.9]), cutoffs=(1, 3, 5))
    # scores .9 (-), then the tie in file order: + -, then +: ranked - + - +
    assert numbers == pytest.approx(
        {
            "average_precision": (1 / 2 + 2 / 4) / 2,
            "reciprocal_rank": 1 / 2,
            "r_precision": 1 / 2,
            "precision_at_1": 0.0,
            "precision_at_3": 1 / 3,
            "precision_at_5": 2 / 5,
        }
    )


def test_a_list_without_positive_claims_counts_zero():
    assert set(checkthat_ranking(np.zeros(3, dtype=bool), np.arange(3.0)).values()) == {0.0}
    # article 0: rank 1; article 1: none
    case = yes_no([1, 0, 0], [0.9, 0.1, 0.5], article=[0, 0, 1])
    for metric in (
        CheckThatAveragePrecision(),
        CheckThatReciprocalRank(),
        CheckThatRPrecision(),
        CheckThatPrecisionAt(k=1),
    ):
        assert value(metric, case) == pytest.approx((1 + 0) / 2)


def read(benchmarks, name):
    """The text of a file, or of a member of a zip ("a.zip!path")."""
    path, _, member = name.partition("!")
    if member:
        with zipfile.ZipFile(benchmarks / path) as archive:
            return archive.read(member).decode()
    return (benchmarks / path).read_text(encoding="utf-8")


def read_gold(benchmarks, name):
    text = read(benchmarks, name)
    if name.startswith("clef2020"):
        rows = csv.DictReader(io.StringIO(text), delimiter="\t", quoting=csv.QUOTE_NONE)
        return {row["tweet_id"]: row["check_worthiness"].strip() == "1" for row in rows}
    rows = [line.split("\t") for line in text.splitlines() if line.strip()]
    return {row[0]: row[-1].strip() == "1" for row in rows}


def read_predictions(benchmarks, name):
    rows = [line.split("\t") for line in read(benchmarks, f"goldens/{name}").splitlines() if line.strip()]
    id_column, score_column = (1, 2) if name.startswith("checkthat-2020") else (0, 1)
    return [row[id_column] for row in rows], np.array([float(row[score_column]) for row in rows])


def submissions(benchmarks):
    """Each golden submission: its entry, and per file the gold labels and the scores in the submission's order."""
    for entry in json.loads((benchmarks / "goldens/expected.json").read_text()):
        if entry["benchmark"] in ("checkthat-2018-task1", "checkthat-2019-task1", "checkthat-2020-task1"):
            files = []
            for file in entry["files"]:
                gold = read_gold(benchmarks, file["gold"])
                ids, scores = read_predictions(benchmarks, file["predictions"])
                files.append((gold, ids, scores))
            yield entry, files


def test_agrees_with_the_official_scorers(benchmarks):
    seen = 0
    for entry, files in submissions(benchmarks):
        numbers = [checkthat_ranking(np.array([gold[name] for name in ids]), scores) for gold, ids, scores in files]
        assert checkthat_mean(numbers) == pytest.approx(entry["expected"]["mean"], abs=1e-9), entry["kind"]
        for file, got in zip(entry["files"], numbers, strict=True):
            expected = entry["expected"].get("per_file", {}).get(file["predictions"].split("/")[-1], got)
            assert got == pytest.approx({name: expected[name] for name in got}, abs=1e-9)
            seen += expected is not got
    assert seen == 6 * 7 + 6 * 3


def test_ties_keep_the_order_of_the_submission_not_of_the_gold(benchmarks):
    for entry, files in submissions(benchmarks):
        if entry["kind"] == "ties" and len(files) > 1:
            means = []
            for gold, ids, scores in files:
                score_of = dict(zip(ids, scores, strict=True))
                labels, in_gold_order = np.array(list(gold.values())), np.array([score_of[name] for name in gold])
                means.append(checkthat_ranking(labels, in_gold_order)["average_precision"])
            assert abs(np.mean(means) - entry["expected"]["mean"]["average_precision"]) > 1e-4


def test_the_metrics_are_the_official_scorer_over_articles(benchmarks):
    for entry, files in submissions(benchmarks):
        labels = np.concatenate([[gold[name] for name in ids] for gold, ids, _ in files])
        scores = np.concatenate([scores for _, _, scores in files])
        article = np.repeat(np.arange(len(files)), [len(ids) for _, ids, _ in files])
        case = yes_no(labels, scores, article)
        expected = entry["expected"]["mean"]
        assert value(CheckThatAveragePrecision(), case) == pytest.approx(expected["average_precision"], abs=1e-9)
        assert value(CheckThatReciprocalRank(), case) == pytest.approx(expected["reciprocal_rank"], abs=1e-9)
        assert value(CheckThatRPrecision(), case) == pytest.approx(expected["r_precision"], abs=1e-9)
        assert value(CheckThatPrecisionAt(k=20), case) == pytest.approx(expected["precision_at_20"], abs=1e-9)


def test_a_constant_scorer_on_the_2019_test_debates(benchmarks):
    debates = sorted((benchmarks / "clef2019/data/test_annotated").glob("*.tsv"))
    gold = [list(read_gold(benchmarks, f"clef2019/data/test_annotated/{debate.name}").values()) for debate in debates]
    article = np.repeat(np.arange(len(gold)), [len(labels) for labels in gold])
    case = yes_no(np.concatenate(gold), np.full(len(article), 0.5), article)
    assert (len(gold), len(article), int(case.gold.positive.sum())) == (7, 7080, 136)
    assert value(CheckThatAveragePrecision(), case) == pytest.approx(0.0373, abs=5e-5)
    assert value(MeanAveragePrecision(), case) == pytest.approx(0.0323, abs=5e-5)
