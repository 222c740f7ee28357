"""What readers of publishers' files answer to damage: every fault with its line, never a traceback."""

from __future__ import annotations

import io
import json
from pathlib import Path
from zipfile import ZipFile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from publishers import FOLDERS, NOT_HERE

from harness import FaultsError, HarnessError
from harness.data.benchmarks.benchmark import benchmark_names, load_benchmark
from harness.data.formats import READERS
from harness.data.formats.source import SourceFile
from harness.schemes import load_scheme

TABLE = {"text": ["text", "tweet"], "label": "label", "id": "id", "values": {"Yes": "1", "No": "0"}}


def source(data, scheme="checkthat", options=None, name="a.tsv", companions=None):
    raw = data if isinstance(data, bytes) else data.encode()
    return SourceFile(Path(name), raw, load_scheme(scheme), options or {}, companions or {})


def file_faults(reader, file):
    with pytest.raises(FaultsError) as refused:
        READERS[reader](file)
    assert {fault.path for fault in refused.value.faults} == {str(file.path)}
    return refused.value.faults


def faults(reader, file):
    """The faults as a user reads them."""
    return [str(fault) for fault in file_faults(reader, file)]


def places(reader, file):
    """Line, field and code of each fault."""
    return [(fault.line, fault.field, fault.code) for fault in file_faults(reader, file)]


def claims(reader, file):
    return [claim for article in READERS[reader](file) for claim in article.claims]


def test_a_table_with_every_fault():
    rows = ["id\ttext\tlabel", "1\tOne\tYes", "2\t \tNo", "3\tThree\tmaybe", "4\tFour", "5\tFive\tNo\tmore\tand more"]
    file = source("\n".join(rows), options=TABLE)
    assert places("labeled_table", file) == [
        (3, "text", "empty"),
        (4, "label", "unknown-name"),
        (5, None, "invalid"),
        (6, None, "invalid"),
    ]
    _, label, short, long = faults("labeled_table", file)
    assert label == 'a.tsv:4: label: expected one of 0, 1, got "maybe"'
    assert ("2 cells" in short, "5 cells" in long) == (True, True)


@pytest.mark.parametrize(
    ("data", "beginning"),
    [
        ("", "a.tsv: is empty; expected a header and rows"),
        ("id\ttext\tlabel\n", "a.tsv: is empty; expected rows under the header (id, text, label)"),
        ("id\ttxt\tlabel\n1\ta\t1", "a.tsv:1: needs a column 'text' or 'tweet': no column is called 'text'. Did you"),
        ("id\ttext\tclass_label\n1\ta\t1", "a.tsv:1: needs a column 'label': no column is called 'label'. Did"),
        (b"id\ttext\tlabel\n1\tcaf\xe9\t1", "a.tsv:2: is not UTF-8: byte 0xe9"),
    ],
)
def test_a_table_that_is_none(data, beginning):
    (fault,) = faults("labeled_table", source(data, options=TABLE))
    assert fault.startswith(beginning)


def test_quotes_are_literal_unless_every_one_is_well_formed():
    literal = 'text\tlabel\n"He said "no".\t1\n"Yes"\t0\n'
    assert [claim.text for claim in claims("labeled_table", source(literal, options=TABLE))] == [
        '"He said "no".',
        '"Yes"',
    ]
    quoted = 'text\tlabel\r\n"He said ""no"".\nThen he left."\t1\r\n'
    assert [claim.text for claim in claims("labeled_table", source(quoted, options=TABLE))] == [
        'He said "no".\nThen he left.'
    ]


def test_a_table_without_labels_has_none():
    (claim,) = claims("labeled_table", source("id\ttext\n1.24105E+18\tOne\n", options=TABLE))
    assert claim.labels == ()
    (article,) = READERS["labeled_table"](source("id\ttext\n1,57811E+18\tOne\n", options=TABLE))
    assert article.article_id == "1,57811E+18"


def test_rows_of_one_article_are_its_claims():
    options = {"text": "text", "label": "label", "article": "speech", "delimiter": "comma"}
    articles = READERS["labeled_table"](source("speech,text,label\na,One,1\nb,Two,0\na,Three,1\n", options=options))
    assert [(article.article_id, len(article.claims)) for article in articles] == [("a", 2), ("b", 1)]
    broken = source('speech,text,label\na,"One,1\n', options=options)
    (fault,) = faults("labeled_table", broken)
    assert fault.startswith("a.tsv:2: is not well-formed CSV: unexpected end of data; look for a stray quote")


