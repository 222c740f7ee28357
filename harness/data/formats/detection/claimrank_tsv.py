"""ClaimRank: one debate a file, a column of 0 and 1 per fact-checking outlet, and ALL, their sum.

Each outlet is an annotator; ALL has to be the sum. Cells are quoted as in CSV.
"""

from __future__ import annotations

from pathlib import Path

from harness.data.articles.reading import article_id_of
from harness.data.delimited import missing_columns, wrong_width
from harness.data.formats.detection.labelled_table import read_rows
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
    """The debate of one file.

    Raises: FaultsError: every fault of the file, with its line.
    """
    faults, claims = FileFaults(file.path), list[SourceClaim]()
    rows = read_rows(file, "\t")
    header = [cell.strip() for cell in rows[0].cells] if rows else []
    wrong = missing_columns(header, [(name,) for name in COLUMNS])
    if wrong is not None:
        faults.add(1, None, wrong, "missing-column")
        faults.raise_if_any(empty=True, expected="rows")
    for line, cells in rows[1:]:
        if len(cells) != len(header):
            faults.add(line, None, wrong_width(len(cells), len(header)))
            continue
        row = dict(zip(header, cells, strict=True))
        codes = {outlet: row[outlet].strip() for outlet in OUTLETS}
        bad = {outlet: fault for outlet, code in codes.items() if (fault := label_fault(file.scheme, code))}
        for outlet, fault in bad.items():
            faults.add(line, outlet, fault)
        if not bad and row["ALL"].strip() != str(sum(map(int, codes.values()))):
            faults.add(
                line, "ALL", f"is {preview(row['ALL'])}, and the outlets add up to {sum(map(int, codes.values()))}"
            )
        elif not row["Text"].strip():
            faults.add(line, "Text", "is empty", "empty")
        elif not bad:
            labels = tuple(SourceLabel(code, annotator=OUTLETS[outlet]) for outlet, code in codes.items())
            claims.append(SourceClaim(row["Text"], labels, row["Speaker"].strip() or None))
    faults.raise_if_any(empty=not claims, expected=f"rows ({', '.join(COLUMNS)})")
    name = article_id_of(Path(file.path.name.rpartition("!")[2]))
    return [SourceArticle(name, name, claims)]
