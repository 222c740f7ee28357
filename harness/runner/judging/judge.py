"""A language model as a judge of evidence: its settings, the requests that it needs, and its judgments."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

from pydantic import ValidationError

from harness.classifiers.base import ApiUsage, total_usage
from harness.classifiers.language_models.language_model import LanguageModel
from harness.classifiers.language_models.usage import usages_of
from harness.display import displayed
from harness.endpoints.calls import Endpoint, Request, StoredReply
from harness.endpoints.completions import error_summary, first_choice, is_cut_off
from harness.endpoints.limits import cap_of, cap_warnings, shown_dollars
from harness.endpoints.replay import budget_of, get_replies, stored_replies
from harness.endpoints.trusted_hosts import require_trust
from harness.errors import Fault, FaultsError, HarnessError
from harness.metrics.verification.judged_facts import NO_COUNTS, FactCounts
from harness.records import explain_validation
from harness.runner.judging.prompt import PROMPT_HASH, Comparison, messages
from harness.runner.judging.replies import Judgment, read_judgment
from harness.yaml_file import read_yaml

MAX_TOKENS = 3_000
"""Most tokens of an answer, unless a file sets `max_tokens`."""
SETTINGS = (
    *("endpoint", "model", "api_key_variable", "api_key_header", "cassette", "record"),
    *("temperature", "max_tokens", "seed", "extra", "max_calls", "max_total_tokens", "max_cost", "price"),
    *("concurrency", "requests_per_minute", "timeout_s", "retries", "backoff_s", "max_wait_s"),
    *("batch", "batch_wait_s"),
)
"""Settings of `language_model` that a judge has as well."""
EXPECTED = "expected ENDPOINT/MODEL, such as http://localhost:8000/v1/llama-3.3-70b, or a .yaml file with both"
NOT_ASKED = "not asked"


class CallPlan(NamedTuple):
    """The requests that judging needs."""

    requests: int
    """Number of requests, each different."""
    stored: int
    """Number of these whose replies are in the cassette or the cache."""
    tokens: int
    """Most tokens of the others, estimated."""
    host: str
    """Host that would be asked."""
    dollars: float | None = None
    """Price of the others at most, estimated; None if it is not known."""
    prices: str = ""
    """Who says the price."""
    in_batches: bool = False
    """Whether the others are requests of batches."""
    warnings: tuple[str, ...] = ()
    """Caps of dollars below that price."""

    def __str__(self) -> str:
        missing = self.requests - self.stored
        money = (
            "" if self.dollars is None else f", which cost at most about {shown_dollars(self.dollars)} by {self.prices}"
        )
        batches = " in batches" if self.in_batches else ""
        return (
            f"would send {missing:,} calls{batches} to {self.host}, with at most about {self.tokens:,} tokens{money}; "
            f"{self.stored:,} of {self.requests:,} replies are stored"
            + "".join(f"\nwarning: {warning}" for warning in self.warnings)
        )


@displayed
@dataclass(frozen=True)
class Judgments:
    """What a judge says of comparisons, in their order."""

    judgments: tuple[Judgment, ...]
    counts: tuple[FactCounts, ...]
    """Counts of facts of each; NaN without a usable answer."""
    dates: tuple[str, str] | None
    """Days of the first and the last reply; None without a reply."""
    usage: ApiUsage | None = None
    """What the calls took, those included whose replies were stored; None without a reply."""

    @property
    def missing(self) -> dict[str, int]:
        """Number of comparisons without a usable answer, by reason."""
        return dict(Counter(sorted(j.missing_reason for j in self.judgments if j.missing_reason is not None)))


@displayed
@dataclass(frozen=True)
class Judge:
    """A language model that judges evidence."""

    endpoint: Endpoint
    parameters: Mapping[str, Any]
    """Parameters of each request in addition to the messages."""

    @property
    def identity(self) -> dict[str, str]:
        """What its judgments depend on: model, address and prompt."""
        return {"model": self.endpoint.model, "endpoint": self.endpoint.endpoint, "prompt": PROMPT_HASH}

    def plan(self, comparisons: Sequence[Comparison]) -> CallPlan:
        """The requests that `judge` would send; sends nothing."""
        requests = {request.key: request for request in map(self._request, comparisons) if request is not None}
        stored = stored_replies([*requests.values()], self.endpoint)
        missing = [self.endpoint.estimate(request) for key, request in requests.items() if key not in stored]
        rate = self.endpoint.rate()
        cap = cap_of(self.endpoint, budget_of([*requests.values()]))
        return CallPlan(
            *(len(requests), len(stored), sum(call.tokens for call in missing), self.endpoint.host),
            dollars=None if rate is None else sum(call.dollars or 0.0 for call in missing),
            prices=rate.source if rate else "",
            in_batches=self.endpoint.batch,
            warnings=cap_warnings(call._replace(cap=cap) for call in missing),
        )

    def judge(self, comparisons: Sequence[Comparison], *, offline: bool = False) -> Judgments:
        """Judges comparisons; replies that are stored are not asked for again.

        Args:
            comparisons: what to compare. One without texts on a side is not sent: nothing of it is supported.
            offline: send nothing; comparisons whose replies are not stored count as not asked.
        Raises: HarnessError: the endpoint fails, so that there is no value; replies that arrived are kept, and the next
            call goes on from there. Also if the endpoint rejects, or cuts off, all of the first requests.
        """
        requests = [self._request(comparison) for comparison in comparisons]
        asked = [request for request in requests if request is not None]
        if offline:
            replies = stored_replies(asked, self.endpoint)
        else:
            settings = (self.endpoint, uuid4().hex, 0, self._check_first)
            replies = get_replies(asked, *settings, budget=budget_of(asked))
        judgments, counts = list[Judgment](), list[FactCounts]()
        for comparison, request in zip(comparisons, requests, strict=True):
            if request is None:
                judgments.append(Judgment())
                counts.append(FactCounts(float(bool(comparison.reference)), 0.0, float(bool(comparison.found)), 0.0))
                continue
            reply = replies.get(request.key)
            judgment = Judgment(missing_reason=NOT_ASKED) if reply is None else read_judgment(reply)
            judgments.append(judgment)
            counts.append(NO_COUNTS if judgment.missing_reason else judgment.counts())
        days = sorted(reply.at[:10] for reply in replies.values())
        usage = total_usage([*usages_of(replies, self.endpoint).values()])
        return Judgments(tuple(judgments), tuple(counts), (days[0], days[-1]) if days else None, usage)

    def _request(self, comparison: Comparison) -> Request | None:
        if not comparison.is_asked:
            return None
        return Request.of(self.endpoint.endpoint, dict(self.parameters) | {"messages": messages(comparison)})

    def _check_first(self, replies: Sequence[StoredReply]) -> None:
        """Raises a HarnessError if the endpoint rejects or cuts off all first requests, as it would the others."""
        choices = [first_choice(reply.reply) if reply.status == 200 else None for reply in replies]
        if replies and not any(choices):
            summary = error_summary(replies[0].reply)
            raise HarnessError(
                f"{self.endpoint.name}: rejects all of the first {len(replies)} requests: {summary}; nothing further "
                "was sent. Change the settings of the judge in a file (--judge FILE.yaml)"
            )
        if len(replies) > 1 and all(choice is not None and is_cut_off(choice) for choice in choices):
            raise HarnessError(
                f"{self.endpoint.name}: all of the first {len(replies)} answers are cut off; nothing further was sent. "
                f"Raise max_tokens above {self.parameters.get('max_tokens', 'the limit of the endpoint')} in the file "
                "of the judge (--judge FILE.yaml)"
            )


def load_judge(
    name: str, *, cassette: str | Path | None = None, offline: bool = False, trust_hosts: Sequence[str] = ()
) -> Judge:
    """A judge by its address and model, or from a file.

    Args:
        name: `ENDPOINT/MODEL`, where the endpoint ends in `/v1`, or a .yaml file with `endpoint`, `model` and further
            settings of `language_model`.
        cassette: file that replies are recorded in and read from; without it, the one that the file names.
        offline: only read the cassette.
        trust_hosts: hosts that may get a key that a file names.
    Raises: HarnessError: a setting is missing, unknown or out of range, or a key would go to a host that is not
        trusted.
    """
    settings, path = _settings(name)
    if cassette is not None:
        settings["cassette"] = str(cassette)
    if settings.get("cassette") is not None:
        exists = Path(str(settings["cassette"])).exists()
        settings = {"record": not offline} | settings if cassette is None else settings | {"record": not offline}
        if offline and not exists:
            message = "does not exist; --offline reads replies from it; record it without --offline"
            raise FaultsError.single(str(settings["cassette"]), message)
    where = str(path or name)
    unknown = [key for key in settings if key not in SETTINGS]
    faults = [Fault(where, None, key, f"is no setting of a judge; use {', '.join(SETTINGS)}") for key in unknown]
    if faults:
        raise FaultsError(faults)
    try:
        model = LanguageModel.model_validate_json(json.dumps({"max_tokens": MAX_TOKENS} | settings, default=str))
    except ValidationError as error:
        raise FaultsError(
            Fault(where, None, ".".join(map(str, fault.place)) or None, fault.message, fault.code)
            for fault in explain_validation(error)
        ) from None
    model.check()
    if path is not None and not offline:
        require_trust(model.sent_keys(), trust_hosts, where)
    parameters = {
        "model": model.model,
        "temperature": model.temperature,
        "max_tokens": model.max_tokens,
        "seed": model.seed,
    }
    given = {key: value for key, value in parameters.items() if value is not None}
    return Judge(model.connection, given | model.extra)


def _settings(name: str) -> tuple[dict[str, Any], Path | None]:
    """The settings that a name stands for, and the file that they are in."""
    if name.endswith((".yaml", ".yml")):
        path = Path(name)
        content = read_yaml(path).content
        if not isinstance(content, dict):
            raise FaultsError.single(path, "expected endpoint: and model:, one per line")
        settings = {str(key): value for key, value in content.items()}
        if isinstance(settings.get("cassette"), str):
            settings["cassette"] = str((path.parent / settings["cassette"]).resolve())
        return settings, path
    base, mark, model = name.partition("/v1/")
    if not base.startswith(("http://", "https://")) or not mark or not model:
        raise HarnessError(f"--judge: {EXPECTED}, got '{name}'")
    return {"endpoint": f"{base}/v1", "model": model}, None
