"""Corpora: the passages among which evidence is looked for."""

from harness.data.corpora.passages import Corpus, Passage, open_corpus

__all__ = ["Corpus", "Passage", "open_corpus"]
