"""Language models over any OpenAI-compatible endpoint, asked with the scheme's own guideline."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple, Self
from urllib.parse import urlsplit
from uuid import uuid4

import numpy as np
import numpy.typing as npt
from pydantic import Field, PrivateAttr, field_validator, model_validator

from harness.classifiers.base import Classifier, Question, Scorer, Scores
from harness.classifiers.language_models.cache import Cache, cache_folder
from harness.classifiers.language_models.calls import Call, Endpoint, Kept, call_of
from harness.classifiers.language_models.cassette import read_cassette
from harness.classifiers.language_models.exchange import kept_replies, replies_to
from harness.classifiers.language_models.prompt import (
    Context,
    Guide,
    Prompt,
    answer_text,
    data_of,
    draw_examples,
    guide_of,
    prompt_of,
)
from harness.classifiers.language_models.replies import Said, gives_tokens, read_reply, shown_error
from harness.data.claims import Claims, Gold
from harness.errors import FaultsError, HarnessError
from harness.files import read_bytes, sha256

Structure = Literal["json_schema", "json_object", "text"]
OURS = (
    "model",
    "messages",
    "temperature",
    "max_tokens",
    "response_format",
    "logprobs",
    "top_logprobs",
    "seed",
    "stream",
    "n",
)
PROBE = '{"claim": "The bridge is 31 meters long."}'
FLOOR = 1e-6
"""The least score of an answered claim, so that claims without an answer, at 0, rank below all others."""


class Dialect(NamedTuple):
    """What an endpoint understands."""

    structure: Structure
    """How it is told the form of the answer."""
    token_probabilities: bool


@dataclass(frozen=True)
class LanguageModelScorer(Scorer):
    """Asks about each claim; what is unclear in a reply is no answer."""

    labels: tuple[str, ...]
    prompt: Prompt
    endpoint: Endpoint
    parameters: str
    """What is sent besides the messages, JSON."""
    samples: int
    """How often each claim is asked about; once with token probabilities."""
    seed: int
    ledger: str
    chosen: str

    probabilities = True

    def calls(self, claims: Claims) -> list[list[Call]]:
        """The calls about each claim, one per sample."""
        parameters = json.loads(self.parameters)
        found = []
        for data in data_of(claims, self.prompt.context):
            request = parameters | {"messages": self.prompt.messages(data)}
            found.append([self._call(request, sample) for sample in range(self.samples)])
        return found

    def _call(self, request: dict[str, Any], sample: int) -> Call:
        if self.samples == 1:
            return call_of(self.endpoint.url, request)
        if "seed" in request:
            request = request | {"seed": request["seed"] + sample}
        return call_of(self.endpoint.url, request, f"{self.seed}:{sample}")

    def score(self, claims: Claims) -> Scores:
        """The mean over the samples that answered: of their token probabilities, else of the labels they gave.

        Returns: shape (n_claims, n_labels), rows summing to 1; 0 for the positive label where there is no answer.
        """
        k = len(self.labels)
        silent = np.append(np.full(k - 1, 1 / max(1, k - 1)), 0.0)
        scores = np.tile(silent, (len(claims), 1))
        for row, said in enumerate(self._said(claims)):
            if why_not(said) is None:
                chances = [each.probabilities or np.eye(k)[each.label] for each in said if each.label is not None]
                scores[row] = FLOOR + (1 - k * FLOOR) * np.mean(chances, axis=0)
        return scores

    def predict(self, claims: Claims, scores: Scores) -> npt.NDArray[np.int64]:
        """The label with the highest score; -1 where there is no answer."""
        return np.where(scores[:, -1] == 0.0, -1, scores.argmax(axis=1)).astype(np.int64)

    def missing(self, claims: Claims) -> int:
        """How many of the claims have no answer."""
        return sum(self.why_missing(claims).values())

    def why_missing(self, claims: Claims) -> Mapping[str, int]:
        """How many were refused, truncated or unparsable."""
        reasons = [why_not(said) for said in self._said(claims)]
        return {why: reasons.count(why) for why in sorted({why for why in reasons if why})}

    def hosts(self) -> tuple[str, ...]:
        """The endpoint's, unless a cassette is replayed."""
        return _hosts(self.endpoint)

    def _said(self, claims: Claims) -> list[list[Said]]:
        calls = self.calls(claims)
        replies = replies_to([call for each in calls for call in each], self.endpoint, self.ledger, self.seed)
        read = {key: read_reply(reply.status, reply.reply, self.labels) for key, reply in replies.items()}
        return [[read[call.key] for call in each] for each in calls]


