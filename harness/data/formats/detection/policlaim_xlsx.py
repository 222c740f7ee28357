"""PoliClaim: spreadsheets with one sentence of a speech per row; the column `golden` has the agreed label.

A training file is one speech. The test file has several, named in the column `SPEECH`, and the two experts' own labels,
`label_1` and `label_2`.
The publisher defines no submission format. Here a submission is a table of the sentence's number in the file, from 1,
and its label.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, Literal, NamedTuple

from harness.data.archives import Archive
from harness.data.articles.article_file import article_id_of, safe_name
from harness.data.delimited import missing_columns
from harness.data.formats.dates import published_date
from harness.data.formats.source import (
    FileFaults,
    SourceArticle,
    SourceClaim,
    SourceFile,
    SourceLabel,
    label_fault,
)
from harness.data.formats.submissions import Submission, SubmissionEntry, read_labels
from harness.errors import FaultsError, HarnessError
from harness.records import preview

COLUMNS = ("sentences", "golden")
SPEECH = "speech"
EXPERTS = {"label_1": "expert-1", "label_2": "expert-2"}
MAX_ROWS = 100_000


def read_articles(file: SourceFile) -> list[SourceArticle]:
    """Returns the speeches of one file; rows without a sentence, which end some files, are skipped.

    Raises: FaultsError: the file is invalid; lists every fault with its row. HarnessError: openpyxl is not installed.
    """
    faults, speeches = FileFaults(file.path), dict[str, list[SourceClaim]]()
    own_name = article_id_of(Path(file.path.name.rpartition("!")[2]))
    previous = None
    rows = _rows(file)
    header = [str(cell).strip().lower() for cell in rows[0]] if rows else []
    missing = missing_columns(header, [(name,) for name in COLUMNS])
    if missing is not None:
        faults.add(1, None, missing, "missing-column")
        faults.raise_if_any(empty=True, expected="rows")
    faults.add_repeated_columns(header, (*COLUMNS, SPEECH, *EXPERTS))
    annotators = {"golden": "publisher"} | {name: role for name, role in EXPERTS.items() if name in header}
    for number, row in enumerate(rows[1:], start=2):
        cells = dict(zip(header, row, strict=False))  # a row may end at its last cell that is not empty
        text = cells.get("sentences")
        if text is None or not str(text).strip():
            if any(cell is not None and str(cell).strip() for cell in cells.values()):
                file.skipped_rows.append(number)
            continue
        speech = str(cells.get(SPEECH) or "").strip() if SPEECH in header else own_name
        if not speech:
            faults.add(number, SPEECH, "is empty; expected the name of the speech", "empty")
        elif speech != previous and speech in speeches:
            # The sentences of a submission are numbered in the order of the file, so a speech has to be in one piece.
            faults.add(number, SPEECH, f"speech {preview(speech)} goes on after another one; put its rows together")
        previous = speech
        labels = list[SourceLabel]()
        for name, annotator in annotators.items():
            cell = cells.get(name)
            # A spreadsheet may store the label 1 as the float 1.0.
            code = "" if cell is None else str(cell).strip().removesuffix(".0")
            fault = label_fault(file.scheme, code)
            if fault is not None:
                faults.add(number, name, fault)
            role: Literal["label", "adjudicate"] = "adjudicate" if name == "golden" else "label"
            labels.append(SourceLabel(code, annotator=annotator, role=role))
        speeches.setdefault(speech, []).append(SourceClaim(str(text), tuple(labels)))
    faults.raise_if_any(empty=not speeches, expected=f"rows ({', '.join(COLUMNS)})")
    return [
        SourceArticle(safe_name(name, "speech"), name, claims, published=published_date(file, name))
        for name, claims in speeches.items()
    ]


def _rows(file: SourceFile) -> list[tuple[Any, ...]]:
    try:
        import openpyxl
    except ImportError:
        message = "reading .xlsx files requires openpyxl: pip install 'claim-harness[xlsx]'"
        raise HarnessError(f"{file.path}: {message}") from None
    Archive(file.path, file.data)  # rejects a zip bomb before openpyxl unpacks it
    try:
        book = openpyxl.load_workbook(io.BytesIO(file.data), read_only=True, data_only=True)
        rows = list(book.worksheets[0].iter_rows(values_only=True, max_row=MAX_ROWS + 1))
    except Exception as error:  # a damaged file can raise any exception of openpyxl's parsers
        raise FaultsError.single(file.path, f"cannot be read as a spreadsheet: {type(error).__name__}") from None
    if len(rows) > MAX_ROWS:
        message = f"has more than {MAX_ROWS:,} rows; expected speeches, with one sentence per row"
        raise FaultsError.single(file.path, message)
    return rows


class RatedClaim(NamedTuple):
    """The agreed label of a sentence and the labels of the two experts; no expert labels if the file has none."""

    code: str
    experts: tuple[str, ...]


def read_gold(file: SourceFile) -> list[SubmissionEntry]:
    """Returns the sentences' numbers in the file, from 1, and their labels.

    Raises: FaultsError: the file is invalid; lists every fault.
    """
    entries = []
    claims = [claim for article in read_articles(file) for claim in article.claims]
    for number, claim in enumerate(claims, start=1):
        code, *experts = [label.code for label in claim.labels]
        entries.append(SubmissionEntry(None, str(number), RatedClaim(code, tuple(experts))))
    return entries


SUBMISSION = Submission(read_gold, read_labels, "sentence number")
