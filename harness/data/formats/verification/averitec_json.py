"""AVeriTeC: a list of claims with verdict, speaker and date, and questions with their answers as evidence. No ids."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from harness.data.formats.json_rows import JsonRow, json_rows, text_of
from harness.data.formats.source import (
    FileFaults,
    SourceArticle,
    SourceClaim,
    SourceEvidence,
    SourceFile,
    SourceLabel,
    label_fault,
)

DAY = re.compile(r"(\d{1,2})-(\d{1,2})-(\d{4})")


def read_articles(file: SourceFile) -> list[SourceArticle]:
    """The claims of one file, numbered as they come.

    Raises: FaultsError: every fault of the file, with the number of the claim.
    """
    faults, articles = FileFaults(file.path), list[SourceArticle]()
    spelled = file.options.get("values", {})
    for number, row in enumerate(json_rows(file, faults), start=1):
        text = text_of(row, "claim", faults)
        labels: tuple[SourceLabel, ...] = ()
        if row.fields.get("label") is not None:
            given = str(row.fields["label"]).strip()
            code = spelled.get(given, given)
            wrong = label_fault(file.scheme, code)
            if wrong is not None:
                faults.add(row.line, "label", wrong, "unknown-name")
                continue
            labels = (SourceLabel(code, note=_said(row.fields.get("justification"))),)
        if text is not None:
            claim = SourceClaim(
                text, labels, _said(row.fields.get("speaker")), date=_date(row), evidence=_evidence(row)
            )
            where = _said(row.fields.get("reporting_source"))
            articles.append(SourceArticle(str(number), None, [claim], alone=True, publisher=where))
    faults.raise_if_any(empty=not articles, expected="claims with label and questions")
    return articles


def _said(value: Any) -> str | None:
    return value.strip() or None if isinstance(value, str) else None


def _date(row: JsonRow) -> str | None:
    """Day-month-year as ISO 8601; None where it is no date."""
    found = DAY.fullmatch(str(row.fields.get("claim_date") or "").strip())
    if found is None:
        return None
    day, month, year = (int(part) for part in found.groups())
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None


def _evidence(row: JsonRow) -> tuple[SourceEvidence, ...]:
    found = []
    questions: Any = row.fields.get("questions")
    for group, question in enumerate(questions if isinstance(questions, list) else ()):
        fields = question if isinstance(question, dict) else {}
        answers = fields.get("answers")
        for answer in answers if isinstance(answers, list) else ():
            text = _said(answer.get("answer")) if isinstance(answer, dict) else None
            if text is None:
                continue
            why = _said(answer.get("boolean_explanation"))
            found.append(
                SourceEvidence(
                    f"{text} {why}" if why else text,
                    group,
                    question=_said(fields.get("question")),
                    source=_said(answer.get("source_medium")),
                    url=_said(answer.get("source_url")),
                )
            )
    return tuple(found)
