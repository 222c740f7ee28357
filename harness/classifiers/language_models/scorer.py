"""The fitted language model: asks about each claim, and counts what is no answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.classifiers.base import ApiUsage, ScoreMatrix, Scorer
from harness.classifiers.language_models.prompt import Prompt, data_of
from harness.classifiers.language_models.replies import ParsedReply, read_reply
from harness.data.claims import Claims
from harness.endpoints.calls import Endpoint, Request
from harness.endpoints.completions import tokens_of
from harness.endpoints.replay import get_replies

MIN_ANSWERED_SCORE = 1e-6
"""The least score of an answered claim, so that claims without an answer, at 0, rank below all others."""

AT_ONCE = 5_000
"""Claims whose prompts and replies are in memory together."""


@dataclass
class LastAnswers:
    """What was said about the claims that were asked about last."""

    claims: Claims
    replies: list[list[ParsedReply]]
    """One per claim and sample."""
    usage: ApiUsage


@dataclass
class LanguageModelScorer(Scorer):
    """Asks about each claim; what is unclear in a reply is no answer."""

    unsavable_reason = "it asks an endpoint: keep the config and the cassette instead"
    labels: tuple[str, ...]
    prompt: Prompt
    endpoint: Endpoint
    parameters: dict[str, Any]
    """What is sent besides the messages."""
    samples: int | None
    """How often each claim is asked about; None: once, for the token probabilities of its answer."""
    seed: int
    ledger: str
    chosen: str
    _heard: LastAnswers | None = field(default=None, repr=False, compare=False)

    probabilities = True

    def calls(self, claims: Claims) -> list[list[Request]]:
        """The calls about each claim, one per sample."""
        requests = [
            self.parameters | {"messages": self.prompt.messages(data)} for data in data_of(claims, self.prompt.context)
        ]
        if self.samples is None:
            return [[call_of_sample(self.endpoint, request, None, self.seed)] for request in requests]
        numbers = range(self.samples)
        return [[call_of_sample(self.endpoint, request, n, self.seed) for n in numbers] for request in requests]

    def score(self, claims: Claims) -> ScoreMatrix:
        """The mean over the samples that answered: of their token probabilities, else of the labels they gave.

        Returns: shape (n_claims, n_labels), rows summing to 1; 0 for the last label where there is no answer.
        """
        k = len(self.labels)
        silent = np.append(np.full(k - 1, 1 / max(1, k - 1)), 0.0)
        scores = np.tile(silent, (len(claims), 1))
        for row, said in enumerate(self._listen(claims).replies):
            if why_not(said) is None:
                chances = [each.probabilities or np.eye(k)[each.label] for each in said if each.label is not None]
                scores[row] = MIN_ANSWERED_SCORE + (1 - k * MIN_ANSWERED_SCORE) * np.mean(chances, axis=0)
        return scores

    def predict(self, claims: Claims, scores: ScoreMatrix) -> npt.NDArray[np.int64]:
        """The label with the highest score; -1 where there is no answer."""
        return np.where(scores[:, -1] == 0.0, -1, scores.argmax(axis=1)).astype(np.int64)

    def n_unanswered(self, claims: Claims) -> int:
        """How many of the claims have no answer."""
        return sum(self.unanswered_by_reason(claims).values())

    def unanswered_by_reason(self, claims: Claims) -> Mapping[str, int]:
        """How many were rejected, refused, truncated or unparsable."""
        return Counter(sorted(filter(None, map(why_not, self._listen(claims).replies))))

    def api_usage(self, claims: Claims) -> ApiUsage:
        """The calls about the claims, and the tokens that their replies say they took, now or when they were kept."""
        return self._listen(claims).usage

    def _listen(self, claims: Claims) -> LastAnswers:
        """What the model says of the claims; asked once, however often it is looked at."""
        if self._heard is None or self._heard.claims is not claims:
            said: list[list[ParsedReply]] = []
            tokens: dict[str, int] = {}
            for first in range(0, len(claims), AT_ONCE):
                said += self._ask(claims.take(np.arange(first, min(first + AT_ONCE, len(claims)))), tokens)
            self._heard = LastAnswers(claims, said, ApiUsage(len(tokens), sum(tokens.values())))
        return self._heard

    def _ask(self, claims: Claims, tokens: dict[str, int]) -> list[list[ParsedReply]]:
        """What the model says of some claims; adds the tokens of each reply to `tokens`, by key."""
        calls = self.calls(claims)
        replies = get_replies([call for each in calls for call in each], self.endpoint, self.ledger, self.seed)
        said = {key: read_reply(reply.status, reply.reply, self.labels) for key, reply in replies.items()}
        tokens |= {key: tokens_of(reply.reply) or 0 for key, reply in replies.items()}
        return [[said[call.key] for call in each] for each in calls]


def call_of_sample(endpoint: Endpoint, request: dict[str, Any], number: int | None, seed: int) -> Request:
    """The call of one sample, told apart from the others by its number and the run's random seed; None: no sampling."""
    if number is None:
        return Request.of(endpoint.endpoint, request)
    if "seed" in request:
        request = request | {"seed": request["seed"] + number}
    return Request.of(endpoint.endpoint, request, f"{seed}:{number}")


def why_not(said: Sequence[ParsedReply]) -> str | None:
    """Why a claim has no answer: the commonest reason of its samples; None where at least half of them answered."""
    reasons = [each.why for each in said if each.why is not None]
    return max(sorted(set(reasons)), key=reasons.count) if 2 * len(reasons) > len(said) else None
