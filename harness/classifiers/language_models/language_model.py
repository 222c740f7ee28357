"""Language models behind any OpenAI-compatible endpoint, prompted with the scheme's guideline."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import fields, replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Literal, Self
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

from pydantic import Field, JsonValue, PrivateAttr, field_validator, model_validator

from harness.classifiers.base import Classifier, TaskPrompt
from harness.classifiers.language_models.prompt import (
    ContextField,
    PromptGuideline,
    build_guideline,
    build_prompt,
    draw_examples,
)
from harness.classifiers.language_models.scorer import LanguageModelScorer
from harness.classifiers.language_models.trials import Trials
from harness.data.claims import Claims, Gold
from harness.endpoints.cache import Cache
from harness.endpoints.calls import Endpoint, Estimate, Request, StoredReply
from harness.endpoints.capabilities import RESPONSE_FORMATS, EndpointCapabilities, response_format_parameter
from harness.endpoints.cassette import read_cassette
from harness.endpoints.limits import cap_of
from harness.endpoints.prices import PRICE_EXAMPLE, Price
from harness.endpoints.replay import get_replies, stored_replies, submitted_requests
from harness.endpoints.trusted_hosts import KeyUse
from harness.errors import FaultsError, HarnessError
from harness.files import fingerprint, read_bytes, sha256
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
    "stream",
    "n",
}
"""Request parameters that `extra` may not set: they have settings of their own, or change the form of a reply."""

PRICED_APART = {"audio", "modalities", "models", "plugins", "service_tier", "tools", "web_search_options"}
"""Parameters under `extra` that a provider may charge for in other ways than by the tokens of the model."""

SECRET = re.compile("key|secret|password|token|sig|auth|code", re.IGNORECASE)
"""Names in the query of an address that may hold a key."""
OWN_HEADERS = {"host", "content-type", "content-length", "transfer-encoding", "connection", "user-agent"}
"""Headers that the client sets."""


class LanguageModel(Classifier):
    """A language model behind an OpenAI-compatible endpoint, prompted with the scheme's guideline.

    It is not trained; the only training claims that it uses are the examples in its prompt. In the task `verdict` it
    sees the passages shown with a claim, and its answer quotes them; the result counts the quotes that are not there.
    """

    reads_evidence: ClassVar[bool] = True

    unsavable_reason = LanguageModelScorer.unsavable_reason

    endpoint: str
    """Base address, such as http://localhost:8000/v1; a query, such as ?api-version=2024-10-21, goes with each
    request."""
    model: str = Field(min_length=1)
    """Name of the model at the endpoint."""
    api_key_variable: str | None = None
    """NAME of the environment variable that holds the key; None: OPENAI_API_KEY for api.openai.com, and no key for any
    other host."""
    api_key_header: str | None = None
    """Name of the header that holds the key alone, such as api-key; None: `Authorization: Bearer KEY`."""
    n_examples: int = Field(default=0, ge=0, le=200)
    """Number of training claims shown with their labels, balanced over the labels as far as possible."""
    context: tuple[ContextField, ...] = ()
    """Columns of a claim sent in addition to its text: previous, next, title, speaker, published."""
    scheme: str | None = None
    """Label scheme whose guideline is sent, if the experiment joins datasets with several schemes."""
    guideline: bool = True
    """Whether the guideline's text is sent in addition to the definitions."""
    scoring: Literal["auto", "token_probabilities", "self_consistency"] = "auto"
    """Source of the scores; auto: token probabilities if the endpoint returns them, else self-consistency."""
    samples: int = Field(default=5, ge=1, le=100)
    """Self-consistency: number of requests per claim."""
    response_format: Literal["auto", "json_schema", "json_object", "text"] = "auto"
    """Way to specify the format of the answer; auto: the strictest that the endpoint accepts."""
    temperature: float | None = Field(default=0.0, ge=0.0, le=2.0)
    """Temperature with token probabilities; None: not sent."""
    sample_temperature: float | None = Field(default=0.7, gt=0.0, le=2.0)
    """Temperature for self-consistency; None: not sent."""
    max_tokens: int | None = Field(default=50, ge=1)
    """Most tokens of an answer, without its quotes and thoughts; None: not sent."""
    quote_tokens: int = Field(default=400, ge=0)
    """Most further tokens of an answer that quotes passages."""
    thought_tokens: int = Field(default=4_000, ge=0)
    """Most further tokens of an answer of a model that thinks first, which the trial calls find out."""
    top_logprobs: int = Field(default=5, ge=2, le=20)
    """Number of alternatives requested for each token."""
    seed: int | None = None
    """Random seed sent to the endpoint, plus the number of the sample; None: not sent."""
    extra: dict[str, JsonValue] = Field(default_factory=dict)
    """Further request parameters."""
    concurrency: int = Field(default=4, ge=1, le=256)
    """Requests in flight, per process."""
    requests_per_minute: int | None = Field(default=None, ge=1)
    """Requests started per minute, per process; None: no limit."""
    timeout_s: float = Field(default=60.0, gt=0.0)
    """Time limit of one attempt as a whole, in seconds."""
    retries: int = Field(default=5, ge=0, le=20)
    """Further attempts after a timeout, a broken connection, an invalid reply, or status 408, 409, 425, 429 or 5xx."""
    backoff_s: float = Field(default=1.0, gt=0.0)
    """Approximate wait before the second attempt, in seconds; doubles with each further one."""
    max_wait_s: float = Field(default=120.0, gt=0.0)
    """Longest wait that an endpoint may ask for, in seconds; a longer one ends the run."""
    max_calls: int | None = Field(default=None, ge=1)
    """Most requests that one run may send, including retries, over all its folds, seeds and processes."""
    max_total_tokens: int | None = Field(default=None, ge=1)
    """Most tokens that one run may use, prompts and answers together, over all its folds, seeds and processes."""
    max_cost: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """Most dollars that an experiment may spend on this model, over all its systems, folds, seeds and processes, and
    over runs that continue each other."""
    price: Price | None = None
    """Price of the model; None: from the list of the package `genai-prices`, by the host of the endpoint."""
    batch: bool = False
    """Whether requests are sent as batches, which cost less and may take a day; trial calls are single ones."""
    batch_wait_s: float = Field(default=93_600.0, gt=0.0)
    """Longest wait for a batch, in seconds; the same command waits on for the same batch."""
    cassette: str | None = None
    """File of recorded requests and replies; replayed without the endpoint unless `record` is set."""
    record: bool = False
    """Whether to request missing replies from the endpoint and add them to the cassette. Replies that it holds are not
    requested again, not even with `--fresh`: to ask a model anew, delete the file or name another."""
    guide: PromptGuideline | None = None
    """Question, labels and definitions in the prompt; taken from the experiment's task and scheme by default."""

    _ledger: str = PrivateAttr(default_factory=lambda: uuid4().hex)
    """Name that usage is counted under: shared by this object and its copies, so that caps hold over processes."""
    _budget: str | None = PrivateAttr(default=None)
    """Name that dollars are counted under, over all runs of an experiment; None: as `_ledger`."""

    @field_validator("endpoint")
    @classmethod
    def _check_endpoint(cls, value: str) -> str:
        expected = "expected the base address of an endpoint, such as http://localhost:8000/v1"
        try:
            parts = urlsplit(value)
            (parts.hostname or "").encode("idna")  # raises for names that no connection could be made to
            has_port = parts.port is None or parts.port > 0
            is_complete = parts.scheme in ("http", "https") and bool(parts.hostname) and has_port
        except ValueError:
            is_complete = False
        if not is_complete or re.search(r"\s", value):
            raise ValueError(expected)
        names = [name for name, _ in parse_qsl(parts.query, keep_blank_values=True)]
        if parts.username is not None or parts.fragment or any(map(SECRET.search, names)):
            raise ValueError(
                f"{expected}, without user, password, fragment or a key in its query; use api_key_variable to name the "
                "key, and api_key_header if it goes into a header of another name"
            )
        base, mark, query = value.partition("?")
        return base.rstrip("/").removesuffix("/chat/completions") + (mark + query if query else "")

    @field_validator("api_key_variable")
    @classmethod
    def _check_variable_name(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", value):
            raise ValueError("expected the name of an environment variable, not the key itself")
        return value

    @field_validator("api_key_header")
    @classmethod
    def _check_header_name(cls, value: str | None) -> str | None:
        if value is not None and (not re.fullmatch(r"[A-Za-z0-9-]+", value) or value.lower() in OWN_HEADERS):
            raise ValueError("expected the name of a header for the key, such as api-key; not the key itself")
        return value

    @field_validator("cassette")
    @classmethod
    def _check_path(cls, value: str | None) -> str | None:
        if value is not None and (not value or "\x00" in value):
            raise ValueError("expected the path of a file")
        return value

    @model_validator(mode="after")
    def _check_combination(self) -> Self:
        reserved = set(self.extra) & RESERVED_PARAMETERS
        if reserved:
            raise ValueError(f"extra: cannot set {', '.join(sorted(reserved))}")
        if any(re.search("key|secret|password|authorization", name, re.IGNORECASE) for name in self.extra):
            raise ValueError(
                "extra: cannot contain keys or passwords, because it is written to the cache, cassettes and results; "
                "use api_key_variable to name the key"
            )
        if not _is_json(self.extra):
            raise ValueError("extra: contains a number that is not finite, which JSON cannot represent")
        if self.max_total_tokens is not None and self.max_tokens is None and "max_completion_tokens" not in self.extra:
            raise ValueError("max_total_tokens: requires max_tokens, the limit of an answer")
        if self.max_cost is not None:
            self._check_bounded()
        if self.record and self.cassette is None:
            raise ValueError("record: requires cassette, the file to record to")
        return self

    def _check_bounded(self) -> None:
        """Checks that the price of each call has a bound, which `max_cost` needs."""
        if self.max_tokens is None and "max_completion_tokens" not in self.extra:
            raise ValueError("max_cost: requires max_tokens, the limit of an answer")
        priced_apart = sorted(PRICED_APART & set(self.extra))
        if priced_apart:
            raise ValueError(
                f"max_cost: what {' and '.join(priced_apart)} under extra costs has no bound; remove it, or max_cost"
            )
        if self.connection.rate() is None:
            raise ValueError(
                f"max_cost: the price of {self.model} at {self.connection.host} is not known: the list of genai-prices "
                f"does not have it; set {PRICE_EXAMPLE}"
            )

    def check(self) -> None:
        """Validates the cassette.

        Raises: FaultsError: the cassette to replay is missing, or lines of it are not valid.
        """
        if self.cassette is None or (self.record and not Path(self.cassette).exists()):
            return
        if not Path(self.cassette).exists():
            message = "does not exist; to create it, run once with record: true (needs the endpoint)"
            raise FaultsError.single(self.cassette, message)
        read_cassette(Path(self.cassette), recorded=self.record)

    def input_fingerprint(self) -> str:
        """SHA-256 of the cassette if it is replayed; else the generation of the cached replies, and those replies of a
        recorded cassette that are not from this cache."""
        if self.cassette is not None and not self.record:
            return sha256(read_bytes(Path(self.cassette)))
        recorded = self._recorded()
        with Cache(cache_folder()) as cache:
            generation = cache.generation(self.endpoint, self.model)
            cached = cache.find(recorded)
        foreign = [reply.model_dump_json() for key, reply in sorted(recorded.items()) if cached.get(key) != reply]
        return fingerprint([generation, *foreign]) if foreign else generation

    def _recorded(self) -> dict[str, StoredReply]:
        """The replies of this model in the cassette that is being recorded, by key; they come before cached ones."""
        if self.cassette is None or not Path(self.cassette).exists():
            return {}
        replies = read_cassette(Path(self.cassette), recorded=True)
        source = (self.endpoint, self.model)
        return {key: reply for key, reply in replies.items() if (reply.endpoint, reply.request.get("model")) == source}

    def renew(self) -> None:
        """Starts a new generation of cached replies; a cassette stays as it is."""
        if not self.connection.replayed:
            with Cache(cache_folder()) as cache:
                cache.start_generation(self.endpoint, self.model)

    def with_task(self, question: TaskPrompt) -> Self:
        """The classifier with the guideline of a task."""
        guide = self.guide or build_guideline(question, self.scheme)
        guide = guide.model_copy(update={"passages": question.passages})
        if not self.guideline:
            guide = guide.model_copy(update={"guideline": None})
        copy = self.model_copy(update={"guide": guide})
        copy._budget = question.budget or None
        return copy

    def hosts(self) -> tuple[str, ...]:
        """The host of the endpoint; none if a cassette is replayed."""
        endpoint = self.connection
        return () if endpoint.replayed else (endpoint.host,)

    def sent_keys(self) -> tuple[KeyUse, ...]:
        """The key that the config names and the host that it goes to; none if that is this machine."""
        endpoint = self.connection
        if self.api_key_variable is None or endpoint.replayed or endpoint.is_local:
            return ()
        return (KeyUse(self.api_key_variable, endpoint.host),)

    def result_files(self) -> Mapping[str, bytes]:
        """The cassette, from which the result can be reproduced."""
        if self.cassette is None or not Path(self.cassette).exists():
            return {}
        return {"cassette.jsonl": read_bytes(Path(self.cassette))}

    def fit(self, claims: Claims, gold: Gold, seed: int) -> LanguageModelScorer:
        """Draws the examples and finds out what the endpoint supports.

        Raises: HarnessError: the endpoint or the cassette fails, or the model has no guide for these labels.
        """
        guide = self._guide_for(gold.labels)
        endpoint = replace(self.connection, batch=False)  # nobody waits a day to learn that a parameter is refused

        def ask(request: Request) -> StoredReply:
            return get_replies([request], endpoint, self._ledger, seed, budget=self._budget)[request.key]

        capabilities = self._trials(guide).find(ask)
        assert capabilities is not None  # noqa: S101 - `ask` answers every request
        return self._scorer(guide, capabilities, claims, gold, seed)

    def planned_requests(self, claims: Claims, gold: Gold, test: Claims, seed: int) -> Mapping[str, Estimate]:
        """The estimated tokens and price, by key, of each request that is neither stored nor in a batch yet."""
        guide = self._guide_for(gold.labels)
        endpoint = self.connection
        unanswered_trials: list[Request] = []

        def look_up(request: Request) -> StoredReply | None:
            reply = stored_replies([request], endpoint).get(request.key)
            if reply is None:
                unanswered_trials.append(request)
            return reply

        # If no trial reply is stored, plan for the more expensive case: samples rather than token probabilities.
        trials = self._trials(guide)
        capabilities = trials.find(look_up) or EndpointCapabilities(
            trials.response_formats[0], self.scoring == "token_probabilities"
        )
        scorer = self._scorer(guide, capabilities, claims, gold, seed)
        requests = [request for samples in scorer.requests(test) for request in samples]
        known = stored_replies(requests, endpoint).keys() | submitted_requests(requests, endpoint)
        # Trial calls are never part of a batch.
        trial_endpoint = replace(endpoint, batch=False)
        estimates = {request.key: trial_endpoint.estimate(request) for request in unanswered_trials}
        estimates |= {request.key: endpoint.estimate(request) for request in requests if request.key not in known}
        cap = cap_of(endpoint, self._budget or self._ledger)
        return {key: estimate._replace(cap=cap) for key, estimate in estimates.items()}

    def _guide_for(self, labels: tuple[str, ...]) -> PromptGuideline:
        if self.guide is None:
            raise HarnessError("language_model: has no question to ask; set guide, or run it in an experiment")
        answers = tuple(answer.label for answer in self.guide.answers)
        if answers != labels:
            raise HarnessError(
                f"language_model: the answers of guide ({', '.join(answers)}) differ from the labels of the task "
                f"({', '.join(labels)}); list the same labels in the same order"
            )
        return self.guide

    @property
    def connection(self) -> Endpoint:
        """The address of the endpoint and how requests are sent."""
        return Endpoint(**{field.name: getattr(self, field.name) for field in fields(Endpoint)})

    def _trials(self, guide: PromptGuideline) -> Trials:
        return Trials(
            endpoint=self.connection,
            response_formats=RESPONSE_FORMATS if self.response_format == "auto" else (self.response_format,),
            scoring=self.scoring,
            parameters=partial(self._parameters, guide),
            guide=guide,
        )

    def _parameters(self, guide: PromptGuideline, capabilities: EndpointCapabilities) -> dict[str, Any]:
        labels = [answer.label for answer in guide.answers]
        max_tokens = self.max_tokens
        if max_tokens is not None:
            max_tokens += self.quote_tokens if guide.passages else 0
            max_tokens += self.thought_tokens if capabilities.thinks else 0
        temperature = self.temperature if capabilities.token_probabilities else self.sample_temperature
        parameters: dict[str, Any] = {
            "model": self.model,
            "temperature": temperature,
            "max_tokens": max_tokens,
            "seed": self.seed,
            "response_format": response_format_parameter(capabilities.response_format, labels, passages=guide.passages),
        }
        if capabilities.token_probabilities:
            parameters |= {"logprobs": True, "top_logprobs": self.top_logprobs}
        given = {name: value for name, value in parameters.items() if value is not None}
        return capabilities.adapt(given) | self.extra

    def _scorer(
        self, guide: PromptGuideline, capabilities: EndpointCapabilities, claims: Claims, gold: Gold, seed: int
    ) -> LanguageModelScorer:
        examples = draw_examples(claims, gold, self.n_examples, self.context, seed, passages=guide.passages)
        thoughts = [f"up to {self.thought_tokens:,} tokens of thoughts"] if capabilities.thinks else []
        scoring = "token probabilities" if capabilities.token_probabilities else f"self-consistency of {self.samples}"
        return LanguageModelScorer(
            labels=gold.labels,
            prompt=build_prompt(guide, self.context, examples),
            endpoint=self.connection,
            parameters=self._parameters(guide, capabilities),
            samples=None if capabilities.token_probabilities else self.samples,
            seed=seed,
            ledger=self._ledger,
            budget=self._budget,
            chosen=", ".join([scoring, capabilities.summary(), *thoughts, f"{len(examples)} examples"]),
        )


def _is_json(value: Any) -> bool:
    """Whether a value contains finite numbers only."""
    try:
        json.dumps(value, allow_nan=False)
    except ValueError:
        return False
    return True
