"""A spreadsheet to label in: the guideline, a drop-down list per axis, and each claim in its context."""

from __future__ import annotations

import io
import re
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.data.dataset import Dataset
from harness.data.exchange.export_request import shuffled
from harness.data.labels.gold import active_annotations, gold_labels
from harness.data.spreadsheets import column_letter
from harness.errors import HarnessError, MissingExtra
from harness.records import Annotation
from harness.schemes import Axis, Scheme

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

LABELS, GUIDELINE, LISTS = "labels", "guideline", "lists"
"""Names of the sheets; the last one is hidden, and holds the entries of the drop-down lists."""
LOCKED = {"claim_id": 14, "title": 18, "text": 52, "context": 60}
"""Columns that cannot be edited, with their widths; they describe the claim."""
MAX_CELL = 32_767
"""Characters that a cell of a spreadsheet can hold."""
MAX_ROWS = 1_048_575
"""Claims that a sheet can hold below its header."""
MAX_PROMPT = 255
"""Characters of the message beside a selected cell."""
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
"""Characters that a spreadsheet file cannot hold."""


def sheet_book(dataset: Dataset, schemes: Sequence[Scheme], gold: str | None, *, shuffle: bool) -> tuple[bytes, bool]:
    """Returns the .xlsx file of a dataset, and whether a text was too long for its cell.

    Args:
        dataset: dataset whose articles have text.
        schemes: its label schemes.
        gold: rule for the labels that are filled in; None: none are.
        shuffle: whether the claims stand in a shuffled order, which a second export repeats.
    Raises: MissingExtra: openpyxl is not installed. HarnessError: there are more claims than a sheet has rows.
    """
    try:
        import openpyxl
    except ImportError:
        raise MissingExtra("writing .xlsx files requires openpyxl: pip install 'claim-harness[xlsx]'") from None
    table = dataset.table()
    if len(table) > MAX_ROWS:
        raise HarnessError(f"{dataset.folder}: has {len(table):,} claims, and a sheet has {MAX_ROWS:,} rows for them")
    book = openpyxl.Workbook()
    filled = _filled(dataset, schemes, gold)
    version = "; ".join(f"{scheme.name} {scheme.version}" for scheme in schemes)
    columns = [*LOCKED, *(column.name for column in _label_columns(schemes)), "note", "confidence", "guideline"]
    sheet = book.worksheets[0]
    sheet.title = LABELS
    sheet.append([_cell(sheet, name, bold=True) for name in columns])
    cut = False
    for row in shuffled(range(len(table)), lambda row: table.claim_id[row]) if shuffle else range(len(table)):
        claim_id, text = table.claim_id[row], table.text[row]
        cut |= len(text) > MAX_CELL
        own = filled.get(claim_id, {})
        described = [claim_id, table.title[row] or "", text]
        cells = [*described, None, *(own.get(name, "") for name in columns[len(LOCKED) : -1]), version]
        sheet.append([_cell(sheet, cell) for cell in cells])
        sheet.cell(sheet.max_row, len(LOCKED)).value = _context(table.previous[row], text, table.next[row])
    _add_lists(book, sheet, columns, schemes)
    _lay_out(sheet, columns)
    _add_guideline(book, schemes)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue(), cut


class _LabelColumn(NamedTuple):
    """A column to fill in."""

    name: str
    scheme: str
    axis: Axis
    is_value: bool
    """Whether it holds the free-text value of the axis, not the label."""


def _label_columns(schemes: Sequence[Scheme]) -> list[_LabelColumn]:
    """Returns the columns to fill in: one per axis, and one for its value if it takes one."""
    columns = []
    for scheme in schemes:
        for axis in scheme.axes:
            name = f"{scheme.name}.{axis.name}"
            columns.append(_LabelColumn(name, scheme.name, axis, is_value=False))
            if axis.value:
                columns.append(_LabelColumn(f"{name}.value", scheme.name, axis, is_value=True))
    return columns


def _filled(dataset: Dataset, schemes: Sequence[Scheme], gold: str | None) -> dict[str, dict[str, Any]]:
    """Returns the cells that are filled in, by claim and column: labels, and of one annotator what goes with them."""
    cells: dict[str, dict[str, Any]] = defaultdict(dict)
    if gold is None:
        return cells
    _, _, annotator = gold.partition(":")
    for column in _label_columns(schemes):
        if not column.is_value:
            labels = gold_labels(dataset.annotations, column.scheme, column.axis.name, gold).labels
            for claim_id, label in labels.items():
                cells[claim_id][column.name] = label.label
    for annotation in active_annotations(dataset.annotations) if annotator else ():
        if annotation.annotator == annotator:
            _fill_details(cells[annotation.claim_id], annotation)
    return cells


def _fill_details(cells: dict[str, Any], annotation: Annotation) -> None:
    if annotation.value is not None:
        cells[f"{annotation.scheme}.{annotation.axis}.value"] = annotation.value
    if annotation.note is not None and annotation.note not in cells.get("note", "").split(" | "):
        cells["note"] = " | ".join(filter(None, [cells.get("note"), annotation.note]))
    if annotation.confidence is not None:
        cells["confidence"] = min(annotation.confidence, cells.get("confidence", 1.0))


def _cell(sheet: Worksheet, value: Any, *, bold: bool = False) -> Any:
    """Returns a cell whose text is never run as a formula, whatever it begins with."""
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font

    if not isinstance(value, str) or not value:
        return value or None
    cell = WriteOnlyCell(sheet)
    cell.value = cell_text(value)
    cell.data_type = "s"
    cell.quotePrefix = True  # also where the cell is edited, or saved by another program
    if bold:
        cell.font = Font(bold=True)
    return cell


