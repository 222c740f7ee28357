"""QuanTemp: gold is a JSON list of claims with label and category, a submission a CSV file of claims and verdicts."""

from __future__ import annotations

import io
from typing import NamedTuple

from harness.data.archives import InputFile
from harness.data.delimited import quoted_rows, table_rows
from harness.data.formats.json_rows import json_rows, required_text
from harness.data.formats.source import FileFaults
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
