"""CheckThat! debates, 2018 and 2019 task 1: one debate per file, `line <TAB> speaker <TAB> sentence <TAB> label`.

No quoting: quotes are literal, often unbalanced. UTF-8; LF or CRLF; the last line may have no line end. The test input
files have no label column. A submission is `line <TAB> score`, in any order.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from harness.data.articles.article_file import article_id_of
from harness.data.formats.dates import published_date
from harness.data.formats.source import FileFaults, SourceArticle, SourceClaim, SourceFile, SourceLabel
from harness.data.formats.submissions import Layout, Submission, SubmissionEntry, parse_score, read_table
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


def _read_debate(path: Path, data: bytes) -> list[tuple[str, SourceClaim]]:
    """Returns the sentences of a debate with their line numbers, in file order."""
    faults = FileFaults(path)
    sentences: dict[str, SourceClaim] = {}
    first_lines: dict[str, int] = {}
    n_columns = 0
    for number, row in _rows(path, data):
        # The first row decides whether the file has labels, so that every row is checked against the same columns.
        n_columns = n_columns or (3 if len(row) == 3 else 4)
        if len(row) != n_columns:
            faults.add(number, None, f"expected {n_columns} tab-separated columns ({COLUMNS}), got {len(row)}")
            continue
        line, speaker, text, *label = row
        code = label[0].strip() if label else None
        if not LINE_NUMBER.fullmatch(line):
            faults.add(number, "line number", f"expected an integer, got {preview(line)}")
        elif line in first_lines:
            faults.add(number, "line number", f"duplicate {line} (first on line {first_lines[line]})", "duplicate-id")
        elif not text.strip():
            faults.add(number, "sentence", "is empty", "empty")
        elif code is not None and code not in LABELS:
            faults.add(number, "label", f"expected 0 or 1, got {preview(code)}")
        else:
            first_lines[line] = number
            labels = () if code is None else (SourceLabel(code),)
            sentences[line] = SourceClaim(text=text, labels=labels, speaker=speaker.strip() or None)
    faults.raise_if_any(empty=not sentences, expected=f"tab-separated lines ({COLUMNS})")
    return list(sentences.items())


def read_articles(file: SourceFile) -> list[SourceArticle]:
    """Returns the debate of one file.

    Raises: FaultsError: the file is invalid; lists every fault with its line.
    """
    name = article_id_of(Path(file.path.name.rpartition("!")[2]))
    claims = [claim for _, claim in _read_debate(file.path, file.data)]
    return [SourceArticle(article_id=name, title=name, claims=claims, published=published_date(file, name))]


def read_gold(file: SourceFile) -> list[SubmissionEntry]:
    """Returns the line numbers and labels of a gold file, in file order.

    Raises: FaultsError: the file is invalid, or a line has no label.
    """
    faults, gold = FileFaults(file.path), list[SubmissionEntry]()
    for line, claim in _read_debate(file.path, file.data):
        if not claim.labels:
            faults.add(None, "label", f"line number {line} has no label; expected a gold file")
            break
        gold.append(SubmissionEntry(None, line, claim.labels[0].code))
    faults.raise_if_any(empty=not gold, expected=f"tab-separated lines ({COLUMNS})")
    return gold


def read_scores(file: SourceFile) -> list[SubmissionEntry]:
    """Returns the line numbers and scores of a submission, in file order, by which the official ranking breaks ties.

    Raises: FaultsError: the file is invalid, such as a score that is not finite; lists every fault with its line.
    """
    entries = read_table(file, Layout("score", parse_score, (2,), "2 tab-separated columns (line number, score)"))
    faults = FileFaults(file.path)
    for line, number, _ in entries:
        if not LINE_NUMBER.fullmatch(number):
            faults.add(line, "line number", f"expected an integer, got {preview(number)}")
    faults.raise_if_any(empty=False, expected="")
    return entries


SUBMISSION = Submission(read_gold, read_scores, "line number")
