"""`best_of`: without training claims there is no choice; how an experiment chooses is tested with the runner."""

from pathlib import Path

import pytest

from harness.data.corpora import Corpus, Passage
from harness.errors import HarnessError
from harness.retrieval import build_retriever, checked_retriever


def test_without_training_claims_there_is_no_choice():
    corpus = Corpus(Path("c.jsonl"), (Passage(passage_id="p", document_id="d", text="text"),))
    with pytest.raises(HarnessError, match="chooses by training claims"):
        build_retriever("best_of", {"retrievers": ["bm25", "tfidf"]}).index(corpus)


def test_a_choice_among_choices_is_refused():
    inner = {"name": "best_of", "retrievers": ["bm25", "tfidf"]}
    with pytest.raises(HarnessError, match="cannot choose among choices"):
        checked_retriever("best_of", {"retrievers": ["bm25", inner]})
