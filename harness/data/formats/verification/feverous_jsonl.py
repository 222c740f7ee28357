"""FEVEROUS submissions: gold and prediction of a claim in one line; evidence is `PAGE_KIND_POSITION`.

The publisher's files begin with a line of empty fields, which the official program leaves out whatever it holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from harness.data.archives import InputFile
from harness.data.formats.json_rows import json_rows
from harness.data.formats.source import FileFaults
from harness.records import preview

EXPECTED = "label, evidence ([{content: [PIECE]}]), predicted_label and predicted_evidence ([PIECE])"
Piece = tuple[str, str, str]
"""Page, kind and position of a piece of evidence."""


class FeverousClaim(NamedTuple):
    """A claim with its gold and its prediction."""

    label: str
    groups: tuple[tuple[Piece, ...], ...]
    """Gold groups; each group is sufficient evidence."""
    predicted_label: str
    predicted: tuple[Piece, ...]
    """Predicted pieces, in the order of the file."""


class FeverousFile(NamedTuple):
    """The claims of a submission."""

    claims: tuple[FeverousClaim, ...]
    """Claims below the first line, which are those that the official program scores."""
    first: FeverousClaim | None
    """The claim of the first line; None if that is a header."""


def read_submission(file: InputFile) -> FeverousFile:
    """Returns the claims of a submission.

    Raises: FaultsError: the file is invalid; lists every fault with its line.
    """
    faults, claims, first = FileFaults(file.path), list[FeverousClaim](), None
    for number, row in enumerate(json_rows(file, faults)):
        if number == 0 and not row.fields.get("label"):
            continue  # the header
        try:
            claim = _claim(row.fields)
        except (KeyError, TypeError, AttributeError):
            faults.add(row.line, None, f"expected {EXPECTED}, got {preview(row.fields)}")
            continue
        if number == 0:
            first = claim
        else:
            claims.append(claim)
    faults.raise_if_any(empty=not claims, expected="a header line and JSON objects with gold and prediction")
    return FeverousFile(tuple(claims), first)


def _claim(row: Mapping[str, Any]) -> FeverousClaim:
    groups = tuple(tuple(piece_of(piece) for piece in group["content"]) for group in row["evidence"])
    predicted = tuple(piece_of(piece) for piece in row["predicted_evidence"])
    return FeverousClaim(row["label"].strip(), groups, row["predicted_label"].strip(), predicted)


def piece_of(name: str | list[Any]) -> Piece:
    """Splits `PAGE_KIND_POSITION` as the official program does, which misreads a page title with an underscore."""
    text = "_".join(map(str, name)) if isinstance(name, list) else name
    parts = text.split("_")
    width = 2 if "table_caption" in text or "header_cell" in text else 1
    return parts[0], "_".join(parts[1 : 1 + width]), "_".join(parts[1 + width :])
