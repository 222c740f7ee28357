"""The publishers' own files: counts, first, middle and last record, and what a damaged file answers."""

from __future__ import annotations

from collections import Counter

import pytest

from harness import FaultsError
from harness.data.benchmarks.benchmark import load_benchmark
from harness.data.formats.detection import checkthat_debates, claimbuster_csv
from harness.data.formats.source import SourceClaim, SourceFile, SourceLabel
from harness.schemes import load_scheme

HEADER = "Sentence_id,Text,Speaker,File_id,Line_number,Verdict\n"


def source(path, scheme, data=None):
    return SourceFile(path, path.read_bytes() if data is None else data, load_scheme(scheme))


def read_debate(path):
    return checkthat_debates.read_articles(source(path, "checkthat"))


def read_claimbuster(path):
    return claimbuster_csv.read_articles(source(path, "claimbuster"))


def spoken(text, code, speaker, order=0):
    return SourceClaim(text, () if code is None else (SourceLabel(code),), speaker, order)


def codes(claims):
    return Counter(claim.labels[0].code for claim in claims)


def file_faults(reader, path, data):
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    with pytest.raises(FaultsError) as refused:
        reader(path)
    return refused.value.faults


def refusal(reader, path, data):
    """The faults as a user reads them, without the path."""
    return [str(fault).removeprefix(str(path)) for fault in file_faults(reader, path, data)]


@pytest.mark.parametrize(("part", "files", "lines", "positive"), [("train", 19, 16_421, 440), ("test", 7, 7_080, 136)])
def test_checkthat_2019_has_the_published_counts(benchmarks, part, files, lines, positive):
    listed = load_benchmark("checkthat-2019-task1").parts[part]
    debates = [article for name in listed.files for article in read_debate(benchmarks / "clef2019" / name)]
    assert len(debates) == files
    assert codes(claim for debate in debates for claim in debate.claims) == {
        "0": lines - positive,
        "1": positive,
    }


def test_a_debate_keeps_its_literal_quotes(benchmarks):
    """csv would take an unbalanced quote for the beginning of a cell that runs over many lines."""
    folder = benchmarks / "clef2019" / "data" / "training"
    unbalanced = 0
    for path in sorted(folder.glob("*.tsv")):
        rows = [
            line.split("\t") for line in path.read_bytes().decode("utf-8").replace("\r\n", "\n").split("\n") if line
        ]
        (debate,) = read_debate(path)
        assert [claim.text for claim in debate.claims] == [row[2] for row in rows], path.name
        assert [claim.speaker for claim in debate.claims] == [row[1].strip() or None for row in rows]
        unbalanced += sum(claim.text.count('"') % 2 for claim in debate.claims)
    assert unbalanced == 12


def test_first_middle_and_last_record_of_a_debate(benchmarks):
    path = benchmarks / "clef2019" / "data" / "training" / "20160926_1pres.tsv"
    (debate,) = read_debate(path)
    assert debate.article_id == "20160926_1pres"
    claims = debate.claims
    stopped = "Stop-and-frisk was found to be unconstitutional and, in part, because it was ineffective."
    assert len(claims) == 1403
    assert claims[0] == spoken("Good evening from Hofstra University in Hempstead, New York.", "0", "HOLT")
    assert claims[701] == spoken(stopped, "1", "CLINTON")
    assert claims[1402] == spoken("Good night, everyone.", "0", "HOLT")


