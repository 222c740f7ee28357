"""The fitted language model: asks about each claim and counts claims without an answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.classifiers.base import N_REASONS, ApiUsage, QuoteCounts, Reason, ScoreMatrix, Scorer, total_usage
from harness.classifiers.language_models.prompt import Prompt, claim_messages, sendable_text
from harness.classifiers.language_models.replies import ParsedReply, Quote, read_reply
from harness.classifiers.language_models.usage import usages_of
from harness.data.claims import Claims
from harness.endpoints.calls import Endpoint, Request, StoredReply
from harness.endpoints.replay import get_replies
from harness.errors import HarnessError

MIN_ANSWERED_SCORE = 1e-6
"""Lowest score of an answered claim, so that claims without an answer, which score 0, rank below all others."""

MIN_FIRST = 3
"""Fewest answers that can show that all will be cut off."""

BATCH_SIZE = 5_000
"""Claims whose prompts and replies are in memory at the same time."""


@dataclass
class LastAnswers:
    """The answers about the claims of the last call."""

    claims: Claims
    replies: list[list[ParsedReply]]
    """Replies by claim and sample."""
    usage: ApiUsage


@dataclass
class LanguageModelScorer(Scorer):
    """Asks about each claim; a reply that is not exactly one label is not an answer."""

    unsavable_reason = "the model runs at an endpoint; keep the config and the cassette instead"
    labels: tuple[str, ...]
    prompt: Prompt
    endpoint: Endpoint
    parameters: dict[str, Any]
    """Parameters of each request in addition to the messages."""
    samples: int | None
    """Number of requests per claim; None: one, whose token probabilities give the score."""
    seed: int
    ledger: str
    """Name that calls and tokens are counted under."""
    chosen: str
    budget: str | None = None
    """Name that dollars are counted under; None: as `ledger`."""
    _last_answers: LastAnswers | None = field(default=None, repr=False, compare=False)

    probabilities = True

    def requests(self, claims: Claims) -> list[list[Request]]:
        """The requests about each claim, one per sample."""
        messages = claim_messages(claims, self.prompt.context, passages=self.prompt.passages)
        bodies = [self.parameters | {"messages": self.prompt.messages(message)} for message in messages]
        samples = (None,) if self.samples is None else range(self.samples)
        return [[sample_request(self.endpoint, body, sample, self.seed) for sample in samples] for body in bodies]

    def score(self, claims: Claims) -> ScoreMatrix:
        """The mean over the answers about a claim: of their token probabilities, or of their labels without these.

        Returns: shape (n_claims, n_labels), rows summing to 1; 0 for the last label of a claim without an answer.
        """
        n_labels = len(self.labels)
        unanswered = np.append(np.full(n_labels - 1, 1 / max(1, n_labels - 1)), 0.0)
        scores = np.tile(unanswered, (len(claims), 1))
        for row, replies in enumerate(self._answers(claims).replies):
            if missing_reason(replies) is None:
                probabilities = [
                    reply.probabilities or np.eye(n_labels)[reply.label] for reply in replies if reply.label is not None
                ]
                # Raise every label by the minimum and shrink the rest to match, so that rows still sum to 1.
                mean = np.mean(probabilities, axis=0)
                scores[row] = MIN_ANSWERED_SCORE + (1 - n_labels * MIN_ANSWERED_SCORE) * mean
        return scores

    def predict(self, claims: Claims, scores: ScoreMatrix) -> npt.NDArray[np.int64]:
        """The label with the highest score; -1 for a claim without an answer."""
        # An answered claim scores at least MIN_ANSWERED_SCORE, so exactly 0 means that there is no answer.
        return np.where(scores[:, -1] == 0.0, -1, scores.argmax(axis=1)).astype(np.int64)

    def n_unanswered(self, claims: Claims) -> int:
        """The number of claims without an answer."""
        return sum(self.unanswered_by_reason(claims).values())

    def unanswered_by_reason(self, claims: Claims) -> Mapping[str, int]:
        """The number of claims without an answer by reason: rejected, refused, truncated or unparsable."""
        return Counter(sorted(filter(None, map(missing_reason, self._answers(claims).replies))))

    def quote_counts(self, claims: Claims) -> QuoteCounts | None:
        """The quotes in all answers, and those that are not in their passage; None if no passages are shown."""
        if not self.prompt.passages:
            return None
        supported = [is_in for quotes in self._quotes(claims) for _, is_in in quotes]
        return QuoteCounts(len(supported), supported.count(False))

    def explain(self, claims: Claims) -> list[tuple[Reason, ...]] | None:
        """The quotes of each claim, with weight 0: nothing measures how they move a score."""
        if not self.prompt.passages:
            return None
        # Samples often share a quote.
        return [
            tuple(dict.fromkeys(_quote_reason(quote, is_in=is_in) for quote, is_in in quotes))[:N_REASONS]
            for quotes in self._quotes(claims)
        ]

    def _quotes(self, claims: Claims) -> list[list[tuple[Quote, bool]]]:
        """The quotes in the answers about each claim, and whether each is in its passage."""
        quotes = []
        for shown, replies in zip(claims.evidence, self._answers(claims).replies, strict=True):
            texts = [sendable_text(passage.text) for passage in shown]
            quotes.append([(quote, quote.is_in(texts)) for reply in replies for quote in reply.quotes])
        return quotes

    def api_usage(self, claims: Claims) -> ApiUsage:
        """The requests about the claims and the tokens that the replies report, whether cached or new."""
        return self._answers(claims).usage

    def _answers(self, claims: Claims) -> LastAnswers:
        """The answers about the claims; scores, labels and counts of the same claims share one set of replies."""
        if self._last_answers is None or self._last_answers.claims is not claims:
            replies: list[list[ParsedReply]] = []
            usages: dict[str, ApiUsage] = {}
            starts = range(0, len(claims), BATCH_SIZE)
            lots = [np.arange(start, min(start + BATCH_SIZE, len(claims))) for start in starts]
            if self.endpoint.batch and len(lots) > 1:  # so that no lot waits until another one is answered
                for lot in lots:
                    self._replies(self.requests(claims.take(lot)), wait=False)
            for lot in lots:
                replies += self._ask(claims.take(lot), usages)
            usage = total_usage([*usages.values()]) or ApiUsage(0, 0)
            self._last_answers = LastAnswers(claims, replies, usage)
        return self._last_answers

    def _ask(self, claims: Claims, usages: dict[str, ApiUsage]) -> list[list[ParsedReply]]:
        """The parsed replies by claim and sample; adds the usage of each reply to `usages`."""
        requests = self.requests(claims)
        replies = self._replies(requests)
        parsed = {
            key: read_reply(reply.status, reply.reply, self.labels, passages=self.prompt.passages)
            for key, reply in replies.items()
        }
        usages |= usages_of(replies, self.endpoint)
        return [[parsed[request.key] for request in samples] for samples in requests]

    def _replies(self, requests: Sequence[Sequence[Request]], *, wait: bool = True) -> dict[str, StoredReply]:
        all_requests = [request for samples in requests for request in samples]
        settings = (self.endpoint, self.ledger, self.seed, self._check_first)
        return get_replies(all_requests, *settings, budget=self.budget, wait=wait)

    def _check_first(self, replies: Sequence[StoredReply]) -> None:
        """Raises a HarnessError if all of the first answers are cut off: the others would be, too."""
        parsed = [
            read_reply(reply.status, reply.reply, self.labels, passages=self.prompt.passages) for reply in replies
        ]
        if len(parsed) < MIN_FIRST or any(reply.missing_reason != "truncated" for reply in parsed):
            return
        limit = self.parameters.get("max_tokens", self.parameters.get("max_completion_tokens"))
        limit_shown = "the endpoint's own limit of tokens" if limit is None else f"the limit of {limit:,} tokens"
        raise HarnessError(
            f"{self.endpoint.name}: all of the first {len(parsed)} answers are cut off at {limit_shown}, before a "
            "label; nothing further was sent. Raise max_tokens, or thought_tokens if the model thinks before it "
            "answers; or turn its thinking off under extra"
        )


def _quote_reason(quote: Quote, *, is_in: bool) -> Reason:
    passage = "a passage" if quote.passage is None else f"passage {quote.passage}"
    return Reason(f"{'quote of' if is_in else 'unsupported quote of'} {passage}", sendable_text(quote.text), 0.0)


def sample_request(endpoint: Endpoint, body: dict[str, Any], sample: int | None, seed: int) -> Request:
    """The request of one sample, distinguished from the others by its number and the run's random seed.

    Args:
        endpoint: the endpoint.
        body: the request's body.
        sample: index of the sample; None: the claim is asked about once.
        seed: the run's random seed.
    """
    if sample is None:
        return Request.of(endpoint.endpoint, body)
    if "seed" in body:
        body = body | {"seed": body["seed"] + sample}
    return Request.of(endpoint.endpoint, body, f"{seed}:{sample}")


def missing_reason(replies: Sequence[ParsedReply]) -> str | None:
    """The most frequent reason why a claim has no answer; None if at least half of its samples are answers."""
    reasons = [reply.missing_reason for reply in replies if reply.missing_reason is not None]
    if 2 * len(reasons) <= len(replies):
        return None
    return max(sorted(set(reasons)), key=reasons.count)  # sorted, so that ties do not depend on the hash seed
