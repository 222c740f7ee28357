"""JSON Lines: what is written is read back, and every fault has its line."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from harness.data import jsonl
from harness.data.dataset import ClaimPart
from harness.data.jsonl import cut_line, read_records, to_json_lines
from harness.files import write_text
from harness.records import Annotation, Article

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
ODD = st.sampled_from(["\u2028\u2029", "\x85", '"\\"', "\U0001f600", "\r\n", "\x00", "\ufeff", " "])
ARTICLES = st.builds(
    Article, article_id=st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,9}", fullmatch=True), text=TEXT | ODD
)


@given(st.lists(ARTICLES, max_size=6))
def test_what_is_written_is_read_back(tmp_path_factory, articles):
    path = tmp_path_factory.getbasetemp() / "round-trip.jsonl"
    text = "".join(to_json_lines(articles))
    write_text(path, text)
    assert read_records(path, Article) == ([(line, article) for line, article in enumerate(articles, start=1)], [])
    assert path.read_bytes().count(b"\n") == len(articles)
    path.write_bytes(text.replace("\n", "\r\n\r\n").encode())
    assert [article for _, article in read_records(path, Article)[0]] == articles


def test_keys_have_a_fixed_order_and_absent_values_are_left_out():
    article = Article(text="T", title="T", article_id="a", language="de")
    assert list(to_json_lines([article])) == ['{"article_id": "a", "title": "T", "text": "T", "language": "de"}\n']


def test_a_broken_line_and_a_wrong_type_are_told_together(tmp_path):
    path = tmp_path / "a.jsonl"
    good = [json.dumps({"article_id": f"a{number}", "text": "T"}) for number in range(9)]
    good[6], good[8] = '{"article_id": "a6", "te', '{"article_id": "a8", "text": 5}'
    path.write_text("\n".join(good), encoding="utf-8")
    records, faults = read_records(path, Article)
    assert [line for line, _ in records] == [1, 2, 3, 4, 5, 6, 8]
    assert [(fault.line, fault.field) for fault in faults] == [(7, None), (9, "text")]


def test_two_records_on_one_line_and_one_on_two_lines_are_faults(tmp_path):
    path = tmp_path / "a.jsonl"
    one = '{"article_id": "a", "text": "T"}'
    path.write_text(f'{one},{one}\n{{"article_id": "b"\n"text": "T"}}\n', encoding="utf-8")
    records, faults = read_records(path, Article)
    assert records == []
    assert [fault.line for fault in faults] == [1, 2, 3]


def test_what_is_no_number_is_refused(tmp_path):
    path = tmp_path / "me.jsonl"
    log = {"annotation_id": "1", "claim_id": "c", "scheme": "s", "axis": "a", "label": "l", "annotator": "me"}
    line = json.dumps(log | {"guideline": "1"})
    path.write_text("\n".join(line[:-1] + f', "confidence": {value}}}' for value in ("NaN", "Infinity", '"1"', "true")))
    records, faults = read_records(path, Annotation)
    assert records == []
    assert [(fault.line, fault.field) for fault in faults] == [(line, "confidence") for line in (1, 2, 3, 4)]


@given(st.binary(max_size=200))
def test_any_bytes_are_records_or_faults(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "any.jsonl"
    path.write_bytes(data)
    records, faults = read_records(path, Article)
    assert faults or records or not data.decode("utf-8-sig", "ignore").strip()


@given(ARTICLES, st.data())
def test_every_beginning_of_a_line_is_cut_and_a_whole_line_is_not(article, data):
    line = next(iter(to_json_lines([article]))).encode().rstrip(b"\n")
    beginning = line[: data.draw(st.integers(1, len(line) - 1))]
    assert cut_line(b"x\n" + beginning) == beginning
    assert cut_line(line) == cut_line(line + b"\n") == b""


def test_a_typing_error_is_no_cut_line():
    for line in ('{"a": "b" "c": 1}', '{"a": 1, }', '{"a": yes }', '{"a": 1} x', "<<<<<<< HEAD", "", "x"):
        assert cut_line(line.encode()) == b"", line
    assert cut_line('{"a": "é'.encode("utf-16")) == b""
    assert cut_line(b'{"a": "\xff", "b') == b""
    for line in ('{"a": -', '{"a": nul', '{"a": 1e-', '{"a": "\\', '{"a": "\\u00', '{"a": [{"b": 1}'):
        assert cut_line(line.encode()) == line.encode()


def test_records_with_the_same_fields_share_the_names_of_these_and_copies_do_not(tmp_path, monkeypatch):
    monkeypatch.setattr(jsonl, "LINES_AT_ONCE", 2)
    lines = [f'{{"claim_id": "{number}", "part": "train"}}' for number in range(5)]
    path = tmp_path / "official.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    records, faults = jsonl.read_records(path, ClaimPart)
    assert not faults
    assert [(line, record.claim_id) for line, record in records] == [(n + 1, str(n)) for n in range(5)]
    parts = [record for _, record in records]
    assert len({id(part.model_fields_set) for part in parts}) == 1
    copied = parts[0].model_copy(update={"part": "test"})
    assert copied.model_fields_set is not parts[1].model_fields_set
    assert parts[1].model_dump(exclude_unset=True) == {"claim_id": "1", "part": "train"}


def test_a_fault_beyond_the_first_lines_has_its_line(tmp_path, monkeypatch):
    monkeypatch.setattr(jsonl, "LINES_AT_ONCE", 2)
    path = tmp_path / "official.jsonl"
    path.write_text('{"claim_id": "a", "part": "x"}\n' * 4 + '{"claim_id": "a", "part": 1}\n', encoding="utf-8")
    records, faults = jsonl.read_records(path, ClaimPart)
    assert [line for line, _ in records] == [1, 2, 3, 4]
    assert [(fault.line, fault.field) for fault in faults] == [(5, "part")]
