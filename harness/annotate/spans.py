"""Corrects the span of a claim: a new claim at exact offsets takes the place of one that begins or ends wrongly."""

from __future__ import annotations

from harness.data.dataset import Dataset, claim_file_contents
from harness.data.labels.label_log import LabelLog
from harness.data.sentences.claims_of import make_claim
from harness.errors import HarnessError
from harness.files import write_files
from harness.folders import folder_lock
from harness.records import Article, Claim


class BadSpan(HarnessError):
    """A span that is none of an article, or is the one that the claim has already."""

    code = "bad-span"


def corrected(article: Article, claim: Claim, start: int, end: int) -> Claim:
    """Returns the claim of a span that is to replace the span of a claim, without the blanks around it.

    Raises: BadSpan: the span is outside the article, is empty, or is that of the claim.
    """
    text = article.text or ""
    if not 0 <= start < end <= len(text):
        raise BadSpan(
            f"characters {start:,} to {end:,} are no span of the article, which has {len(text):,}; select its text"
        )
    span = text[start:end]
    start, end = start + len(span) - len(span.lstrip()), end - len(span) + len(span.rstrip())
    if start >= end:
        raise BadSpan("the span holds blanks only; select the text of the claim")
    if (start, end) == (claim.start, claim.end):
        raise BadSpan("this is the span that the claim has; select another one")
    if start >= claim.end or end <= claim.start:
        raise BadSpan("the span does not touch the claim that it is to correct; go to the claim that it belongs to")
    return make_claim(article, start, end, speaker=claim.speaker, date=claim.date, topic=claim.topic)


def add_corrected(dataset: Dataset, claim: Claim, log: LabelLog) -> None:
    """Adds a claim that `corrected` returned to a dataset folder, unless it is there; the claims that it has stay.

    Args:
        dataset: the dataset, as it was when the log was opened.
        claim: the new claim.
        log: log of the annotator, which tells whether the dataset is still as it was.
    Raises: ChangedMeanwhile: another command changed the dataset. HarnessError: it cannot be written. In both cases
        nothing was added.
    """
    if any(other.claim_id == claim.claim_id for other in dataset.claims):
        return
    with folder_lock(dataset.folder, "add"):
        log.require_unchanged()
        write_files(claim_file_contents(dataset.folder, dataset.articles, [*dataset.claims, claim]))
