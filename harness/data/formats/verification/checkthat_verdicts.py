"""CheckThat! 2018 task 2: `line <TAB> speaker <TAB> sentence <TAB> claim number <TAB> normalized claim <TAB> label`.

Sentences that were not checked have `N/A`, `-` and `-`. One normalized claim may stand for several sentences; it is
kept as the note of the label. A submission is `claim number <TAB> label`, in upper or lower case.
"""

from __future__ import annotations

import re
from pathlib import Path

from harness.data.articles.reading import article_id_of
from harness.data.formats.source import FileFaults, SourceArticle, SourceClaim, SourceFile, SourceLabel, label_fault
from harness.data.formats.submissions import Layout, SubmissionEntry, label_reader, read_table, vocabulary
from harness.files import decode
from harness.records import preview

NO_CLAIM = "N/A"
UNCHECKED = "-"
COLUMNS = "line number, speaker, sentence, claim number, normalized claim, label"


def read_articles(file: SourceFile) -> list[SourceArticle]:
    """The debate of one file; its unchecked sentences have no label.

    Raises: FaultsError: every fault of the file, with its line.
    """
    faults, claims, seen = FileFaults(file.path), list[SourceClaim](), set[str]()
    for number, line in enumerate(re.split(r"\r\n|\n", decode(file.data, file.path)), start=1):
        row = line.split("\t")
        if not line.strip():
            continue
        if len(row) != 6:
            faults.add(number, None, f"expected 6 tab-separated columns ({COLUMNS}), got {len(row)}")
            continue
        place, speaker, text, _, normalized, code = row
        code = code.strip()
        wrong = None if code == UNCHECKED else label_fault(file.scheme, code)
        if not place.isdecimal():
            faults.add(number, "line number", f"expected an integer, got {preview(place)}")
        elif place in seen:
            faults.add(number, "line number", f"{place} stands in this file already", "duplicate-id")
        elif not text.strip():
            faults.add(number, "sentence", "is empty", "empty")
        elif wrong is not None:
            faults.add(number, "label", wrong, "unknown-name")
        else:
            seen.add(place)
            labels = () if code == UNCHECKED else (SourceLabel(code, note=normalized.strip()),)
            claims.append(SourceClaim(text, labels, speaker.strip() or None))
    faults.raise_if_any(empty=not claims, expected=f"tab-separated lines ({COLUMNS})")
    name = article_id_of(Path(file.path.name.rpartition("!")[2]))
    return [SourceArticle(name, name, claims)]


def read_gold(file: SourceFile) -> list[SubmissionEntry]:
    """Claim number and code; of a claim that several sentences make, the last, as the official program takes it.

    Raises: FaultsError: every fault of the file; one without a checked claim is one.
    """
    read_articles(file)
    faults, gold = FileFaults(file.path), dict[str, SubmissionEntry]()
    for number, line in enumerate(re.split(r"\r\n|\n", decode(file.data, file.path)), start=1):
        cells = [cell.strip() for cell in line.split("\t")]
        if len(cells) != 6 or cells[3] == NO_CLAIM:
            continue
        if cells[5] == UNCHECKED or not cells[3].isdecimal():
            faults.add(number, "claim number", f"claim {preview(cells[3])} has no number or no label")
        gold[cells[3]] = SubmissionEntry(number, cells[3], cells[5])
    faults.raise_if_any(empty=not gold, expected="claims with a number and a label")
    return list(gold.values())


def read_labels(file: SourceFile) -> list[SubmissionEntry]:
    """Claim number and code.

    Raises: FaultsError: every fault of the file.
    """
    known = label_reader(vocabulary(file))
    layout = Layout("label", lambda written: known(written.upper()), (2,), "2 tab-separated columns (claim, label)")
    return read_table(file, layout)