def test_crlf_and_a_missing_last_line_end_are_read(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_bytes(b'1\tANN\tHe said "no.\t0\r\n2\tBOB\tTaxes rose 5%.\t1\r\n\r\n3\t\tThank you.\t0')
    (debate,) = read_debate(path)
    assert debate.claims == [
        spoken('He said "no.', "0", "ANN"),
        spoken("Taxes rose 5%.", "1", "BOB"),
        spoken("Thank you.", "0", None),
    ]


def test_a_test_input_has_no_labels(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text("1\tANN\tOne.\n2\tANN\tTwo.\n")
    assert [claim.labels for claim in read_debate(path)[0].claims] == [(), ()]


def test_every_fault_of_a_debate_at_once(tmp_path):
    rows = ["1\tA\tOne.\t0", "x\tA\tTwo.\t0", "1\tA\tThree.\t0", "4\tA\t \t0", "5\tA\tFive.\t2", "6\tA\tSix.", "7\tA"]
    faults = file_faults(read_debate, tmp_path / "a.tsv", "\n".join(rows))
    assert [(fault.line, fault.field, fault.code) for fault in faults] == [
        (2, "line number", "invalid"),
        (3, "line number", "duplicate-id"),
        (4, "sentence", "empty"),
        (5, "label", "invalid"),
        (6, None, "invalid"),
        (7, None, "invalid"),
    ]
    messages = [fault.message for fault in faults]
    assert messages[0].endswith('got "x"')
    assert messages[1] == "duplicate 1 (first on line 1)"
    assert messages[3] == 'expected 0 or 1, got "2"'
    assert messages[4] == "expected 4 tab-separated columns (line number, speaker, sentence, label (0 or 1)), got 3"
    assert messages[5].endswith("got 2")


@pytest.mark.parametrize("data", ["", "\n\r\n", b"\xef\xbb\xbf"])
def test_an_empty_debate_is_refused(tmp_path, data):
    assert refusal(read_debate, tmp_path / "a.tsv", data) == [
        ": is empty; expected tab-separated lines (line number, speaker, sentence, label (0 or 1))"
    ]


def test_claimbuster_has_the_published_counts(benchmarks):
    folder = benchmarks / "claimbuster" / "datasets"
    counts = {}
    for name in ("groundtruth", "crowdsourced"):
        debates = read_claimbuster(folder / f"{name}.csv")
        counts[name] = codes(claim for debate in debates for claim in debate.claims)
    assert sum(counts["groundtruth"].values()) == 1_032
    assert sum(counts["crowdsourced"].values()) == 22_501
    # -1 is NFS, 0 UFS, 1 CFS
    assert counts["groundtruth"] + counts["crowdsourced"] == {"-1": 15_416, "0": 2_466, "1": 5_651}


def test_first_middle_and_last_debate_of_claimbuster(benchmarks):
    debates = read_claimbuster(benchmarks / "claimbuster" / "datasets" / "groundtruth.csv")
    chosen = [debates[0], debates[len(debates) // 2], debates[-1]]
    assert [debate.article_id for debate in chosen] == ["1960-09-26", "1992-10-19", "2012-10-22"]
    assert [debate.published for debate in chosen] == ["1960-09-26", "1992-10-19", "2012-10-22"]
    great = (
        "This is a great country, but I think it could be a greater country; "
        "and this is a powerful country, but I think "
        "it could be a more powerful country."
    )
    assert [debate.claims[0] for debate in chosen] == [
        spoken(great, "-1", "John F. Kennedy", 26),
        spoken("I thought you'd forgotten I was here.", "-1", "Ross Perot", 227),
        spoken("But I'll respond to a couple of things that you mentioned.", "-1", "Mitt Romney", 122),
    ]


def test_a_sentence_over_two_lines_becomes_one(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(
        HEADER + '1,"He said ""no"",\r\n then left. ",Ann,1960-09-26.txt,7,1\n2,B,,x.txt,8,-1\n', newline=""
    )
    debates = read_claimbuster(path)
    assert debates[0].claims == [spoken('He said "no", then left.', "1", "Ann", 7)]
    assert (debates[0].published, debates[1].published, debates[1].claims[0].speaker) == ("1960-09-26", None, None)


def test_every_fault_of_a_claimbuster_file_at_once(tmp_path):
    rows = ['1,"One\nline",A,a.txt,1,1', "2,Two,A,a.txt,2,9", "3, ,A,a.txt,3,1", "4,F,A,a.txt,²,1"]
    rows += [
        "1,One,A,a.txt,5,1",
        "6,Six,A,a.txt,6",
        "7,Seven,A,a.txt,7,1,1",
        '8,"Eight" x,A,a.txt,8,1',
        "9,N,A,a.txt,9,1",
    ]
    faults = file_faults(read_claimbuster, tmp_path / "a.csv", HEADER + "\n".join(rows))
    assert [(fault.line, fault.field) for fault in faults] == [
        (4, "Verdict"),
        (5, "Text"),
        (6, "Line_number"),
        (7, "Sentence_id"),
        (8, None),
        (9, None),
        (10, None),
    ]
    messages = [fault.message for fault in faults]
    assert messages[0] == 'expected -1, 0 or 1, got "9"'
    assert messages[2].endswith('got "²"')
    assert messages[3] == "duplicate '1' (first on line 2)"
    assert ("5 cells" in messages[4], "7 cells" in messages[5]) == (True, True)
    assert "',' expected after '\"'" in messages[6]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("", ":1: needs a column 'Sentence_id' and a column 'Text' and a column 'Speaker' and a column 'File_id'"),
        (
            HEADER.replace(",Verdict", ""),
            ":1: needs a column 'Verdict': no column is called 'Verdict'. Known: File_id, ",
        ),
        (HEADER, ": has no rows; expected a header"),
        (HEADER + '1,"One,A,a.txt,1,1\n2,Two,A,a.txt,2,1\n', ":2: is not well-formed CSV: unexpected end of data"),
        ('"Sentence_id', ":1: is not well-formed CSV: unexpected end of data; look for a stray quote"),
        (HEADER.encode() + b"1,caf\xe9,A,a.txt,1,1\n", ":2: is not UTF-8: byte 0xe9"),
    ],
)
def test_a_claimbuster_file_that_cannot_be_read(tmp_path, data, message):
    (fault,) = refusal(read_claimbuster, tmp_path / "a.csv", data)
    assert fault.startswith(message)
