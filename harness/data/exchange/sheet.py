"""A spreadsheet to label in: the guideline, a drop-down list per axis, and each claim in its context."""

from __future__ import annotations

import io
import itertools
import re
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.data.dataset import Dataset
from harness.data.exchange.export_request import shared_details, shuffled
from harness.data.exchange.tool_labels import CONFIDENCE, NOTE, VALUE_END
from harness.data.labels.gold import active_annotations, gold_labels
from harness.data.spreadsheets import GUIDELINE, LABELS, LISTS, LOCKED, column_letter
from harness.errors import HarnessError, MissingExtra
from harness.records import Annotation, Article, Claim
from harness.schemes import Axis, Scheme

if TYPE_CHECKING:
    from openpyxl import Workbook

WIDTHS = dict(zip(LOCKED, (14, 18, 52, 60), strict=True))
"""Widths of the columns that cannot be edited; they describe the claim."""
CONTEXT = 400
"""Characters of the article on each side of the claim."""
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
    claims, articles = dataset.current, {article.article_id: article for article in dataset.articles}
    if len(claims) > MAX_ROWS:
        raise HarnessError(f"{dataset.folder}: has {len(claims):,} claims, and a sheet has {MAX_ROWS:,} rows for them")
    # Rows are written as they come, without keeping their cells.
    book = openpyxl.Workbook(write_only=True)
    columns = [*LOCKED, *(column.name for column in _label_columns(schemes)), NOTE, CONFIDENCE, "guideline"]
    sheet: Any = book.create_sheet(LABELS)
    _lay_out(sheet, columns, len(claims) + 1)
    _add_guideline(book, schemes)
    _add_lists(book, sheet, columns, schemes, len(claims) + 1)
    filled = _filled(dataset, schemes, gold)
    version = "; ".join(f"{scheme.name} {scheme.version}" for scheme in schemes)
    header, locked = _styled(sheet, bold=True), _styled(sheet)
    free, given = _styled(sheet, locked=False, is_text=False), _styled(sheet, locked=False)
    sheet.append([_cell(name, header) for name in columns])
    for claim in shuffled(claims, lambda claim: claim.claim_id) if shuffle else claims:
        article, own = articles[claim.article_id], filled.get(claim.claim_id, {})
        cells = [_cell(value, locked) for value in (claim.claim_id, article.title, claim.text)]
        cells += [_cell(_context(article, claim), locked)]
        for name in columns[len(LOCKED) : -1]:
            cells.append(_cell(own.get(name), given if isinstance(own.get(name), str) else free))
        sheet.append([*cells, _cell(version, locked)])
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue(), any(len(claim.text or "") > MAX_CELL for claim in claims)


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
                columns.append(_LabelColumn(f"{name}{VALUE_END}", scheme.name, axis, is_value=True))
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
            for claim_id, label in labels.names.items():
                cells[claim_id][column.name] = label
    own: dict[str, list[Annotation]] = defaultdict(list)
    for annotation in active_annotations(dataset.annotations):
        if annotation.annotator == annotator and annotation.scheme in {scheme.name for scheme in schemes}:
            own[annotation.claim_id].append(annotation)
    for claim_id, given in own.items():
        values = {f"{a.scheme}.{a.axis}{VALUE_END}": a.value for a in given if a.value is not None}
        note, confidence = shared_details(given)
        cells[claim_id] |= {**values, NOTE: note, CONFIDENCE: confidence}
    return cells


def _styled(sheet: Any, *, locked: bool = True, bold: bool = False, is_text: bool = True) -> Any:
    """Returns a cell whose style others share."""
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Alignment, Font, PatternFill, Protection

    cell: Any = WriteOnlyCell(sheet)
    cell.alignment = Alignment(wrap_text=True, vertical="top")
    cell.protection = Protection(locked=locked)
    cell.quotePrefix = is_text  # a text that begins like a formula stays one where it is edited
    if locked:
        cell.fill = PatternFill("solid", fgColor="EFEFEF")
    if bold:
        cell.font = Font(bold=True)
    return cell


def _cell(value: Any, style: Any) -> Any:
    """Returns a cell in the style of another one, whose text is never run as a formula, whatever it begins with."""
    from openpyxl.cell import WriteOnlyCell

    text = cell_text(value) if type(value) is str else value
    cell: Any = WriteOnlyCell(style.parent, text if text != "" else None)
    if type(text) is str and text:
        cell.data_type = "s"
    cell._style = style._style
    return cell