def why_not(said: Sequence[Said]) -> str | None:
    """Why a claim has no answer: the commonest reason of its samples; None where at least half of them answered."""
    reasons = [each.why for each in said if each.why is not None]
    return max(sorted(set(reasons)), key=reasons.count) if 2 * len(reasons) > len(said) else None


def _hosts(endpoint: Endpoint) -> tuple[str, ...]:
    replayed = endpoint.cassette is not None and not endpoint.record
    return () if replayed else (urlsplit(endpoint.url).hostname or endpoint.url,)


class LanguageModel(Classifier):
    """A language model behind an OpenAI-compatible endpoint, asked with the scheme's guideline, with or without examples.

    Learns nothing but the examples it is shown, which are training claims.
    """

    endpoint: str
    """The base address, such as http://localhost:8000/v1."""
    model: str = Field(min_length=1)
    """As the endpoint names it."""
    api_key_variable: str | None = None
    """The NAME of the environment variable that holds the key; None: no key is sent."""
    examples: int = Field(default=0, ge=0, le=200)
    """Training claims shown with their labels, as many of each label as can be; 0: none."""
    context: tuple[Context, ...] = ()
    """What is sent of a claim besides its text: previous, next, title, speaker, published."""
    scheme: str | None = None
    """Whose guideline is sent, where the experiment joins datasets of several schemes."""
    guideline: bool = True
    """Whether the guideline's text is sent besides the definitions."""
    score: Literal["auto", "token_probabilities", "self_consistency"] = "auto"
    """Where scores come from; auto: token probabilities where the endpoint gives them, else self-consistency."""
    samples: int = Field(default=5, ge=1, le=100)
    """Self-consistency: how often each claim is asked about."""
    structure: Literal["auto", "json_schema", "json_object", "text"] = "auto"
    """How the endpoint is told the form of the answer; auto: the first that it takes."""
    temperature: float | None = Field(default=0.0, ge=0.0, le=2.0)
    """Without sampling; None: not sent."""
    sample_temperature: float | None = Field(default=0.7, gt=0.0, le=2.0)
    """For self-consistency; None: not sent."""
    max_tokens: int | None = Field(default=50, ge=1)
    """Of an answer; None: not sent."""
    top_logprobs: int = Field(default=5, ge=1, le=20)
    """Alternatives asked for at each token."""
    seed: int | None = None
    """Sent to the endpoint, with the number of the sample added; None: not sent."""
    extra: dict[str, Any] = Field(default_factory=dict)
    """Further parameters of the request."""
    concurrency: int = Field(default=4, ge=1, le=256)
    """Requests in flight, per process."""
    requests_per_minute: int | None = Field(default=None, ge=1)
    """Per process; None: no limit."""
    timeout_s: float = Field(default=60.0, gt=0.0)
    """Of one attempt as a whole."""
    retries: int = Field(default=5, ge=0, le=20)
    """Further attempts after one that timed out, broke off, or was answered 429, 5xx or nonsense."""
    backoff_s: float = Field(default=1.0, gt=0.0)
    """Wait before the second attempt, about; doubled before each further one."""
    longest_wait_s: float = Field(default=120.0, gt=0.0)
    """An endpoint that asks for a longer wait ends the run."""
    max_total_tokens: int | None = Field(default=None, ge=1)
    """What one run may spend, prompts and answers together, over all its folds, seeds and processes."""
    cassette: str | None = None
    """A file of kept exchanges: replayed, without the endpoint."""
    record: bool = False
    """Add to the cassette what it lacks, from the endpoint."""
    guide: Guide | None = None
    """What the model is told; filled in from the experiment's task and scheme."""

    _ledger: str = PrivateAttr(default="")

    @field_validator("endpoint")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        allowed = "expected the base address of an endpoint, such as http://localhost:8000/v1"
        try:
            parts = urlsplit(value)
            whole = parts.scheme in ("http", "https") and parts.hostname and (parts.port is None or parts.port > 0)
        except ValueError:
            whole = False
        if not whole or re.search(r"\s", value):
            raise ValueError(allowed)
        if parts.username is not None or parts.query or parts.fragment:
            raise ValueError(f"{allowed}, without user, password, query or fragment; name the key by api_key_variable")
        return value.rstrip("/").removesuffix("/chat/completions")

    @field_validator("api_key_variable")
    @classmethod
    def _is_a_name(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", value):
            raise ValueError("expected the name of an environment variable, not the key itself")
        return value

    @model_validator(mode="after")
    def _settings_fit(self) -> Self:
        if set(self.extra) & set(OURS):
            raise ValueError(f"extra: may not set {', '.join(sorted(set(self.extra) & set(OURS)))}")
        if self.max_total_tokens is not None and self.max_tokens is None and "max_completion_tokens" not in self.extra:
            raise ValueError("max_total_tokens: needs max_tokens, to know what an answer can take")
        if self.record and self.cassette is None:
            raise ValueError("record: needs cassette, the file to record to")
        return self

    def check(self) -> None:
        """Reads the cassette that is to be replayed.

        Raises: FaultsError: it is absent, or its faults.
        """
        if self.cassette is None or (self.record and not Path(self.cassette).exists()):
            return
        if not Path(self.cassette).exists():
            message = "does not exist; to make it, run once with record: true, which needs the endpoint"
            raise FaultsError.one(self.cassette, message)
        read_cassette(Path(self.cassette))

    def inputs(self) -> str:
        """SHA-256 of a cassette that is replayed."""
        return "" if self.cassette is None or self.record else sha256(read_bytes(Path(self.cassette)))

    def for_question(self, question: Question) -> Self:
        """The model with its guide, and with a count of its own for the cap on tokens."""
        guide = self.guide or guide_of(question, self.scheme)
        known = self.model_copy(
            update={"guide": guide if self.guideline else guide.model_copy(update={"guideline": None})}
        )
        known._ledger = uuid4().hex
        return known

    def hosts(self) -> tuple[str, ...]:
        """The endpoint's, unless a cassette is replayed."""
        return _hosts(self._endpoint())

    def attachments(self) -> Mapping[str, bytes]:
        """The cassette, with which the result can be scored again."""
        there = self.cassette is not None and Path(self.cassette).exists()
        return {"cassette.jsonl": read_bytes(Path(self.cassette))} if self.cassette is not None and there else {}

    def fit(self, claims: Claims, gold: Gold, seed: int) -> LanguageModelScorer:
        """Draws the examples, and finds out what the endpoint understands.

        Raises: HarnessError: the endpoint or the cassette fails, or the model does not know what it is to be asked.
        """
        guide = self._guide(gold.labels)
        endpoint, ledger = self._endpoint(), self._ledger or uuid4().hex

        def ask(call: Call) -> Kept:
            return replies_to([call], endpoint, ledger, seed)[call.key]

        dialect = self._settled(guide, ask)
        assert dialect is not None  # noqa: S101 - every call was answered
        return self._scorer(guide, dialect, claims, gold, seed, ledger)

    def forecast(self, claims: Claims, gold: Gold, test: Claims, seed: int) -> Mapping[str, int]:
        """The calls whose replies are neither in the cassette nor in the cache."""
        guide, pending = self._guide(gold.labels), list[Call]()

        def look(call: Call) -> Kept | None:
            kept = kept_replies([call], self._endpoint()).get(call.key)
            pending.extend([call] if kept is None else [])
            return kept

        dialect = self._settled(guide, look) or Dialect(self._structures()[0], self.score == "token_probabilities")
        scorer = self._scorer(guide, dialect, claims, gold, seed, "")
        calls = [call for each in scorer.calls(test) for call in each]
        kept = kept_replies(calls, self._endpoint())
        return {call.key: call.tokens for call in [*pending, *calls] if call.key not in kept}

    def _guide(self, labels: tuple[str, ...]) -> Guide:
        if self.guide is None:
            raise HarnessError("language_model: does not know what to ask; give guide, or run it in an experiment")
        named = tuple(answer.label for answer in self.guide.answers)
        if named != labels:
            raise HarnessError(
                f"language_model: its guide has the answers {', '.join(named)}, and the task {', '.join(labels)}"
            )
        return self.guide

    def _endpoint(self) -> Endpoint:
        return Endpoint(
            url=self.endpoint,
            model=self.model,
            key_variable=self.api_key_variable,
            concurrency=self.concurrency,
            requests_per_minute=self.requests_per_minute,
            timeout_s=self.timeout_s,
            retries=self.retries,
            backoff_s=self.backoff_s,
            longest_wait_s=self.longest_wait_s,
            most_tokens=self.max_total_tokens,
            cassette=self.cassette,
            record=self.record,
        )

    def _structures(self) -> tuple[Structure, ...]:
        return ("json_schema", "json_object", "text") if self.structure == "auto" else (self.structure,)

    def _ladder(self, guide: Guide) -> Iterator[tuple[Dialect, Call]]:
        """What an endpoint may understand, the best first, each with a call that shows whether it does."""
        tokens = {"auto": (True, False), "token_probabilities": (True,), "self_consistency": (False,)}[self.score]
        messages = prompt_of(guide, (), ()).messages(PROBE)
        for structure in self._structures():
            for dialect in (Dialect(structure, each) for each in tokens):
                request = self._parameters(guide, dialect) | {"messages": messages}
                yield dialect, call_of(self.endpoint, request)

    def _settled(self, guide: Guide, ask: Callable[[Call], Kept | None]) -> Dialect | None:
        """What the endpoint understands; None where `ask` does not know.

        Raises: HarnessError: it takes none of the requests, or gives no token probabilities where they are asked for.
        """
        refused = []
        for dialect, call in self._ladder(guide):
            reply = ask(call)
            if reply is None:
                return None
            if reply.status == 200:
                gives = dialect.token_probabilities and gives_tokens(reply.reply)
                if self.score == "token_probabilities" and not gives:
                    raise HarnessError(
                        f"{self._endpoint().name}: gives no token probabilities; set score: self_consistency"
                    )
                return dialect._replace(token_probabilities=gives)
            refused.append(reply)
        with Cache(cache_folder()) as cache:
            cache.drop(reply.key for reply in refused)
        last = refused[-1]
        raise HarnessError(
            f"{self._endpoint().name}: takes no request: it answers {last.status}: {shown_error(last.reply)}"
        )

    def _parameters(self, guide: Guide, dialect: Dialect) -> dict[str, Any]:
        labels = [answer.label for answer in guide.answers]
        temperature = self.temperature if dialect.token_probabilities else self.sample_temperature
        found: dict[str, Any] = {
            "model": self.model,
            "temperature": temperature,
            "max_tokens": self.max_tokens,
            "seed": self.seed,
            "response_format": _response_format(dialect.structure, labels),
        }
        if dialect.token_probabilities:
            found |= {"logprobs": True, "top_logprobs": self.top_logprobs}
        return {name: value for name, value in found.items() if value is not None} | self.extra

    def _scorer(
        self, guide: Guide, dialect: Dialect, claims: Claims, gold: Gold, seed: int, ledger: str
    ) -> LanguageModelScorer:
        shown = draw_examples(claims, gold, self.examples, self.context, seed)
        samples = 1 if dialect.token_probabilities else self.samples
        scored = "token probabilities" if dialect.token_probabilities else f"self-consistency of {samples}"
        return LanguageModelScorer(
            labels=gold.labels,
            prompt=prompt_of(guide, self.context, shown),
            endpoint=self._endpoint(),
            parameters=json.dumps(self._parameters(guide, dialect), sort_keys=True),
            samples=samples,
            seed=seed,
            ledger=ledger,
            chosen=f"{scored}, {dialect.structure}, {len(shown)} examples",
        )


def _response_format(structure: Structure, labels: Sequence[str]) -> dict[str, Any] | None:
    if structure == "text":
        return None
    if structure == "json_object":
        return {"type": "json_object"}
    schema = {
        "type": "object",
        "properties": {"label": {"type": "string", "enum": list(labels)}},
        "required": ["label"],
        "additionalProperties": False,
    }
    return {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": schema}}
