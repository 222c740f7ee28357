"""Labels are added all or nothing, and nothing that was said is lost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from dataset_folders import change_line, content, lines, made, stand_off, write_lines
from hypothesis import given
from hypothesis import strategies as st

import harness.data.add_claims as add_module
from harness import HarnessError, add_claims, ingest, open_dataset
from harness.data.articles.rows import read_rows
from harness.data.labels.gold import active_annotations, gold_labels
from harness.errors import FaultsError


@pytest.fixture
def folder(tmp_path):
    made(tmp_path / "d")
    return tmp_path / "d"


def claim_id(folder, text):
    return next(claim.claim_id for claim in open_dataset(folder).claims if claim.text == text)


def said(folder, annotator="me"):
    return {
        (a.claim_id, a.axis): (a.label, a.value)
        for a in active_annotations(open_dataset(folder).annotations)
        if a.annotator == annotator
    }


def refusal(folder, rows, annotator="me", **settings):
    """What an add answers that must change nothing."""
    before = content(folder)
    with pytest.raises(HarnessError) as refused:
        add_claims(folder, rows, annotator, **settings)
    assert content(folder) == before
    faults = getattr(refused.value, "faults", ())
    return "\n".join(map(str, faults)) or str(refused.value)


@pytest.mark.smoke
def test_a_claim_is_named_in_three_ways(folder):
    known = claim_id(folder, "Many people love it.")
    rows = [
        {"claim_id": known, "factual": "no"},
        {"article_id": "ferry", "text": "It was late on nine days.", "factual": "yes"},
        {"text": "  The moon is made of cheese. ", "factual": "yes", "speaker": "Wallace"},
        {"article_id": "ferry", "text": "2,100 people", "factual": "cannot tell"},
    ]
    done = add_claims(folder, rows, "me", at="2024-05-01")
    assert done[:4] == (2, 4, 0, 0)
    dataset = open_dataset(folder)
    alone = next(claim for claim in dataset.claims if claim.text == "The moon is made of cheese.")
    assert (alone.start, alone.end, alone.speaker) == (0, 27, "Wallace")
    assert alone.article_id == dataset.articles[-1].article_id
    late = claim_id(folder, "It was late on nine days.")
    part = claim_id(folder, "2,100 people")
    expected = {known: "no", late: "yes", alone.claim_id: "yes", part: "cannot tell"}
    assert said(folder) == {(claim, "factual"): (label, None) for claim, label in expected.items()}
    assert {(a.at, a.guideline, a.scheme) for a in dataset.annotations} == {("2024-05-01", "1.0", "three-axes")}


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".CSV", ".TSV"])
def test_rows_from_a_table(folder, tmp_path, suffix):
    mark = "\t" if suffix.lower() == ".tsv" else ","
    table = [
        ["article_id", "text", "factual", "note"],
        ["ferry", '"Was it worth it?"', "no", '"a ""quoted"" note,\nover two lines"'],
        ["", "A new one", "yes", ""],
    ]
    path = tmp_path / f"x{suffix}"
    path.write_bytes("\r\n".join(mark.join(row) for row in table).encode("utf-8-sig"))
    assert [row.line for row in read_rows(path)] == [2, 4]
    assert add_claims(folder, path, "me")[:4] == (1, 2, 0, 0)
    assert {a.note for a in open_dataset(folder).annotations} == {'a "quoted" note,\nover two lines', None}


def test_rows_from_jsonl_may_have_true_and_false(folder, tmp_path):
    rows = [{"article_id": "ferry", "text": "The ferry", "factual": False, "checkable": True, "law": False}]
    write_lines(tmp_path / "x.jsonl", rows)
    assert add_claims(folder, tmp_path / "x.jsonl", "me")[:4] == (0, 2, 0, 0)
    assert {label for label, _ in said(folder).values()} == {"yes", "no"}


@pytest.mark.parametrize(
    ("cell", "expected"),
    [("yes", ("yes", None)), ("TRUE", ("yes", None)), (1, ("yes", None)), ("the mayor", ("yes", "the mayor"))],
)
def test_a_feature_is_marked_with_or_without_a_value(folder, cell, expected):
    add_claims(folder, [{"article_id": "ferry", "text": "The ferry", "attribution": cell}], "me")
    assert list(said(folder).values()) == [expected]


@pytest.mark.parametrize("cell", ["no", "", None, False, "0"])
def test_a_feature_that_is_not_there_is_left_out(folder, cell):
    add_claims(folder, [{"article_id": "ferry", "text": "The ferry", "factual": "no", "attribution": cell}], "me")
    assert [axis for _, axis in said(folder)] == ["factual"]


def test_a_mark_is_not_taken_back_silently(folder):
    row = {"article_id": "ferry", "text": "The ferry", "factual": "no"}
    add_claims(folder, [row | {"quantity": "yes"}], "me")
    assert "row:1: quantity: 'me' already marked this claim" in refusal(folder, [row | {"quantity": "no"}])
    assert add_claims(folder, [row | {"quantity": ""}], "me").annotations_added == 0
    assert add_claims(folder, [row | {"quantity": "no"}], "you").annotations_added == 1


def test_a_changed_label_supersedes_and_the_same_adds_nothing(folder):
    row = {"article_id": "ferry", "text": "The ferry", "factual": "yes", "attribution": "Ann"}
    assert add_claims(folder, [row], "me")[:4] == (0, 2, 0, 0)
    before = content(folder)
    assert add_claims(folder, [row, row], "me")[:4] == (0, 0, 0, 4)
    assert content(folder) == before
    assert add_claims(folder, [row | {"factual": "no", "attribution": "Bob"}], "me")[:4] == (0, 2, 2, 0)
    log = lines(folder / "annotations" / "me.jsonl")
    assert [record.get("supersedes") for record in log] == [
        None,
        None,
        log[0]["annotation_id"],
        log[1]["annotation_id"],
    ]
    assert content(folder)["annotations/me.jsonl"].startswith(before["annotations/me.jsonl"])
    assert sorted(said(folder).values(), key=str) == [("no", None), ("yes", "Bob")]
    assert add_claims(folder, [row], "me").superseded == 2  # back again
    assert len({record["annotation_id"] for record in lines(folder / "annotations" / "me.jsonl")}) == 6


def test_other_annotators_are_not_superseded(folder):
    row = {"article_id": "ferry", "text": "The ferry", "factual": "yes"}
    add_claims(folder, [row], "me")
    assert add_claims(folder, [row | {"factual": "no"}], "you")[:4] == (0, 1, 0, 0)
    gold = gold_labels(open_dataset(folder).annotations, "three-axes", "factual", "majority")
    assert (dict(gold.labels), len(gold.undecided)) == ({}, 1)


def test_a_dry_run_counts_and_writes_nothing(folder):
    (folder / ".lock").unlink()
    before = sorted(folder.rglob("*"))
    bytes_before = content(folder)
    rows = [{"text": "A new one.", "factual": "yes"}]
    would = add_claims(folder, rows, "me", dry_run=True)
    assert would[:4] == (1, 1, 0, 0)
    assert (sorted(folder.rglob("*")), content(folder)) == (before, bytes_before)
    assert add_claims(folder, rows, "me") == would


def test_all_or_nothing_and_all_faults_at_once(folder):
    good = {"article_id": "ferry", "text": "The ferry", "factual": "yes"}
    rows = [
        good,
        good | {"factual": "maybe"},
        good | {"colour": "red"},
        good | {"article_id": "fery"},
        good | {"text": "The boat"},
        good | {"text": "It"},
        {"claim_id": "nobody", "factual": "yes"},
        {"factual": "yes"},
        {"claim_id": claim_id(folder, "The ferry"), "text": "The bridge", "factual": "yes"},
        good | {"start": 5},
        good | {"start": "five"},
        good | {"start": -1},
        good | {"start": True},
        good | {"text": 5},
        good | {"attribution": ["a"]},
        {"text": "half \ud83d", "factual": "yes"},
    ]
    expected = [
        "row: column 'colour' is neither an axis of the scheme 'three-axes' (factual, checkable, worth_checking,",
        "row:2: factual: no label is called 'maybe'. ",
        "row:4: article_id: no article is called 'fery'. Did you mean 'ferry'? It has this text.",
        "row:5: text: occurs 0 times in article 'ferry'; give the exact characters of the article",
        "row:6: text: occurs 2 times in article 'ferry' and in 1 row; give its start in a column 'start'",
        "row:7: claim_id: no claim 'nobody' in claims.jsonl",
        "row:8: text: is missing; identify the claim by claim_id, by article_id and text, or by text",
        "row:9: text: is not that of claim",
        "row:10: text: is not the text at start 5 of article 'ferry'",
        'row:11: start: expected an integer from 0, got "five"',
        "row:12: start: expected an integer from 0, got -1",
        "row:13: start: expected an integer from 0, got true",
        "row:14: text: expected a text, got 5",
        'row:15: attribution: expected a text, got ["a"]',
        "row:16: text: contains half a character",
    ]
    answered = refusal(folder, rows).split("\n")
    assert len(answered) == len(expected)
    for line, start in zip(answered, expected, strict=True):
        assert line.startswith(start)


def test_a_start_tells_two_places_apart(folder):
    row = {"article_id": "ferry", "text": "It", "factual": "no"}
    add_claims(folder, [row | {"start": 11}, row | {"start": "43"}], "me")
    assert sorted(claim.start for claim in open_dataset(folder).claims if claim.text == "It") == [11, 43]


@pytest.mark.parametrize("annotator", ["../x", "", ".hidden", "a/b", "a b", "x" * 121, "né", "a\n"])
def test_an_annotator_names_a_file_safely(folder, annotator):
    message = refusal(folder, [{"text": "A new one.", "factual": "yes"}], annotator)
    assert message.startswith("annotator: expected letters, digits, dot, underscore and hyphen, as it names a file")


def test_a_folder_that_is_no_dataset_is_left_alone(tmp_path):
    with pytest.raises(HarnessError, match="is not a folder; expected a dataset folder"):
        add_claims(tmp_path / "nowhere", [{"text": "A.", "factual": "yes"}], "me")
    assert list(tmp_path.iterdir()) == []


def test_a_stand_off_dataset_has_to_come_alive_first(folder):
    stand_off(folder)
    assert "then run: harness ingest COPY --into" in refusal(folder, [{"text": "A new one.", "factual": "yes"}])


def test_a_scheme_that_the_dataset_does_not_list_is_registered(folder):
    added = add_claims(folder, [{"text": "A new one.", "label": "NFS"}], "me", scheme="claimbuster")
    assert added.notes == ("scheme 'claimbuster' registered in dataset.yaml",)
    assert open_dataset(folder).info.schemes == ("three-axes", "claimbuster")
    assert {a.scheme for a in open_dataset(folder).annotations} == {"claimbuster"}
    message = refusal(folder, [{"text": "A new one.", "label": "NFS"}], scheme="claimbusters")
    assert "no scheme is called 'claimbusters'. Did you mean 'claimbuster'?" in message


def test_a_scheme_of_the_datasets_own(folder, root):
    pack = (root / "harness" / "schemes" / "guidelines" / "checkthat.yaml").read_text()
    (folder / "schemes").mkdir()
    (folder / "schemes" / "mine.yaml").write_text(pack.replace("name: checkthat\n", "name: mine\n"))
    head = folder / "dataset.yaml"
    head.write_text(head.read_text().replace("- three-axes", "- mine"))
    add_claims(folder, [{"text": "A new one.", "label": "check-worthy"}], "me")
    assert {a.scheme for a in open_dataset(folder).annotations} == {"mine"}
    (folder / "schemes" / "mine.yaml").write_text(pack)
    with pytest.raises(FaultsError, match=r"mine\.yaml: name: expected 'mine', the file's name, got 'checkthat'"):
        open_dataset(folder)


def test_a_log_without_its_last_line_end_is_continued_on_a_new_line(folder):
    add_claims(folder, [{"article_id": "ferry", "text": "The ferry", "factual": "no"}], "me")
    log = folder / "annotations" / "me.jsonl"
    log.write_bytes(log.read_bytes().rstrip(b"\n"))
    add_claims(folder, [{"article_id": "ferry", "text": "The ferry", "checkable": "no"}], "me")
    assert len(lines(log)) == 2


@pytest.mark.parametrize(
    ("name", "text", "part"),
    [
        ("x.csv", "", "has no rows; expected one labeled claim per line"),
        ("x.csv", "text,factual\n", "has no rows"),
        ("x.csv", "text,factual\na,yes\nb\nc,yes,1\n", "x.csv:3: has 1 cell, the header has 2"),
        ("x.csv", 'text,factual\na,yes\n"b,no\nc,yes\n', "x.csv:3: is not well-formed CSV: unexpected end of data"),
        ("x.tsv", 'text\tfactual\na\tyes\n"b" c\tno\n', "x.tsv:3: is not well-formed TSV: "),
        ("x.csv", "text,factual,factual\na,yes,no\n", "x.csv:1: factual: 2 columns are called 'factual'"),
        ("x.csv", "text,factual\n" + "a" * 200_000 + ",yes\n", "x.csv:2: is not well-formed CSV: field larger"),
        ("x.jsonl", '{"text": \n[1]\n', "x.jsonl:2: expected a JSON object, got [1]"),
        ("x.jsonl", "[" * 100_000, "x.jsonl:1: is nested too deeply, or contains too long a number"),
        ("x.jsonl", '{"start": ' + "1" * 5000 + "}", "x.jsonl:1: is nested too deeply, or contains too long a number"),
        ("x.jsonl", '{"text": "a", "text": "b"}', 'x.jsonl:1: has the key "text" twice; remove or rename one of them'),
        ("x.xls", "", "unknown suffix '.xls'; expected one of .jsonl, .csv, .tsv, .xlsx"),
        ("x.xlsx", "text,factual", "x.xlsx: is not a complete zip file"),
    ],
)
def test_a_file_of_rows_that_cannot_be_read(folder, tmp_path, name, text, part):
    (tmp_path / name).write_text(text)
    assert part in refusal(folder, tmp_path / name)


def test_both_faults_of_a_table_are_told(folder, tmp_path):
    (tmp_path / "x.csv").write_text("text,factual\nb\nc,yes,1\n")
    assert refusal(folder, tmp_path / "x.csv").count("look for a stray quote") == 2


@given(st.binary(max_size=300), st.sampled_from([".csv", ".tsv", ".jsonl"]))
def test_any_bytes_are_read_or_refused(tmp_path_factory, data, suffix):
    path = tmp_path_factory.getbasetemp() / f"rows{suffix}"
    path.write_bytes(data)
    try:
        rows, faults = read_rows(path), ()
    except FaultsError as error:
        rows, faults = [], error.faults
    assert rows or faults


def test_a_stray_edit_of_the_log_is_found_before_anything_is_added(folder):
    add_claims(folder, [{"article_id": "ferry", "text": "The ferry", "factual": "no"}], "me")
    change_line(folder / "annotations" / "me.jsonl", 1, label="perhaps")
    assert "me.jsonl:1: label: no label is called 'perhaps'" in refusal(folder, [{"text": "A.", "factual": "yes"}])


def test_the_lines_added_are_json_with_keys_in_order(folder):
    add_claims(folder, [{"text": "“Ünï” \U0001f600", "factual": "yes", "note": "\u2028"}], "me", at="2024-05-01")
    record = json.loads((folder / "annotations" / "me.jsonl").read_text(encoding="utf-8"))
    assert list(record) == [
        *("annotation_id", "claim_id", "scheme", "axis", "label", "annotator", "role", "guideline", "at", "note")
    ]
    assert record["note"] == "\u2028"


def test_of_two_adds_that_create_a_dataset_at_once_the_second_loses_nothing(tmp_path, monkeypatch):
    tables = {name: tmp_path / f"{name}.csv" for name in ("first", "second")}
    for name, table in tables.items():
        table.write_text(f"text,label\nThe {name} one rose.,yes\nNot {name}.,no\n")
    resolve = add_module.resolve_columns

    def other_first(*arguments):
        monkeypatch.undo()
        add_claims(tmp_path / "d", tables["first"], "first")
        return resolve(*arguments)

    monkeypatch.setattr(add_module, "resolve_columns", other_first)
    with pytest.raises(HarnessError, match="run the command again"):
        add_claims(tmp_path / "d", tables["second"], "second")
    assert len(open_dataset(tmp_path / "d").claims) == 2
    assert add_claims(tmp_path / "d", tables["second"], "second")[:2] == (2, 2)
    dataset = open_dataset(tmp_path / "d")
    assert {annotation.claim_id for annotation in dataset.annotations} == {claim.claim_id for claim in dataset.claims}


def test_an_add_that_was_killed_before_it_wrote_a_new_dataset_can_be_repeated(tmp_path):
    table = tmp_path / "t.csv"
    table.write_text("text,label\nIt rose.,yes\nIt fell.,no\n")
    for partial in ("d/.lock", "d/.partial-harness-abcd1234/0", "d/annotations/.partial-harness-abcd1235/1"):
        (tmp_path / partial).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / partial).touch()
    assert add_claims(tmp_path / "d", table, "me")[:2] == (2, 2)
    assert not list((tmp_path / "d").rglob(".partial-*"))
    (tmp_path / "e").mkdir()
    (tmp_path / "e" / "mine.txt").touch()
    with pytest.raises(HarnessError, match="is not a dataset folder"):
        add_claims(tmp_path / "e", table, "me")


def test_labels_of_an_article_that_a_new_version_replaces_are_told(folder, tmp_path):
    row = {"article_id": "ferry", "text": "It was late on nine days.", "factual": "yes"}
    assert not add_claims(folder, [row], "me").notes
    old = next(article.text for article in open_dataset(folder).articles if article.article_id == "ferry")
    (tmp_path / "ferry.txt").write_text(f"{old} It also sank twice in May.")
    ingest([tmp_path / "ferry.txt"], folder)
    (note,) = add_claims(folder, [row], "other").notes
    assert "'ferry.v2' replaces 'ferry'" in note
    assert not add_claims(folder, [row], "other").notes
    assert not add_claims(folder, [row | {"article_id": "ferry.v2"}], "third").notes
    new = row | {"text": "It also sank twice in May."}
    assert "give the article_id of the newest version" in refusal(folder, [new])
    assert add_claims(folder, [new | {"article_id": "ferry.v2"}], "me").annotations_added == 1


def test_an_add_of_a_new_dataset_that_was_killed_while_it_wrote_can_be_repeated(tmp_path, monkeypatch):
    """Whatever of its files is there; what has another content may be the user's, and is refused as before."""
    table = tmp_path / "t.csv"
    table.write_text("text,label\nIt rose.,yes\nIt fell.,no\n")
    monkeypatch.chdir(tmp_path)
    add_claims("whole", table, "me")
    (tmp_path / "whole" / "dataset.yaml").unlink()
    names = sorted(path for path in (tmp_path / "whole").rglob("*") if path.is_file() and path.name != ".lock")
    for number in range(1, len(names) + 1):
        (tmp_path / str(number)).mkdir()
        monkeypatch.chdir(tmp_path / str(number))  # the config of the dataset has its path
        folder = Path("whole")
        for path in names[:number]:
            target = folder / path.relative_to(tmp_path / "whole")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
        assert add_claims(folder, table, "me")[:2] == (2, 2)
        assert len(open_dataset(folder).annotations) == 2
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "README.md").write_text("mine")
    with pytest.raises(HarnessError, match="is not a dataset folder"):
        add_claims(tmp_path / "mine", table, "me")
    assert (tmp_path / "mine" / "README.md").read_text() == "mine"


@pytest.mark.parametrize("log", [b"no JSON\n", b"[1]\n", b"\xff\xfe\0\n", b""])
def test_a_log_of_somebody_else_in_a_folder_without_description_is_kept(tmp_path, log):
    table = tmp_path / "t.csv"
    table.write_text("text,label\nIt rose.,yes\n")
    theirs = tmp_path / "d" / "annotations" / "me.jsonl"
    theirs.parent.mkdir(parents=True)
    theirs.write_bytes(log)
    with pytest.raises(HarnessError, match="is not a dataset folder"):
        add_claims(tmp_path / "d", table, "me")
    assert theirs.read_bytes() == log
