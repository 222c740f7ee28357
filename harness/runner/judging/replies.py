"""The answers of a judge: facts with their decisions, or the reason why there are none. Nothing is guessed."""

from __future__ import annotations

from typing import Any, NamedTuple

from harness.classifiers.language_models.replies import answer_in
from harness.endpoints.calls import StoredReply
from harness.endpoints.completions import first_choice, is_cut_off
from harness.metrics.verification.judged_facts import FactCounts


class Decision(NamedTuple):
    """Whether the judge finds a fact supported by the other side."""

    fact: str
    supported: bool


class Judgment(NamedTuple):
    """The decisions about one claim, or the reason why there are none."""

    reference: tuple[Decision, ...] = ()
    """Facts of the reference evidence."""
    found: tuple[Decision, ...] = ()
    """Facts of the found evidence."""
    missing_reason: str | None = None
    """Why there is no usable answer: rejected (by the endpoint), refused (by the model), truncated, unparsable, or not
    asked (offline)."""

    def counts(self) -> FactCounts:
        """Numbers of facts and of supported facts; only of a judgment with an answer."""
        sides = [(len(side), sum(decision.supported for decision in side)) for side in (self.reference, self.found)]
        return FactCounts(*(float(count) for side in sides for count in side))


KEYS = ("reference_facts", "found_facts")
"""Keys of an answer."""


def read_judgment(reply: StoredReply) -> Judgment:
    """The decisions in a reply."""
    choice = first_choice(reply.reply) if reply.status == 200 else None
    if choice is None:
        return Judgment(missing_reason="rejected")
    if choice["message"].get("refusal") or choice.get("finish_reason") == "content_filter":
        return Judgment(missing_reason="refused")
    answer = answer_in(choice["message"]["content"])
    has_keys = isinstance(answer, dict) and set(answer) == set(KEYS)
    reference, found = (_decisions(answer[key]) if has_keys else None for key in KEYS)
    # There is evidence on both sides, so that an answer without reference facts has not read it.
    if not reference or found is None:
        return Judgment(missing_reason="truncated" if is_cut_off(choice) else "unparsable")
    return Judgment(reference, found)


def _decisions(listed: Any) -> tuple[Decision, ...] | None:
    """The facts of a list; None if an entry has another form."""
    if not isinstance(listed, list):
        return None
    decisions = []
    for entry in listed:
        if not isinstance(entry, dict) or set(entry) != {"fact", "supported"}:
            return None
        fact, supported = entry["fact"], entry["supported"]
        if not isinstance(fact, str) or not fact.strip() or not isinstance(supported, bool):
            return None
        decisions.append(Decision(" ".join(fact.split()), supported))
    return tuple(decisions)
