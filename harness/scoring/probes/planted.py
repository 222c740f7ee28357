"""The planted errors: pairs of a right sentence and one with an error, and the three faults of the seed article."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from harness.data.claims import Claims
from harness.display import displayed
from harness.runner.chain.losses import Estimate
from harness.scoring.probes.edits import REFUTED, SUPPORTED
from harness.uncertainty.resampling import clopper_pearson

DATASET = "planted-errors"
GOLD = "single:author-pass-1"
"""Gold rule of the planted errors: what was planted in each sentence."""
SEED_FAULTS = {
    "kharkiv-september-2022": "A thousand miles for a thousand square miles",
    "moscow-and-petersburg-councils": "“Russian officials” for 35 municipal deputies",
    "torstrem-spelling": "One name in two spellings",
}
"""Article of the planted errors, and the fault of the seed article that it restates."""


@displayed
class PlantedSentence(NamedTuple):
    """One sentence of a pair, as a system reads it."""

    claim_id: str
    text: str
    gold: str
    """Gold verdict: `supported`, or `refuted` for the sentence with the error."""
    picked: bool | None
    """Whether the detector picks it; None: there is no detector."""
    verdict: str | None
    """Verdict of the judge in common terms; None: there is no judge, or no answer."""
    score: float | None
    """Score of the judge for its verdict, or of the detector for its positive label."""


@displayed
class SeedFault(NamedTuple):
    """A fault of the seed article, restated as two sentences."""

    fault: str
    caught: bool | None
    """Whether it is caught; None: the system cannot catch it, as `why` says."""
    why: str
    sentences: tuple[PlantedSentence, ...]

    def document(self) -> dict[str, Any]:
        """The fault as `harness probe --json` prints it."""
        sentences = [sentence._asdict() for sentence in self.sentences]
        return {"fault": self.fault, "caught": self.caught, "why": self.why, "sentences": sentences}


@displayed
@dataclass(frozen=True)
class PlantedErrors:
    """What a system makes of the planted errors."""

    faults: tuple[SeedFault, ...]
    """The three faults of the seed article."""
    caught: Estimate
    """Share of pairs in which the sentence with the error is refuted and the right one is not."""
    false_alarms: Estimate
    """Share of pairs in which the right sentence is refuted."""
    n_pairs: int
    note: str
    """Whether the model was trained on them."""

    def document(self) -> dict[str, Any]:
        """The planted errors as `harness probe --json` prints them."""
        return {
            "faults": [fault.document() for fault in self.faults],
            "n_pairs": self.n_pairs,
            "caught": self.caught._asdict(),
            "false_alarms": self.false_alarms._asdict(),
            "note": self.note,
        }


class ReadPair(NamedTuple):
    """What a system says of the sentences of all pairs, by claim id."""

    picked: Mapping[str, bool] | None
    """Whether the detector picks each; None: there is no detector."""
    verdicts: Mapping[str, str | None] | None
    """Verdict of each in common terms; None: there is no judge."""
    scores: Mapping[str, float | None]
    """Score of the verdict, or of the positive label."""


def planted_errors(claims: Claims, gold: Mapping[str, str], read: ReadPair, note: str) -> PlantedErrors:
    """Says which planted errors a system catches.

    Args:
        claims: the sentences.
        gold: gold verdict of each sentence, by claim id.
        read: what the system says of them.
        note: whether the model was trained on them.
    """
    by_article: dict[str, list[PlantedSentence]] = {}
    for claim_id, article_id, text in zip(claims.claim_id, claims.article_id, claims.text, strict=True):
        sentence = PlantedSentence(
            claim_id,
            text,
            gold.get(claim_id, ""),
            None if read.picked is None else read.picked[claim_id],
            None if read.verdicts is None else read.verdicts[claim_id],
            read.scores[claim_id],
        )
        by_article.setdefault(article_id, []).append(sentence)
    faults = tuple(_seed_fault(SEED_FAULTS[name], by_article[name], read) for name in SEED_FAULTS if name in by_article)
    pairs = [pair for pair in by_article.values() if sorted(sentence.gold for sentence in pair) == [REFUTED, SUPPORTED]]
    if read.verdicts is None:
        return PlantedErrors(faults, Estimate(None), Estimate(None), len(pairs), note)
    caught = sum(_is_caught(pair) for pair in pairs)
    alarms = sum(any(_refuted(sentence) for sentence in pair if sentence.gold == SUPPORTED) for pair in pairs)
    return PlantedErrors(faults, _share(caught, len(pairs)), _share(alarms, len(pairs)), len(pairs), note)


def _refuted(sentence: PlantedSentence) -> bool:
    return sentence.verdict == REFUTED and sentence.picked is not False


def _is_caught(pair: list[PlantedSentence]) -> bool:
    """Whether exactly the sentence with the error is picked and refuted."""
    return all(_refuted(sentence) == (sentence.gold == REFUTED) for sentence in pair)


def _share(hits: int, n: int) -> Estimate:
    if not n:
        return Estimate(None)
    interval = clopper_pearson(hits, n)
    return Estimate(hits / n, interval.low, interval.high)


def _seed_fault(fault: str, pair: list[PlantedSentence], read: ReadPair) -> SeedFault:
    has_error = any(sentence.gold == REFUTED for sentence in pair)
    if not has_error:
        caught, why = None, _of_spelling(pair, read)
    elif read.verdicts is None:
        wrong = next(sentence for sentence in pair if sentence.gold == REFUTED)
        picked = "picks" if wrong.picked else "does not pick"
        caught = None
        why = f"a detector does not judge; it {picked} the wrong sentence for a check"
    else:
        caught, why = _is_caught(pair), _why(pair)
    return SeedFault(fault, caught, why, tuple(pair))


def _why(pair: list[PlantedSentence]) -> str:
    wrong = next(sentence for sentence in pair if sentence.gold == REFUTED)
    right = next(sentence for sentence in pair if sentence.gold != REFUTED)
    if _refuted(wrong):
        return "both sentences are refuted" if _refuted(right) else "the wrong sentence is refuted, the right one not"
    if wrong.picked is False:
        return "the detector does not pick the wrong sentence"
    return f"the wrong sentence is judged: {wrong.verdict or 'no answer'}"


def _of_spelling(pair: list[PlantedSentence], read: ReadPair) -> str:
    """Both spellings are right by the passage, so a judge of single sentences must treat them alike."""
    why = "both spellings are right by the passage, so that no verdict on one sentence can catch it"
    if read.verdicts is None:
        return why
    verdicts = {sentence.verdict for sentence in pair}
    if len(verdicts) > 1:
        return f"{why}; the two sentences are judged differently, which is wrong"
    right = "rightly" if verdicts == {SUPPORTED} else "wrongly"
    return f"{why}; both are judged alike, and {right}: {pair[0].verdict or 'no answer'}"
