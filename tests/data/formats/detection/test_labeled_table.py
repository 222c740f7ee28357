"""Tables of labeled texts: what their publishers' files hold that a reader must survive, and glued rows."""

from __future__ import annotations

import csv
import io
from collections import Counter
from pathlib import Path
from zipfile import ZipFile

import pytest

from harness import FaultsError, fetch, open_dataset
from harness.data.benchmarks.benchmark import load_benchmark
from harness.data.formats.detection.labeled_table import read_articles
from harness.data.formats.source import SourceFile
from harness.schemes import load_scheme

OPTIONS = {"text": "text", "label": "label", "id": "id"}


def read(data, scheme="checkthat", options=OPTIONS):
    return read_articles(SourceFile(Path("a.tsv"), data.encode(), load_scheme(scheme), options))


def texts(data, **options):
    return [article.claims[0].text for article in read(data, options=OPTIONS | options)]


def published(benchmark, benchmarks, folder, name):
    described = load_benchmark(benchmark)
    path = benchmarks / folder / name
    return SourceFile(path, path.read_bytes(), load_scheme(described.scheme), described.options)


def test_rows_that_unbalanced_quotes_glue_stay_apart():
    # read as CSV this is well-formed: the cell that begins in row 1 ends in row 2, and one row is lost without a word
    rows = 'id\ttext\tlabel\n1\t"He said so\t0\n2\tand left"\t1\n3\tEnd\t0\n'
    assert len(list(csv.reader(io.StringIO(rows), delimiter="\t", strict=True))) == 3
    assert texts(rows) == ['"He said so', 'and left"', "End"]


def test_a_line_break_inside_a_quoted_cell_is_kept():
    assert texts('id\ttext\tlabel\n1\t"One\r\ntwo"\t0\n2\tThree\t1\n') == ["One\r\ntwo", "Three"]


def test_quotes_may_be_said_to_be_literal():
    rows = 'id\ttext\tlabel\n1\t"Whole"\t0\n'
    assert texts(rows) == ["Whole"]
    assert texts(rows, quotes="literal") == ['"Whole"']


def test_every_row_of_liar_counts(benchmarks):
    file = published("liar", benchmarks, "liar", "train.tsv")
    assert len(read_articles(file)) == 10_269
    glued = list(csv.reader(io.StringIO(file.data.decode(), newline=""), delimiter="\t"))
    assert len(glued) - 1 == 10_240


def test_a_damaged_copy_of_liar_is_refused_with_its_lines(benchmarks):
    file = published("liar", benchmarks, "liar", "valid.tsv")
    lines = file.data.decode().split("\n")
    lines[4] = lines[4].replace("\t", " ", 1)
    cells = lines[9].split("\t")
    lines[9] = "\t".join([cells[0], "pants on fire", *cells[2:]])
    lines[1284] = lines[1284][: len(lines[1284]) // 2].split("\t", 1)[0]
    with pytest.raises(FaultsError) as refused:
        read_articles(SourceFile(Path("valid.tsv"), "\n".join(lines).encode(), file.scheme, file.options))
    faults = refused.value.faults
    assert [fault.line for fault in faults] == [5, 10, 1285]
    assert faults[1].message.endswith('got "pants on fire"')


def test_rows_of_three_and_of_four_columns_come_in(benchmarks):
    file = published("checkthat-2025-subjectivity", benchmarks, "clef2025_subjectivity", "english/dev_en.tsv")
    widths = Counter(line.count("\t") + 1 for line in file.data.decode().splitlines())
    assert set(widths) == {3, 4}
    assert len(read_articles(file)) == 462


def test_line_ends_of_two_characters_stay_out_of_labels(benchmarks):
    name = "CT24_checkworthy_english/CT24_checkworthy_english_dev.tsv"
    file = published("checkthat-2024-task1", benchmarks, "clef2024_task1", name)
    assert file.data.count(b"\r\n") == 1032  # its last line has no end
    assert Counter(article.claims[0].labels[0].code for article in read_articles(file)) == {"0": 794, "1": 238}


@pytest.mark.parametrize(("part", "repeated"), [("train", 111), ("dev", 0), ("dev_test", 8)])
def test_arabic_ids_of_2022_repeat_as_published_and_are_told_apart(benchmarks, bring, part, repeated):
    described = load_benchmark("checkthat-2022-task1a")
    data = ZipFile(benchmarks / "clef2022_task1" / "CT22_arabic_1A_checkworthy.zip").read(
        f"CT22_arabic_1A_checkworthy_{part}.tsv"
    )
    found = read_articles(SourceFile(Path(part), data, load_scheme("checkthat"), described.options))
    assert sum(count == 2 for count in Counter(article.article_id for article in found).values()) == repeated
    dataset = open_dataset("checkthat-2022-task1a", bring("checkthat-2022-task1a"))
    official = f"ar-{part.replace('_', '-')}"
    names = [claim.article_id for claim in dataset.claims if dataset.splits["official"][claim.claim_id] == official]
    assert len(set(names)) == len(names) == len(found)
    assert sum(name.endswith(".2") for name in names) == repeated


def test_a_test_part_that_comes_later_is_taken_bare_or_zipped(tmp_path):
    rows = "topic\ttweet_id\ttweet_url\ttweet_text\tclass_label\nCOVID-19\t1\thttps://example.org/1\tCases fell.\t1\n"
    bare, packed = tmp_path / "bare", tmp_path / "packed"
    bare.mkdir()
    packed.mkdir()
    (bare / "CT22_english_1A_checkworthy_test_gold.tsv").write_text(rows)
    with ZipFile(packed / "CT22_english_1A_checkworthy_test_gold.zip", "w") as made:
        made.writestr("CT22_english_1A_checkworthy_test_gold.tsv", rows)
        made.writestr("__MACOSX/._CT22_english_1A_checkworthy_test_gold.tsv", "x")
    for source in (bare, packed):
        done = fetch("checkthat-2022-task1a", source, tmp_path / "root" / source.name)
        assert (done.claims, len(done.unpinned)) == (1, 1)
        dataset = open_dataset("checkthat-2022-task1a", tmp_path / "root" / source.name)
        assert set(dataset.splits["official"].values()) == {"en-test"}
