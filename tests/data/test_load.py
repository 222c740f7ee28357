"""Opening a dataset folder checks everything, and says all that is wrong at once, with file and line."""

from __future__ import annotations

import json
import os
import random
import shutil

import pytest
from dataset_folders import change_line, lines, made, stand_off, write_lines
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness import FaultsError, add_claims, ingest, open_dataset
from harness.data.dataset import write_dataset
from harness.data.ingest import make_claim
from harness.data.load import open_folder
from harness.files import sha256
from harness.records import Article

PART = {"claim_id": "nobody", "part": "train"}
PASSAGE = {"evidence_id": "e1", "claim_id": "nobody", "group": 0, "text": "It says so."}


@pytest.fixture(scope="module")
def labeled(tmp_path_factory):
    """A dataset with a log of three lines, the third of which supersedes the first."""
    folder = tmp_path_factory.mktemp("labeled") / "d"
    made(folder)
    first = {"article_id": "bridge", "text": "Nobody paid to cross it."}
    add_claims(folder, [first | {"factual": "yes", "checkable": "yes"}], "me", at="2024-05-01")
    add_claims(folder, [first | {"factual": "no"}], "me", at="2024-05-02")
    return folder


@pytest.fixture
def folder(labeled, tmp_path):
    shutil.copytree(labeled, tmp_path / "d")
    return tmp_path / "d"


def faults(folder):
    with pytest.raises(FaultsError) as refused:
        open_folder(folder)
    return [str(fault).removeprefix(f"{folder}").removeprefix("/") for fault in refused.value.faults]


def test_the_untouched_folder_has_no_faults(folder):
    assert len(open_folder(folder).annotations) == 3


LOG = "annotations/me.jsonl"
CHANGES = [
    ("articles.jsonl", 1, {"text": None}, "articles.jsonl:1: text: is missing; give text, or text_sha256 for"),
    ("articles.jsonl", 1, {"text_sha256": "0" * 64}, "articles.jsonl:1: text_sha256: is not the SHA-256 of text"),
    (
        "articles.jsonl",
        2,
        {"article_id": "bridge"},
        "articles.jsonl:2: article_id: duplicate id 'bridge' (first on line 1)",
    ),
    ("articles.jsonl", 2, {"article_id": "boat"}, "claims.jsonl:4: article_id: no article 'ferry' in articles.jsonl"),
    ("articles.jsonl", 2, {"title": 5}, "articles.jsonl:2: title: expected a text, got 5"),
    ("articles.jsonl", 2, {"titel": "x"}, "articles.jsonl:2: titel: is not a known field"),
    ("claims.jsonl", 2, {"start": "12"}, 'claims.jsonl:2: start: expected an integer, got "12"'),
    ("claims.jsonl", 2, {"start": 27.5}, "claims.jsonl:2: start: expected an integer, got 27.5"),
    ("claims.jsonl", 2, {"start": -1}, "claims.jsonl:2: start: expected greater than or equal to 0, got -1"),
    ("claims.jsonl", 2, {"start": None}, "claims.jsonl:2: start: is required, and missing"),
    ("claims.jsonl", 2, {"text": None}, "claims.jsonl:2: text: is missing; give text, or text_sha256 for"),
    ("claims.jsonl", 2, {"text_sha256": "0" * 64}, "claims.jsonl:2: text_sha256: is not the SHA-256 of text"),
    ("claims.jsonl", 2, {"end": 27}, "claims.jsonl:2: end: expected a number greater than start (27), got 27"),
    ("claims.jsonl", 2, {"end": 999}, "claims.jsonl:2: end: is 999, but the article has 73 characters"),
    (
        *("claims.jsonl", 2, {"end": 50}),
        "claims.jsonl:2: text: does not equal articles.jsonl 'bridge'[27:50]: found \"Nobody paid to cross it.\", "
        'the article has "Nobody paid to cross it"',
    ),
    ("claims.jsonl", 2, {"statement": " "}, "claims.jsonl:2: statement: is empty; remove the field"),
    ("claims.jsonl", 2, {"claim_id": "c-1"}, "claims.jsonl:2: claim_id: expected 'bridge-"),
    (LOG, 1, {"label": "perhaps"}, f"{LOG}:1: label: no label is called 'perhaps'. "),
    (LOG, 1, {"axis": "factul"}, f"{LOG}:1: axis: no axis is called 'factul'. Did you mean 'factual'?"),
    (LOG, 1, {"scheme": "other"}, f"{LOG}:1: scheme: no scheme is called 'other'. Known: three-axes (dataset.yaml"),
    (LOG, 1, {"annotator": "you"}, f"{LOG}:1: annotator: expected 'me', the file's name, got 'you'"),
    (LOG, 1, {"claim_id": "nobody"}, f"{LOG}:1: claim_id: no claim 'nobody' in claims.jsonl"),
    (LOG, 1, {"role": "boss"}, f"{LOG}:1: role: expected "),
    (LOG, 1, {"confidence": 1.5}, f"{LOG}:1: confidence: expected less than or equal to 1, got 1.5"),
    (LOG, 3, {"supersedes": "0"}, f"{LOG}:3: supersedes: no annotation '0' in an earlier line of this file"),
    (LOG, 3, {"supersedes": None}, f"{LOG}:3: claim_id: 'me' already labeled this claim on axis 'factual' (line 1)"),
    (LOG, 3, {"axis": "worth_checking"}, f"{LOG}:3: supersedes: annotation '"),
    (LOG, 3, {"role": "suggest"}, f"{LOG}:3: supersedes: annotation '"),
]


