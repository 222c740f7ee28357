"""The order in which claims are asked about."""

from __future__ import annotations

import json

import pytest
from dataset_folders import lines, to_label, write_lines

from harness import FaultsError, HarnessError, assign, label, open_dataset, score
from harness.annotate.labeling import Labeling, LabelOptions
from harness.annotate.order import Ordering
from harness.data.assignments.assignment_files import read_assignments
from harness.data.labels.label_log import open_to_label
from harness.records import Claim


def claim(number, article, text="", start=0):
    return Claim(claim_id=f"c{number}", article_id=article, start=start, end=start + 1, text=text)


CLAIMS = [claim(number, f"a{number // 4}", f"word{number} and word{number % 3}") for number in range(12)]
IDS = [c.claim_id for c in CLAIMS]


def ids(ordering, claims=CLAIMS, *rest):
    return [c.claim_id for c in ordering.sort(claims, *rest)]


def scores(path, values, predicted=None):
    """Scores of yes by claim number."""
    rows = [{"claim_id": f"c{n}", "score": {"no": 1 - v, "yes": v}} for n, v in values.items()]
    for row in rows if predicted else ():
        row["predicted"] = predicted[int(row["claim_id"][1:])]
    write_lines(path, rows)
    return path


def test_sequential_is_the_order_of_the_dataset():
    assert Ordering().sort(CLAIMS) is CLAIMS


@pytest.mark.parametrize("name", ["random", "by-article", "diversity"])
def test_a_random_order_depends_on_the_seed_alone(name):
    first = ids(Ordering(name, 1))
    assert sorted(first) == sorted(IDS)
    assert first == ids(Ordering(name, 1))
    assert len({tuple(ids(Ordering(name, seed))) for seed in range(5)}) > 1


def test_claims_that_are_added_move_no_other_in_a_random_order():
    before = ids(Ordering("random", 1), CLAIMS[:8])
    assert [claim_id for claim_id in ids(Ordering("random", 1)) if claim_id in before] == before


def test_by_article_keeps_articles_together_and_their_sentences_in_order():
    by_article = ids(Ordering("by-article", 5))
    assert {tuple(by_article[i : i + 4]) for i in (0, 4, 8)} == {tuple(IDS[i : i + 4]) for i in (0, 4, 8)}


def test_diversity_asks_one_claim_of_each_article_before_a_second():
    ordered = Ordering("diversity", 3).sort(CLAIMS)
    assert [{c.article_id for c in ordered[i : i + 3]} for i in (0, 3, 6, 9)] == [{"a0", "a1", "a2"}] * 4


def test_diversity_puts_what_is_unlike_the_rest_before_what_is_like_it():
    texts = ["the bridge opened", "the bridge opened again", "the bridge opened late", "cows give milk"]
    claims = [claim(number, f"a{number}", text) for number, text in enumerate(texts)]
    for seed in range(5):
        assert "c3" in ids(Ordering("diversity", seed), claims)[:2]


def test_the_highest_scores_come_first_and_claims_without_one_not_at_all(tmp_path):
    path = scores(tmp_path / "s.jsonl", {3: 0.2, 7: 0.9, 5: 0.4})
    assert ids(Ordering(from_scores=path)) == ["c7", "c5", "c3"]


def test_uncertainty_is_the_mean_over_systems_of_how_little_the_best_label_leads(tmp_path):
    a = scores(tmp_path / "a.jsonl", {0: 0.9, 1: 0.5, 2: 0.6})
    assert ids(Ordering("uncertainty", scores=(a,)))[:4] == ["c1", "c2", "c0", "c3"]
    # Margins of another scale count by their rank.
    b = tmp_path / "b.csv"
    b.write_text("claim_id,score\nc0,-40\nc1,20\nc2,0.1\n")
    assert ids(Ordering("uncertainty", scores=(a, b)))[:3] == ["c1", "c2", "c0"]
    b.write_text("claim_id,score\nc0,0.1\nc1,-40\nc2,20\n")
    assert ids(Ordering("uncertainty", scores=(a, b)))[:3] == ["c0", "c1", "c2"]  # equal means: the dataset's order


def test_disagreement_puts_claims_with_the_most_divided_labels_first(tmp_path):
    files = [
        scores(tmp_path / f"{n}.jsonl", dict.fromkeys(range(3), 0.8), predicted)
        for n, predicted in enumerate((["yes", "yes", "no"], ["yes", "no", "no"], ["yes", "yes", "no"]))
    ]
    assert ids(Ordering("disagreement", scores=tuple(files)))[:4] == ["c1", "c0", "c2", "c3"]


