"""`best_of`: the choice is made by training claims, and nowhere else."""

from pathlib import Path

import pytest

import harness
from harness.data.corpora import Corpus, Passage
from harness.errors import HarnessError
from harness.retrieval import build_retriever, checked_retriever

ENTRIES = ["tfidf", {"name": "bm25", "tokens": "stems"}]


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    config = {
        "name": "choice",
        "task": "evidence",
        "dataset": "public-matters",
        "split": {"k": 2},
        "retrievers": [*ENTRIES, {"name": "best_of", "retrievers": ENTRIES, "k": 3}],
        "metrics": [{"name": "recall_at", "k": 3}],
        "intervals": {"method": "none"},
    }
    return harness.run(config, out=tmp_path_factory.mktemp("runs")).results


def test_the_claims_of_a_fold_have_the_ranking_that_is_best_on_the_others(results):
    first, second, chosen = (result.to_pandas("predictions").set_index("claim_id")["evidence"] for result in results)
    assert all(chosen[claim] in (first[claim], second[claim]) for claim in chosen.index)


def test_what_was_chosen_for_each_fold_is_said(results):
    notes = [note for note in results[2].evidence_notes if note.startswith("best_of, fold-")]
    assert len(notes) == 2
    assert "training claims (tfidf@100" in notes[0]


def test_without_training_claims_there_is_no_choice():
    corpus = Corpus(Path("c.jsonl"), (Passage(passage_id="p", document_id="d", text="text"),))
    with pytest.raises(HarnessError, match="chooses by training claims"):
        build_retriever("best_of", {"retrievers": ENTRIES}).index(corpus)
    with pytest.raises(HarnessError, match="cannot choose among choices"):
        checked_retriever("best_of", {"retrievers": ["bm25", {"name": "best_of", "retrievers": ENTRIES}]})