@pytest.mark.parametrize(("name", "line", "changes", "message"), CHANGES, ids=[str(change[:3]) for change in CHANGES])
def test_a_changed_line_is_found(folder, name, line, changes, message):
    change_line(folder / name, line, **changes)
    assert any(fault.startswith(message) for fault in faults(folder)), faults(folder)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("splits/mine.jsonl", json.dumps(PART), "splits/mine.jsonl:1: claim_id: no claim 'nobody' in claims.jsonl"),
        (
            "splits/mine.jsonl",
            f"{json.dumps(PART)}\n" * 2,
            "splits/mine.jsonl:2: claim_id: duplicate id 'nobody' (first on line 1)",
        ),
        ("evidence.jsonl", json.dumps(PASSAGE), "evidence.jsonl:1: claim_id: no claim 'nobody' in claims.jsonl"),
        (
            "evidence.jsonl",
            f"{json.dumps(PASSAGE)}\n" * 2,
            "evidence.jsonl:2: evidence_id: duplicate id 'e1' (first on line 1)",
        ),
        ("annotations/odd name.jsonl", "", "annotations/odd name.jsonl: expected the annotator's name as file name"),
        ("annotations/-x.jsonl", "{}", "annotations/-x.jsonl: expected the annotator's name as file name"),
        ("annotations/you.jsonl", "\xff", "annotations/you.jsonl:1: is not JSON"),
        ("claims.jsonl", "{\n", "claims.jsonl:1: is not JSON: "),
        ("dataset.yaml", "", "dataset.yaml: is empty; expected keys and values"),
        ("dataset.yaml", "a: [", "dataset.yaml:1: is not YAML: "),
        ("dataset.yaml", "a: \x07", "dataset.yaml: is not YAML: "),
        (
            "dataset.yaml",
            "at: 2020-13-45",
            "dataset.yaml:1: at: cannot be read: month must be in 1..12",
        ),
        ("dataset.yaml", "2020-01-01: x", "dataset.yaml:1: has a key that is a date (2020-01-01); put it in quotes"),
        ("dataset.yaml", "a: &a [*a]", "dataset.yaml:1: a[0]: is an alias (*name)"),
        ("dataset.yaml", "format: 1\nname: a\nformat: 1\n", "dataset.yaml:3: format: duplicate key (first on line 1)"),
        ("schemes/three-axes.yaml", "name: three-axes", "schemes/three-axes.yaml: axes: is required"),
    ],
)
def test_a_wrong_file_is_found(folder, name, text, message):
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    assert any(fault.startswith(message) for fault in faults(folder)), faults(folder)


