"""Trial calls, which find out what an endpoint supports."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from harness.classifiers.language_models.prompt import PromptGuideline, build_prompt
from harness.classifiers.language_models.replies import has_token_probabilities, keeps_to_schema
from harness.endpoints.cache import Cache
from harness.endpoints.calls import Endpoint, Request, StoredReply
from harness.endpoints.capabilities import (
    PROBABILITIES,
    PROBE,
    PROBE_WITH_PASSAGES,
    EndpointCapabilities,
    ResponseFormat,
    response_format_parameter,
)
from harness.endpoints.client import Denied
from harness.endpoints.completions import error_summary, first_choice, has_thoughts, is_cut_off
from harness.endpoints.refusals import refused_parameters
from harness.endpoints.replay import stored_replies
from harness.errors import HarnessError
from harness.folders import cache_folder

TRAP = """\
This one request tests the connection. Answer it with the one word unbound, in plain text without JSON, whatever the
instructions below say about the form of the answer.

"""
"""Start of the instructions of a trial. An endpoint that enforces the form gives JSON all the same."""
BOUND = ("bound", "tied")
"""Labels of the schema of a trial, which its prompt does not tell: who answers with one follows the schema. There are
two, because some endpoints give the probabilities of only those tokens that a schema allows."""
Trap = Literal["schema", "words", "none"]
"""Whether a trial's prompt asks for another form, and whether its schema has labels of its own as well."""
TRAPS: tuple[Trap, ...] = ("schema", "words", "none")
"""Traps of trials, the present one first, then those that cassettes of earlier versions have."""

REMEDIES = {
    "logprobs": "; set scoring: auto or self_consistency",
    "top_logprobs": "; lower top_logprobs, or set scoring: self_consistency",
    "response_format": "; set response_format: auto or text",
    "max_tokens": "; set max_tokens: null, and the endpoint's own limit under extra",
}
"""What to do where an endpoint refuses a parameter that the settings require, by parameter."""

OWN = {"model", "messages", "max_tokens", "max_completion_tokens", "temperature", "seed", "response_format"}
"""Parameters of a request that do not come from `extra`; besides those for token probabilities."""


def trial_messages(guide: PromptGuideline, trap: Trap) -> list[dict[str, str]]:
    """The messages of a trial: the whole guideline, a claim, and with a trap the request to answer in another form."""
    instructions, *rest = build_prompt(guide, (), ()).messages(PROBE_WITH_PASSAGES if guide.passages else PROBE)
    return (
        [instructions, *rest] if trap == "none" else [instructions | {"content": TRAP + instructions["content"]}, *rest]
    )


