"""What a judge says of the evidence of a system: recall and precision of facts, with bounds."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from harness.classifiers.base import ApiUsage
from harness.display import displayed
from harness.errors import HarnessError
from harness.metrics.verification.judged_facts import BoundedValue, judged_values
from harness.runner.judging.judge import Judge, Judgments
from harness.runner.judging.people import PeopleAgreement, agreement_with_people, write_sheet
from harness.runner.judging.prompt import Comparison
from harness.text_tables import align_columns, count_of, format_number, html_table

NOT_COMPARED = "not compared with people"
HEADINGS = ("", "value", "if unanswered were 0 .. 1", "claims", "judge and people, kappa")


class JudgedClaims(NamedTuple):
    """What a judge compares, and which labels are right."""

    comparisons: Mapping[str, tuple[Comparison, ...]]
    """Comparisons by what is compared, such as `evidence`: one per claim, in the same order."""
    right: tuple[bool, ...]
    """Whether the predicted label is that of gold, by claim."""
    notes: tuple[str, ...] = ()

    def all(self) -> list[Comparison]:
        """The comparisons of all kinds."""
        return [comparison for kind in self.comparisons.values() for comparison in kind]


@displayed
@dataclass(frozen=True)
class JudgedEvaluation:
    """Values by a language model as the judge. Another judge, or the same one on another day, gives others."""

    source: str
    """What is evaluated."""
    judge: Mapping[str, str]
    """Model, endpoint and prompt hash."""
    dates: tuple[str, str] | None
    """Days of the first and the last reply; None without a reply."""
    threshold: float
    """Least recall (not strict) that counts as enough evidence."""
    values: Mapping[str, BoundedValue]
    """Value by name: `evidence_recall`, `evidence_precision`, `judge_score@THRESHOLD`, and the same of other kinds."""
    missing: Mapping[str, int]
    """Number of comparisons without a usable answer, by reason."""
    n: int
    """Number of claims."""
    people: PeopleAgreement | None = None
    """How far people agree with the judge; None: nobody was asked."""
    notes: tuple[str, ...] = ()
    sheet: Path | None = None
    """Folder with decisions to label, if one was written."""
    usage: ApiUsage | None = None
    """What the judge's calls took, with those whose replies were stored; None without a reply."""

    def document(self) -> dict[str, Any]:
        """The document that `harness evaluate --judge ... --json` prints."""
        return {
            "source": self.source,
            "judge": dict(self.judge),
            "dates": None if self.dates is None else list(self.dates),
            "threshold": self.threshold,
            "n": self.n,
            "values": {name: value._asdict() for name, value in self.values.items()},
            "missing": dict(self.missing),
            "cost": None if self.usage is None else self.usage._asdict(),
            "people": NOT_COMPARED if self.people is None else self.people.document(),
            "notes": list(self.notes),
            "sheet": None if self.sheet is None else str(self.sheet),
        }

    def __str__(self) -> str:
        return "\n".join([align_columns(self._rows()), "", *self._lines()])

    def _repr_html_(self) -> str:
        notes = "".join(f"<li>{html.escape(line)}</li>" for line in self._lines())
        return f"{html_table(self._rows(), self.source)}<ul>{notes}</ul>"

    def _rows(self) -> list[list[str]]:
        rows = [[*HEADINGS]]
        for name, value in self.values.items():
            bounds = f"{_number(value.if_all_0)} .. {_number(value.if_all_1)}" if value.n_missing else "all answered"
            shown = _with_interval(value.value, value.low, value.high)
            rows.append([name, shown, bounds, f"{value.n:,}", self._people()])
        return rows

    def _people(self) -> str:
        if self.people is None:
            return NOT_COMPARED
        kappa = self.people.kappa
        return f"{_with_interval(kappa.value, kappa.low, kappa.high)} (n = {self.people.n:,})"

    def _lines(self) -> list[str]:
        first, last = self.dates or (None, None)
        days = "no reply" if first is None else f"replies of {first}" + ("" if first == last else f" to {last}")
        lines = [
            f"judge: {self.judge['model']} at {self.judge['endpoint']}, prompt {self.judge['prompt']}, {days}; recall "
            f"counts as enough from {self.threshold:g} on"
        ]
        if self.usage is not None and (money := self.usage.money()) is not None:
            lines.append(f"judge: {money}")
        n_missing = sum(self.missing.values())
        if n_missing:
            reasons = ", ".join(f"{reason} {count:,}" for reason, count in self.missing.items())
            lines.append(
                f"without a usable answer: {count_of(n_missing, 'comparison')} ({reasons}); values are over the "
                "others, and the bounds say how far these could move them"
            )
        if self.people is None:
            lines.append(
                f"{NOT_COMPARED}: how often the judge errs is not known; --sample 50 -o FOLDER writes decisions to "
                "label (harness label FOLDER), and --people FOLDER then shows the agreement"
            )
        else:
            share = self.people.share
            people = ", ".join(self.people.annotators) or "nobody"
            lines.append(
                f"people ({people}) agree with {_with_interval(share.value, share.low, share.high)} of "
                f"{count_of(self.people.n, 'decision')} of the judge"
                + (f"; kappa: {self.people.kappa.reason}" if self.people.kappa.reason else "")
            )
        return [*lines, "intervals: 95 percent, over claims", *self.notes]