@pytest.mark.parametrize("name", ["articles.jsonl", "claims.jsonl"])
def test_a_missing_file_is_the_only_fault(folder, name):
    (folder / name).unlink()
    assert faults(folder) == [f"{name}: does not exist; check the path"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("format: 2", "format: 3", "dataset.yaml:1: format: expected 2, got 3"),
        ("format: 2", "format: 1", "dataset.yaml:1: format: expected 2, got 1: rename 'licence' to 'license'"),
        ("name: d", "name: a b", "dataset.yaml:2: name: expected "),
        ("- three-axes", "- four-axes", "dataset.yaml: schemes: no scheme is called 'four-axes'. Known: "),
        ("split_quotations: true", "split: 1", "dataset.yaml:10: segmentation.split: is not a known field"),
        ("language: en", "langage: en", "dataset.yaml:6: langage: is not a known field"),
    ],
)
def test_a_wrong_head_is_found(folder, old, new, message):
    head = folder / "dataset.yaml"
    assert old in head.read_text()
    head.write_text(head.read_text().replace(old, new))
    assert any(fault.startswith(message) for fault in faults(folder)), faults(folder)


def test_faults_of_all_files_are_told_at_once_in_order(folder):
    change_line(folder / "articles.jsonl", 2, article_id="bridge")
    change_line(folder / "claims.jsonl", 3, end=999)
    change_line(folder / "claims.jsonl", 1, start=1)
    change_line(folder / LOG, 2, label="perhaps")
    write_lines(folder / "splits" / "mine.jsonl", [PART])
    places = [fault.split(": ")[:2] for fault in faults(folder)]
    assert places == sorted(places, key=lambda place: (place[0].split(":")[0], int(place[0].split(":")[1])))
    assert {tuple(place) for place in places} >= {
        (f"{LOG}:2", "label"),
        ("articles.jsonl:2", "article_id"),
        ("claims.jsonl:1", "text"),
        ("claims.jsonl:3", "end"),
        ("splits/mine.jsonl:1", "claim_id"),
    }


def test_a_line_that_cannot_be_read_makes_no_other_faults(folder):
    """What the broken line would have said is not known, so nothing is said to be missing."""
    for name in ("articles.jsonl", "claims.jsonl"):
        text = (folder / name).read_text()
        (folder / name).write_text("{broken\n" + text.split("\n", 1)[1])
    assert [fault[:20] for fault in faults(folder)] == ["articles.jsonl:1: is", "claims.jsonl:1: is n"]


def test_claims_in_any_order_of_lines_open_sorted(folder):
    expected = open_folder(folder).claims
    records = lines(folder / "claims.jsonl")
    random.Random(1).shuffle(records)
    write_lines(folder / "claims.jsonl", records)
    assert [record["claim_id"] for record in records] != [claim.claim_id for claim in expected]
    assert open_folder(folder).claims == expected


def test_a_stand_off_dataset_is_checked_without_its_text(tmp_path):
    made(tmp_path / "d")
    stand_off(tmp_path / "d")
    assert len(open_folder(tmp_path / "d").missing_text) == 2
    change_line(tmp_path / "d" / "claims.jsonl", 1, start=1)
    assert [fault.split(":")[:3] for fault in faults(tmp_path / "d")] == [["claims.jsonl", "1", " claim_id"]]


def test_a_stand_off_claim_of_an_article_with_text_is_checked(folder):
    change_line(folder / "claims.jsonl", 1, text=None, text_sha256="0" * 64)
    assert any("claims.jsonl:1: text_sha256: is not the SHA-256 of articles.jsonl" in fault for fault in faults(folder))
    change_line(folder / "claims.jsonl", 1, text_sha256=sha256("The bridge opened in 1932."))
    assert open_folder(folder).claims[0].text == "The bridge opened in 1932."


