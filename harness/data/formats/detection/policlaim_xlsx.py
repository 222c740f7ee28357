"""PoliClaim: a spreadsheet of speeches, a sentence a row; the column `golden` has the label that people settled on.

The test part also has the two experts' own labels, `label_1` and `label_2`.
The publisher asks for no submissions; here one is a table of the sentence's number in the file, from 1, and its label.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, NamedTuple

from harness.data.archives import Archive
from harness.data.articles.reading import article_id_of
from harness.data.delimited import missing_columns
from harness.data.formats.source import (
    FileFaults,
    SourceArticle,
    SourceClaim,
    SourceFile,
    SourceLabel,
    label_fault,
)
from harness.data.formats.submissions import SubmissionEntry
from harness.errors import FaultsError, HarnessError

COLUMNS = ("sentences", "golden")
EXPERTS = {"label_1": "expert-1", "label_2": "expert-2"}
MAX_ROWS = 100_000


def read_articles(file: SourceFile) -> list[SourceArticle]:
    """The speech of one file; rows without a sentence, which some files have at their end, are left out.

    Raises: FaultsError: every fault of the file, with its row. HarnessError: openpyxl is not installed.
    """
    faults, claims = FileFaults(file.path), list[SourceClaim]()
    rows = _rows(file)
    header = [str(cell).strip().lower() for cell in rows[0]] if rows else []
    wrong = missing_columns(header, [(name,) for name in COLUMNS])
    if wrong is not None:
        faults.add(1, None, wrong, "missing-column")
        faults.raise_if_any(empty=True, expected="rows")
    annotators = {"golden": "publisher"} | {name: role for name, role in EXPERTS.items() if name in header}
    for number, row in enumerate(rows[1:], start=2):
        cells = dict(zip(header, row, strict=False))  # a row ends at its last cell with something in it
        text = cells.get("sentences")
        if text is None or not str(text).strip():
            continue
        labels = list[SourceLabel]()
        for name, annotator in annotators.items():
            given = cells.get(name)
            code = "" if given is None else str(given).strip().removesuffix(".0")
            fault = label_fault(file.scheme, code)
            if fault is not None:
                faults.add(number, name, fault)
            labels.append(SourceLabel(code, annotator=annotator, role="adjudicate" if name == "golden" else "label"))
        claims.append(SourceClaim(str(text), tuple(labels)))
    faults.raise_if_any(empty=not claims, expected=f"rows ({', '.join(COLUMNS)})")
    name = article_id_of(Path(file.path.name.rpartition("!")[2]))
    return [SourceArticle(name, name, claims)]


def _rows(file: SourceFile) -> list[tuple[Any, ...]]:
    try:
        import openpyxl
    except ImportError:
        message = "reading .xlsx files needs openpyxl: pip install 'claim-harness[xlsx]'"
        raise HarnessError(f"{file.path}: {message}") from None
    Archive(file.path, file.data)  # refuses what unpacks to many times its size before openpyxl unpacks it
    try:
        book = openpyxl.load_workbook(io.BytesIO(file.data), read_only=True, data_only=True)
        rows = list(book.worksheets[0].iter_rows(values_only=True, max_row=MAX_ROWS + 1))
    except Exception as error:  # openpyxl raises whatever the damage makes its parsers raise
        raise FaultsError.single(file.path, f"is not a spreadsheet that can be read: {type(error).__name__}") from None
    if len(rows) > MAX_ROWS:
        raise FaultsError.single(file.path, f"has more than {MAX_ROWS:,} rows; no speech is that long")
    return rows


class RatedClaim(NamedTuple):
    """The label that people settled on, and those of the two experts, where the file has them."""

    code: str
    experts: tuple[str, ...]


def read_gold(file: SourceFile) -> list[SubmissionEntry]:
    """The sentence's number, from 1, and its labels.

    Raises: FaultsError: every fault of the file.
    """
    entries = []
    for number, claim in enumerate(read_articles(file)[0].claims, start=1):
        code, *experts = [label.code for label in claim.labels]
        entries.append(SubmissionEntry(None, str(number), RatedClaim(code, tuple(experts))))
    return entries
