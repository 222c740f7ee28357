"""JSON objects with a text and a label: ClaimBuster's two-label sets, environmental claims, Factcheck-Bench.

Options in a benchmark's YAML: `text`, `label` and `id` name the fields; `values` maps the publisher's spelling of a
label to its code in the scheme; `axis` names the scheme's axis (default: the first).
"""

from __future__ import annotations

from harness.data.formats.json_rows import json_rows, required_text
from harness.data.formats.source import FileFaults, SourceArticle, SourceClaim, SourceFile, SourceLabel, label_fault


def read_articles(file: SourceFile) -> list[SourceArticle]:
    """Returns the texts of one file, each as a free-standing claim.

    Raises: FaultsError: the file is invalid; lists every fault with its line.
    """
    options, faults = file.options, FileFaults(file.path)
    articles = []
    for number, row in enumerate(json_rows(file, faults), start=1):
        text = required_text(row, options.get("text", "text"), faults)
        labels: tuple[SourceLabel, ...] = ()
        if options.get("label") in row.fields:
            value = row.fields[options["label"]]
            spelling = value.strip() if isinstance(value, str) else str(value)
            code = options.get("values", {}).get(spelling, spelling)
            problem = label_fault(file.scheme, code, options.get("axis"))
            if problem is not None:
                faults.add(row.line, options["label"], problem, "unknown-name")
                continue
            labels = (SourceLabel(code, options.get("axis")),)
        if text is not None:
            name = str(row.fields.get(options.get("id", ""), number))
            articles.append(SourceArticle(name, None, [SourceClaim(text, labels)], alone=True))
    faults.raise_if_any(empty=not articles, expected="JSON objects with a text and a label")
    return articles
