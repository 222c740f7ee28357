"""Tables of claims to score, read row by row."""

from __future__ import annotations

import pytest

from harness import FaultsError
from harness.data.articles.article_file import ReadOptions
from harness.scoring.claim_tables import MAX_FAULTS, claim_rows, holds_claims
from harness.scoring.inputs import ScoringInput


def read(path, data, **columns):
    """The texts of the claims, and the faults without the path."""
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    texts = []
    try:
        texts += (row.text for row in claim_rows(path, ReadOptions(columns=columns)))
    except FaultsError as error:
        return texts, [str(fault).removeprefix(str(path)) for fault in error.faults]
    return texts, []


@pytest.mark.parametrize(
    ("data", "texts", "faults"),
    [
        ("text,note\nOne,1\nTwo\nThree,3\n", ["One", "Three"], [":3: has 1 cell, the header has 2"]),
        ('text\n"One\nline"\n"Two" x\n', ["One\nline"], [":4: is not well-formed CSV: "]),
        ("text,text\nOne,Two\n", ["Two"], [":1: text: 2 columns are called 'text'"]),
        ("text,note,note\nOne,1,2\n", ["One"], []),
        ("text,\nOne\n" + "x" * 200_000 + ",\n", ["One", "x" * 200_000], []),
        ("text;claim_id\nOne, two;a\nThree;b\n", ["One, two", "Three"], []),
        ("Desk list,,\n,,\ntext,claim_id,\nOne,a,\n,,\n", ["One"], []),
        ("text\nOne, two\nThree\n", ["One, two", "Three"], []),
        ("text,start\nOne,1\nTwo," + "9" * 5000 + "\n", ["One"], [":3: start: expected an integer of at least 0"]),
        ("text,start\nOne,\u0661\nTwo,-1\n", [], [":2: start: expected an int", ":3: start: expected an int"]),
        ("text,start\nOne, \nTwo, 7 \n", ["One", "Two"], []),
        (f"text\nOne\n{'x' * 5000}\nT\x00wo\n", ["One", "x" * 5000], [":4: is not a text file: it has a NUL byte"]),
        ("text\nT\x00wo\n", [], [": is not a text file: it has a NUL byte"]),
        ("text,note\nOne,1\n,2\n,\n \t,3\n", ["One"], [":3: text: is missing", ":5: text: is missing"]),
        ("text\n", [], [": has no rows"]),
    ],
)
def test_rows_that_are_read_and_faults_at_their_lines(tmp_path, data, texts, faults):
    found, messages = read(tmp_path / "a.csv", data)
    assert found == texts
    assert len(messages) == len(faults)
    assert all(message.startswith(fault) for message, fault in zip(messages, faults, strict=True))


def test_reading_stops_at_ten_thousand_faults_and_says_so(tmp_path):
    faults = read(tmp_path / "a.jsonl", "[1]\n" * (MAX_FAULTS + 500))[1]
    assert len(faults) == MAX_FAULTS + 1
    assert faults[-1].endswith("reading stopped after 10,000 faults; there may be more")


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ('{"text": "One", "start": true}', ":1: start: expected an integer of at least 0, got true"),
        ('{"text": "One", "start": 1.5}', ":1: start: expected an integer of at least 0, got 1.5"),
        ('{"text": "One", "start": %s}' % (10**30), ":1: start: expected an integer of at least 0, got 1000000"),
        ('{"text": "One", "claim_id": "\\ud800"}', ":1: claim_id: contains an unpaired surrogate"),
        ('{"text": "One \\udfff"}', ":1: text: contains an unpaired surrogate"),
        ('{"text": "One", "start": %s}' % ("9" * 5000), ":1: is nested too deeply, or contains too long a"),
        ('{"text": "One", "text": "Two"}', ':1: has the key "text" twice; remove or rename one of them'),
        ('{"text": "One"', ":1: is not JSON: "),
    ],
)
def test_a_json_row_that_is_no_claim(tmp_path, row, fault):
    texts, faults = read(tmp_path / "a.jsonl", row + "\n")
    assert texts == []
    assert len(faults) == 1
    assert faults[0].startswith(fault)


def test_other_encodings_are_detected_and_told(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes("text;claim_id\nLe coût était très élevé à Genève;a\n".encode("cp1252"))
    reading = ReadOptions()
    assert [row.text for row in claim_rows(path, reading)] == ["Le coût était très élevé à Genève"]
    assert list(reading.notes) == [
        f"{path}: is not UTF-8; read as cp1252",
        f"{path}: the delimiter is: semicolon (found; --delimiter NAME sets another)",
    ]
    path.write_bytes("text\tclaim_id\nÉté\ta\n".encode("utf-16"))
    assert [row.text for row in claim_rows(path, ReadOptions())] == ["Été"]


@pytest.mark.parametrize("encoding", ["undefined", "rot13", "unicode_escape", "punycode", "idna", "base64", "no-such"])
def test_what_is_no_encoding_of_files_is_refused(tmp_path, encoding):
    path = tmp_path / "a.csv"
    path.write_text("text\nOne\n")
    with pytest.raises(FaultsError, match=f"unknown encoding '{encoding}'"):
        list(claim_rows(path, ReadOptions(encoding=encoding)))


def test_a_column_of_ids_tells_claims_from_articles(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text("text\tid\nOne\t1\n")
    assert not holds_claims(path, ReadOptions())
    assert holds_claims(path, ReadOptions(columns={"claim_id": "id"}))


def test_rows_of_one_article_that_are_apart_are_refused_with_the_remedy(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("claim_id,article_id,text\n1,a,One\n2,b,Two\n3,a,Three\n")
    with pytest.raises(FaultsError) as refused:
        list(ScoringInput().batches([path]))
    (fault,) = refused.value.faults
    assert fault.path == str(path)
    assert "duplicate article 'a'" in fault.message
    assert "put the rows of one article next to each other" in fault.message


def test_two_files_with_the_same_article_are_refused_with_the_first_file(tmp_path):
    paths = [tmp_path / "a.csv", tmp_path / "b.csv"]
    for path in paths:
        path.write_text("claim_id,article_id,text\n1,a,One\n")
    with pytest.raises(FaultsError) as refused:
        list(ScoringInput().batches(paths))
    (fault,) = refused.value.faults
    assert fault.path == str(paths[1])
    assert fault.message.endswith(f"(first in {paths[0]}); rename one of them")


def test_rows_of_articles_with_the_same_text_are_refused_with_the_option_for_claims(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("text,label\nSame.,yes\nOther.,no\nSame.,no\n")
    with pytest.raises(FaultsError) as refused:
        list(ScoringInput().batches([path]))
    assert "--claims" in refused.value.faults[0].message
    (batch,) = ScoringInput(as_claims=True).batches([path])
    assert len(batch.claims) == 3