@pytest.mark.parametrize("header", ["id\ttext\tlabel\tlabel", "id\ttext\ttext\tlabel", "id\tid\ttext\tlabel"])
def test_a_column_that_is_read_is_there_once(header):
    row = "\t".join({"id": "1", "text": "One", "label": "Yes"}[name] for name in header.split("\t"))
    name = next(name for name in header.split("\t") if header.split("\t").count(name) == 2)
    file = source(f"{header}\n{row}\n", options=TABLE)
    assert places("labeled_table", file) == [(1, name, "repeated-column")]
    unread = source("note\tnote\ttext\tlabel\na\tb\tOne\tYes\n", options=TABLE)
    assert [claim.text for claim in claims("labeled_table", unread)] == ["One"]


def test_a_key_that_is_there_twice_is_no_choice_of_the_last():
    options = {"text": "text", "label": "label"}
    (fault,) = faults("labeled_json", source('{"text": "a", "label": 1, "label": 0}', options=options))
    assert fault == 'a.tsv:1: is not JSON: one object has the key "label" 2 times; keep one of them'


def test_json_rows_with_every_fault():
    lines = ['{"text": "One", "label": 1}', "{", "[]", '{"label": 0}', '{"text": "", "label": 0}', '{"text": 5}']
    options = {"text": "text", "label": "label"}
    file = source("\n".join(lines), options=options)
    assert places("labeled_json", file) == [
        (2, None, "not-json"),
        (3, None, "not-json"),
        (4, "text", "invalid"),
        (5, "text", "invalid"),
        (6, "text", "invalid"),
    ]
    assert [fault.message for fault in file_faults("labeled_json", file)] == [
        "is not JSON: Expecting property name enclosed in double quotes",
        "is not a JSON object",
        "is missing",
        "is empty",
        "expected text",
    ]
    assert faults("labeled_json", source('{"text": "a", "label": 7}', options=options)) == [
        'a.tsv:1: label: expected one of 0, 1, got "7"'
    ]
    assert "is not JSON" in faults("labeled_json", source('[{"text": "a"}', options=options))[0]


def test_json_in_utf16():
    options = {"text": "text", "label": "label"}
    text = json.dumps([{"text": "Café", "label": 1}], ensure_ascii=False)
    assert claims("labeled_json", source(text.encode("utf-16"), options=options))[0].text == "Café"
    assert "is not valid UTF-16" in faults("labeled_json", source(b"\xff\xfea", options=options))[0]


@pytest.mark.parametrize(
    ("reader", "scheme", "row", "field", "value"),
    [
        ("fever_jsonl", "fever", {"claim": "a", "label": "MAYBE"}, "label", '"MAYBE"'),
        ("scifact_jsonl", "scifact", {"claim": "a", "evidence": []}, "evidence", "abstracts"),
        ("scifact_jsonl", "scifact", {"claim": "a", "evidence": {"1": [{"label": "NO"}]}}, "evidence", '"NO"'),
        (
            "scifact_jsonl",
            "scifact",
            {"claim": "a", "evidence": {"1": [{"label": lab, "sentences": [1]} for lab in ("SUPPORT", "REFUTE")]}},
            "evidence",
            "both supports and refutes",
        ),
        ("climate_fever_jsonl", "climate-fever", {"claim": "a"}, "claim_label", "expected one of REFUTES"),
        (
            "climate_fever_jsonl",
            "climate-fever",
            {"claim": "a", "claim_label": "SUPPORTS", "evidences": [{"evidence": None}]},
            "evidences",
            "SUPPORTS, REFUTES, NOT_ENOUGH_INFO",
        ),
        ("averitec_json", "averitec", {"claim": "a", "label": "Perhaps"}, "label", '"Perhaps"'),
        ("averitec_json", "averitec", {"label": "Refuted"}, "claim", "is missing"),
    ],
)
def test_verdict_files_with_a_fault(reader, scheme, row, field, value):
    (fault,) = file_faults(reader, source(json.dumps(row), scheme))
    assert (fault.line, fault.field) == (1, field)
    assert value in fault.message


