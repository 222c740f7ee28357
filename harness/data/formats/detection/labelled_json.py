"""JSON objects with a text and a label: ClaimBuster's two-way sets, environmental claims, Factcheck-Bench.

Options in a benchmark's YAML: `text`, `label` and `id` name the fields; `values` maps what the publisher writes for a
label to the code of the scheme; `axis` names the scheme's axis, the first if absent.
"""

from __future__ import annotations

from harness.data.formats.json_rows import json_rows, text_of
from harness.data.formats.source import FileFaults, SourceArticle, SourceClaim, SourceFile, SourceLabel, label_fault


def read_articles(file: SourceFile) -> list[SourceArticle]:
    """The texts of one file, each free-standing.

    Raises: FaultsError: every fault of the file, with its line.
    """
    options, faults = file.options, FileFaults(file.path)
    articles = []
    for number, row in enumerate(json_rows(file, faults), start=1):
        text = text_of(row, options.get("text", "text"), faults)
        labels: tuple[SourceLabel, ...] = ()
        if options.get("label") in row.fields:
            given = row.fields[options["label"]]
            code = given.strip() if isinstance(given, str) else str(given)
            code = options.get("values", {}).get(code, code)
            wrong = label_fault(file.scheme, code, options.get("axis"))
            if wrong is not None:
                faults.add(row.line, options["label"], wrong, "unknown-name")
                continue
            labels = (SourceLabel(code, options.get("axis")),)
        if text is not None:
            name = str(row.fields.get(options.get("id", ""), number))
            articles.append(SourceArticle(name, None, [SourceClaim(text, labels)], alone=True))
    faults.raise_if_any(empty=not articles, expected="JSON objects with a text and a label")
    return articles
