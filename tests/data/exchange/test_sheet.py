"""A spreadsheet to label in, and back from the programs in which people fill it in."""

from __future__ import annotations

import csv
import io
import zipfile
from html import escape

import openpyxl
import pytest
from dataset_folders import content, made

from harness import FaultsError, HarnessError, add_claims, export, open_dataset
from harness.data.labels.gold import active_annotations
from harness.data.spreadsheets import column_letter
from harness.errors import fault_lines

HOSTILE = ('=HYPERLINK("http://example.org","x")', "+1 for the mayor", "@SUM(A1)", "It\x0bfell_x0041_", "-2 < 3 & <b>")


@pytest.fixture
def dataset(tmp_path):
    opened = made(tmp_path / "ferries")
    add_claims(opened.folder, [{"text": text} | {"checkable": "no"} for text in HOSTILE], "seed")
    return open_dataset(opened.folder)


@pytest.fixture
def sheet(dataset, tmp_path):
    export(dataset, "sheet", tmp_path / "a.xlsx")
    return tmp_path / "a.xlsx"


def rows_of(path):
    """Header and cells of the first sheet, as texts."""
    sheet = openpyxl.load_workbook(path).worksheets[0]
    return [["" if cell is None else str(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]


def filled(rows, **columns):
    """Rows with cells filled in, by column, from the first claim on."""
    rows = [list(row) for row in rows]
    for name, cells in columns.items():
        for row, cell in zip(rows[1:], cells, strict=False):
            row[rows[0].index(name.replace("__", "."))] = cell
    return rows


ANSWERS = {
    "three-axes__checkable": ["yes", "no ", " Cannot tell", ""],
    "three-axes__quantity": ["yes", "no", "", "yes"],
    "three-axes__attribution__value": ["", "", "a guest", ""],
    "note": ["two lines\nof note", "", "", ""],
}
EXPECTED = [
    ("attribution", "yes", "a guest", None),
    ("checkable", "cannot tell", None, None),
    ("checkable", "no", None, 0.5),
    ("checkable", "yes", None, 0.8),
    ("quantity", "yes", None, 0.8),
    ("quantity", "yes", None, None),
]


def labels_of(folder, annotator):
    own = [a for a in open_dataset(folder).annotations if a.annotator == annotator]
    return sorted(((a.axis, a.label, a.value, a.confidence) for a in own), key=str)


WORKBOOK = (
    '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
    '<sheets><sheet name="labels" sheetId="1" r:id="rId1"/></sheets></workbook>'
)
RELATIONS = '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{}</Relationships>'
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/xl/workbook.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
    '<Override PartName="/xl/worksheets/sheet1.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>'
    '<Override PartName="/xl/sharedStrings.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/></Types>'
)


def save_as(path, rows, producer):
    """Writes rows in the form in which a program saves an .xlsx file; numbers are numbers, not texts."""
    shared: dict[str, int] = {}
    lines = []
    for number, row in enumerate(rows, start=1):
        cells = []
        for column, text in enumerate(row, start=1):
            place = f"{column_letter(column)}{number}"
            if not text:
                # Excel leaves empty cells out; the others write their style.
                cells += [] if producer == "excel" else [f'<c r="{place}" s="0"/>']
            elif isinstance(text, float):
                cells.append(f'<c r="{place}"><v>{text}</v></c>')
            elif producer == "inline":
                cells.append(f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{escape(text)}</t></is></c>')
            else:
                cells.append(f'<c r="{place}" t="s"><v>{shared.setdefault(text, len(shared))}</v></c>')
        hidden = ' hidden="1"' if number == 3 else ""
        lines.append(f'<row r="{number}"{hidden}>{"".join(cells)}</row>')
    breaks = "_x000D_\n" if producer == "excel" else "\n"
    strings = [escape(text).replace("\n", breaks) for text in shared]
    runs = "<si><r><t xml:space='preserve'>{}</t></r><r><rPr><b/></rPr><t xml:space='preserve'>{}</t></r></si>"
    whole = "<si><t xml:space='preserve'>{}</t></si>"
    items = [runs.format(t[:3], t[3:]) if producer == "excel" and "&" not in t else whole.format(t) for t in strings]
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    size = "A1:A1" if producer == "google" else f"A1:{column_letter(len(rows[0]))}{len(rows)}"
    head = f'<worksheet xmlns="{main}"><dimension ref="{size}"/><sheetData>'
    parts = {
        "[Content_Types].xml": TYPES,
        "_rels/.rels": RELATIONS.format(
            f'<Relationship Id="rId1" Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/>'
        ),
        "xl/workbook.xml": WORKBOOK,
        "xl/_rels/workbook.xml.rels": RELATIONS.format(
            f'<Relationship Id="rId1" Type="{OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
            f'<Relationship Id="rId2" Type="{OFFICE}/sharedStrings" Target="sharedStrings.xml"/>'
        ),
        "xl/sharedStrings.xml": f'<sst xmlns="{main}">{"".join(items)}</sst>',
        "xl/worksheets/sheet1.xml": f"{head}{''.join(lines)}</sheetData></worksheet>",
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n{text}')
    return path


def test_a_sheet_has_guideline_lists_context_and_locked_columns(dataset, sheet):
    book = openpyxl.load_workbook(sheet, rich_text=True)
    labels, guideline, lists = book.worksheets
    assert (labels.title, guideline.title, lists.sheet_state) == ("labels", "guideline", "hidden")
    words = "\n".join(str(row[0]) for row in guideline.iter_rows(values_only=True))
    assert "Could publicly available evidence settle it" in words
    assert "Example: The harbor ferry carried 2,100 passengers in May." in words
    header = [cell.value for cell in labels[1]]
    assert header[:5] == ["claim_id", "title", "text", "context", "three-axes.factual"]
    assert header[-3:] == ["note", "confidence", "guideline"]
    assert labels.freeze_panes == "D2"
    assert labels.protection.sheet
    locked = {name: labels.cell(2, number).protection.locked for number, name in enumerate(header, start=1)}
    assert {name for name, is_locked in locked.items() if is_locked} == {
        *("claim_id", "title", "text", "context", "guideline")
    }
    text = dataset.claims[1].text
    assert any(getattr(part, "text", None) == text and part.font.b for part in labels["D3"].value)
    assert dataset.claims[0].text in str(labels["D3"].value)
    rules = {str(rule.sqref): rule for rule in labels.data_validations.dataValidation}
    rule = rules[f"F2:F{labels.max_row}"]
    assert (rule.type, rule.formula1, rule.showErrorMessage) == ("list", "lists!$B$2:$B$4", True)
    assert [lists[f"B{row}"].value for row in (2, 3, 4)] == ["yes", "no", "cannot tell"]
    assert [cell.value for cell in labels["F"][1:]] == [None] * len(dataset.claims)


def test_hostile_text_is_text_in_every_cell(dataset, sheet):
    book = openpyxl.load_workbook(sheet)
    for page in book.worksheets:
        assert not any(cell.data_type == "f" for row in page.iter_rows() for cell in row), page.title
    texts = [row[2] for row in rows_of(sheet)[1:]]
    assert '=HYPERLINK("http://example.org","x")' in texts
    assert "It\N{REPLACEMENT CHARACTER}fell_x005F_x0041_" in texts


@pytest.mark.parametrize("producer", ["libreoffice", "excel", "google", "inline"])
def test_a_filled_sheet_comes_back_from_each_program(dataset, sheet, tmp_path, producer):
    rows = filled(rows_of(sheet), **ANSWERS, confidence=[0.8, 0.5])
    # Reordered, with a hidden row, and with a row deleted that nobody filled in.
    header, *body = rows
    path = save_as(tmp_path / "b.xlsx", [header, *reversed(body[:4]), *body[5:]], producer)
    result = add_claims(dataset.folder, path, "ann", at="2026-05-10T10:00:00Z")
    assert (result.claims_added, result.annotations_added) == (0, len(EXPECTED))
    assert labels_of(dataset.folder, "ann") == EXPECTED
    again = add_claims(dataset.folder, path, "ann")
    assert (again.annotations_added, again.unchanged) == (0, len(EXPECTED))


@pytest.mark.parametrize(("delimiter", "mark", "comma"), [(";", "\ufeff", True), (",", "", False), ("\t", "", True)])
def test_a_sheet_saved_as_csv_comes_back(dataset, sheet, tmp_path, delimiter, mark, comma):
    confidence = ["80 %", "0,5" if comma else "0.5"]
    rows = filled(rows_of(sheet), **ANSWERS, confidence=confidence)
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=delimiter, lineterminator="\r\n").writerows(rows)
    path = tmp_path / ("b.tsv" if delimiter == "\t" else "b.csv")
    path.write_bytes((mark + stream.getvalue()).encode())
    add_claims(dataset.folder, path, "ann")
    assert labels_of(dataset.folder, "ann") == EXPECTED


def test_faults_are_one_line_a_kind_with_the_cells(dataset, sheet, tmp_path):
    rows = filled(rows_of(sheet), **{"three-axes__checkable": ["maybe", "yes", "perhaps", "so"]}, confidence=[2.0, 7.0])
    before = content(dataset.folder)
    with pytest.raises(FaultsError) as refused:
        add_claims(dataset.folder, save_as(tmp_path / "b.xlsx", rows, "excel"), "ann")
    assert content(dataset.folder) == before
    confidence, unknown, count = fault_lines(refused.value.faults)
    assert "b.xlsx:2: three-axes.checkable (cell F2): no label is called 'maybe'" in unknown
    assert unknown.endswith("and 2 more (cells F4, F5)")
    assert "confidence (cell V2): expected a number from 0 to 1" in confidence
    assert confidence.endswith("and 1 more (cell V3)")
    assert count.startswith("5 faults")


def test_a_claim_whose_text_has_changed_is_said(dataset, sheet, tmp_path):
    rows = filled(rows_of(sheet), text=["The fairy"], **{"three-axes__checkable": ["yes", "no"]})
    with pytest.raises(FaultsError, match=r"text \(cell C2\): is not that of claim"):
        add_claims(dataset.folder, save_as(tmp_path / "b.xlsx", rows, "google"), "ann")


def test_a_value_without_a_label_and_a_mark_that_is_denied(dataset, sheet, tmp_path):
    answers = {"three-axes__attribution": ["no"], "three-axes__attribution__value": ["a guest"]}
    with pytest.raises(FaultsError, match=r"attribution.value \(cell K2\): gives a value, and 'attribution' has no"):
        add_claims(dataset.folder, save_as(tmp_path / "b.xlsx", filled(rows_of(sheet), **answers), "excel"), "ann")


def test_labels_by_an_older_guideline_keep_its_version(dataset, sheet, tmp_path):
    rows = filled(rows_of(sheet), **{"three-axes__checkable": ["yes", "no"]}, guideline=["three-axes 0.9"])
    result = add_claims(dataset.folder, save_as(tmp_path / "b.xlsx", rows, "libreoffice"), "ann")
    assert any("labels by version 0.9 of the guideline of 'three-axes', which is now 1.0: 1" in n for n in result.notes)
    versions = [a.guideline for a in open_dataset(dataset.folder).annotations if a.annotator == "ann"]
    assert sorted(versions) == ["0.9", "1.0"]


def test_a_sheet_with_the_labels_of_one_annotator_gives_them_back(dataset, tmp_path):
    claim, other = dataset.claims[:2]
    rows = [
        {"claim_id": claim.claim_id, "checkable": "yes", "attribution": "a guest", "note": "sure", "confidence": 0.9},
        {"claim_id": other.claim_id, "checkable": "no"},
    ]
    add_claims(dataset.folder, rows, "ann")
    export(open_dataset(dataset.folder), "sheet", tmp_path / "b.xlsx", gold="single:ann")
    add_claims(dataset.folder, tmp_path / "b.xlsx", "bob")
    kept = {
        name: {
            (a.claim_id, a.axis, a.label, a.value, a.note, a.confidence)
            for a in active_annotations(open_dataset(dataset.folder).annotations)
            if a.annotator == name
        }
        for name in ("ann", "bob")
    }
    assert len(kept["ann"]) == 3
    assert kept["ann"] == kept["bob"]
    unchanged = add_claims(dataset.folder, tmp_path / "b.xlsx", "ann")
    assert (unchanged.annotations_added, unchanged.unchanged) == (0, 3)


def test_a_note_of_one_label_is_not_that_of_its_row(dataset, tmp_path):
    claim = dataset.claims[0].claim_id
    add_claims(dataset.folder, [{"claim_id": claim, "checkable": "yes", "note": "sure"}], "ann")
    add_claims(dataset.folder, [{"claim_id": claim, "quantity": "yes"}], "ann")
    export(open_dataset(dataset.folder), "sheet", tmp_path / "b.xlsx", gold="single:ann", scheme="three-axes")
    again = add_claims(dataset.folder, tmp_path / "b.xlsx", "ann")
    assert (again.annotations_added, again.unchanged) == (0, 2)
    # A note that was written into the sheet is one of all labels of its row.
    noted = filled(rows_of(tmp_path / "b.xlsx"), note=["on reflection"])
    result = add_claims(dataset.folder, save_as(tmp_path / "c.xlsx", noted, "libreoffice"), "ann")
    assert (result.annotations_added, result.superseded) == (2, 2)


def test_the_command_and_its_refusals(dataset, tmp_path, harness):
    done = harness("export", dataset.folder, "--to", "sheet", "--blind", "-o", "a.xlsx")
    assert done.returncode == 0, done.stderr
    assert "12 claims of 'ferries' as sheet" in done.stdout
    ids = [row[0] for row in rows_of(tmp_path / "a.xlsx")[1:]]
    assert sorted(ids) == sorted(claim.claim_id for claim in dataset.claims)
    assert ids != [claim.claim_id for claim in dataset.claims]
    with pytest.raises(HarnessError, match=r"a sheet is an \.xlsx file"):
        export(dataset, "sheet", tmp_path / "a.csv")
    with pytest.raises(HarnessError, match="no scheme is called 'three-axis'"):
        export(dataset, "sheet", tmp_path / "b.xlsx", scheme="three-axis")
    with pytest.raises(HarnessError, match="a scheme is chosen for sheet"):
        export(dataset, "csv", tmp_path / "b.csv", scheme="three-axes")
    with pytest.raises(HarnessError, match="a blind export has no labels"):
        export(dataset, "sheet", tmp_path / "b.xlsx", labels=False, gold="majority")


def test_what_an_export_adds_to_its_labels_is_not_told_as_unread(dataset, sheet, tmp_path):
    book = openpyxl.load_workbook(sheet)
    book["lists"].sheet_state = "visible"
    labels = book["labels"]
    column = next(cell.column for cell in labels[1] if cell.value == "three-axes.checkable")
    labels.cell(2, column).value = "yes"
    book.save(sheet)
    assert not [note for note in add_claims(dataset.folder, sheet, "ann").notes if "not read" in note]
    book.create_sheet("more labels")
    labels.cell(3, column).value = "yes"
    book.save(sheet)
    (note,) = [note for note in add_claims(dataset.folder, sheet, "ann").notes if "not read" in note]
    assert note.endswith("read the sheet 'labels'; not read: more labels (--sheet NAME)")
    own = openpyxl.Workbook()
    own.active.title = "labels"
    own.active.append(["text", "checkable"])
    own.active.append(["It rose by 4.", "yes"])
    own.create_sheet("guideline")
    own.save(tmp_path / "own.xlsx")
    notes = add_claims(dataset.folder, tmp_path / "own.xlsx", "ann").notes
    assert any(note.endswith("not read: guideline (--sheet NAME)") for note in notes), "a sheet of the user's"
