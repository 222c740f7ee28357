"""Predictions of other programs: what they give, and every fault of their file."""

from __future__ import annotations

from pathlib import Path

import pytest
from claim_tables import THREE, claims_of, gold_of

from harness.classifiers.external.from_file import FromFile
from harness.errors import FaultsError

CLAIMS = claims_of(["a", "b", "c"])  # c0, c1, c2
GOLD = gold_of([0, 1, 0])


def from_file(folder: Path, text: str, name: str = "p.csv", **settings) -> FromFile:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return FromFile(path=str(path), **settings)


def faults_of(classifier: FromFile, gold=None) -> list[str]:
    """The messages without the folder; by `check`, or with gold by `fit`."""
    with pytest.raises(FaultsError) as caught:
        classifier.check() if gold is None else classifier.fit(CLAIMS, gold, 1)
    return [str(fault).replace(str(Path(classifier.path).parent) + "/", "") for fault in caught.value.faults]


def test_scores_only_rank_and_predict_nothing(tmp_path):
    classifier = from_file(tmp_path, "claim_id,score,text\nc1,0.5,x\nc0,-2,\n")
    classifier.check()
    scorer = classifier.fit(CLAIMS, GOLD, 1)
    # c2 is left out: below the lowest score, -2
    assert scorer.score(CLAIMS).tolist() == [[2, -2], [-0.5, 0.5], [3, -3]]
    assert scorer.predict(CLAIMS, scorer.score(CLAIMS)).tolist() == [-1, -1, -1]
    assert scorer.n_unanswered(CLAIMS) == 1
    assert (scorer.gives_scores, scorer.gives_labels) == (True, False)


