"""Faults and errors say what kind they are by a code, which programs may decide by."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from pathlib import Path

import pytest
from pydantic import Field, TypeAdapter, ValidationError

import harness
from harness.errors import LISTED, Fault, FaultsError, HarnessError, NotFetched, UnknownName, fault_lines, unknown_name
from harness.records import Claim, Record, explain_validation
from harness.registry import CannotImport, UnknownComponent, import_object

CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def test_a_fault_has_a_code_that_its_text_does_not_show():
    fault = Fault("a.jsonl", 7, "text", "is missing", "missing-field")
    assert str(fault) == "a.jsonl:7: text: is missing"
    assert Fault("a.jsonl", 7, "text", "is missing").code == "invalid"
    (one,) = FaultsError.single("a.jsonl", "is empty", code="empty").faults
    assert one == Fault("a.jsonl", None, None, "is empty", "empty")


def errors() -> list[type[HarnessError]]:
    for module in pkgutil.walk_packages(harness.__path__, "harness."):
        if module.name != "harness.__main__":
            importlib.import_module(module.name)
    found = [HarnessError]
    for kind in found:
        found += [inner for inner in kind.__subclasses__() if inner.__module__.startswith("harness.")]
    return found


def test_every_error_has_a_code_in_lower_case_with_hyphens():
    codes = {kind.__name__: kind.code for kind in errors()}
    assert (codes["HarnessError"], codes["UnknownComponent"], codes["FaultsError"]) == (
        "refused",
        "unknown-name",
        "faults",
    )
    assert all(CODE.fullmatch(code) for code in codes.values()), codes


def test_every_code_that_is_written_out_is_in_lower_case_with_hyphens():
    written = {
        node.value.value
        for path in Path(harness.__file__).parent.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.keyword) and node.arg == "code" and isinstance(node.value, ast.Constant)
    }
    assert {"does-not-exist", "not-yaml", "not-utf-8"} <= written
    assert all(CODE.fullmatch(code) for code in written), written


class _Few(Record):
    number: int = Field(default=1, le=3)
    names: tuple[str, ...] = ()


@pytest.mark.parametrize(
    ("document", "place", "code"),
    [
        ("{", (), "not-json"),
        ('{"nimber": 1}', ("nimber",), "unknown-field"),
        ('{"number": "1"}', ("number",), "int-type"),
        ('{"number": 4}', ("number",), "less-than-equal"),
        ('{"names": [true]}', ("names", 0), "string-type"),
    ],
)
def test_what_validation_finds_has_a_place_and_a_code(document, place, code):
    with pytest.raises(ValidationError) as caught:
        _Few.model_validate_json(document)
    (found,) = explain_validation(caught.value)
    assert (found.place, found.code) == (place, code)


def test_a_missing_field_is_one_fault_each():
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(Claim).validate_python({"claim_id": "c", "start": 0})
    found = explain_validation(caught.value)
    assert [(one.place, one.code) for one in found] == [(("article_id",), "missing-field"), (("end",), "missing-field")]


def test_a_name_that_is_not_known_is_an_error_of_its_own():
    from harness import open_dataset
    from harness.classifiers import CLASSIFIERS
    from harness.schemes import load_scheme

    for call in (load_scheme, CLASSIFIERS.get, open_dataset):
        with pytest.raises(UnknownName) as caught:
            call("no-such-name")
        assert caught.value.code == "unknown-name"
    with pytest.raises(CannotImport) as caught:
        import_object("no_such_module:Thing", "classifier")
    assert isinstance(caught.value, UnknownComponent)
    assert caught.value.code == "cannot-import"


def test_a_benchmark_that_is_not_fetched_is_an_error_of_its_own(tmp_path):
    from harness import open_dataset

    with pytest.raises(NotFetched):
        open_dataset("liar", tmp_path)


def numbers(*lines, field="n", path="a.csv"):
    return [Fault(path, line, field, f"expected a number, got 'x{line}'") for line in lines]


def test_faults_of_one_kind_are_one_line_with_the_places_of_the_next_ones():
    faults = [*numbers(*range(2, 1910)), Fault("a.csv", 5, "text", "is missing")]
    assert str(FaultsError(faults)).split("\n") == [
        "a.csv:2: n: expected a number, got 'x2'; and 1,907 more (lines 3, 4, 5, ...)",
        "a.csv:5: text: is missing",
        "1,909 faults; list each with --all-faults (in Python: .faults of the error)",
    ]
    assert len(fault_lines(faults, all_faults=True)) == 1909


def test_faults_of_other_files_fields_codes_and_findings_are_kinds_of_their_own():
    faults = [
        *numbers(2, 3),
        *numbers(2, field="m"),
        *numbers(2, path="b.csv"),
        Fault("a.csv", 4, "n", "is missing"),
        Fault("a.csv", 5, "n", "is missing", "missing-field"),
    ]
    lines = fault_lines(faults)
    assert lines[0] == "a.csv:2: n: expected a number, got 'x2'; and 1 more (line 3)"
    assert lines[1:-1] == [str(fault) for fault in faults[2:]]


def test_no_more_than_twenty_lines_are_printed_without_their_number():
    faults = [Fault(f"{number}.csv", None, None, "does not exist") for number in range(57)]
    lines = fault_lines(faults)
    assert lines[:20] == [str(fault) for fault in faults[:20]]
    assert lines[20:] == [
        "57 faults, of 57 kinds, 20 of them above; list each with --all-faults (in Python: .faults of the error)"
    ]
    assert fault_lines(faults[:20]) == lines[:20]


def test_rows_without_lines_are_of_one_kind_too():
    faults = [Fault("a.parquet", None, f"row {number} text", "is missing") for number in range(1, 4)]
    assert fault_lines(faults)[0] == "a.parquet: row 1 text: is missing; and 2 more"


def test_an_unknown_name_of_many_shows_the_closest_and_the_command_that_lists_all():
    known = [f"corpus-{letter}" for letter in "abcdefghijklmnop"] + ["climate-fever"]
    message = unknown_name("dataset", "climate-fevr", known)
    assert message.startswith(
        "no dataset is called 'climate-fevr'. Did you mean 'climate-fever'? Known: climate-fever, "
    )
    assert message.endswith(" and 9 more; see harness list datasets, harness list benchmarks")
    assert message.count("corpus-") == 7
    # No command lists the columns of somebody's table.
    assert unknown_name("column", "x", known).count(", ") == len(known) - 1


def test_every_list_that_an_unknown_name_points_to_is_one_of_harness_list():
    named = re.findall(r"[a-z]+", " ".join(LISTED.values()).replace("harness list", ""))
    assert set(named) <= set(harness.list_components())
