"""Recognizes the exports of labeling and fact-checking tools by their structure, and returns their labeled rows."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

from harness.data.articles.rows import LabeledRow, not_json
from harness.data.exchange.claim_review import is_review_document, read_claim_reviews
from harness.data.exchange.doccano import is_doccano, is_doccano_table, read_doccano
from harness.data.exchange.label_studio_export import (
    is_row_list,
    is_task_list,
    read_row_list,
    read_tasks,
)
from harness.data.exchange.prodigy import is_prodigy, read_prodigy
from harness.data.exchange.tool_labels import ToolContent, ToolRequest
from harness.data.exchange.tool_rows import ToolRows, to_rows
from harness.errors import Fault, FaultsError, UnknownName, unknown_name
from harness.files import decode, read_bytes
from harness.records import preview

PAGES = (".html", ".htm", ".jsonld")
"""Suffixes of files that are read as pages with ClaimReview."""

Kind = Literal["document", "lines", "table"]
"""A JSON document, JSON Lines, or a table with columns."""


class _Layout(NamedTuple):
    """One layout of one tool's export."""

    tool: str
    title: str
    kinds: tuple[Kind, ...]
    matches: Callable[[Sequence[LabeledRow]], bool]
    read: Callable[[Sequence[LabeledRow], ToolRequest], ToolContent]


LAYOUTS = (
    _Layout("label-studio", "a Label Studio export (JSON)", ("document",), is_task_list, read_tasks),
    _Layout("label-studio", "a Label Studio export (JSON-MIN)", ("document",), is_row_list, read_row_list),
    _Layout("label-studio", "a Label Studio export (CSV)", ("table",), is_row_list, read_row_list),
    _Layout("prodigy", "a Prodigy export", ("lines", "document"), is_prodigy, read_prodigy),
    _Layout("doccano", "a doccano export (JSONL)", ("lines", "document"), is_doccano, read_doccano),
    _Layout("doccano", "a doccano export (CSV)", ("table",), is_doccano_table, read_doccano),
)
"""Layouts in order of precedence: a file is of the first one whose structure its rows have."""
TOOLS = ("table", "label-studio", "prodigy", "doccano", "claimreview")
"""Formats of files of labeled claims by name; `table` is a table with the columns of `harness add`."""


def read_tool_file(
    request: ToolRequest, file_format: str | None, read_table: Callable[[], Sequence[LabeledRow]]
) -> ToolRows:
    """Returns the labeled rows of a file: of the export of a tool, or of a table of labeled claims.

    Args:
        request: file, and what to take from it.
        file_format: one of `TOOLS`; None: the format is recognized by the structure of the file.
        read_table: reads the rows of a file that is no JSON document or page.
    Raises: FaultsError: all faults of the file, or it is not of the format. HarnessError: the format is unknown, or the
        export has labels by several workers, and the request names none of them.
    """
    if file_format is not None and file_format not in TOOLS:
        raise UnknownName(unknown_name("format", file_format, TOOLS))
    path, suffix = request.path, request.path.suffix.lower()
    if file_format == "claimreview" or (file_format is None and suffix in PAGES):
        return read_claim_reviews(path, request.labeler)
    if suffix != ".json":
        rows: Sequence[LabeledRow] = read_table()
        if suffix == ".jsonl" and file_format is None and any("claimReviewed" in row.cells for row in rows):
            return read_claim_reviews(path, request.labeler)
    else:
        document = _parse(path)
        if file_format is None and is_review_document(document):
            return read_claim_reviews(path, request.labeler)
        rows = _items(path, document)
    if file_format == "table":
        return ToolRows(rows, "table", ())
    kind = _kind(suffix)
    layout = next((layout for layout in LAYOUTS if _fits(layout, rows, kind, file_format)), None)
    if layout is None:
        if suffix == ".json" or file_format is not None:
            raise FaultsError.single(path, _not_recognized(file_format))
        return ToolRows(rows, "table", ())
    notes = [f"read as {layout.title}" + ("" if file_format else "; another format: --format NAME")]
    return ToolRows(to_rows(layout.read(rows, request), request, notes), layout.tool, tuple(notes))


def _kind(suffix: str) -> Kind:
    return "document" if suffix == ".json" else "lines" if suffix == ".jsonl" else "table"


def _fits(layout: _Layout, rows: Sequence[LabeledRow], kind: Kind, file_format: str | None) -> bool:
    return kind in layout.kinds and file_format in (None, layout.tool) and bool(rows) and layout.matches(rows)


def _not_recognized(file_format: str | None) -> str:
    titles = ", ".join(layout.title for layout in LAYOUTS if file_format in (None, layout.tool))
    others = "" if file_format else ", a ClaimReview (JSON-LD) or an answer of the Fact Check Tools API"
    return f"is not in a layout that is known here; expected {titles}{others}"


def _parse(path: Path) -> Any:
    """Returns the content of a JSON file.

    Raises: FaultsError: the file is not JSON.
    """
    try:
        return json.loads(decode(read_bytes(path), path))
    except json.JSONDecodeError as error:
        raise FaultsError.single(path, not_json(error), line=error.lineno) from None
    except (ValueError, RecursionError):
        message = "is not JSON that can be read: it is nested too deeply, or contains too long a number"
        raise FaultsError.single(path, message) from None


def _items(path: Path, document: Any) -> list[LabeledRow]:
    """Returns the objects of a list, numbered from 1.

    Raises: FaultsError: the document is no list of objects, or an empty one.
    """
    if not isinstance(document, list) or not document:
        raise FaultsError.single(path, f"{_not_recognized(None)}; got {preview(document)}")
    invalid = [number for number, item in enumerate(document, start=1) if not isinstance(item, dict)]
    if invalid:
        more = f" (and {len(invalid) - 1:,} more items)" if len(invalid) > 1 else ""
        message = f"expected a JSON object, got {preview(document[invalid[0] - 1])}{more}"
        raise FaultsError([Fault(str(path), None, f"item {invalid[0]}", message)])
    return [LabeledRow(number, item) for number, item in enumerate(document, start=1)]
