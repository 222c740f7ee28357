"""FEVEROUS: claims whose evidence are sentences and table cells of Wikipedia, each named `PAGE_KIND_POSITION`.

The texts of the evidence are in the publisher's database. The publisher's files begin with a line of empty fields,
which the official program leaves out whatever it holds. A submission has gold and prediction of a claim in one line.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from harness.data.archives import InputFile
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
from harness.records import preview

EXPECTED = "label, evidence ([{content: [PIECE]}]), predicted_label and predicted_evidence ([PIECE])"
Piece = tuple[str, str, str]
"""Page, kind and position of a piece of evidence."""


STANCES = {"SUPPORTS": "supports", "REFUTES": "refutes"}


def read_articles(file: SourceFile) -> list[SourceArticle]:
    """Returns the claims of one file; the pieces of an evidence set are one group, and have no text.

    Raises: FaultsError: the file is invalid; lists every fault with its line.
    """
    faults, articles = FileFaults(file.path), list[SourceArticle]()
    for number, row in enumerate(json_rows(file, faults)):
        if number == 0 and row.fields.get("claim") == "":
            continue  # the header
        code, text, evidence = row.fields.get("label"), required_text(row, "claim", faults), _evidence(row, faults)
        problem = None if code is None else label_fault(file.scheme, str(code))
        if problem is not None:
            faults.add(row.line, "label", problem, "unknown-name")
        elif text is not None and evidence is not None:
            labels = () if code is None else (SourceLabel(str(code)),)
            claim = SourceClaim(text, labels, topic=_challenge(row), evidence=evidence, line=row.line)
            articles.append(SourceArticle(str(row.fields.get("id", number)), None, [claim], alone=True))
    faults.raise_if_any(empty=not articles, expected="a header line and JSON objects with claim, label and evidence")
    return articles


def _challenge(row: JsonRow) -> str | None:
    value = row.fields.get("challenge")
    return value.strip() or None if isinstance(value, str) else None


def _evidence(row: JsonRow, faults: FileFaults) -> tuple[SourceEvidence, ...] | None:
    """Returns the pieces of all evidence sets; None after adding a fault."""
    sets = row.fields.get("evidence", [])
    contents = [entry.get("content") if isinstance(entry, dict) else None for entry in _list(sets)]
    if not isinstance(sets, list) or not all(
        isinstance(content, list) and all(isinstance(name, str) and name for name in content) for content in contents
    ):
        faults.add(row.line, "evidence", f"expected sets such as {{content: [PIECE]}}, got {preview(sets)}")
        return None
    stance = STANCES.get(str(row.fields.get("label")))
    return tuple(
        SourceEvidence("", group, name, source="Wikipedia", stance=stance)
        for group, content in enumerate(contents)
        for name in dict.fromkeys(_list(content))
    )


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


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