def _number(value: float | None) -> str:
    return "-" if value is None else format_number(value)


def _with_interval(value: float | None, low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return _number(value)
    return f"{_number(value)} [{_number(low)}, {_number(high)}]"


def judge_claims(
    source: str,
    claims: JudgedClaims,
    judge: Judge,
    *,
    threshold: float = 0.5,
    offline: bool = False,
    people: Path | None = None,
    sample: tuple[int, Path] | None = None,
) -> JudgedEvaluation:
    """Asks a judge about the evidence of each claim.

    Args:
        source: what is evaluated.
        claims: the comparisons.
        judge: the judge.
        threshold: least recall (not strict) that counts as enough evidence.
        offline: send nothing.
        people: sheet of decisions that people labeled.
        sample: number of decisions to write into a new folder, to be labeled.
    Raises: HarnessError: the endpoint fails, or a folder cannot be read or written; there is no value then.
    """
    agreement = None if people is None else agreement_with_people(people, judge.identity)
    if agreement is not None and not agreement.n:
        remedy = f"run harness label {people} --as NAME"
        raise HarnessError(f"--people {people}: nobody has labeled a decision yet; {remedy}")
    judged = judge.judge(claims.all(), offline=offline)
    values = dict[str, BoundedValue]()
    start, of_kind = 0, dict[str, slice]()
    for kind, comparisons in claims.comparisons.items():
        of_kind[kind] = slice(start, start + len(comparisons))
        start += len(comparisons)
        values |= _named(kind, judged, of_kind[kind], claims.right, threshold)
    if sample is not None:
        part = of_kind["evidence"]
        write_sheet(
            sample[1], judge.identity, claims.comparisons["evidence"], judged.judgments[part], n_decisions=sample[0]
        )
    return JudgedEvaluation(
        source=source,
        judge=judge.identity,
        dates=judged.dates,
        threshold=threshold,
        values=values,
        missing=judged.missing,
        n=len(claims.right),
        people=agreement,
        notes=claims.notes,
        sheet=None if sample is None else sample[1],
        usage=judged.usage,
    )


def _named(
    kind: str, judged: Judgments, part: slice, right: Sequence[bool], threshold: float
) -> dict[str, BoundedValue]:
    is_evidence = kind == "evidence"
    labels = np.array(right, dtype=bool) if is_evidence else None
    values = judged_values(judged.counts[part], labels, threshold)
    return {f"judge_{name}" if name.startswith("score") else f"{kind}_{name}": value for name, value in values.items()}