def test_a_result_counts_the_mean_of_its_seeds(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = {
        "claim_id": ["c0", "c1", "c0", "c1"],
        "score:no": [0.1, 0.6, 0.9, 0.4],
        "score:yes": [0.9, 0.4, 0.1, 0.7],
    }
    pq.write_table(pa.table({**columns, "predicted": ["yes", "no", "no", "yes"]}), tmp_path / "predictions.parquet")
    assert ids(Ordering(from_scores=tmp_path))[:2] == ["c1", "c0"]


@pytest.mark.parametrize(
    ("ordering", "message"),
    [
        (Ordering("rand"), "--order: no order is called 'rand'. Did you mean 'random'?"),
        (Ordering("uncertainty"), "--order uncertainty: give --scores FILE for a system"),
        (Ordering("disagreement", scores=("a",)), "for each of two systems or more"),
        (Ordering("random", scores=("a",)), "--scores belongs to --order uncertainty or disagreement"),
        (Ordering("random", from_scores="a"), "--from-scores is an order itself"),
    ],
)
def test_orders_that_cannot_be(ordering, message):
    with pytest.raises(HarnessError) as refused:
        ordering.sort(CLAIMS)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '{"claim_id": "c0", "score": {"yes": NaN}, "predicted": "no"}\n',
            "expected a finite number as the score of yes",
        ),
        ('{"claim_id": "c0", "predicted": "no"}\n', "has labels, but no scores"),
        ('{"claim_id": "c0", "score": {"yes": "high"}}\n\n[]\n', "expected a finite number as the score of yes"),
        ('{"claim_id": "c0", "score": 1}\n\n[]\n', "s.jsonl:3: is not a JSON object"),
        ('{"id": "c0", "score": 1}\n', "has no claim_id; expected claim_id and scores, as harness score -o"),
        ('{"claim_id": "c0"}\n', "has neither a score nor a label"),
        ("", "has no rows"),
        ('{"claim_id": "other", "score": 1}\n', "has no claim of the dataset, but ids such as 'other'"),
        ('{"claim_id": "c0", "score": {"a": 1, "b": 2, "c": 3}}\n', "has scores of 3 labels (a, b, c)"),
    ],
)
def test_files_of_scores_that_are_none(tmp_path, text, message):
    path = tmp_path / "s.jsonl"
    path.write_text(text)
    with pytest.raises((FaultsError, HarnessError)) as refused:
        ids(Ordering(from_scores=path))
    assert message in str(refused.value)


def test_files_that_are_no_tables(tmp_path):
    for name, message in (("s.txt", "no suffix is called '.txt'"), ("s.parquet", "is not a Parquet file")):
        (tmp_path / name).write_text("claim_id")
        with pytest.raises(HarnessError, match=message):
            ids(Ordering(from_scores=tmp_path / name))


def test_claims_of_another_guideline_come_first_and_are_asked_again(tmp_path):
    folder = to_label(tmp_path / "d").folder
    label(folder, "ann", axes="factual", keys="1121")
    scheme = folder / "schemes/two-axes.yaml"
    scheme.write_text(scheme.read_text().replace('version: "1"', 'version: "2"'))
    assert label(folder, "ann", axes="factual", keys="", order="outdated").answered == 0
    # The same label again is a new line, which says that it follows the new guideline.
    assert label(folder, "ann", axes="factual", keys="11", order="outdated").given == 2
    records = lines(folder / "annotations/ann.jsonl")
    assert [(a["label"], a["guideline"]) for a in records[4:]] == [("yes", "2"), ("yes", "2")]
    assert [a["supersedes"] for a in records[4:]] == [a["annotation_id"] for a in records[:2]]
    with open_to_label(folder, "ann") as (dataset, log):
        session = Labeling(dataset, LabelOptions(axes="factual", order="outdated")).session(log)
        assert session.current.claim == dataset.current[2]
        assert session.n_answered == 2


def test_scores_of_the_command_order_its_own_dataset(tmp_path):
    folder = to_label(tmp_path / "d").folder
    score(str(folder), "rules", tmp_path / "s.csv", reasons=False)
    score(str(folder), "rules", tmp_path / "s.jsonl", reasons=False)
    rows = [json.loads(line) for line in (tmp_path / "s.jsonl").read_text().splitlines()]
    best = max(rows, key=lambda row: row["score"]["yes"])["claim_id"]
    for name in ("s.jsonl", "s.csv"):
        with open_to_label(folder, "ann") as (dataset, log):
            session = Labeling(dataset, LabelOptions(from_scores=tmp_path / name)).session(log)
            assert session.current.claim.claim_id == best
            assert session.current.number == 1


def test_an_order_and_questions_that_are_asked_again_exclude_each_other(tmp_path):
    folder = to_label(tmp_path / "d").folder
    with pytest.raises(HarnessError, match="--flagged and --claim ask in the order of the dataset"):
        label(folder, "ann", keys="", flagged=True, order="random")


def test_a_queue_asks_its_claims_and_its_axis_alone(tmp_path):
    folder = to_label(tmp_path / "d").folder
    ids = [claim.claim_id for claim in open_dataset(folder).current]
    queue = [{"claim_id": ids[n], "score": n / 10, "scheme": "two-axes", "axis": "tone"} for n in (2, 5)]
    write_lines(tmp_path / "queue.jsonl", queue)
    result = label(folder, "ann", keys="1111", from_scores=tmp_path / "queue.jsonl")
    assert (result.given, result.questions) == (2, 2)
    assert [(a["claim_id"], a["axis"]) for a in lines(folder / "annotations/ann.jsonl")] == [
        (ids[5], "tone"),
        (ids[2], "tone"),
    ]
    # An axis that is named is asked in its place.
    assert label(folder, "bob", keys="1111", from_scores=tmp_path / "queue.jsonl", axes="factual").questions == 2


def test_a_page_for_readers_is_no_order(tmp_path):
    folder = to_label(tmp_path / "d").folder
    (tmp_path / "page.html").write_text("<p>.</p>")
    with pytest.raises(HarnessError, match=r"harness score \.\.\. -o scores\.jsonl"):
        label(folder, "ann", keys="", from_scores=tmp_path / "page.html")


def test_a_queue_of_claims_that_others_have_says_so(tmp_path):
    folder = to_label(tmp_path / "d").folder
    assign(folder, ["ann", "bob"], overlap=1)
    claims = {name: [line.claim_id for line in read_assignments(folder)[name]] for name in ("ann", "bob")}
    write_lines(tmp_path / "queue.jsonl", [{"claim_id": claims["ann"][0], "score": 0.5}])
    assert label(folder, "ann", keys="", axes="tone", from_scores=tmp_path / "queue.jsonl").questions == 1
    with pytest.raises(HarnessError, match="none of its claims is assigned to 'bob'; give --all"):
        label(folder, "bob", keys="", from_scores=tmp_path / "queue.jsonl")