def cell_text(text: str) -> str:
    """Returns a text as a cell can hold it: without characters that the file format excludes, and not too long."""
    text = CONTROL.sub("\N{REPLACEMENT CHARACTER}", text.replace("\r\n", "\n").replace("\r", "\n"))
    # Excel reads _x0041_ as the letter A.
    text = re.sub(r"_(?=x[0-9A-Fa-f]{4}_)", "_x005F_", text)
    return text if len(text) <= MAX_CELL else text[: MAX_CELL - 3] + "..."


def _context(before: str, text: str, after: str) -> Any:
    """Returns the claim in bold between its neighbors."""
    from openpyxl.cell.rich_text import CellRichText, TextBlock
    from openpyxl.cell.text import InlineFont

    part = MAX_CELL // 3
    parts = [cell_text(before[-part:]), cell_text(text[:part]), cell_text(after[:part])]
    claim = TextBlock(InlineFont(b=True), parts[1])
    return CellRichText(*([f"{parts[0]} "] if before else []), claim, *([f" {parts[2]}"] if after else []))


def _add_lists(book: Workbook, sheet: Worksheet, columns: Sequence[str], schemes: Sequence[Scheme]) -> None:
    """Adds a drop-down list to each label column, with the question and the definitions as its message."""
    from openpyxl.worksheet.datavalidation import DataValidation

    lists = book.create_sheet(LISTS)
    lists.sheet_state = "hidden"
    last = sheet.max_row
    for number, column in enumerate(_label_columns(schemes), start=1):
        axis, letter = column.axis, column_letter(columns.index(column.name) + 1)
        if not column.is_value:
            labels = ["yes", "no"] if axis.feature else list(axis.label_names)
            lists.cell(1, number, column.name)
            for place, label in enumerate(labels, start=2):
                lists.cell(place, number, cell_text(label)).data_type = "s"
            source = column_letter(number)
            rule = DataValidation("list", formula1=f"{LISTS}!${source}$2:${source}${len(labels) + 1}", allow_blank=True)
            rule.error = f"Choose one of: {', '.join(labels)}"[:MAX_PROMPT]
            rule.errorTitle, rule.showErrorMessage = "No such label", True
            message = "\n".join([axis.question, *(f"{x.name}: {x.definition}" for x in axis.labels if x.definition)])
        else:
            # Any text is a value: the rule only shows its message.
            rule = DataValidation("textLength", operator="lessThanOrEqual", formula1=str(MAX_CELL), allow_blank=True)
            message = axis.value or ""
        rule.prompt, rule.promptTitle, rule.showInputMessage = cell_text(message)[:MAX_PROMPT], axis.name[:32], True
        rule.add(f"{letter}2:{letter}{last}")
        sheet.add_data_validation(rule)
    letter = column_letter(columns.index("confidence") + 1)
    rule = DataValidation("decimal", operator="between", formula1="0", formula2="1", allow_blank=True)
    rule.error, rule.errorTitle, rule.showErrorMessage = "A number from 0 to 1", "No confidence", True
    rule.add(f"{letter}2:{letter}{last}")
    sheet.add_data_validation(rule)


def _lay_out(sheet: Worksheet, columns: Sequence[str]) -> None:
    """Locks the columns that describe the claim, wraps texts, and keeps header and claim in view."""
    from openpyxl.styles import Alignment, PatternFill, Protection

    gray = PatternFill("solid", fgColor="EFEFEF")
    locked = {*LOCKED, "guideline"}
    aligned = Alignment(wrap_text=True, vertical="top")
    for number, name in enumerate(columns, start=1):
        header = sheet.cell(1, number)
        header.fill = gray
        sheet.column_dimensions[column_letter(number)].width = LOCKED.get(name, 30 if name == "note" else 16)
    for row in sheet.iter_rows():
        for cell, name in zip(row, columns, strict=True):
            cell.alignment = aligned
            cell.protection = Protection(locked=cell.row == 1 or name in locked)
            if name in locked:
                cell.fill = gray
    sheet.freeze_panes = "D2"
    sheet.auto_filter.ref = sheet.dimensions
    protection = sheet.protection
    protection.enable()
    # What the protection still allows; it has no password.
    protection.formatColumns = protection.formatRows = protection.autoFilter = protection.sort = False


def _add_guideline(book: Workbook, schemes: Sequence[Scheme]) -> None:
    """Adds the sheet with the questions, the labels with definitions and examples, and the guideline's text."""
    from openpyxl.styles import Alignment, Font

    sheet = book.create_sheet(GUIDELINE, 1)
    for scheme in schemes:
        lines = [(f"{scheme.title} ({scheme.name}, version {scheme.version})", True)]
        for axis in scheme.axes:
            lines += [("", False), (f"{axis.name}: {axis.question}", True)]
            lines += [(text, False) for text in (axis.definition, axis.value and f"Value: {axis.value}") if text]
            for label in axis.labels:
                lines += [(f"{label.name}: {label.definition}".removesuffix(": "), False)]
                lines += [(f"    Example: {example}", False) for example in label.examples]
        lines += [("", False), ("The guideline", True)]
        lines += [(" ".join(part.split()), False) for part in re.split(r"\n\s*\n", scheme.guideline.strip())]
        for text, bold in [*lines, ("", False)]:
            sheet.append([_cell(sheet, text, bold=bold)])
    for (cell,) in sheet.iter_rows():
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        cell.font = Font(bold=cell.font.bold)
    sheet.column_dimensions["A"].width = 110
    sheet.protection.enable()