def cell_text(text: str) -> str:
    """Returns a text as a cell can hold it: without characters that the file format excludes, and not too long."""
    text = CONTROL.sub("\N{REPLACEMENT CHARACTER}", text.replace("\r\n", "\n").replace("\r", "\n"))
    # Excel reads _x0041_ as the letter A.
    text = re.sub(r"_(?=x[0-9A-Fa-f]{4}_)", "_x005F_", text)
    return text if len(text) <= MAX_CELL else text[: MAX_CELL - 3] + "..."


def _context(article: Article, claim: Claim) -> Any:
    """Returns the claim in bold in the part of its article around it."""
    from openpyxl.cell.rich_text import CellRichText, TextBlock
    from openpyxl.cell.text import InlineFont

    text = article.text or ""
    start, end = max(0, claim.start - CONTEXT), claim.end + CONTEXT
    before, after = text[start : claim.start], text[claim.end : end]
    # Cut between words.
    before = "... " + before.partition(" ")[2] if start else before
    after = after.rpartition(" ")[0] + " ..." if end < len(text) else after
    marked = TextBlock(InlineFont(b=True), cell_text(text[claim.start : claim.end])[: MAX_CELL - 3 * CONTEXT])
    return CellRichText(*[part for part in (cell_text(before), marked, cell_text(after)) if part])


def _add_lists(book: Workbook, sheet: Any, columns: Sequence[str], schemes: Sequence[Scheme], last: int) -> None:
    """Adds a drop-down list to each label column, with the question and the definitions as its message."""
    from openpyxl.worksheet.datavalidation import DataValidation

    lists: Any = book.create_sheet(LISTS)
    lists.sheet_state = "hidden"
    entries: list[list[str]] = []
    for column in _label_columns(schemes):
        axis, letter = column.axis, column_letter(columns.index(column.name) + 1)
        if not column.is_value:
            labels = ["yes", "no"] if axis.feature else list(axis.label_names)
            entries.append([column.name, *labels])
            source = column_letter(len(entries))
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
        sheet.data_validations.append(rule)
    letter = column_letter(columns.index(CONFIDENCE) + 1)
    rule = DataValidation("decimal", operator="between", formula1="0", formula2="1", allow_blank=True)
    rule.error, rule.errorTitle, rule.showErrorMessage = "A number from 0 to 1", "No confidence", True
    rule.add(f"{letter}2:{letter}{last}")
    sheet.data_validations.append(rule)
    style = _styled(lists)
    for row in itertools.zip_longest(*entries):
        lists.append([_cell(text, style) for text in row])


def _lay_out(sheet: Any, columns: Sequence[str], last: int) -> None:
    """Sets the widths of columns, keeps header and claim in view, and protects the locked cells."""
    for number, name in enumerate(columns, start=1):
        sheet.column_dimensions[column_letter(number)].width = WIDTHS.get(name, 30 if name == NOTE else 16)
    sheet.freeze_panes = "D2"
    sheet.auto_filter.ref = f"A1:{column_letter(len(columns))}{last}"
    protection = sheet.protection
    protection.enable()
    # What the protection still allows; it has no password.
    protection.formatColumns = protection.formatRows = protection.autoFilter = protection.sort = False


def _add_guideline(book: Workbook, schemes: Sequence[Scheme]) -> None:
    """Adds the sheet with the questions, the labels with definitions and examples, and the guideline's text."""
    sheet: Any = book.create_sheet(GUIDELINE)
    sheet.column_dimensions["A"].width = 110
    sheet.protection.enable()
    plain, bold = _styled(sheet), _styled(sheet, bold=True)
    for scheme in schemes:
        lines = [(f"{scheme.title} ({scheme.name}, version {scheme.version})", bold)]
        for axis in scheme.axes:
            lines += [("", plain), (f"{axis.name}: {axis.question}", bold)]
            lines += [(text, plain) for text in (axis.definition, axis.value and f"Value: {axis.value}") if text]
            for label in axis.labels:
                lines += [(f"{label.name}: {label.definition}".removesuffix(": "), plain)]
                lines += [(f"    Example: {example}", plain) for example in label.examples]
        lines += [("", plain), ("The guideline", bold)]
        lines += [(" ".join(part.split()), plain) for part in re.split(r"\n\s*\n", scheme.guideline.strip())]
        for text, style in [*lines, ("", plain)]:
            sheet.append([_cell(text, style)])
