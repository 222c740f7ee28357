"""ClaimBuster's `groundtruth.csv` and `crowdsourced.csv`: candidates' sentences with a three-way verdict.

Comma-separated with double quotes, UTF-8, a header line. `File_id` identifies the debate; its sentences are ordered by
`Line_number`. The files contain only the labeled sentences, so adjacent sentences may be far apart in the real debate.
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
    """Returns the debates of one file.

    Raises: FaultsError: the file is invalid; lists every fault with its line.
    """
    path, text = file.path, decode(file.data, file.path)
    rows = quoted_rows(path, io.StringIO(text, newline=""), ",")
    faults: list[Fault] = []
    first_lines: dict[str, int] = {}
    debates: dict[str, list[SourceClaim]] = {}
    for line, row in table_rows(path, rows, faults, required=[(name,) for name in REQUIRED], distinct=REQUIRED):
        problem = _check_row(row, first_lines)
        if problem is not None:
            field, message = problem
            faults.append(Fault(str(path), line, field, message))
            continue
        first_lines[row["Sentence_id"]] = line
        # The text of a debate is its sentences joined by line breaks, so a line break inside one becomes a space.
        sentence = re.sub(r"\s*[\r\n]+\s*", " ", row["Text"]).strip()
        order = int(row["Line_number"])
        labels = (SourceLabel(row["Verdict"]),)
        claim = SourceClaim(text=sentence, labels=labels, speaker=row["Speaker"] or None, order=order)
        debates.setdefault(row["File_id"], []).append(claim)
    if not debates and not faults:
        faults.append(Fault(str(path), None, None, "has no rows; expected a header and one sentence per line"))
    if faults:
        raise FaultsError(faults)
    return [_debate(file_id, claims) for file_id, claims in sorted(debates.items())]


def _check_row(row: dict[str, str], first_lines: dict[str, int]) -> tuple[str, str] | None:
    """Returns the field and the message of the first fault of a row; None if the row is valid."""
    if not row["Text"].strip():
        return "Text", "is empty"
    if row["Verdict"] not in VERDICTS:
        return "Verdict", f"expected -1, 0 or 1, got {preview(row['Verdict'])}"
    if not re.fullmatch(r"[0-9]{1,12}", row["Line_number"]):
        return "Line_number", f"expected an integer, got {preview(row['Line_number'])}"
    if row["Sentence_id"] in first_lines:
        return "Sentence_id", f"duplicate '{row['Sentence_id']}' (first on line {first_lines[row['Sentence_id']]})"
    return None


def _debate(file_id: str, claims: list[SourceClaim]) -> SourceArticle:
    name = file_id.removesuffix(".txt")  # a file id is the date of the debate: 1960-09-26.txt
    published = name if re.fullmatch(r"\d{4}-\d\d-\d\d", name) else None
    return SourceArticle(article_id=name, title=f"Debate of {name}", claims=claims, published=published)
