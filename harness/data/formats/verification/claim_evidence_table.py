"""Tables with a claim and a text of evidence per row: HealthVer, and the pairs of COVID-Fact.

The unit is the pair: each row is a claim with a label and one passage, because one claim has other verdicts with other
passages. A row that repeats a pair stays. Options in a benchmark's YAML; a column is given by its name, or by a list of
names if its files use several:

    delimiter   `tab` (default) or `comma`
    quotes      `literal`: a quote is an ordinary character; default: detected, see `labeled_table`
    claim, evidence, label
                the columns of the claim, of the passage and of the label
    unread      further columns; a file without a label column has no labels if all its columns are known
    group       the column whose equal texts are one article, which a split by article keeps together
    question    true: the group is a question; it becomes the title of the article. It is not the question of the
                passage, which is shown with it: the pairs were made for the claim.
    values      publisher's spelling of a label: code in the scheme; default: the spelling is the code
    stances     stance of the passage (`supports`, `refutes`) by code; none for the other codes
"""

from __future__ import annotations

from typing import Any, NamedTuple

from harness.data.delimited import DelimitedRow, missing_columns, wrong_width
from harness.data.formats.detection.labeled_table import DELIMITERS, read_rows
from harness.data.formats.source import FileFaults, SourceArticle, SourceClaim, SourceFile, SourceLabel, label_fault
from harness.data.formats.verification.evidence_texts import id_of_texts, joint_evidence, merged_by_id


class _Columns(NamedTuple):
    """Indices of the columns that are read, from 0."""

    claim: int
    evidence: int
    group: int
    label: int | None


def read_articles(file: SourceFile) -> list[SourceArticle]:
    """Returns the pairs of one file, as claims of the articles that their groups are.

    Raises: FaultsError: the file is invalid; lists every fault with its line.
    """
    faults, articles = FileFaults(file.path), list[SourceArticle]()
    header, *rows = read_rows(file, DELIMITERS[file.options.get("delimiter", "tab")]) or [DelimitedRow(1, [])]
    names = [name.strip() for name in header.cells]
    columns = _columns(file, names, header.line, faults)
    for row in rows if columns else []:
        if len(row.cells) != len(names):
            faults.add(row.line, None, wrong_width(len(row.cells), len(names)))
        elif columns is not None and (article := _pair(file, row, columns, faults)) is not None:
            articles.append(article)
    faults.raise_if_any(empty=not articles, expected="a header, and rows with a claim, its evidence and a label")
    return merged_by_id(articles)


def _columns(file: SourceFile, names: list[str], line: int, faults: FileFaults) -> _Columns | None:
    """Locates the columns; None after adding a fault."""
    wanted = {role: _names(file.options[role]) for role in ("claim", "evidence", "group", "label")}
    is_read = {name for role in ("claim", "evidence", "group") for name in wanted[role]}
    # A test file without labels is valid, but a misspelled label column is a fault.
    labeled = bool(set(names) - is_read - set(file.options["unread"]))
    roles = [role for role in wanted if role != "label" or labeled]
    missing = missing_columns(names, [wanted[role] for role in roles]) if names else None
    if missing is not None:
        faults.add(line, None, missing, "missing-column")
    faults.add_repeated_columns(names, is_read | set(wanted["label"]), line)
    if missing is not None or not names:
        return None
    places = {role: next(names.index(name) for name in wanted[role] if name in names) for role in roles}
    return _Columns(places["claim"], places["evidence"], places["group"], places.get("label"))


def _names(option: Any) -> tuple[str, ...]:
    return (option,) if isinstance(option, str) else tuple(option)


def _pair(file: SourceFile, row: DelimitedRow, columns: _Columns, faults: FileFaults) -> SourceArticle | None:
    """Returns an article with the one claim of a row; None after adding a fault."""
    claim, passage, group = (row.cells[place] for place in columns[:3])
    empty = [name for name, text in (("claim", claim), ("evidence", passage)) if not text.strip()]
    for name in empty:
        faults.add(row.line, name, "is empty", "empty")
    labels: tuple[SourceLabel, ...] = ()
    code = ""
    if columns.label is not None:
        spelling = row.cells[columns.label].strip()
        code = file.options.get("values", {}).get(spelling, spelling)
        problem = label_fault(file.scheme, code)
        if problem is not None:
            faults.add(row.line, "label", problem, "unknown-name")
            return None
        labels = (SourceLabel(code),)
    if empty:
        return None
    question = group.strip() or None if file.options.get("question") else None
    evidence = joint_evidence([passage], file.options["stances"].get(code))
    pair = SourceClaim(claim, labels, evidence=evidence, line=row.line)
    return SourceArticle(id_of_texts("question" if question else "evidence", group.strip()), question, [pair])
