"""AVeriTeC: a list of claims with verdict, speaker and date; questions with answers are the evidence. No ids.

A passage is an answer, and equal answers are one passage, so that the answers of all claims are a corpus. Its question
stays beside it: it was written for the claim, so a search for the claim in questions would be easier still. That no
answer was found is neutral evidence, because no search can find it.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from harness.data.formats.json_rows import JsonRow, json_rows, required_text
from harness.data.formats.source import (
    FileFaults,
    SourceArticle,
    SourceClaim,
    SourceEvidence,
    SourceFile,
    SourceLabel,
    label_fault,
)
from harness.data.formats.verification.averitec_strings import NO_ANSWER
from harness.files import sha256
from harness.records import NEUTRAL

DAY = re.compile(r"(\d{1,2})-(\d{1,2})-(\d{4})")


def read_articles(file: SourceFile) -> list[SourceArticle]:
    """Returns the claims of one file; the id of a claim is its number in the file, from 1.

    Raises: FaultsError: the file is invalid; lists every fault with the number of its claim.
    """
    faults, articles = FileFaults(file.path), list[SourceArticle]()
    codes: dict[str, str] = file.options.get("values", {})
    for number, row in enumerate(json_rows(file, faults), start=1):
        text = required_text(row, "claim", faults)
        labels: tuple[SourceLabel, ...] = ()
        if row.fields.get("label") is not None:
            spelling = str(row.fields["label"]).strip()
            code = codes.get(spelling, spelling)
            problem = label_fault(file.scheme, code)
            if problem is not None:
                faults.add(row.line, "label", problem, "unknown-name")
                continue
            note, page = (_optional_text(row.fields.get(name)) for name in ("justification", "fact_checking_article"))
            labels = (SourceLabel(code, note=note, url=page),)
        if text is not None:
            speaker = _optional_text(row.fields.get("speaker"))
            claim = SourceClaim(text, labels, speaker, date=_date(row), evidence=_evidence(row))
            publisher = _optional_text(row.fields.get("reporting_source"))
            url = _optional_text(row.fields.get("original_claim_url"))
            articles.append(SourceArticle(str(number), None, [claim], alone=True, publisher=publisher, url=url))
    faults.raise_if_any(empty=not articles, expected="claims with label and questions")
    return articles


def _optional_text(value: Any) -> str | None:
    return value.strip() or None if isinstance(value, str) else None


def _date(row: JsonRow) -> str | None:
    """Returns the claim's date in ISO 8601, from the publisher's day-month-year; None if it is not a date."""
    match = DAY.fullmatch(str(row.fields.get("claim_date") or "").strip())
    if match is None:
        return None
    day, month, year = (int(digits) for digits in match.groups())
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None


def _evidence(row: JsonRow) -> tuple[SourceEvidence, ...]:
    """Returns one passage per answer; the answers to one question are one group."""
    passages = []
    questions: Any = row.fields.get("questions")
    for group, question in enumerate(questions if isinstance(questions, list) else ()):
        fields = question if isinstance(question, dict) else {}
        name, answers = _optional_text(fields.get("question")), fields.get("answers")
        if not answers:
            passages.append(_passage({"answer": NO_ANSWER}, NO_ANSWER, group, name))
        for answer in [answers] if isinstance(answers, dict) else answers if isinstance(answers, list) else ():
            text = _optional_text(answer.get("answer")) if isinstance(answer, dict) else None
            if text is not None:
                passages.append(_passage(answer, text, group, name))
    return tuple(passages)


def _passage(answer: dict[str, Any], text: str, group: int, question: str | None) -> SourceEvidence:
    # A bare "Yes" or "No" says little without its explanation; the official program joins them in this way.
    explanation = _optional_text(answer.get("boolean_explanation"))
    whole = f"{text}. {explanation}" if explanation else text
    is_unanswered = text == NO_ANSWER or answer.get("answer_type") == "Unanswerable"
    return SourceEvidence(
        whole,
        group,
        f"answer-{sha256(whole)[:16]}",
        question=question,
        source=_optional_text(answer.get("source_medium")),
        url=_optional_text(answer.get("source_url")),
        stance=NEUTRAL if is_unanswered else None,
    )
