"""CheckThat! 2025 task 4b: a table of posts with the id of their paper, and one of posts with a list of ranked ids."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from harness.data.archives import InputFile
from harness.data.delimited import literal_rows, table_rows
from harness.data.formats.detection.labeled_table import read_rows
from harness.data.formats.source import FileFaults, SourceArticle, SourceClaim, SourceEvidence, SourceFile
from harness.files import decode
from harness.records import preview


def read_articles(file: SourceFile) -> list[SourceArticle]:
    """Returns the posts of one file; the gold evidence of a post is the id of its paper, which is also its topic.

    The papers are in the user's own collection, so the evidence has no text. Without `post_id`, posts are numbered.

    Raises: FaultsError: the file is invalid; lists every fault with its line.
    """
    faults, articles, lines = FileFaults(file.path), list[SourceArticle](), dict[str, int]()
    rows = read_rows(file, "\t")
    required = [("tweet_text",)]
    if rows and set(rows[0].cells) - {"post_id", "tweet_text"}:  # posts alone are valid, a misspelled column is not
        required.append(("cord_uid",))
    table = table_rows(file.path, iter(rows), faults.faults, required=required)
    for number, (line, row) in enumerate(table, start=1):
        post, paper = row.get("post_id", "").strip() or str(number), row.get("cord_uid", "").strip() or None
        if not row["tweet_text"].strip():
            faults.add(line, "tweet_text", "is empty", "empty")
        elif lines.setdefault(post, line) != line:
            message = f"duplicate id {post} (first on line {lines[post]}); give each post once"
            faults.add(line, "post_id", message, "duplicate-id")
        else:
            evidence = (SourceEvidence("", passage_id=paper, source="CORD-19"),) if paper else ()
            claim = SourceClaim(row["tweet_text"], topic=paper, evidence=evidence, line=line)
            articles.append(SourceArticle(post, None, [claim], alone=True))
    faults.raise_if_any(empty=not articles, expected="rows with post_id, tweet_text and cord_uid")
    return articles


def read_gold(file: InputFile) -> dict[str, str]:
    """Returns the id of the paper of each post.

    Raises: FaultsError: the file is invalid, or lists a post twice; lists every fault with its line.
    """
    faults, gold = FileFaults(file.path), dict[str, str]()
    for line, post, paper in _rows(file, "cord_uid", faults):
        if post in gold:
            faults.add(line, "post_id", f"duplicate id {post}; give each post once", "duplicate-id")
        gold[post] = paper
    faults.raise_if_any(empty=not gold, expected="rows with post_id and cord_uid")
    return gold


def read_predictions(file: InputFile) -> dict[str, list[str]]:
    """Returns the ranked ids of papers of each post, the best first.

    Raises: FaultsError: the file is invalid, or lists a post twice; lists every fault with its line.
    """
    faults, rankings = FileFaults(file.path), dict[str, list[str]]()
    for line, post, text in _rows(file, "preds", faults):
        papers = _ranked_ids(text)
        if papers is None:
            faults.add(line, "preds", f"expected a list of ids such as ['a', 'b'], got {preview(text)}")
        elif post in rankings:
            faults.add(line, "post_id", f"duplicate id {post}; give each post once", "duplicate-id")
        else:
            rankings[post] = papers
    faults.raise_if_any(empty=not rankings, expected="rows with post_id and preds")
    return rankings


def _rows(file: InputFile, column: str, faults: FileFaults) -> Iterator[tuple[int, str, str]]:
    rows = iter(literal_rows(decode(file.data, file.path), "\t"))
    for line, row in table_rows(file.path, rows, faults.faults, required=(("post_id",), (column,))):
        yield line, row["post_id"].strip(), row[column].strip()


def _ranked_ids(text: str) -> list[str] | None:
    """The ids of a list that is written as text; None if it is no list of texts."""
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    return value if isinstance(value, list) and all(isinstance(name, str) for name in value) else None
