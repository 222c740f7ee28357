"""Predictions of AVeriTeC beside gold: joined by claim, and what a judge compares for each claim."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from harness.data.archives import open_input
from harness.data.formats.verification.averitec_strings import QuestionedClaim, read_questions
from harness.errors import Fault, FaultsError
from harness.runner.judging.evaluation import JudgedClaims
from harness.runner.judging.prompt import Comparison
from harness.text_tables import count_of


def averitec_claims(gold: str, predictions: str) -> JudgedClaims:
    """The claims of a gold file with their predictions; a claim without one counts as wrong, and without evidence.

    Claims are joined by their text; predictions without texts by `claim_id`, the place in the gold file from 0, in any
    order; those without either by position, which takes as many as gold has.

    Raises: FaultsError: the faults of both files; predictions that are of no gold claim, or of one twice.
    """
    truth = read_questions(open_input(gold), is_gold=True)
    predicted = read_questions(open_input(predictions), is_gold=False)
    row_of, how = _rows(truth, predicted, gold, predictions)
    given: list[QuestionedClaim | None] = [None] * len(truth)
    for claim, row in zip(predicted, row_of, strict=True):
        given[row] = claim
    n_missing = given.count(None)
    notes = [f"predictions are joined by {how}; gold claims without a prediction, which count as wrong: {n_missing:,}"]
    without = sum(claim is not None and not claim.evidence for claim in given)
    if without:
        notes.append(f"{count_of(without, 'prediction')} without evidence: recall 0, and nothing is asked")
    return JudgedClaims(
        comparisons={
            "evidence": tuple(
                Comparison(claim.claim or "", claim.evidence, one.evidence if one else ())
                for claim, one in zip(truth, given, strict=True)
            ),
            "questions": tuple(
                Comparison(claim.claim or "", claim.questions, one.questions if one else ())
                for claim, one in zip(truth, given, strict=True)
            ),
        },
        right=tuple(one is not None and one.label == claim.label for claim, one in zip(truth, given, strict=True)),
        notes=tuple(notes),
    )


def _rows(
    truth: Sequence[QuestionedClaim], predicted: Sequence[QuestionedClaim], gold: str, predictions: str
) -> tuple[list[int], str]:
    """The gold row of each prediction, and what they are joined by."""
    if all(claim.claim is not None for claim in predicted):
        rows_of = defaultdict[str, list[int]](list)
        for row, claim in enumerate(truth):
            rows_of[_key(claim.claim)].append(row)
        places = [rows_of.get(_key(claim.claim)) for claim in predicted]
        rows = [places_left.pop(0) if places_left else None for places_left in places]
        how, field = "the text of the claim", "claim"
    elif all(claim.claim_id is not None for claim in predicted):
        names = {str(row): row for row in range(len(truth))}
        rows = [names.pop(str(claim.claim_id), None) for claim in predicted]
        how, field = "claim_id, the place in the gold file from 0", "claim_id"
    elif len(predicted) == len(truth):
        return [*range(len(truth))], "position, because they have neither claim nor claim_id"
    else:
        message = (
            f"has {count_of(len(predicted), 'claim')}, {gold} has {len(truth):,}, and not each prediction has a claim "
            "or a claim_id to be joined by; add the text of the claim"
        )
        raise FaultsError.single(predictions, message)
    faults = [
        Fault(predictions, claim.line, field, f"is not in {gold}, or has an earlier prediction", "unknown-id")
        for claim, row in zip(predicted, rows, strict=True)
        if row is None
    ]
    if faults:
        raise FaultsError(faults)
    return [row for row in rows if row is not None], how


def _key(text: str | None) -> str:
    return " ".join((text or "").split())
