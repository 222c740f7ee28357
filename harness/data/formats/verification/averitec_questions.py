"""Gold and prediction files of AVeriTeC as questions and evidence; predictions have the form of 2024 or of 2025."""

from __future__ import annotations

from typing import Any, NamedTuple

from harness.data.archives import InputFile
from harness.data.formats.json_rows import JsonRow, json_rows
from harness.data.formats.source import FileFaults
from harness.data.formats.verification.averitec_strings import evidence_strings
from harness.records import preview


class QuestionedClaim(NamedTuple):
    """A claim of a gold or a prediction file."""

    line: int
    claim_id: str | None
    """Id as the file gives it; None without one."""
    claim: str | None
    """Text; None without one."""
    label: str
    questions: tuple[str, ...]
    evidence: tuple[str, ...]
    """Questions with their answers, one string per answer, and further strings of evidence."""


def read_questions(file: InputFile, *, is_gold: bool) -> list[QuestionedClaim]:
    """The claims of a file, in its order.

    Predictions have `label` and `questions` as in 2024, or `pred_label` and `evidence` as in 2025.

    Raises: FaultsError: every claim whose label, text or evidence has another form.
    """
    faults, claims = FileFaults(file.path), list[QuestionedClaim]()
    for row in json_rows(file, faults):
        fields = row.fields
        key = "pred_label" if "pred_label" in fields and not is_gold else "label"
        label, text, name = fields.get(key), fields.get("claim"), fields.get("claim_id")
        if not isinstance(label, str):
            faults.add(row.line, key, f"expected a text, got {preview(label)}")
        elif not isinstance(text, str) and (is_gold or text is not None):
            faults.add(row.line, "claim", f"expected a text, got {preview(text)}")
        else:
            read = _of_2025 if "evidence" in fields and not is_gold else _of_2024
            questions, evidence = read(row, faults)
            claims.append(
                QuestionedClaim(row.line, None if name is None else str(name), text, label, questions, evidence)
            )
    faults.raise_if_any(empty=not claims, expected="a list of claims")
    return claims


def _of_2024(row: JsonRow, faults: FileFaults) -> tuple[tuple[str, ...], tuple[str, ...]]:
    evidence, questions = evidence_strings(row, faults)
    return questions or (), evidence


def _of_2025(row: JsonRow, faults: FileFaults) -> tuple[tuple[str, ...], tuple[str, ...]]:
    questions, evidence = list[str](), list[str]()
    listed: Any = row.fields["evidence"]
    for place, entry in enumerate(listed if isinstance(listed, list) else [listed], start=1):
        question, answer = (entry.get("question"), entry.get("answer")) if isinstance(entry, dict) else (None, None)
        if not isinstance(question, str) or not isinstance(answer, str):
            faults.add(row.line, f"evidence[{place}]", f"expected a question and an answer, got {preview(entry)}")
            continue
        questions.append(question)
        evidence.append(f"{question} {answer}")
    return tuple(questions), tuple(evidence)
