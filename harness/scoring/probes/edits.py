"""The edits of a probe, with what each should do to the score of a detector and of a judge."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Literal, NamedTuple

from harness.data.claims import ShownPassage
from harness.scoring.probes import names, quantities, verbs, wording

Expectation = Literal["must not change", "should fall", "verdict should flip"]
"""What an edit should do: leave the label; lower the score; turn the gold verdict into another."""
TextEdit = Callable[[str, Random], str | None]
"""Returns the edited text, never the same one; None if the edit does not apply."""
Passages = tuple[ShownPassage, ...]
EvidenceEdit = Callable[[int, "Shown", Random], Passages | None]
"""Returns other passages for one row; None if the edit does not apply."""
SUPPORTED, REFUTED = "supported", "refuted"
DECIDED = (SUPPORTED, REFUTED)


class Shown(NamedTuple):
    """What all claims are shown."""

    passages: Sequence[Passages]
    """Passages of each claim."""
    articles: Sequence[str]
    """Article of each claim."""


class Edit(NamedTuple):
    """One edit, and its effect on a right system."""

    name: str
    does: str
    """What it does, for a reader of the table."""
    of_verdict: Expectation
    """What it should do to the gold verdict and its score."""
    of_detection: Expectation | None = None
    """What it should do to the positive label of a detector and its score; None: detectors read no evidence."""
    change: TextEdit | None = None
    change_evidence: EvidenceEdit | None = None
    verdicts: tuple[str, ...] | None = None
    """Gold verdicts, in common terms, of the claims for which the effect is known; None: all."""
    becomes: Mapping[str, str] = {}
    """Gold verdict of an edited claim, in common terms, where the verdict should flip."""

    def expected(self, *, is_verdict: bool) -> Expectation | None:
        """What the edit should do to a judge or a detector."""
        return self.of_verdict if is_verdict else self.of_detection


def _no_random(change: Callable[[str], str | None]) -> TextEdit:
    return lambda text, _: change(text)


def shuffle_evidence(row: int, shown: Shown, random: Random) -> Passages | None:
    """The passages of a claim in another order; None for fewer than two different ones."""
    passages = list(shown.passages[row])
    if len(set(passages)) < 2:
        return None
    while tuple(passages) == shown.passages[row]:
        random.shuffle(passages)
    return tuple(passages)


def exchange_evidence(row: int, shown: Shown, random: Random) -> Passages | None:
    """The passages of a claim of another article; None if no other has passages of its own."""
    own = {passage.text for passage in shown.passages[row]}
    others = [
        passages
        for passages, article in zip(shown.passages, shown.articles, strict=True)
        if passages and article != shown.articles[row] and own.isdisjoint(passage.text for passage in passages)
    ]
    return random.choice(others) if own and others else None


def remove_evidence(row: int, shown: Shown, random: Random) -> Passages | None:
    """No passages; None for a claim that has none."""
    del random
    return () if shown.passages[row] else None


_STAYS: Expectation = "must not change"
EDITS = {
    edit.name: edit
    for edit in (
        Edit(
            "negation",
            "the finite verb is denied, or its denial taken out",
            "verdict should flip",
            _STAYS,
            _no_random(verbs.negate),
            verdicts=DECIDED,
            becomes={SUPPORTED: REFUTED, REFUTED: SUPPORTED},
        ),
        Edit(
            "number",
            "the first number becomes several times as large or as small",
            "verdict should flip",
            _STAYS,
            quantities.change_number,
            verdicts=(SUPPORTED,),
            becomes={SUPPORTED: REFUTED},
        ),
        Edit(
            "unit",
            "the unit or scale of a number becomes another (miles for square miles)",
            "verdict should flip",
            _STAYS,
            quantities.change_unit,
            verdicts=(SUPPORTED,),
            becomes={SUPPORTED: REFUTED},
        ),
        Edit(
            "entity",
            "a country, city or other name becomes another of its kind",
            "should fall",
            _STAYS,
            names.swap_entity,
            verdicts=(SUPPORTED,),
        ),
        Edit("attribution-added", "an unnamed source says it", _STAYS, _STAYS, names.add_attribution),
        Edit("attribution-removed", "the source is taken out", _STAYS, _STAYS, names.remove_attribution),
        Edit(
            "tense",
            "the past becomes a future without a date, which nothing can settle yet",
            "should fall",
            "should fall",
            _no_random(verbs.to_future),
            verdicts=(SUPPORTED,),
        ),
        Edit("hedge", "it may be so", _STAYS, _STAYS, _no_random(verbs.hedge), verdicts=(SUPPORTED,)),
        Edit("paraphrase", "some words become others of the same meaning", _STAYS, _STAYS, wording.paraphrase),
        Edit("typo", "two letters of a word change places", _STAYS, _STAYS, wording.typo),
        Edit("lower-case", "all in lower case", _STAYS, _STAYS, wording.lower_case),
        Edit("upper-case", "all in capitals", _STAYS, _STAYS, wording.upper_case),
        Edit("evidence-shuffled", "the passages in another order", _STAYS, change_evidence=shuffle_evidence),
        Edit(
            "evidence-exchanged",
            "the passages of a claim of another article",
            "should fall",
            change_evidence=exchange_evidence,
            verdicts=DECIDED,
        ),
        Edit("evidence-removed", "no passage", "should fall", change_evidence=remove_evidence, verdicts=DECIDED),
    )
}
"""All edits by name, in the order of the table."""
