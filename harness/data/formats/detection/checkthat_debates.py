"""CheckThat! debates, 2018 and 2019 task 1: one file a debate, `line <TAB> speaker <TAB> sentence <TAB> label`.

No quoting: quotes are literal, often unbalanced. UTF-8; LF or CRLF; the last line may lack its line end. The test input
files lack the label column. A submission is `line <TAB> score`, in any order.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from harness.data.articles.reading import article_id_of
from harness.data.formats.source import FileFaults, SourceArticle, SourceClaim, SourceFile, SourceLabel
from harness.data.formats.submissions import Layout, SubmissionEntry, finite, read_table
from harness.files import decode
from harness.records import preview

LINE_NUMBER = re.compile(r"[0-9]+")
LABELS = ("0", "1")
COLUMNS = "line number, speaker, sentence, label (0 or 1)"


def _rows(path: Path, data: bytes) -> Iterator[tuple[int, list[str]]]:
    text = decode(data, path)
    for number, line in enumerate(re.split(r"\r\n|\n", text), start=1):
        if line.strip():
            yield number, line.split("\t")


def _debate(path: Path, data: bytes) -> list[tuple[str, SourceClaim]]:
    faults, lines = FileFaults(path), dict[str, SourceClaim]()
    columns = 0
    for number, row in _rows(path, data):
        columns = columns or (3 if len(row) == 3 else 4)
        if len(row) != columns:
            faults.add(number, None, f"expected {columns} tab-separated columns ({COLUMNS}), got {len(row)}")
            continue
        line, speaker, text, *label = row
        code = label[0].strip() if label else None
        if not LINE_NUMBER.fullmatch(line):
            faults.add(number, "line number", f"expected an integer, got {preview(line)}")
        elif line in lines:
            faults.add(number, "line number", f"{line} stands in this file already", "duplicate-id")
        elif not text.strip():
            faults.add(number, "sentence", "is empty", "empty")
        elif code is not None and code not in LABELS:
            faults.add(number, "label", f"expected 0 or 1, got {preview(code)}")
        else:
            labels = () if code is None else (SourceLabel(code),)
            lines[line] = SourceClaim(text=text, labels=labels, speaker=speaker.strip() or None)
    faults.raise_if_any(empty=not lines, expected=f"tab-separated lines ({COLUMNS})")
    return list(lines.items())


def read_articles(file: SourceFile) -> list[SourceArticle]:
    """The debate of one file.

    Raises: FaultsError: every fault of the file, with its line.
    """
    name, lines = article_id_of(Path(file.path.name.rpartition("!")[2])), _debate(file.path, file.data)
    return [SourceArticle(article_id=name, title=name, claims=[claim for _, claim in lines])]


def read_gold(file: SourceFile) -> list[SubmissionEntry]:
    """Line number and whether it is check-worthy, in the file's order.

    Raises: FaultsError: every fault of the file; a line without a label is one.
    """
    faults, gold = FileFaults(file.path), list[SubmissionEntry]()
    for line, claim in _debate(file.path, file.data):
        if not claim.labels:
            faults.add(None, "label", f"line number {line} has no label; a gold file is expected")
            break
        gold.append(SubmissionEntry(None, line, claim.labels[0].code))
    faults.raise_if_any(empty=not gold, expected=f"tab-separated lines ({COLUMNS})")
    return gold


def read_scores(file: SourceFile) -> list[SubmissionEntry]:
    """Line number and score, in the file's order, which official ranking breaks ties by.

    Raises: FaultsError: every fault of the file: a score that is no finite number, a line number that is none.
    """
    entries = read_table(file, Layout("score", finite, (2,), "2 tab-separated columns (line number, score)"))
    faults = FileFaults(file.path)
    for line, number, _ in entries:
        if not LINE_NUMBER.fullmatch(number):
            faults.add(line, "line number", f"expected an integer, got {preview(number)}")
    faults.raise_if_any(empty=False, expected="")
    return entries