def test_a_label_of_a_feature_is_yes(folder):
    change_line(folder / LOG, 2, axis="quantity", label="no")
    assert any("label: no label is called 'no'. Known: yes" in fault for fault in faults(folder))


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200)
PROSE = st.lists(st.sampled_from(["One. ", "\r\n", "\n\n", "“Two!” ", "😀 is 3. ", "Mr. X? ", "\u2028", "e\u0301"]))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from("abcd"), st.one_of(TEXTS, PROSE.map("".join)), min_size=1))
def test_offsets_equal_the_text_for_any_articles(tmp_path_factory, texts):
    folder = tmp_path_factory.mktemp("any")
    texts = {name: text for name, text in texts.items() if text.strip()} or {"a": "x"}
    write_lines(folder / "a.jsonl", [{"article_id": name, "text": text} for name, text in texts.items()])
    ingest([folder / "a.jsonl"], folder / "d")
    dataset = open_dataset(folder / "d")
    assert {article.article_id: article.text for article in dataset.articles} == texts
    assert all(texts[c.article_id][c.start : c.end] == c.text for c in dataset.claims)
    table = dataset.table()
    assert len(table) == len(dataset.claims)
    for row, (claim, position) in enumerate(zip(dataset.claims, table.position, strict=True)):
        first = position == 0
        assert first == (row == 0 or dataset.claims[row - 1].article_id != claim.article_id)
        assert table.previous[row] == ("" if first else dataset.claims[row - 1].text)
    again = ingest([folder / "a.jsonl"], folder / "d")
    assert (again.articles_added, again.claims_added) == (0, 0)


def test_context_stays_within_the_article(folder):
    table = open_folder(folder).table()
    assert list(table.position) == [0, 1, 2, 0, 1, 2, 3]
    assert list(table.previous[[0, 1, 3]]) == ["", "The bridge opened in 1932.", ""]
    assert list(table.next[[2, 3, 6]]) == ["", "It carried 2,100 people in May.", ""]
    assert list(table.title[[0, 3]]) == [None, "The ferry"]
    taken = table.take(table.position == 1)
    assert list(taken.previous) == ["The bridge opened in 1932.", "The ferry"]


def test_an_empty_dataset_opens(tmp_path):
    made(tmp_path / "d")
    for name in ("articles.jsonl", "claims.jsonl"):
        (tmp_path / "d" / name).write_text("")
    assert len(open_folder(tmp_path / "d").table()) == 0


def test_a_dataset_that_is_saved_opens_the_same(folder, tmp_path):
    dataset = open_folder(folder)
    claim = dataset.claims[0]
    write_lines(folder / "splits" / "mine.jsonl", [PART | {"claim_id": claim.claim_id}])
    write_lines(folder / "evidence.jsonl", [PASSAGE | {"claim_id": claim.claim_id}])
    dataset = open_folder(folder)
    copy = tmp_path / "copy"
    write_dataset(type(dataset)(copy, *(getattr(dataset, name) for name in list(dataset.__dataclass_fields__)[1:])))
    for path in sorted(path.relative_to(folder) for path in folder.rglob("*.jsonl")):
        assert lines(copy / path) == lines(folder / path)
    assert open_folder(copy).info == dataset.info
    assert open_folder(copy).fingerprint == dataset.fingerprint


def test_the_fingerprint_sees_what_classifiers_see(folder):
    before = open_folder(folder).fingerprint
    add_claims(folder, [{"article_id": "ferry", "text": "The ferry", "factual": "no"}], "me")
    assert open_folder(folder).fingerprint == before
    change_line(folder / "articles.jsonl", 2, title="Another title")
    assert open_folder(folder).fingerprint != before


def test_claim_ids_differ_with_article_place_and_text():
    one, two = Article(article_id="a", text="x x"), Article(article_id="b", text="x x")
    ids = {make_claim(one, 0, 1).claim_id, make_claim(one, 2, 3).claim_id, make_claim(two, 0, 1).claim_id}
    assert len(ids) == 3
    # sha256("0\n1\n" + sha256("x")) begins with these digits
    assert make_claim(one, 0, 1).claim_id == f"a-{sha256(f'0{chr(10)}1{chr(10)}' + sha256('x'))[:10]}"


@pytest.mark.parametrize(("put", "message"), [(os.mkfifo, "is a device or a pipe"), (os.mkdir, "is a folder")])
def test_what_stands_in_the_place_of_the_description_is_named(folder, put, message):
    (folder / "dataset.yaml").unlink()
    put(folder / "dataset.yaml")
    with pytest.raises(FaultsError, match=f"dataset.yaml: {message}; expected a file"):
        open_dataset(folder)
