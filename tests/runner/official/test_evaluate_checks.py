"""The submission checker: what it takes, whatever the year, and what it refuses, with the line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness import check_submission, evaluate
from harness.errors import FaultsError, HarnessError

TWEETS = "topic_id\ttweet_id\ttweet_url\ttweet_text\tclaim\tcheck_worthiness\n"
TWEETS += "".join(f'covid-19\t12345678901234500{n}\thttp://x\tTweet {n} "quoted\t1\t{n % 2}\n' for n in range(4))
LABELS = "tweet_id\ttweet_url\ttweet_text\tclass_label\r\n11\thttp://x\tOne.\tYes\r\n12\thttp://x\tTwo.\tNo\r\n"
SUBJECTIVE = "sentence_id\tsentence\tlabel\na-1\tGreat.\tSUBJ\na-2\tIt rained.\tOBJ\n"
VERDICTS = "1\tA\tHello.\tN/A\t-\t-\n2\tA\tFord left.\t1\tFord left.\tTRUE\n3\tB\tIt grew.\t2\tIt grew.\tFALSE\n"
STATEMENTS = "2635.json\tfalse\tSays so." + "\tx" * 11 + "\n2636.json\thalf-true\tSaid so." + "\tx" * 11 + "\n"
FEVER = [
    {"id": 7, "label": "SUPPORTS", "evidence": [[[1, 2, "Page", 3]]]},
    {"id": 8, "label": "NOT ENOUGH INFO", "evidence": [[[1, None, None, None]]]},
]
ABSTRACTS = [{"id": 1, "claim": "C.", "evidence": {"5": [{"sentences": [1], "label": "REFUTE"}]}}]


def jsonl(rows: list[dict]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


GOLD = {
    "checkthat-2021-task1a": TWEETS,
    "checkthat-2024-task1": LABELS,
    "checkthat-2025-subjectivity": SUBJECTIVE,
    "checkthat-2018-task2": VERDICTS,
    "liar": STATEMENTS,
    "fever": jsonl(FEVER),
    "scifact": jsonl(ABSTRACTS),
}


def scored(folder: Path, benchmark: str, written: str | bytes, gold: str | None = None, name: str = "mine.tsv"):
    (folder / "gold.tsv").write_text(GOLD[benchmark] if gold is None else gold, encoding="utf-8", newline="")
    data = written.encode() if isinstance(written, str) else written
    (folder / name).write_bytes(data)
    return evaluate(benchmark, [folder / "gold.tsv"], [folder / name])


def tweets(form: str, header: str = "") -> str:
    return header + "".join(
        form.format(topic="covid-19", id=f"12345678901234500{n}", score=score)
        for n, score in enumerate(["1e-3", "+.5", "-2E0", "7"])
    )


@pytest.mark.parametrize(
    "written",
    [
        tweets("{topic}\t{id}\t{score}\tmine\n"),
        tweets("{topic}\t{id}\t{score}\tmine\r\n", "topic_id\ttweet_id\tscore\trun_id\r\n"),
        tweets("{topic}\t{id}\t{score}\n"),
        tweets("{id}\t{score}\tmine\n"),
        tweets("{id}\t{score}\n"),
        tweets("mine\t{score}\t{id}\n", "run_id\tscore\ttweet_id\n"),
        "\ufeff" + tweets("{topic}\t{id}\t{score}\tmine\n").rstrip("\n"),
    ],
)
def test_a_ranking_of_tweets_may_have_a_header_a_topic_a_run_or_none(tmp_path, written):
    # Ranked: tweet 3 (+), 1 (+), 0, 2.
    found = scored(tmp_path, "checkthat-2021-task1a", written)
    assert found.mean["average_precision"] == 1
    assert found.mean["precision_at_5"] == pytest.approx(2 / 5)


def test_gold_may_lack_its_header(tmp_path):
    gold = TWEETS.split("\n", 1)[1]
    found = scored(tmp_path, "checkthat-2021-task1a", tweets("{id}\t{score}\n"), gold)
    assert found.mean["r_precision"] == 1


@pytest.mark.parametrize(
    ("scored_by", "written", "accuracy"),
    [
        ("checkthat-2024-task1", "id\tclass_label\trun_id\n12\tYes\tr\n11\tYes\tr\n", 1 / 2),
        ("checkthat-2024-task1", "11\tYes\tr\n12\tNo\tr\n", 1),
        ("checkthat-2024-task1", "11\tYes\r\n12\tNo\r\n", 1),
        ("checkthat-2025-subjectivity", "sentence_id\tlabel\na-1\tSUBJ\na-2\tOBJ\n", 1),
        ("checkthat-2025-subjectivity", "a-2\tOBJ\na-1\tOBJ\n", 1 / 2),
        ("checkthat-2018-task2", "1\ttrue\n2\tHalf-True\n", 1 / 2),
        ("liar", "id\tlabel\n2635.json\tfalse\n2636.json\thalf-true\n", 1),
    ],
)
def test_submissions_of_labels(tmp_path, scored_by, written, accuracy):
    assert scored(tmp_path, scored_by, written).mean["accuracy"] == accuracy


def test_a_csv_file_is_read_by_commas(tmp_path):
    assert (
        scored(tmp_path, "liar", "id,label\n2635.json,true\n2636.json,half-true\n", name="m.csv").mean["accuracy"]
        == 0.5
    )


def test_labels_of_2022_may_be_written_as_its_readme_says(tmp_path):
    gold = "topic\ttweet_id\ttweet_url\ttweet_text\tclass_label\nc\t1\tu\tOne.\t1\nc\t2\tu\tTwo.\t0\n"
    for yes, no in (("1", "0"), ("yes", "no")):
        found = scored(tmp_path, "checkthat-2022-task1b", f"c\t1\t{yes}\tr\nc\t2\t{no}\tr\n", gold)
        assert found.mean["accuracy"] == 1


REPEATED = "topic\ttweet_id\ttweet_url\ttweet_text\tclass_label\nc\t1\tu\tOne.\t1\nc\t1\tu\tOne.\t0\nc\t2\tu\tTwo.\t1\n"


def test_a_gold_id_with_two_labels_counts_as_the_definition_says_and_the_result_says_so(tmp_path):
    found = scored(tmp_path, "checkthat-2022-task1a", "c\t1\t0\tr\nc\t1\t0\tr\nc\t2\t1\tr\n", REPEATED)
    assert found.mean == {"accuracy": 1, "precision": 1, "recall": 1, "f1": 1}
    assert found.note is not None
    assert "its last one, as in the official program (1 rows in gold and 0 in the predictions differ)" in found.note


@pytest.mark.parametrize(
    ("scored_by", "gold", "written", "messages"),
    [
        (
            "checkthat-2021-task1a",
            TWEETS + TWEETS.split("\n")[1][:-1] + "1\n",
            tweets("{id}\t{score}\n"),
            [(6, "id 123456789012345000 has several values: 0 and 1 (first on line 2); keep one line per id")],
        ),
        (
            "checkthat-2024-task1",
            LABELS + "11\thttp://x\tOne.\tYes\r\n",
            "11\tYes\n12\tNo\n11\tNo\n",
            [(3, "id 11 has several values: 1 and 0 (first on line 1); keep one line per id")],
        ),
        (
            "liar",
            STATEMENTS + "".join(line.replace("\tfalse", "\ttrue") + "\n" for line in STATEMENTS.split("\n")[:1]) * 8,
            "2635.json\tfalse\n2636.json\ttrue\n",
            [(n, "id 2635.json has several values: false and true (first on line 1)") for n in range(3, 8)]
            + [(None, "3 more lines repeat the id with another value")],
        ),
        (
            "scifact",
            jsonl([*ABSTRACTS, {"id": 1, "evidence": {}}]),
            jsonl([{"id": 1, "evidence": {}}]),
            [(2, "id 1 has several values (first on line 1); keep one line per id")],
        ),
        (
            "scifact",
            jsonl([{"id": 1, "evidence": {"5": [{"sentences": [1], "label": lab} for lab in ("SUPPORT", "REFUTE")]}}]),
            jsonl([{"id": 1, "evidence": {}}]),
            [(1, "abstract 5 is SUPPORT and CONTRADICT; expected one label per abstract")],
        ),
    ],
)
def test_gold_or_predictions_that_contradict_themselves_are_refused(tmp_path, scored_by, gold, written, messages):
    with pytest.raises(FaultsError) as refused:
        scored(tmp_path, scored_by, written, gold)
    faults = [fault for fault in refused.value.faults if fault.code == "contradiction"]
    assert len(faults) == len(refused.value.faults) == len(messages)
    for fault, (line, beginning) in zip(faults, messages, strict=True):
        assert fault.line == line
        assert fault.message.startswith(beginning)


@pytest.mark.parametrize(
    ("scored_by", "written", "expected"),
    [
        (
            "checkthat-2021-task1a",
            tweets("{id}\t{score}\n").replace("1e-3", "nan"),
            "mine.tsv:1: score: expected a finite",
        ),
        (
            "checkthat-2021-task1a",
            tweets("{id}\t{score}\n").replace("-2E0", "-inf"),
            "mine.tsv:3: score: expected a finite",
        ),
        ("checkthat-2021-task1a", "c\t1\t.5\tr\nc\t2\t.5\n", "mine.tsv:2: expected 4 tab-separated columns"),
        (
            "checkthat-2021-task1a",
            "1.24105E+18\t.5\n",
            "mine.tsv:1: id: no id matches gold.tsv (for example '1.24105E+18', where the gold file has '12345",
        ),
        ("checkthat-2021-task1a", "2\t0.5\n", "has the format of submissions to checkthat-2018-task1"),
        (
            "checkthat-2021-task1a",
            "id\tclass_label\n11\tYes\n",
            "has the format of submissions to checkthat-2024-task1",
        ),
        ("checkthat-2024-task1", "11\tYes\n12\tMaybe\n", 'mine.tsv:2: label: expected one of Yes, No, got "Maybe"'),
        ("checkthat-2024-task1", "11\tYes\n12\t1\n", 'mine.tsv:2: label: expected one of Yes, No, got "1"'),
        ("checkthat-2024-task1", "11\tYes\n", "mine.tsv: has no id 12 of gold.tsv; add the missing"),
        (
            "checkthat-2024-task1",
            "11\tYes\n12\tNo\n\n11\tNo\n",
            "mine.tsv:4: id: duplicate id 11 (first on line 1); keep one",
        ),
        ("checkthat-2024-task1", "11\tYes\n12\tNo\n13\tNo\n", "mine.tsv:3: id: gold.tsv has no id 13; remove the line"),
        ("checkthat-2024-task1", "a-1\tSUBJ\na-2\tOBJ\n", "submissions to checkthat-2025-subjectivity"),
        ("checkthat-2024-task1", "id\tclass_label\trun_id\n", "mine.tsv: is empty"),
        ("checkthat-2024-task1", " \n\r\n", "mine.tsv: is empty"),
        (
            "checkthat-2024-task1",
            "a\tb\tc\td\tlabel\tid\n11\tYes\n12\tNo\n",
            "mine.tsv:1: expected 2 to 4 tab-separated columns",
        ),
        (
            "checkthat-2025-subjectivity",
            "a-1\tsubj\na-2\tOBJ\n",
            'mine.tsv:1: label: expected one of OBJ, SUBJ, got "subj"',
        ),
        ("checkthat-2018-task2", "1\tTRUE\n2\tMOSTLY\n", "mine.tsv:2: label: expected one of FALSE, HALF-TRUE, TRUE"),
        (
            "checkthat-2018-task2",
            "1\tTRUE\n2\tFALSE\n3\tTRUE\n",
            "mine.tsv:3: claim number: gold.tsv has no claim number 3",
        ),
        ("liar", "2635.json\tlie\n", "mine.tsv:1: label: expected one of"),
        (
            "fever",
            jsonl([{"id": 7, "predicted_label": "YES", "predicted_evidence": []}]),
            "mine.tsv:1: predicted_label: expected",
        ),
        ("fever", jsonl([{"id": 7, "predicted_label": "REFUTES"}]), "mine.tsv:1: predicted_evidence: expected a list"),
        (
            "fever",
            jsonl([{"id": 7, "predicted_label": "REFUTES", "predicted_evidence": [["Page", "3"]]}]),
            "mine.tsv:1: predicted_evidence: expected a list",
        ),
        ("fever", jsonl([{"id": 7, "predicted_label": "REFUTES", "predicted_evidence": []}]), "has no id 8"),
        ("fever", '{"id": 7,\n', "mine.tsv:1: is not JSON"),
        ("fever", jsonl([{"id": 1, "evidence": {}}]), "has the format of submissions to citint, scifact"),
        (
            "scifact",
            jsonl([{"id": 1, "evidence": {"5": {"sentences": [1], "label": "MAYBE"}}}]),
            "mine.tsv:1: label: expected",
        ),
        (
            "scifact",
            jsonl([{"id": 1, "evidence": {"5": {"sentences": ["1"], "label": "SUPPORT"}}}]),
            "mine.tsv:1: sentences",
        ),
        ("scifact", jsonl([{"id": 1, "evidence": {}}] * 2), "mine.tsv:2: id: duplicate id 1 (first on line 1)"),
        ("scifact", jsonl([{"evidence": {}}]), "mine.tsv:1: id: is missing"),
    ],
)
def test_a_wrong_submission_is_refused(tmp_path, scored_by, written, expected):
    with pytest.raises(FaultsError) as caught:
        scored(tmp_path, scored_by, written)
    assert expected in str(caught.value)


def test_bytes_that_are_no_text_are_refused(tmp_path):
    with pytest.raises(FaultsError, match=r"mine\.tsv:2: is not UTF-8"):
        scored(tmp_path, "checkthat-2024-task1", b"11\tYes\n12\t\xff\n")


def test_fever_claims_are_matched_by_id_where_ids_tell_them_apart_else_by_place(tmp_path):
    right = [
        {"id": 8, "predicted_label": "not enough info", "predicted_evidence": []},
        {"id": 7, "predicted_label": "SUPPORTS", "predicted_evidence": [["Page", 3]]},
    ]
    assert scored(tmp_path, "fever", jsonl(right)).mean["fever_score"] == 1
    nameless = jsonl([row | {"id": 0} for row in FEVER])
    assert scored(tmp_path, "fever", jsonl(right), nameless).mean["fever_score"] == 0
    assert scored(tmp_path, "fever", jsonl(right[::-1]), nameless).mean["fever_score"] == 1
    with pytest.raises(FaultsError, match="has no id of row 2"):
        scored(tmp_path, "fever", jsonl(right[:1]), nameless)


def test_fever_is_not_scored_against_what_a_prediction_says_of_itself(tmp_path):
    own = [
        {"label": "REFUTES", "evidence": [], "predicted_label": "REFUTES", "predicted_evidence": []} | {"id": n}
        for n in (7, 8)
    ]
    assert scored(tmp_path, "fever", jsonl(own)).mean["label_accuracy"] == 0


def test_an_undefined_number_is_null_with_its_reason(tmp_path, harness):
    gold, mine = tmp_path / "gold.tsv", tmp_path / "mine.tsv"
    gold.write_text(VERDICTS)
    mine.write_text("1\tTRUE\n2\tTRUE\n")
    document = json.loads(
        harness("evaluate", "checkthat-2018-task2", "--gold", gold, "--predictions", mine, "--json").stdout
    )
    assert document["mean"]["macro_f1"] is None
    assert document["reasons"]["mean: macro_f1"] == "no claim has gold label HALF-TRUE"
    assert document["mean"]["mean_absolute_error"] == 1
    shown = harness("evaluate", "checkthat-2018-task2", "--gold", gold, "--predictions", mine)
    assert "mean: macro_f1: undefined, no claim has gold label HALF-TRUE" in shown.stdout


def test_policlaim_is_scored_from_its_spreadsheets(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row in (["SENTENCES", "golden", "label_1", "label_2"], ["A.", 1, 1, 1], ["B.", 1, 0, 1], ["C.", 0, 0, 0]):
        book.active.append(row)
    book.save(tmp_path / "gold.xlsx")
    (tmp_path / "mine.tsv").write_text("id\tlabel\n1\t1\n2\t0\n3\t0\n")
    found = evaluate("policlaim", [tmp_path / "gold.xlsx"], [tmp_path / "mine.tsv"])
    # With the gold and the second expert: agreement 2/3, by chance 2/3 * 1/3 + 1/3 * 2/3 = 4/9, so kappa (2/9) / (5/9).
    assert found.mean["accuracy"] == pytest.approx(2 / 3)
    assert found.mean["kappa"] == pytest.approx(2 / 5)
    assert found.mean["expert_kappa"] == pytest.approx((1 + 2 / 5) / 2)


def test_the_form_of_a_submission_is_checked_without_gold(tmp_path, harness):
    good, bad = tmp_path / "good.tsv", tmp_path / "bad.tsv"
    good.write_text("11\tYes\n12\tNo\n")
    bad.write_text("11\tYes\n11\tYes\n")
    done = harness("evaluate", "checkthat-2024-task1", "--check", "--predictions", good)
    assert done.returncode == 0
    done = harness("evaluate", "checkthat-2024-task1", "--check", "--predictions", good, bad)
    assert done.returncode == 2
    assert "bad.tsv:2: id: duplicate id 11 (first on line 1)" in done.stderr
    assert "good.tsv" not in done.stderr
    assert "give either --gold" in harness("evaluate", "liar", "--predictions", good).stderr


def test_the_publishers_own_right_and_wrong_files(benchmarks):
    folder = benchmarks / "clef2018" / "format_checker_data"
    for name in ("task1_OK", "task2_OK", "task2_OK_LOWER"):
        check_submission(f"checkthat-2018-{name[:5]}", [folder / f"{name}.txt"])
    for name, line in (
        ("task1_NOTOK_DUP_LINE_NUM", 1148),
        ("task2_NOTOK_DUP_CLAIM_NUM", 6),
        ("task2_NOTOK_OTHER_LABELS", 2),
    ):
        with pytest.raises(FaultsError, match=rf"{name}\.txt:{line}: "):
            check_submission(f"checkthat-2018-{name[:5]}", [folder / f"{name}.txt"])


def test_only_fever_limits_the_evidence(tmp_path):
    with pytest.raises(HarnessError, match="'liar': --max-evidence applies to FEVER only"):
        evaluate("liar", [], [], max_evidence=3)


def test_a_benchmark_without_an_official_program_says_which_have_one():
    with pytest.raises(
        HarnessError, match="'claimrank' has no official scorer; benchmarks with one: averitec, checkthat-2018-task1"
    ):
        evaluate("claimrank", [], [])
