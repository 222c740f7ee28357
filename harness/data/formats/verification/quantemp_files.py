"""QuanTemp: gold is a JSON list of claims with label and category, a submission a CSV file of claims and verdicts.

The claims have no evidence. `doc` is the fact-check that gave the verdict, so it is not read.
"""

from __future__ import annotations

import io
from typing import NamedTuple

from harness.data.archives import InputFile
from harness.data.delimited import quoted_rows, table_rows
from harness.data.formats.json_rows import json_rows, required_text
from harness.data.formats.source import FileFaults, SourceArticle, SourceClaim, SourceFile, SourceLabel, label_fault
from harness.files import decode
from harness.records import preview

LABELS = ("False", "True", "Conflicting")


class JudgedClaim(NamedTuple):
    """A claim with a label, of gold or of a submission."""

    line: int
    key: str
    """The claim as the official program compares it: stripped, in lower case."""
    label: str
    category: str = ""
    """Kind of numerical claim (`statistical`), of gold only."""


def read_articles(file: SourceFile) -> list[SourceArticle]:
    """Returns the claims of one file; the id of a claim is its number in the file, from 1, and its topic its category.

    Raises: FaultsError: the file is invalid; lists every fault.
    """
    faults, articles = FileFaults(file.path), list[SourceArticle]()
    for number, row in enumerate(json_rows(file, faults), start=1):
        text, code, original = (row.fields.get(name) for name in ("claim", "label", "label_original"))
        problem = None if code is None else label_fault(file.scheme, str(code))
        if problem is not None:
            faults.add(row.line, "label", problem, "unknown-name")
        elif required_text(row, "claim", faults) is not None:
            note = f"the publisher's rating: {original}" if isinstance(original, str) and original else None
            labels = () if code is None else (SourceLabel(str(code), note=note),)
            topic, url = (_optional(row.fields.get(name)) for name in ("taxonomy_label", "url"))
            articles.append(
                SourceArticle(str(number), None, [SourceClaim(str(text), labels, topic=topic)], url=url, alone=True)
            )
    faults.raise_if_any(empty=not articles, expected="a list of claims with labels")
    return articles


def _optional(value: object) -> str | None:
    return value.strip() or None if isinstance(value, str) else None


def read_gold(file: InputFile) -> list[JudgedClaim]:
    """Returns the claims of a gold file, in its order.

    Raises: FaultsError: the file is invalid; lists every fault.
    """
    faults, claims = FileFaults(file.path), list[JudgedClaim]()
    for row in json_rows(file, faults):
        text, label = required_text(row, "claim", faults), row.fields.get("label")
        if label not in LABELS:
            faults.add(row.line, "label", f"expected one of {', '.join(LABELS)}, got {preview(label)}")
        elif text is not None:
            claims.append(JudgedClaim(row.line, _key(text), label, str(row.fields.get("taxonomy_label", ""))))
    faults.raise_if_any(empty=not claims, expected="a list of claims with labels")
    return claims


def read_predictions(file: InputFile) -> list[JudgedClaim]:
    """Returns the claims of a submission, in its order.

    Raises: FaultsError: the file is invalid; lists every fault with its line.
    """
    faults, claims = FileFaults(file.path), list[JudgedClaim]()
    lines = io.StringIO(decode(file.data, file.path), newline="")
    rows = quoted_rows(file.path, lines, ",")
    for line, row in table_rows(file.path, rows, faults.faults, required=(("claim",), ("verdict",))):
        label = row["verdict"].strip()
        if label not in LABELS:
            faults.add(line, "verdict", f"expected one of {', '.join(LABELS)}, got {preview(label)}")
        claims.append(JudgedClaim(line, _key(row["claim"]), label))
    faults.raise_if_any(empty=not claims, expected="rows of claim and verdict")
    return claims


def _key(claim: str) -> str:
    return claim.strip().lower()
