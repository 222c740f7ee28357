"""CheckThat! 2018 task 2: `line <TAB> speaker <TAB> sentence <TAB> claim number <TAB> normalized claim <TAB> label`.

Sentences that were not checked have `N/A`, `-` and `-`. Several sentences may share one normalized claim, which becomes
the note of their labels. A submission is `claim number <TAB> label`, in upper or lower case.
"""

from __future__ import annotations

import re
from pathlib import Path

from harness.data.articles.article_file import article_id_of
from harness.data.formats.dates import published_date
from harness.data.formats.source import FileFaults, SourceArticle, SourceClaim, SourceFile, SourceLabel, label_fault
from harness.data.formats.submissions import Layout, Submission, SubmissionEntry, label_reader, read_table, vocabulary
from harness.files import decode
from harness.records import preview

NO_CLAIM = "N/A"
UNCHECKED = "-"
COLUMNS = "line number, speaker, sentence, claim number, normalized claim, label"


def read_articles(file: SourceFile) -> list[SourceArticle]:
    """Returns the debate of one file; its unchecked sentences have no label.

    Raises: FaultsError: the file is invalid; lists every fault with its line.
    """
    faults = FileFaults(file.path)
    claims: list[SourceClaim] = []
    first_lines: dict[str, int] = {}
    for number, line in enumerate(re.split(r"\r\n|\n", decode(file.data, file.path)), start=1):
        row = line.split("\t")
        if not line.strip():
            continue
        if len(row) != 6:
            faults.add(number, None, f"expected 6 tab-separated columns ({COLUMNS}), got {len(row)}")
            continue
        line_number, speaker, text, _, normalized, code = row
        code = code.strip()
        label_problem = None if code == UNCHECKED else label_fault(file.scheme, code)
        if not line_number.isdecimal():
            faults.add(number, "line number", f"expected an integer, got {preview(line_number)}")
        elif line_number in first_lines:
            message = f"duplicate {line_number} (first on line {first_lines[line_number]})"
            faults.add(number, "line number", message, "duplicate-id")
        elif not text.strip():
            faults.add(number, "sentence", "is empty", "empty")
        elif label_problem is not None:
            faults.add(number, "label", label_problem, "unknown-name")
        else:
            first_lines[line_number] = number
            labels = () if code == UNCHECKED else (SourceLabel(code, note=normalized.strip()),)
            claims.append(SourceClaim(text, labels, speaker.strip() or None))
    faults.raise_if_any(empty=not claims, expected=f"tab-separated lines ({COLUMNS})")
    name = article_id_of(Path(file.path.name.rpartition("!")[2]))
    return [SourceArticle(name, name, claims, published=published_date(file, name))]


def read_gold(file: SourceFile) -> list[SubmissionEntry]:
    """Returns the claim numbers and codes; a claim that several sentences share occurs again if its code differs.

    Raises: FaultsError: the file is invalid, or contains no checked claim.
    """
    read_articles(file)  # raises the faults of every line, which the loop below does not check again
    faults, entries, last_codes = FileFaults(file.path), list[SubmissionEntry](), dict[str, str]()
    for number, line in enumerate(re.split(r"\r\n|\n", decode(file.data, file.path)), start=1):
        cells = [cell.strip() for cell in line.split("\t")]
        if len(cells) != 6 or cells[3] == NO_CLAIM:
            continue
        if cells[5] == UNCHECKED or not cells[3].isdecimal():
            faults.add(number, "claim number", f"claim {preview(cells[3])} needs a number and a label")
        if last_codes.get(cells[3]) != cells[5]:
            entries.append(SubmissionEntry(number, cells[3], cells[5]))
        last_codes[cells[3]] = cells[5]
    faults.raise_if_any(empty=not entries, expected="claims with a number and a label")
    return entries


def read_labels(file: SourceFile) -> list[SubmissionEntry]:
    """Returns the claim numbers and codes of a submission.

    Raises: FaultsError: the file is invalid; lists every fault with its line.
    """
    read_label = label_reader(vocabulary(file))
    layout = Layout("label", lambda text: read_label(text.upper()), (2,), "2 tab-separated columns (claim, label)")
    return read_table(file, layout)


SUBMISSION = Submission(read_gold, read_labels, "claim number")
