"""Gold and prediction files of AVeriTeC as the strings that its program compares."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.data.formats.source import FileFaults
from harness.data.formats.verification.submitted_verdicts import json_list
from harness.metrics.official.averitec import NO_ANSWER, AveritecItem
from harness.records import preview


def read_averitec(path: Path, *, with_types: bool = False) -> list[AveritecItem]:
    """The claims of a file, in its order.

    Args:
        path: JSON list of claims with `label` (or `pred_label`), `questions` or `string_evidence`, `justification`.
        with_types: whether the file is gold, with `claim_types`.
    Raises: FaultsError: every claim that would stop the official program, or that it would misread.
    """
    faults, items = FileFaults(path), list[AveritecItem]()
    for number, row in enumerate(json_list(path), start=1):
        where = f"claim {number}"
        label = row.get("label", row.get("pred_label"))
        justification = row.get("justification")
        texts, questions = _evidence(row, where, faults)
        if not isinstance(label, str):
            faults.add(None, f"{where}: label", f"expected a text, got {preview(label)}")
        elif "justification" in row and not isinstance(justification, str):
            faults.add(None, f"{where}: justification", f"expected a text, got {preview(justification)}")
        else:
            types = tuple(map(str, row.get("claim_types") or ())) if with_types else ()
            items.append(AveritecItem(label, texts, questions, justification, types))
    faults.raise_if_any(empty=not items, expected="a list of claims")
    return items


def _evidence(row: dict[str, Any], where: str, faults: FileFaults) -> tuple[tuple[str, ...], tuple[str, ...] | None]:
    """The strings of evidence of a claim, and its questions (None without the key)."""
    texts, names = list[str](), list[str]()
    listed = row.get("questions", [])
    for place, entry in enumerate(listed if isinstance(listed, list) else [None], start=1):
        field = f"{where}: questions[{place}]"
        question = entry.get("question") if isinstance(entry, dict) else None
        answers = entry.get("answers") if isinstance(entry, dict) else None
        answers = [answers] if isinstance(answers, dict) else answers
        if not isinstance(question, str) or not isinstance(answers, list):
            faults.add(None, field, f"expected a question with a list of answers, got {preview(entry)}")
            continue
        names.append(question)
        for answer in answers:
            text = answer.get("answer") if isinstance(answer, dict) else None
            if not isinstance(text, str):
                faults.add(None, field, f"expected answers with a text, got {preview(answer)}")
                continue
            string = f"{question} {text}"
            if answer.get("answer_type") == "Boolean":
                if not isinstance(answer.get("boolean_explanation"), str):
                    faults.add(None, field, "expected a boolean_explanation for an answer of type Boolean")
                    continue
                string += f". {answer['boolean_explanation']}"
            texts.append(string)
        if not answers:
            texts.append(f"{question} {NO_ANSWER}")
    strings = row.get("string_evidence", [])
    if not isinstance(strings, list) or not all(isinstance(text, str) for text in strings):
        faults.add(None, f"{where}: string_evidence", f"expected a list of texts, got {preview(strings)}")
    else:
        texts += strings
    return tuple(texts), tuple(names) if "questions" in row else None
