"""ClaimBuster's `groundtruth.csv` and `crowdsourced.csv`: candidates' sentences with a three-way verdict.

Comma-separated with double quotes, UTF-8, a header line. A debate is a `File_id`; sentences are in the order of their
`Line_number`. Only the labelled sentences are in these files, so neighbours in a debate here may lie apart there.
"""

from __future__ import annotations

import io
import re

from harness.data.delimited import quoted_rows, table_rows
from harness.data.formats.source import SourceArticle, SourceClaim, SourceFile, SourceLabel
from harness.errors import Fault, FaultsError
from harness.files import decode
from harness.records import preview

REQUIRED = ("Sentence_id", "Text", "Speaker", "File_id", "Line_number", "Verdict")
VERDICTS = ("-1", "0", "1")


def read_articles(file: SourceFile) -> list[SourceArticle]:
    """The debates of one file.

    Raises: FaultsError: every fault of the file, with its line.
    """
    path, text = file.path, decode(file.data, file.path)
    rows = quoted_rows(path, io.StringIO(text, newline=""), ",")
    faults: list[Fault] = []
    seen: set[str] = set()
    debates: dict[str, list[SourceClaim]] = {}
    for line, row in table_rows(path, rows, faults, required=[(name,) for name in REQUIRED], distinct=REQUIRED):
        wrong = _row_fault(row, seen)
        if wrong is not None:
            faults.append(Fault(str(path), line, *wrong))
            continue
        seen.add(row["Sentence_id"])
        # A debate joins its sentences by line breaks, so a line break inside one becomes a space.
        sentence = re.sub(r"\s*[\r\n]+\s*", " ", row["Text"]).strip()
        order = int(row["Line_number"])
        labels = (SourceLabel(row["Verdict"]),)
        claim = SourceClaim(text=sentence, labels=labels, speaker=row["Speaker"] or None, order=order)
        debates.setdefault(row["File_id"], []).append(claim)
    if not debates and not faults:
        faults.append(Fault(str(path), None, None, "has no rows; a header line and one sentence a line are expected"))
    if faults:
        raise FaultsError(faults)
    return [_debate(file_id, claims) for file_id, claims in sorted(debates.items())]


def _row_fault(row: dict[str, str], seen: set[str]) -> tuple[str, str] | None:
    if not row["Text"].strip():
        return "Text", "is empty"
    if row["Verdict"] not in VERDICTS:
        return "Verdict", f"expected -1, 0 or 1, got {preview(row['Verdict'])}"
    if not re.fullmatch(r"[0-9]+", row["Line_number"]):
        return "Line_number", f"expected an integer, got {preview(row['Line_number'])}"
    if row["Sentence_id"] in seen:
        return "Sentence_id", f"'{row['Sentence_id']}' stands in this file already"
    return None


def _debate(file_id: str, claims: list[SourceClaim]) -> SourceArticle:
    name = file_id.removesuffix(".txt")
    published = name if re.fullmatch(r"\d{4}-\d\d-\d\d", name) else None
    return SourceArticle(article_id=name, title=f"Debate of {name}", claims=claims, published=published)