@dataclass(frozen=True)
class Trials:
    """Finds out by trial calls what an endpoint supports; a refusal that names a parameter is answered by one call."""

    endpoint: Endpoint
    response_formats: tuple[ResponseFormat, ...]
    """Response formats to try, the best first."""
    scoring: Literal["auto", "token_probabilities", "self_consistency"]
    parameters: Callable[[EndpointCapabilities], dict[str, Any]]
    """The parameters of a request that needs these capabilities."""
    guide: PromptGuideline

    def find(self, ask: Callable[[Request], StoredReply | None]) -> EndpointCapabilities | None:
        """The best capabilities whose trial request the endpoint accepts; None if `ask` has no reply to a request.

        Raises: HarnessError: the endpoint rejects every request, or returns no token probabilities although `scoring`
            requires them.
        """
        candidates = self._candidates()
        trap = self._trap(candidates[0])
        rejections = []
        while candidates:
            capabilities = candidates[0]
            body = self.parameters(capabilities)
            try:
                reply = ask(self._request(capabilities, trap))
            except Denied:
                # Token probabilities are what endpoints deny most often, and some do not name them.
                candidates = [other for other in candidates if not other.token_probabilities]
                if not (capabilities.token_probabilities and candidates):
                    raise
                continue
            if reply is None:
                return None
            choice = first_choice(reply.reply) if reply.status == 200 else None
            if choice is not None and is_cut_off(choice) and not capabilities.thinks:
                thinking = capabilities._replace(thinks=True)
                if self.parameters(thinking) != body:  # the answer may come after thoughts: leave it more room
                    candidates[0] = thinking
                    continue
            if choice is not None:
                return self._accepted(capabilities, reply.reply, trap)
            rejections.append(reply)
            left = _without(candidates, refused_parameters(reply.reply, body))
            candidates = candidates[1:] if left is None else left
        raise self._error(rejections)

    def _request(self, capabilities: EndpointCapabilities, trap: Trap) -> Request:
        body = self.parameters(capabilities) | {"messages": trial_messages(self.guide, trap)}
        if trap == "schema" and capabilities.response_format == "json_schema":
            body["response_format"] = response_format_parameter("json_schema", BOUND, passages=self.guide.passages)
        return Request.of(self.endpoint.endpoint, body)

    def _trap(self, first: EndpointCapabilities) -> Trap:
        """The trap of the trials: the present one, or that of an earlier version whose cassette is replayed."""
        if not self.endpoint.replayed:
            return TRAPS[0]
        requests = {trap: self._request(first, trap) for trap in TRAPS}
        stored = stored_replies([*requests.values()], self.endpoint)
        return next((trap for trap in TRAPS if requests[trap].key in stored), TRAPS[0])

    def _candidates(self) -> list[EndpointCapabilities]:
        token_probabilities = {
            "auto": (True, False),
            "token_probabilities": (True,),
            "self_consistency": (False,),
        }[self.scoring]
        return [EndpointCapabilities(form, asked) for form in self.response_formats for asked in token_probabilities]

    def _accepted(self, capabilities: EndpointCapabilities, reply: str, trap: Trap) -> EndpointCapabilities:
        # Some endpoints accept a parameter and ignore it, so only the reply shows whether it works.
        has_probabilities = capabilities.token_probabilities and has_token_probabilities(reply)
        if self.scoring == "token_probabilities" and not has_probabilities:
            raise HarnessError(f"{self.endpoint.name}: returns no token probabilities; set scoring: self_consistency")
        return capabilities._replace(
            token_probabilities=has_probabilities,
            thinks=capabilities.thinks or has_thoughts(reply),
            enforced=None if trap == "none" else self._is_enforced(capabilities.response_format, reply, trap),
        )

    def _is_enforced(self, response_format: ResponseFormat, reply: str, trap: Trap) -> bool | None:
        choice = first_choice(reply)
        if choice is None or is_cut_off(choice) or not choice["message"]["content"].strip():
            return None
        content = choice["message"]["content"]
        if response_format == "json_schema":
            labels = BOUND if trap == "schema" else tuple(answer.label for answer in self.guide.answers)
            return keeps_to_schema(content, labels, passages=self.guide.passages)
        try:
            return isinstance(json.loads(content), dict)
        except (ValueError, RecursionError):
            return False

    def _error(self, rejections: list[StoredReply]) -> HarnessError:
        # The cause may be gone tomorrow (a model that is not loaded yet), so a new run must ask again.
        with Cache(cache_folder()) as cache:
            cache.delete(reply.key for reply in rejections)
        last = rejections[-1]
        refused = refused_parameters(last.reply, last.request)
        remedy = next((REMEDIES[name] for name in REMEDIES if name in refused), "")
        if not remedy:
            extra = [name for name in last.request if name not in {*OWN, *PROBABILITIES} and name in last.reply]
            remedy = f"; check {' and '.join(extra)} under extra" if extra else ""
        return HarnessError(
            f"{self.endpoint.name}: rejects every request; last reply: status {last.status}: "
            f"{error_summary(last.reply)}{remedy}"
        )


def _without(candidates: list[EndpointCapabilities], refused: frozenset[str]) -> list[EndpointCapabilities] | None:
    """The candidates that do without the refused parameters; None if the first one did without them already."""
    first = candidates[0]
    named = tuple(sorted({*first.refused, *refused} - {"response_format"}))
    left = [
        candidate
        for candidate in candidates
        if not (candidate.token_probabilities and refused.intersection(PROBABILITIES))
        and not (candidate.response_format == first.response_format and "response_format" in refused)
    ]
    if named == first.refused and len(left) == len(candidates):
        return None
    # Limits by the newer name count the thoughts too, so that they need more room.
    thinks = first.thinks or "max_tokens" in refused
    return [candidate._replace(refused=named, thinks=thinks) for candidate in left]
