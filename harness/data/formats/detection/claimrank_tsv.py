"""ClaimRank: one debate per file, with one 0/1 column per fact-checking outlet and ALL, their sum.

Each outlet is an annotator. A row whose ALL is not the sum is a fault. Cells are quoted as in CSV.
"""

from __future__ import annotations

from pathlib import Path

from harness.data.articles.article_file import article_id_of
from harness.data.delimited import missing_columns, wrong_width
from harness.data.formats.dates import published_date
from harness.data.formats.detection.labeled_table import read_rows
from harness.data.formats.source import (
    FileFaults,
    SourceArticle,
    SourceClaim,
    SourceFile,
    SourceLabel,
    label_fault,
)
from harness.records import preview

OUTLETS = {
    "CT": "chicago-tribune",
    "ABC": "abc-news",
    "CNN": "cnn",
    "WP": "washington-post",
    "NPR": "npr",
    "PF": "politifact",
    "TG": "the-guardian",
    "NYT": "new-york-times",
    "FC": "factcheck-org",
}
COLUMNS = ("ID", "Speaker", "ALL", *OUTLETS, "Text")


def read_articles(file: SourceFile) -> list[SourceArticle]:
    """Returns the debate of one file.

    Raises: FaultsError: the file is invalid; lists every fault with its line.
    """
    faults = FileFaults(file.path)
    rows = read_rows(file, "\t")
    header = [cell.strip() for cell in rows[0].cells] if rows else []
    missing = missing_columns(header, [(name,) for name in COLUMNS])
    if missing is not None:
        faults.add(1, None, missing, "missing-column")
        faults.raise_if_any(empty=True, expected="rows")
    faults.add_repeated_columns(header, COLUMNS)
    claims = []
    for line, cells in rows[1:]:
        if len(cells) != len(header):
            faults.add(line, None, wrong_width(len(cells), len(header)))
            continue
        claim = _read_claim(file, line, dict(zip(header, cells, strict=True)), faults)
        if claim is not None:
            claims.append(claim)
    faults.raise_if_any(empty=not claims, expected=f"rows ({', '.join(COLUMNS)})")
    name = article_id_of(Path(file.path.name.rpartition("!")[2]))
    return [SourceArticle(name, name, claims, published=published_date(file, name))]


def _read_claim(file: SourceFile, line: int, row: dict[str, str], faults: FileFaults) -> SourceClaim | None:
    """Returns the claim of a row; None after adding its faults."""
    codes = {outlet: row[outlet].strip() for outlet in OUTLETS}
    bad_labels = {outlet: fault for outlet, code in codes.items() if (fault := label_fault(file.scheme, code))}
    for outlet, fault in bad_labels.items():
        faults.add(line, outlet, fault)
    # The sum is only defined for a row with valid labels.
    total = None if bad_labels else str(sum(map(int, codes.values())))
    if total is not None and row["ALL"].strip() != total:
        faults.add(line, "ALL", f"expected {total}, the sum of the outlets, got {preview(row['ALL'])}")
        return None
    if not row["Text"].strip():
        faults.add(line, "Text", "is empty", "empty")
        return None
    if bad_labels:
        return None
    labels = tuple(SourceLabel(code, annotator=OUTLETS[outlet]) for outlet, code in codes.items())
    return SourceClaim(row["Text"], labels, row["Speaker"].strip() or None)
