"""Verdicts that count only with their evidence."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from harness.arrays import Floats, safe_divide
from harness.data.claims import Gold
from harness.errors import HarnessError, Undefined
from harness.metrics.base import ResamplingGroups, Run
from harness.metrics.official.meteor import shared_meteor
from harness.metrics.sums import SumMetric
from harness.metrics.verification.evidence_counts import STANCES

STRICT_PASSAGES = 5
"""Number of passages shown first with a claim that count as its evidence."""


class VerdictWithEvidence(SumMetric):
    """The share of claims with the right label and a whole gold evidence group among the first five passages shown.

    A claim without gold evidence needs the right label only. A system that is shown no passages is right on such claims
    alone.

    Returns: values in [0, 1]. Undefined: the task has no evidence; no claims.
    Source: the FEVER score of Thorne et al. 2018, for the passages that a system is shown.
    """

    needs: ClassVar[Literal["labels", "scores", "probabilities"]] = "labels"
    yes_or_no_only: ClassVar[bool] = False
    heading: ClassVar[str] = "label+evidence"

    def summands(self, gold: Gold, run: Run) -> Floats:
        """Whether label and evidence are right, then a 1; shape (n_claims, 2).

        Raises: Undefined: the run is of a task without evidence.
        """
        if run.has_evidence is None:
            raise Undefined("the task shows no evidence with claims; it is a metric of verdicts")
        right = (run.predicted == gold.codes) & run.has_evidence
        return np.stack([right.astype(np.float64), np.ones(len(gold))], axis=1)

    def from_sums(self, sums: Floats) -> Floats:
        """The share of claims."""
        return safe_divide(sums[:, 0], sums[:, 1])


def _counts(run: Run, name: str) -> Floats:
    if name not in run.evidence_counts:
        raise Undefined("the task shows no evidence with claims; it is a metric of verdicts")
    return run.evidence_counts[name]


class AveritecScore(SumMetric):
    """The share of claims with the right label and an evidence score above a threshold.

    The evidence score is the METEOR between the first ten passages shown and the gold questions with their answers, of
    the best one-to-one assignment, per gold answer. A claim without gold evidence, and one that is shown none, is
    wrong whatever its label. Needs the extra `averitec`.

    Returns: values in [0, 1]. Undefined: the task has no evidence; no claims.
    Source: the AVeriTeC score of Schlichtkrull et al. 2023 and of the 2024 shared task, whose threshold is .25.
    """

    needs: ClassVar[Literal["labels", "scores", "probabilities"]] = "labels"
    yes_or_no_only: ClassVar[bool] = False
    evidence_counts: ClassVar[tuple[str, ...]] = ("averitec",)
    heading: ClassVar[str] = "AVeriTeC@{threshold}"

    threshold: float = Field(default=0.25, ge=0, lt=1)
    """Evidence score that has to be exceeded."""

    def check_requirements(self) -> None:
        """Check that nltk and its sentence model are installed.

        Raises: HarnessError: they are not.
        """
        shared_meteor()

    def summands(self, gold: Gold, run: Run) -> Floats:
        """Whether label and evidence are right, then a 1; shape (n_claims, 2).

        Raises: Undefined: the run is of a task without evidence.
        """
        right = (run.predicted == gold.codes) & (_counts(run, "averitec")[:, 0] > self.threshold)
        return np.stack([right.astype(np.float64), np.ones(len(gold))], axis=1)

    def from_sums(self, sums: Floats) -> Floats:
        """The share of claims."""
        return safe_divide(sums[:, 0], sums[:, 1])

    def note(self, gold: Gold, run: Run, groups: ResamplingGroups) -> str | None:
        """The version of METEOR, its tokenizer, and whether WordNet is there; None where METEOR cannot run."""
        try:
            return shared_meteor().note
        except HarnessError:
            return None


NO_VERDICT = frozenset(("not enough evidence", "not enough info", "neutral"))
"""Labels that cite no evidence."""
LABEL_OF_STANCE = {"supports": "supported", "refutes": "refuted"}


class _SciFactF1(SumMetric):
    """Micro F1 of documents or sentences over all claims.

    A system cites every passage that it is shown, unless its verdict is that evidence does not suffice. A gold document
    has the verdict of its passages (`stance`), or else of the claim.
    """

    needs: ClassVar[Literal["labels", "scores", "probabilities"]] = "labels"
    yes_or_no_only: ClassVar[bool] = False
    evidence_counts: ClassVar[tuple[str, ...]] = ("scifact",)
    counted: ClassVar[int]
    """Column of what is right under a verdict: 0 documents, 1 rationalized documents, 2 sentences."""
    total: ClassVar[int]
    """Column of what is shown, after those of verdicts: 0 documents, 1 sentences; that of gold is two further."""
    any_label: ClassVar[bool] = False
    """Whether a wrong verdict counts as well."""

    def summands(self, gold: Gold, run: Run) -> Floats:
        """What is right, what is cited and what is gold; shape (n_claims, 3).

        Raises: Undefined: the run is of a task without evidence.
        """
        counts, n_totals = _counts(run, "scifact"), 3 * len(STANCES)
        silent = {-1, *(code for code, label in enumerate(gold.labels) if label in NO_VERDICT)}
        cites = ~np.isin(run.predicted, list(silent))
        right = np.zeros(len(gold))
        for place, stance in enumerate(STANCES):
            label = LABEL_OF_STANCE.get(stance or "")
            verdict = gold.labels.index(label) if label in gold.labels else gold.codes
            fits = (run.predicted == verdict) | self.any_label
            right += np.where(fits, counts[:, 3 * place + self.counted], 0.0)
        cited = counts[:, n_totals + self.total]
        return np.stack([right * cites, cited * cites, counts[:, n_totals + 2 + self.total]], axis=1)

    def from_sums(self, sums: Floats) -> Floats:
        """F1; NaN without gold evidence."""
        f1 = safe_divide(2 * sums[:, 0], sums[:, 1] + sums[:, 2])
        return np.where(sums[:, 2] > 0, f1, np.nan)

    def undefined_reason(self, gold: Gold) -> str:
        """That no claim has gold evidence."""
        return "no claim has gold evidence" if len(gold) else super().undefined_reason(gold)


class SciFactAbstractLabelOnly(_SciFactF1):
    """F1 of cited documents: right if the document is gold evidence and the verdict is its own.

    A system cites the documents of every passage that it is shown, unless its verdict is that evidence does not
    suffice. A gold document has the verdict of its passages (`stance`), or else of the claim.

    Returns: values in [0, 1]. Undefined: the task has no evidence; no claim has gold evidence.
    Source: Wadden et al. 2020, and the scorer published with its leaderboard.
    """

    heading: ClassVar[str] = "abstract label F1"
    counted: ClassVar[int] = 0
    total: ClassVar[int] = 0


class SciFactAbstractRationalized(_SciFactF1):
    """F1 of cited documents: right if also a whole gold group is among the first passages shown of the document.

    The rest is as in `scifact_abstract_label_only`. Three passages of a document count, or more if its shortest gold
    group is longer.

    Returns: values in [0, 1]. Undefined: the task has no evidence; no claim has gold evidence.
    Source: Wadden et al. 2020, and the scorer published with its leaderboard.
    """

    heading: ClassVar[str] = "abstract rationalized F1"
    counted: ClassVar[int] = 1
    total: ClassVar[int] = 0


class SciFactSentenceSelection(_SciFactF1):
    """F1 of cited passages, whatever the verdict: a passage is right if its whole gold group is shown.

    Returns: values in [0, 1]. Undefined: the task has no evidence; no claim has gold evidence.
    Source: Wadden et al. 2020, and the scorer published with its leaderboard.
    """

    heading: ClassVar[str] = "sentence selection F1"
    counted: ClassVar[int] = 2
    total: ClassVar[int] = 1
    any_label: ClassVar[bool] = True


class SciFactSentenceLabel(_SciFactF1):
    """F1 of cited passages: a passage is right if its whole gold group is shown and the verdict is its document's.

    Returns: values in [0, 1]. Undefined: the task has no evidence; no claim has gold evidence.
    Source: Wadden et al. 2020, and the scorer published with its leaderboard.
    """

    heading: ClassVar[str] = "sentence label F1"
    counted: ClassVar[int] = 2
    total: ClassVar[int] = 1