@pytest.mark.parametrize("name", ["p.csv", "p.tsv"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_cells_may_be_separated_otherwise_than_the_suffix_says(tmp_path, name, delimiter):
    text = "claim_id,score,,\n,,,\nc1,0.5,,\nc0,-2,,\nc2,1,,\n".replace(",", delimiter)
    classifier = from_file(tmp_path, text, name)
    classifier.check()
    assert classifier.fit(CLAIMS, GOLD, 1).score(CLAIMS).tolist() == [[2, -2], [-0.5, 0.5], [-1, 1]]


def test_a_threshold_gives_labels(tmp_path):
    scorer = from_file(tmp_path, "claim_id\tscore\nc0\t0.4\nc1\t0.5\n", "p.tsv", threshold=0.5).fit(CLAIMS, GOLD, 1)
    assert scorer.predict(CLAIMS, scorer.score(CLAIMS)).tolist() == [0, 1, -1]
    assert scorer.gives_labels


def test_probabilities_are_taken_as_such(tmp_path):
    scorer = from_file(tmp_path, "claim_id,score\nc0,0.25\nc1,0.5\n", probabilities=True).fit(CLAIMS, GOLD, 1)
    assert scorer.score(CLAIMS).tolist() == [[0.75, 0.25], [0.5, 0.5], [1, 0]]
    assert scorer.predict(CLAIMS, scorer.score(CLAIMS)).tolist() == [0, 1, -1]
    assert scorer.probabilities


def test_labels_only_rank_by_the_label(tmp_path):
    scorer = from_file(
        tmp_path, '{"claim_id": "c1", "label": "yes"}\n\n{"claim_id": "c0", "label": "no"}\n', "p.jsonl"
    ).fit(CLAIMS, GOLD, 1)
    assert scorer.score(CLAIMS).tolist() == [[1, 0], [0, 1], [-1, -1]]
    assert scorer.predict(CLAIMS, scorer.score(CLAIMS)).tolist() == [0, 1, -1]
    assert (scorer.gives_scores, scorer.gives_labels) == (False, True)


def test_scores_and_labels_may_disagree(tmp_path):
    scorer = from_file(tmp_path, "claim_id,label,score\nc0,yes,1\nc1,no,2\nc2,yes,3\n").fit(CLAIMS, GOLD, 1)
    assert scorer.score(CLAIMS)[:, 1].tolist() == [1, 2, 3]
    assert scorer.predict(CLAIMS, scorer.score(CLAIMS)).tolist() == [1, 0, 1]


def test_many_labels(tmp_path):
    gold = gold_of([0, 1, 2], THREE)
    scorer = from_file(tmp_path, "claim_id,label\nc0,forecast\nc1,statistic\n").fit(CLAIMS, gold, 1)
    assert scorer.score(CLAIMS).tolist() == [[0, 1, 0], [0, 0, 1], [-1, -1, -1]]
    (fault,) = faults_of(from_file(tmp_path, "claim_id,label,score\nc0,forecast,1\n"), gold)
    assert fault.startswith("p.csv: score: ")
    assert "the task has 3; give a label column, or a column score:LABEL for each label" in fault


LABEL_SCORES = "claim_id,score:{2}, score:{0} ,score:{1}\nc0,0.7,0.2,0.1\nc1,0.1,0.3,0.599\n"


def test_a_score_per_label(tmp_path):
    gold, text = gold_of([0, 1, 2], THREE), LABEL_SCORES.format(*(label.upper() for label in THREE))
    scorer = from_file(tmp_path, text, probabilities=True).fit(CLAIMS, gold, 1)
    scores = scorer.score(CLAIMS)
    assert scorer.probabilities
    assert scores[0].tolist() == pytest.approx([0.2, 0.1, 0.7])
    assert scores.sum(axis=1) == pytest.approx(1)
    assert scorer.predict(CLAIMS, scores).tolist() == [2, 1, -1]
    assert scorer.n_unanswered(CLAIMS) == 1
    margins = from_file(tmp_path, text).fit(CLAIMS, gold, 1)
    assert not margins.probabilities
    assert margins.score(CLAIMS)[2].max() < margins.score(CLAIMS)[:2].min()


def test_faults_of_scores_per_label(tmp_path):
    gold, a, b, c = gold_of([0, 1, 2], THREE), *THREE
    assert faults_of(from_file(tmp_path, f"claim_id,score:{a},score:{b}\nc0,1,0\n"), gold) == [
        f"p.csv:1: has no column score:{c}; give one for each label of the task"
    ]
    (fault,) = faults_of(from_file(tmp_path, f"claim_id,score:{a},score:{b},score:{c},score:x\nc0,1,0,0,0\n"), gold)
    assert fault.startswith("p.csv:1: score:x: no label of the task is called 'x'")
    header = f"claim_id,score:{a},score:{b},score:{c}\n"
    assert faults_of(from_file(tmp_path, f"{header}c0,0.9,0.9,0\nc1,2,x,0\n", probabilities=True), gold) == [
        "p.csv:2: score:LABEL: expected probabilities that add up to 1, got a sum of 1.8",
        f'p.csv:3: score:{a}: expected a probability from 0 to 1, got "2"',
        f'p.csv:3: score:{b}: expected a probability from 0 to 1, got "x"',
    ]


def test_all_faults_of_a_table_at_once(tmp_path):
    text = 'claim_id,score,note\nc0,0.5,"two\nlines"\nc1,nan,\nc2,high,\nc0,1,\nc3,1\n,inf,\n'
    assert faults_of(from_file(tmp_path, text)) == [
        "p.csv:7: has 2 cells, the header has 3; look for a stray quote, a stray delimiter or a lost line break",
        'p.csv:4: score: expected a finite number, got "nan"',
        'p.csv:5: score: expected a finite number, got "high"',
        "p.csv:6: claim_id: duplicate id 'c0' (first on line 2)",
        'p.csv:8: claim_id: expected a claim id, got ""',
        'p.csv:8: score: expected a finite number, got "inf"',
    ]


def test_all_faults_of_json_lines_at_once(tmp_path):
    lines = [
        '{"claim_id": "c0", "score": NaN}',
        "{broken",
        "[1]",
        '{"claim_id": "c1", "label": "yes"}',
        '{"claim_id": ["c1"], "score": true}',
        '{"score": 1}',
        '{"claim_id": "c2"}',
    ]
    faults = faults_of(from_file(tmp_path, "\n".join(lines), "p.jsonl"))
    assert [fault.split(" ")[0] for fault in faults] == [f"p.jsonl:{line}:" for line in (2, 3, 4, 6, 7, 1, 5, 5)]
    assert "p.jsonl:4: has claim_id and label, but earlier lines have claim_id and score; use the same keys" in faults
    assert "p.jsonl:1: score: expected a finite number, got NaN" in faults
    assert "p.jsonl:5: score: expected a finite number, got true" in faults


def test_labels_that_the_task_does_not_have(tmp_path):
    classifier = from_file(tmp_path, "claim_id,label\nc0,yes\nc1,yess\nc1,no\nc2,\n")
    assert len(faults_of(classifier)) == 2
    assert faults_of(classifier, GOLD) == [
        "p.csv:3: label: no label of the task is called 'yess'. Did you mean 'yes'? Known: no, yes",
        "p.csv:4: claim_id: duplicate id 'c1' (first on line 3)",
        'p.csv:5: label: expected a label, got ""',
    ]


@pytest.mark.parametrize(
    ("text", "name", "settings", "message"),
    [
        (
            "",
            "p.csv",
            {},
            "p.csv:1: needs a column 'claim_id' and a column 'score' or 'label': no column is called 'claim_id'",
        ),
        ("id,score\n", "p.csv", {}, "p.csv:1: needs a column 'claim_id': no column is called 'claim_id'"),
        ("claim_id,Score\n", "p.csv", {}, "p.csv:1: needs a column 'score' or 'label': "),
        ("claim_id,score,score\n", "p.csv", {}, "p.csv:1: score: 2 columns are called 'score'"),
        ("claim_id,score\n", "p.csv", {}, "p.csv: has no predictions"),
        ("claim_id,score\n", "p.txt", {}, "p.txt: unsupported suffix '.txt'; expected .csv, .tsv or .jsonl"),
        (
            "claim_id,label\nc0,yes\n",
            "p.csv",
            {"threshold": 1.0},
            "p.csv: label: the file has labels",
        ),
        ("claim_id,label\nc0,yes\n", "p.csv", {"probabilities": True}, "p.csv: score: the score column is missing"),
        (
            "claim_id,score\nc0,1.5\n",
            "p.csv",
            {"probabilities": True},
            'p.csv:2: score: expected a probability from 0 to 1, got "1.5"',
        ),
        ('claim_id,score\nc0,"1\n', "p.csv", {}, "p.csv:2: is not well-formed CSV: unexpected end of data"),
    ],
)
def test_faults_of_the_whole_file(tmp_path, text, name, settings, message):
    assert any(fault.startswith(message) for fault in faults_of(from_file(tmp_path, text, name, **settings)))


def test_a_file_that_is_not_there(tmp_path):
    classifier = FromFile(path=str(tmp_path / "none.csv"))
    assert faults_of(classifier) == ["none.csv: does not exist; check the path"]


def test_the_content_enters_the_unit(tmp_path):
    before = from_file(tmp_path, "claim_id,score\nc0,1\n").input_fingerprint()
    assert from_file(tmp_path, "claim_id,score\nc0,1\n").input_fingerprint() == before
    assert from_file(tmp_path, "claim_id,score\nc0,2\n").input_fingerprint() != before


def test_a_separator_that_is_not_looked_for_is_named(tmp_path):
    (fault,) = faults_of(from_file(tmp_path, "claim_id~score\nc0~0.5\nc1~1\n"))
    assert "if '~' separates columns, save the file with commas" in fault