def test_spellings_of_one_verdict():
    options = load_benchmark("averitec").options
    for spelled in ("Conflicting Evidence/Cherrypicking", "Conflicting Evidence/Cherry-picking"):
        row = {"claim": "a", "label": spelled, "claim_date": "31-10-2020", "questions": None, "speaker": " "}
        (claim,) = claims("averitec_json", source(json.dumps([row]), "averitec", options))
        assert (claim.labels[0].code, claim.date, claim.speaker) == (
            "Conflicting Evidence/Cherrypicking",
            "2020-10-31",
            None,
        )


def test_scifact_writes_one_verdict_in_two_ways_and_nothing_for_the_third():
    rows = [
        {"id": 1, "claim": "a", "evidence": {"9": [{"label": label, "sentences": [2, 3]}]}}
        for label in ("REFUTE", "CONTRADICT")
    ]
    rows += [{"id": 3, "claim": "a", "evidence": {}}, {"id": 4, "claim": "a"}]
    found = claims("scifact_jsonl", source("\n".join(map(json.dumps, rows)), "scifact"))
    assert [[label.code for label in claim.labels] for claim in found] == [
        ["CONTRADICT"],
        ["CONTRADICT"],
        ["NOT_ENOUGH_INFO"],
        [],
    ]
    assert found[0].evidence[0].passage_id == "9:2,3"


def test_outlets_have_to_add_up():
    header = "ID\tSpeaker\tALL\tCT\tABC\tCNN\tWP\tNPR\tPF\tTG\tNYT\tFC\tText\n"
    good = header + '1\tANN\t2\t1\t0\t0\t0\t0\t0\t0\t0\t1\t"He said ""no""."\n'
    (claim,) = claims("claimrank_tsv", source(good))
    assert claim.text == 'He said "no".'
    assert [label.annotator for label in claim.labels if label.code == "1"] == ["chicago-tribune", "factcheck-org"]
    bad = header + "1\tANN\t3\t1\t0\t0\t0\t0\t0\t0\t0\t1\tOne\n2\tB\t0\t0\n3\tC\t0\t2\t0\t0\t0\t0\t0\t0\t0\t0\t \n"
    assert places("claimrank_tsv", source(bad)) == [
        (2, "ALL", "invalid"),
        (3, None, "invalid"),
        (4, "CT", "invalid"),
        (4, "Text", "empty"),
    ]
    total, _, outlet, _ = faults("claimrank_tsv", source(bad))
    assert total == 'a.tsv:2: ALL: expected 2, the sum of the outlets, got "3"'
    assert outlet.endswith('got "2"')


def test_verdicts_of_debates():
    rows = ["1\tANN\tOne.\tN/A\t-\t-", "2\tANN\tTwo.\t1\tTwo is two.\tHALF-TRUE", "2\tB\tThree.\t1\tx\tTRUE", "3\tB"]
    rows += ["4\tB\tFour.\t1\tx\tMAYBE"]
    found = claims("checkthat_verdicts", source("\n".join(rows[:2]), "checkthat-factuality"))
    assert found[0].labels == ()
    assert (found[1].labels[0].code, found[1].labels[0].note) == ("HALF-TRUE", "Two is two.")
    file = source("\n".join(rows), "checkthat-factuality")
    assert places("checkthat_verdicts", file) == [
        (3, "line number", "duplicate-id"),
        (4, None, "invalid"),
        (5, "label", "unknown-name"),
    ]
    repeated, _, label = faults("checkthat_verdicts", file)
    assert repeated.endswith("duplicate 2 (first on line 2)")
    assert label.endswith('got "MAYBE"')


def sheet(rows):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def test_spreadsheets_of_speeches():
    rows = [["SENTENCES", "Golden", "label_1", "label_2"], ["One.", 1, 1, 0], [None, None, None, None]]
    (claim,) = claims("policlaim_xlsx", source(sheet(rows), "policlaim"))
    assert [(label.code, label.annotator, label.role) for label in claim.labels] == [
        ("1", "publisher", "adjudicate"),
        ("1", "expert-1", "label"),
        ("0", "expert-2", "label"),
    ]
    for spoiled in ("rue", "alse", "No."):
        bad = sheet([["SENTENCES", "golden"], ["One.", spoiled]])
        assert faults("policlaim_xlsx", source(bad, "policlaim")) == [
            f'a.tsv:2: golden: expected one of 0, 1, got "{spoiled}"'
        ]
    assert "a.tsv:1: needs a column 'sentences'" in faults("policlaim_xlsx", source(sheet([["a"]]), "policlaim"))[0]


