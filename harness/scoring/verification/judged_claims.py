"""Claims of an article with their verdicts and passages, as `harness verify` gives them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from harness.data.corpora.passages import CORPUS_FILES, Passage
from harness.data.dataset import read_info
from harness.display import displayed
from harness.errors import FaultsError
from harness.records import Article
from harness.runner.chain.saved_chain import ChainModel
from harness.scoring.verification.checked_claims import EarlierVerdict, earlier_verdict_of
from harness.scoring.verification.left_out import LeftOut


@displayed
@dataclass(frozen=True)
class QuotedPassage:
    """A passage that was shown with a claim."""

    passage: Passage
    score: float
    """Score of the retriever."""

    def document(self) -> dict[str, Any]:
        """The passage as `harness verify` writes it."""
        return self.passage.model_dump(mode="json", exclude_none=True) | {"score": self.score}


@displayed
@dataclass(frozen=True)
class JudgedClaim:
    """A sentence of the article that the detector picked, with its verdict."""

    claim_id: str
    article_id: str
    start: int
    """Offset of the first character in the text of the article, in Unicode code points."""
    end: int
    text: str
    detection_score: float
    """Score of the detector for its positive label."""
    verdict: str | None
    """Label with which the judge answers; None: it gives no answer."""
    scores: dict[str, float]
    """Score of the judge for each label."""
    probabilities: bool
    """Whether the scores are probabilities."""
    evidence: tuple[QuotedPassage, ...]
    """Passages that the judge read, best first; empty if none was found."""
    reason: str | None = None
    """Why there is no verdict: no passage was found, or a stage fails on this claim."""
    left_out: tuple[LeftOut, ...] = ()
    """Answer of the judge without each of the passages, in their order: what would change the verdict."""
    without_passages: LeftOut | None = None
    """Answer of the judge for the sentence alone; None: no passage was found."""
    checked: tuple[EarlierVerdict, ...] = ()
    """Earlier verdicts of fact-checkers about claims that are about the same, the most similar first."""

    @property
    def score(self) -> float | None:
        """Score of the verdict; None: there is none."""
        return None if self.verdict is None else self.scores[self.verdict]

    @property
    def changed_by(self) -> tuple[int, ...]:
        """Indexes of the passages without which the verdict is another one."""
        return tuple(i for i, answer in enumerate(self.left_out) if answer.verdict != self.verdict)

    def document(self) -> dict[str, Any]:
        """The claim as a line of `harness verify -o out.jsonl`."""
        fields = {name: getattr(self, name) for name in ("claim_id", "article_id", "start", "end", "text")}
        return fields | {
            "detection_score": self.detection_score,
            "verdict": self.verdict,
            "scores": self.scores,
            "probabilities": self.probabilities,
            **({"reason": self.reason} if self.reason is not None else {}),
            "evidence": [
                quoted.document() | {"left_out": answer.document()}
                for quoted, answer in zip(self.evidence, self.left_out, strict=True)
            ],
            "without_passages": None if self.without_passages is None else self.without_passages.document(),
            "checked": [earlier.document() for earlier in self.checked],
        }


@displayed
@dataclass(frozen=True)
class Verification:
    """An article with the verdicts of a chain."""

    article: Article
    """Article that was read."""
    n_sentences: int
    """Number of sentences of the article."""
    claims: tuple[JudgedClaim, ...]
    """Sentences that the detector picked, in the order of the article."""
    chain: ChainModel
    """Chain that gave the verdicts."""
    corpus: Path
    """File of the passages."""
    n_passages: int
    """Number of passages of the corpus."""
    out: Path | None = None
    """Output file; None: no file was written."""
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    """Remarks on how the article was read."""
    fetched: tuple[dict[str, Any], ...] = ()
    """How each article from the web was fetched: URLs, date, status, SHA-256."""

    @cached_property
    def corpus_name(self) -> str:
        """What readers know the passages by: the dataset that they are of, or else their file."""
        with suppress(FaultsError):
            info = read_info(self.corpus.parent)
            return f"{info.title} ({info.name} {info.version})"
        is_usual = self.corpus.name in (*CORPUS_FILES, "evidence.jsonl")
        return f"{self.corpus.resolve().parent.name}/{self.corpus.name}" if is_usual else self.corpus.name

    def document(self) -> dict[str, Any]:
        """The document that `harness verify --json` prints."""
        return {
            "article_id": self.article.article_id,
            "title": self.article.title,
            "n_sentences": self.n_sentences,
            "chain": str(self.chain.folder),
            "stages": self.chain.card.measured.get("stages", {}),
            "corpus": str(self.corpus),
            "n_passages": self.n_passages,
            "out": None if self.out is None else str(self.out),
            "warnings": list(self.warnings),
            "notes": list(self.notes),
            "fetched": list(self.fetched),
            "claims": [claim.document() for claim in self.claims],
        }


def judged_claim_of(document: Mapping[str, Any]) -> JudgedClaim:
    """The claim of a document that `JudgedClaim.document` gave."""
    simple = ("claim_id", "article_id", "start", "end", "text", "detection_score", "verdict", "scores", "probabilities")
    quoted = [dict(entry) for entry in document["evidence"]]
    left_out = tuple(LeftOut(**entry.pop("left_out")) for entry in quoted)
    scores = [entry.pop("score") for entry in quoted]
    return JudgedClaim(
        **{name: document[name] for name in simple},
        evidence=tuple(
            QuotedPassage(Passage.model_validate(entry), score) for entry, score in zip(quoted, scores, strict=True)
        ),
        reason=document.get("reason"),
        left_out=left_out,
        without_passages=None if document["without_passages"] is None else LeftOut(**document["without_passages"]),
        checked=tuple(earlier_verdict_of(entry) for entry in document["checked"]),
    )
