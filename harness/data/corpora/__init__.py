"""Corpora: the passages among which evidence is looked for."""

from harness.data.corpora.citations import evidence_faults
from harness.data.corpora.passages import Corpus, Passage, open_corpus

__all__ = ["Corpus", "Passage", "evidence_faults", "open_corpus"]