def test_claims_that_no_article_has():
    every = {"a-1": {"a-1-0": {"sentence": "One."}, "a-1-1": {"sentence": "Two."}}}

    def file(listed):
        companions = {"all_sents.json": json.dumps(every).encode()}
        return source(json.dumps(listed), "newsclaims", companions=companions, name="dev.json")

    one, two = claims("newsclaims_json", file({"a-1": {"a-1-1": {"topic": "Cure", "claimer": "a nurse"}}}))
    assert (one.labels[0].code, two.labels[0].code, two.topic) == ("0", "1", "Cure")
    assert two.labels[0].note == '{"claimer": "a nurse"}'
    assert "b: is not an article in all_sents.json" in faults("newsclaims_json", file({"b": {}}))[0]
    assert "a-1: lists sentence 'a-1-9'" in faults("newsclaims_json", file({"a-1": {"a-1-9": {}}}))[0]
    assert "expected a JSON object" in faults("newsclaims_json", file([]))[0]


PIECES = st.sampled_from(
    [
        '"',
        "\t",
        ",",
        "\n",
        "\r\n",
        "{",
        "}",
        "[",
        "]",
        ":",
        "1",
        "0",
        "Text",
        "label",
        "claim",
        "é",
        "\x00",
        "a b c",
        "id",
    ]
)
JUNK = st.one_of(st.binary(max_size=200), st.lists(PIECES, max_size=40).map(lambda parts: "".join(parts).encode()))


@pytest.mark.parametrize("name", benchmark_names())
@settings(max_examples=40, deadline=2000, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=JUNK)
def test_any_bytes_give_articles_or_faults(name, data):
    described = load_benchmark(name)
    for part in list(described.parts.values())[:1]:
        options, companions = described.options | part.options, dict.fromkeys(described.companions, data)
        file = SourceFile(Path("a"), data, load_scheme(described.scheme), options, companions)
        try:
            read = READERS[part.format or described.format](file)
        except HarnessError as refused:
            read = str(refused)
        assert read


def beginning(folder, name):
    """The format and the first lines of a publisher's file, whole for a spreadsheet; None where it is not there."""
    described = load_benchmark(name)
    for part in described.parts.values():
        for file in part.files:
            path, _, member = file.partition("!")
            names = (path, Path(path).name, described.renamed.get(file, path))
            here = next((folder / name for name in names if (folder / name).is_file()), None)
            if here is not None:
                data = ZipFile(here).read(member) if member else here.read_bytes()
                whole = data.startswith(b"PK")
                return described, part, data if whole else data[: max(2000, data.find(b"\n", 1500))]
    return None


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.soak) for name in benchmark_names() if name not in NOT_HERE]
)
@settings(max_examples=10_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    changes=st.lists(st.tuples(st.integers(0, 1 << 20), st.binary(max_size=4)), max_size=6),
    cut=st.integers(0, 1 << 20),
    junk=JUNK,
)
def test_ten_thousand_damaged_files_of_each_publisher(benchmarks, name, changes, cut, junk):
    found = beginning(benchmarks / FOLDERS.get(name, name.replace("-", "_")), name)
    assert found is not None
    described, part, real = found
    data = bytearray(real)
    for place, put in changes:
        at = place % len(data)
        data[at : at + len(put)] = put
    damaged = bytes(data[: len(data) - cut % len(data)] if cut % 3 == 0 else data) + (junk if cut % 5 == 0 else b"")
    companions = dict.fromkeys(described.companions, junk)
    options = described.options | part.options
    try:
        read = READERS[part.format or described.format](
            SourceFile(Path("a"), damaged, load_scheme(described.scheme), options, companions)
        )
    except HarnessError as refused:
        read = str(refused)
    assert read


def test_a_number_of_thousands_of_digits_is_a_fault_not_a_crash():
    row = f"1,Ten cats.,Bob,WIN,0,a.txt,{'9' * 5000},0,x,-1"
    header = "Sentence_id,Text,Speaker,Speaker_title,Speaker_party,File_id,Line_number,Length,Sentiment,Verdict"
    (fault,) = faults("claimbuster_csv", source(f"{header}\n{row}\n", "claimbuster", name="a.csv"))
    assert "a.csv:2: Line_number: expected an integer" in fault
