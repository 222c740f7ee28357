"""Language models over any OpenAI-compatible endpoint, asked with the scheme's own guideline."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit
from uuid import uuid4

from pydantic import Field, JsonValue, PrivateAttr, field_validator, model_validator

from harness.classifiers.base import Classifier, TaskPrompt
from harness.classifiers.language_models.prompt import (
    ContextField,
    PromptGuideline,
    build_guideline,
    draw_examples,
    prompt_of,
)
from harness.classifiers.language_models.replies import gives_tokens
from harness.classifiers.language_models.scorer import LanguageModelScorer
from harness.data.claims import Claims, Gold
from harness.endpoints.cache import Cache
from harness.endpoints.calls import Endpoint, Request, StoredReply
from harness.endpoints.capabilities import (
    PROBE,
    RESPONSE_FORMATS,
    EndpointCapabilities,
    ResponseFormat,
    response_format_parameter,
)
from harness.endpoints.cassette import read_cassette
from harness.endpoints.completions import error_summary
from harness.endpoints.replay import get_replies, stored_replies
from harness.errors import FaultsError, HarnessError
from harness.files import read_bytes, sha256
from harness.folders import cache_folder

RESERVED_PARAMETERS = {
    "model",
    "messages",
    "temperature",
    "max_tokens",
    "response_format",
    "logprobs",
    "top_logprobs",
    "seed",
}
RESERVED_PARAMETERS |= {"stream", "n"}
"""Parameters of a request that have settings of their own, or that would change what a reply is."""


class LanguageModel(Classifier):
    """A language model behind an OpenAI-compatible endpoint, asked with the scheme's guideline.

    Learns nothing but the examples it is shown, which are training claims.
    """

    unsavable_reason = LanguageModelScorer.unsavable_reason

    endpoint: str
    """The base address, such as http://localhost:8000/v1."""
    model: str = Field(min_length=1)
    """As the endpoint names it."""
    api_key_variable: str | None = None
    """The NAME of the environment variable that holds the key; None: OPENAI_API_KEY for api.openai.com, and no key for
    any other host."""
    n_examples: int = Field(default=0, ge=0, le=200)
    """Training claims shown with their labels, as many of each label as can be; 0: none."""
    context: tuple[ContextField, ...] = ()
    """What is sent of a claim besides its text: previous, next, title, speaker, published."""
    scheme: str | None = None
    """Whose guideline is sent, where the experiment joins datasets of several schemes."""
    guideline: bool = True
    """Whether the guideline's text is sent besides the definitions."""
    scoring: Literal["auto", "token_probabilities", "self_consistency"] = "auto"
    """Where scores come from; auto: token probabilities where the endpoint gives them, else self-consistency."""
    samples: int = Field(default=5, ge=1, le=100)
    """Self-consistency: how often each claim is asked about."""
    response_format: Literal["auto", "json_schema", "json_object", "text"] = "auto"
    """How the endpoint is told the form of the answer; auto: the first that it takes."""
    temperature: float | None = Field(default=0.0, ge=0.0, le=2.0)
    """Without sampling; None: not sent."""
    sample_temperature: float | None = Field(default=0.7, gt=0.0, le=2.0)
    """For self-consistency; None: not sent."""
    max_tokens: int | None = Field(default=50, ge=1)
    """Of an answer; None: not sent."""
    top_logprobs: int = Field(default=5, ge=2, le=20)
    """Alternatives asked for at each token."""
    seed: int | None = None
    """Sent to the endpoint, with the number of the sample added; None: not sent."""
    extra: dict[str, JsonValue] = Field(default_factory=dict)
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
    max_wait_s: float = Field(default=120.0, gt=0.0)
    """An endpoint that asks for a longer wait ends the run."""
    max_calls: int | None = Field(default=None, ge=1)
    """Requests that one run may send, repeated ones among them, over all its folds, seeds and processes."""
    max_total_tokens: int | None = Field(default=None, ge=1)
    """Tokens that one run may take, prompts and answers together, over all its folds, seeds and processes."""
    cassette: str | None = None
    """A file of kept exchanges: replayed, without the endpoint."""
    record: bool = False
    """Add to the cassette what it lacks, from the endpoint."""
    guide: PromptGuideline | None = None
    """What the model is told; filled in from the experiment's task and scheme."""

    _ledger: str = PrivateAttr(default_factory=lambda: uuid4().hex)
    """Names what the caps are counted over: all that this object and its copies send."""

    @field_validator("endpoint")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        allowed = "expected the base address of an endpoint, such as http://localhost:8000/v1"
        try:
            parts = urlsplit(value)
            (parts.hostname or "").encode("idna")
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

    @field_validator("cassette")
    @classmethod
    def _is_a_path(cls, value: str | None) -> str | None:
        if value is not None and (not value or "\x00" in value):
            raise ValueError("expected the path of a file")
        return value

    @model_validator(mode="after")
    def _settings_fit(self) -> Self:
        if set(self.extra) & RESERVED_PARAMETERS:
            raise ValueError(f"extra: may not set {', '.join(sorted(set(self.extra) & RESERVED_PARAMETERS))}")
        if any(re.search("key|secret|password|authorization", name, re.IGNORECASE) for name in self.extra):
            raise ValueError("extra: is written to the cache, to cassettes and results; name a key by api_key_variable")
        if not _is_json(self.extra):
            raise ValueError("extra: has a number that is not finite, which no request can carry")
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
            raise FaultsError.single(self.cassette, message)
        read_cassette(Path(self.cassette), recorded=self.record)

    def input_fingerprint(self) -> str:
        """SHA-256 of a cassette that is replayed."""
        return "" if self.cassette is None or self.record else sha256(read_bytes(Path(self.cassette)))

    def with_task(self, question: TaskPrompt) -> Self:
        """The model with its guide."""
        guide = self.guide or build_guideline(question, self.scheme)
        return self.model_copy(
            update={"guide": guide if self.guideline else guide.model_copy(update={"guideline": None})}
        )

    def hosts(self) -> tuple[str, ...]:
        """The endpoint's, unless a cassette is replayed."""
        endpoint = self._endpoint()
        return () if endpoint.replayed else (endpoint.host,)

    def result_files(self) -> Mapping[str, bytes]:
        """The cassette, with which the result can be scored again."""
        if self.cassette is None or not Path(self.cassette).exists():
            return {}
        return {"cassette.jsonl": read_bytes(Path(self.cassette))}

    def fit(self, claims: Claims, gold: Gold, seed: int) -> LanguageModelScorer:
        """Draws the examples, and finds out what the endpoint understands.

        Raises: HarnessError: the endpoint or the cassette fails, or the model does not know what it is to be asked.
        """
        guide, endpoint = self._guide(gold.labels), self._endpoint()

        def ask(call: Request) -> StoredReply:
            return get_replies([call], endpoint, self._ledger, seed)[call.key]

        dialect = self._settled(guide, ask)
        assert dialect is not None  # noqa: S101 - every call was answered
        return self._scorer(guide, dialect, claims, gold, seed)

    def planned_requests(self, claims: Claims, gold: Gold, test: Claims, seed: int) -> Mapping[str, int]:
        """The calls whose replies are neither in the cassette nor in the cache."""
        guide, endpoint, pending = self._guide(gold.labels), self._endpoint(), list[Request]()

        def look(call: Request) -> StoredReply | None:
            kept = stored_replies([call], endpoint).get(call.key)
            pending.extend([call] if kept is None else [])
            return kept

        dialect = self._settled(guide, look) or EndpointCapabilities(
            self._response_formats()[0], self.scoring == "token_probabilities"
        )
        calls = [call for each in self._scorer(guide, dialect, claims, gold, seed).calls(test) for call in each]
        kept = stored_replies(calls, endpoint)
        return {call.key: call.tokens for call in [*pending, *calls] if call.key not in kept}

    def _guide(self, labels: tuple[str, ...]) -> PromptGuideline:
        if self.guide is None:
            raise HarnessError("language_model: does not know what to ask; give guide, or run it in an experiment")
        named = tuple(answer.label for answer in self.guide.answers)
        if named != labels:
            raise HarnessError(
                f"language_model: its guide has the answers {', '.join(named)}, and the task {', '.join(labels)}"
            )
        return self.guide

    def _endpoint(self) -> Endpoint:
        return Endpoint(**{field.name: getattr(self, field.name) for field in fields(Endpoint)})

    def _response_formats(self) -> tuple[ResponseFormat, ...]:
        return RESPONSE_FORMATS if self.response_format == "auto" else (self.response_format,)

    def _ladder(self, guide: PromptGuideline) -> Iterator[tuple[EndpointCapabilities, Request]]:
        """What an endpoint may understand, the best first, each with a call that shows whether it does."""
        tokens = {"auto": (True, False), "token_probabilities": (True,), "self_consistency": (False,)}[self.scoring]
        messages = prompt_of(guide, (), ()).messages(PROBE)
        for structure in self._response_formats():
            for dialect in (EndpointCapabilities(structure, each) for each in tokens):
                request = self._parameters(guide, dialect) | {"messages": messages}
                yield dialect, Request.of(self.endpoint, request)

    def _settled(
        self, guide: PromptGuideline, ask: Callable[[Request], StoredReply | None]
    ) -> EndpointCapabilities | None:
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
                if self.scoring == "token_probabilities" and not gives:
                    raise HarnessError(
                        f"{self._endpoint().name}: gives no token probabilities; set scoring: self_consistency"
                    )
                return dialect._replace(token_probabilities=gives)
            refused.append(reply)
        with Cache(cache_folder()) as cache:
            cache.drop(reply.key for reply in refused)
        last = refused[-1]
        raise HarnessError(
            f"{self._endpoint().name}: takes no request: it answers {last.status}: {error_summary(last.reply)}"
        )

    def _parameters(self, guide: PromptGuideline, dialect: EndpointCapabilities) -> dict[str, Any]:
        labels = [answer.label for answer in guide.answers]
        temperature = self.temperature if dialect.token_probabilities else self.sample_temperature
        found: dict[str, Any] = {
            "model": self.model,
            "temperature": temperature,
            "max_tokens": self.max_tokens,
            "seed": self.seed,
            "response_format": response_format_parameter(dialect.response_format, labels),
        }
        if dialect.token_probabilities:
            found |= {"logprobs": True, "top_logprobs": self.top_logprobs}
        return {name: value for name, value in found.items() if value is not None} | self.extra

    def _scorer(
        self, guide: PromptGuideline, dialect: EndpointCapabilities, claims: Claims, gold: Gold, seed: int
    ) -> LanguageModelScorer:
        shown = draw_examples(claims, gold, self.n_examples, self.context, seed)
        scored = "token probabilities" if dialect.token_probabilities else f"self-consistency of {self.samples}"
        return LanguageModelScorer(
            labels=gold.labels,
            prompt=prompt_of(guide, self.context, shown),
            endpoint=self._endpoint(),
            parameters=self._parameters(guide, dialect),
            samples=None if dialect.token_probabilities else self.samples,
            seed=seed,
            ledger=self._ledger,
            chosen=f"{scored}, {dialect.response_format}, {len(shown)} examples",
        )


def _is_json(value: Any) -> bool:
    """Whether a value holds finite numbers only."""
    try:
        json.dumps(value, allow_nan=False)
    except ValueError:
        return False
    return True
