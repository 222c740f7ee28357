"""Gold and prediction files of AVeriTeC as the strings that its program compares, and as what a judge compares."""

from __future__ import annotations

from typing import Any, NamedTuple

from harness.data.archives import InputFile
from harness.data.formats.json_rows import JsonRow, json_rows
from harness.data.formats.source import FileFaults
from harness.records import preview

NO_ANSWER = "No answer could be found."


class AveritecItem(NamedTuple):
    """A claim of a gold or a prediction file, as strings."""

    label: str
    evidence: tuple[str, ...]
    """Question and answer strings."""
    questions: tuple[str, ...] | None
    """Questions; None if the item has no `questions`, so that the evidence takes their place."""
    justification: str | None
    """None if the item has none, so that the evidence takes its place."""
    types: tuple[str, ...] = ()
    """Types of the claim, of gold only."""


def read_gold(file: InputFile) -> list[AveritecItem]:
    """The claims of a gold file, in its order.

    Raises: FaultsError: every claim that would stop the official program.
    """
    return _read(file, is_gold=True)


def read_predictions(file: InputFile) -> list[AveritecItem]:
    """The claims of a prediction file, in its order.

    Raises: FaultsError: every claim that would stop the official program, or that it would misread.
    """
    return _read(file, is_gold=False)


def _read(file: InputFile, *, is_gold: bool) -> list[AveritecItem]:
    faults, items = FileFaults(file.path), list[AveritecItem]()
    for row in json_rows(file, faults):
        label, justification = row.fields.get("label"), row.fields.get("justification")
        texts, questions = _evidence(row, faults)
        if not isinstance(label, str):
            faults.add(row.line, "label", f"expected a text, got {preview(label)}")
        elif not isinstance(justification, str) and (is_gold or "justification" in row.fields):
            faults.add(row.line, "justification", f"expected a text, got {preview(justification)}")
        else:
            types = tuple(map(str, row.fields.get("claim_types") or ())) if is_gold else ()
            items.append(AveritecItem(label, texts, questions, justification, types))
    faults.raise_if_any(empty=not items, expected="a list of claims")
    return items


def _evidence(row: JsonRow, faults: FileFaults) -> tuple[tuple[str, ...], tuple[str, ...] | None]:
    """The strings of evidence of a claim, one per answer, and its questions (None without the key).

    Args:
        row: the claim in the format of 2024.
        faults: collects what would stop or mislead the official program.
    """
    texts, names = list[str](), list[str]()
    listed = row.fields.get("questions", [])
    for place, entry in enumerate(listed if isinstance(listed, list) else [None], start=1):
        field = f"questions[{place}]"
        question = entry.get("question") if isinstance(entry, dict) else None
        answers = entry.get("answers") if isinstance(entry, dict) else None
        answers = [answers] if isinstance(answers, dict) else answers
        if not isinstance(question, str) or not isinstance(answers, list):
            faults.add(row.line, field, f"expected a question with a list of answers, got {preview(entry)}")
            continue
        names.append(question)
        for answer in answers:
            text = answer.get("answer") if isinstance(answer, dict) else None
            if not isinstance(text, str):
                faults.add(row.line, field, f"expected answers with a text, got {preview(answer)}")
                continue
            string = f"{question} {text}"
            if answer.get("answer_type") == "Boolean":
                if not isinstance(answer.get("boolean_explanation"), str):
                    faults.add(row.line, field, "expected a boolean_explanation for an answer of type Boolean")
                    continue
                string += f". {answer['boolean_explanation']}"
            texts.append(string)
        if not answers:
            texts.append(f"{question} {NO_ANSWER}")
    strings = row.fields.get("string_evidence", [])
    if not isinstance(strings, list) or not all(isinstance(text, str) for text in strings):
        faults.add(row.line, "string_evidence", f"expected a list of texts, got {preview(strings)}")
    else:
        texts += strings
    return tuple(texts), tuple(names) if "questions" in row.fields else None


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
    evidence, questions = _evidence(row, faults)
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
