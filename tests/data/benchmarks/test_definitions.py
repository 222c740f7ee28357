"""Every importer on its publisher's files: counts, labels, some records; texts against a second reading."""

from __future__ import annotations

import csv
import hashlib
import json
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from zipfile import ZipFile

import pandas as pd
import pytest
import yaml
from publishers import FOLDERS, NOT_HERE

from harness import FaultsError, check, fetch, open_dataset
from harness.data.benchmarks.benchmark import benchmark_names, load_benchmark
from harness.data.dataset import Dataset
from harness.data.formats import READERS
from harness.data.formats.source import SourceFile
from harness.schemes import load_scheme

EXPECTED = yaml.safe_load(Path(__file__).with_name("benchmark_records.yaml").read_text(encoding="utf-8"))
TABLES = [name for name in benchmark_names() if load_benchmark(name).format == "labeled_table"]


@pytest.fixture(scope="module")
def opened(bring: Callable[..., Path]) -> Callable[[str], Dataset]:
    """Opens a benchmark by its name, once."""

    @cache
    def open_once(name: str) -> Dataset:
        return open_dataset(name, bring(name))

    return open_once


def test_every_benchmark_is_covered():
    assert set(EXPECTED) == set(benchmark_names()) - set(NOT_HERE)


def record(claim, labels):
    digest = hashlib.sha256(claim.text.encode()).hexdigest()[:8]
    return f"{claim.text[:12]}|{digest}|{','.join(sorted(set(labels.get(claim.claim_id, []))))}"


@pytest.mark.parametrize("name", EXPECTED)
def test_counts_labels_and_records(bring, opened, name):
    dataset, expected = opened(name), EXPECTED[name]
    labels: dict[str, list[str]] = {}
    for annotation in dataset.annotations:
        labels.setdefault(annotation.claim_id, []).append(annotation.label)
    counted: dict[str, Counter[str]] = {}
    for annotation in dataset.annotations:
        counted.setdefault(annotation.axis, Counter())[annotation.label] += 1
    assert counted == expected["labels"]
    part = dataset.splits["official"]
    assert set(part.values()) == set(expected["parts"])
    for found, said in expected["parts"].items():
        claims = [claim for claim in dataset.claims if part[claim.claim_id] == found]
        assert len(claims) == said["claims"], found
        records = [record(claims[place], labels) for place in (0, len(claims) // 2, -1)]
        assert records == [said["first"], said["middle"], said["last"]], found
    assert check([bring(name) / name]) == []


def published(folder, name):
    """The bytes of a published file, a member of a zip too."""
    path, _, member = name.partition("!")
    return ZipFile(folder / path).read(member) if member else (folder / path).read_bytes()


@pytest.mark.parametrize("name", TABLES)
def test_the_texts_of_a_table_are_those_that_pandas_reads(opened, benchmarks, tmp_path, name):
    dataset, described = opened(name), load_benchmark(name)
    part = dataset.splits["official"]
    for found, listed in described.parts.items():
        ours = [(claim.text or "") for claim in dataset.claims if part[claim.claim_id] == found]
        if not ours:
            continue
        (file,) = listed.files
        path = tmp_path / "table.tsv"
        path.write_bytes(published(benchmarks / FOLDERS.get(name, name), file))
        theirs = pandas_texts(path, literal=(name, found) in LITERAL)
        assert [text.strip() for text in theirs] == ours, found


LITERAL = {
    ("liar", "train"),
    ("liar", "valid"),
    ("checkthat-2024-task1", "es-dev"),
    ("checkthat-2024-task1", "es-dev-test"),
    ("checkthat-2025-subjectivity", "it-dev-test"),
}
"""Parts whose quotes are literal."""


def pandas_texts(path, *, literal):
    quoting = csv.QUOTE_NONE if literal else csv.QUOTE_MINIMAL
    with path.open(encoding="utf-8") as stream:
        width = max(line.count("\t") for line in stream) + 1
    table = pd.read_csv(
        path, sep="\t", dtype=str, quoting=quoting, keep_default_na=False, header=None, names=list(range(width))
    )
    header = list(table.iloc[0])
    (column,) = [
        place for place, cell in enumerate(header) if cell in ("Text", "text", "tweet_text", "sentence", "statement")
    ]
    return list(table.iloc[1:, column])


@pytest.mark.parametrize(
    ("name", "part", "file", "field"),
    [
        ("environmental-claims", "train", "environmental_claims/data/train.jsonl", "text"),
        ("scifact", "dev", "scifact/data/claims_dev.jsonl", "claim"),
        ("climate-fever", "test", "climate_fever/climate-fever.jsonl", "claim"),
        ("averitec", "dev-part", "averitec/data/dev_part.json", "claim"),
        ("claimbuster-two-class", "ratio-study-test", "claimbuster_two_class/cfs_ncs_ratio_study_test.json", "text"),
        ("factcheck-bench", "factuality", "factcheck_bench/subtask4_claim_factuality.jsonl", "claim"),
    ],
)
def test_the_texts_of_json_are_those_of_the_file(opened, benchmarks, name, part, file, field):
    data = (benchmarks / file).read_bytes()
    text = data.decode("utf-16" if data[:2] == b"\xff\xfe" else "utf-8")
    rows = json.loads(text) if text.lstrip().startswith("[") else [json.loads(line) for line in text.splitlines()]
    dataset = opened(name)
    ours = [claim.text for claim in dataset.claims if dataset.splits["official"][claim.claim_id] == part]
    assert ours == [row[field].strip() for row in rows]


def test_a_glued_row_is_refused_with_its_line(benchmarks):
    path = benchmarks / "clef2024_task1" / "damaged" / "CT24_checkworthy_english_train.tsv"
    described = load_benchmark("checkthat-2024-task1")
    with pytest.raises(FaultsError) as refused:
        READERS["labeled_table"](SourceFile(path, path.read_bytes(), load_scheme("checkthat"), described.options))
    (fault,) = refused.value.faults
    assert fault.line == 16877
    assert fault.message.startswith("has 5 cells, the header has 3")


def test_ids_that_a_spreadsheet_damaged_are_kept_as_they_are(opened):
    dataset = opened("checkthat-2022-task1a")
    ids = {article.article_id for article in dataset.articles}
    assert len(ids) == len(dataset.claims)
    assert sum("E+18" in name for name in ids) + sum("E-18" in name for name in ids) > 0


def test_repeated_ids_and_lost_letters_come_in(opened):
    dataset = opened("checkthat-2022-task1a")
    arabic = [a.article_id for a in dataset.articles if a.article_id.startswith("ar-train")]
    assert sum("." in name.removeprefix("ar-train-") for name in arabic) >= 1
    dutch = opened("checkthat-2024-task1")
    texts = [c.text for c in dutch.claims if dutch.splits["official"][c.claim_id] == "nl-dev-test"]
    assert sum("t" in (text or "").lower() for text in texts) < len(texts) / 2


def test_nine_outlets_are_nine_annotators(opened):
    dataset = opened("claimrank")
    assert len({annotation.annotator for annotation in dataset.annotations}) == 9
    positive = Counter(a.annotator for a in dataset.annotations if a.label == "check-worthy")
    # the column sums of the five files: NPR 91 + 92 + 91 + 104 + 0
    assert positive["npr"] == 378


def test_evidence_keeps_its_stances_and_groups(opened):
    scifact = opened("scifact")
    assert Counter(e.stance for e in scifact.evidence).keys() == {"supports", "refutes"}
    climate = opened("climate-fever")
    assert Counter(e.stance for e in climate.evidence) == {"neutral": 1349, "supports": 442, "refutes": 209}
    averitec = opened("averitec")
    assert len(averitec.evidence) == 674
    assert all(e.question for e in averitec.evidence)
    assert Counter(e.stance for e in averitec.evidence) == {None: 649, "neutral": 25}


def test_version_two_of_the_2020_labels_differs_from_one(benchmarks):
    def labels(name, member):
        rows = ZipFile(benchmarks / "clef2020_task1" / "data" / name).read(member).decode().splitlines()[1:]
        return [row.split("\t")[-1] for row in rows]

    one, two = labels("v1.zip", "v1/dev.tsv"), labels("v2.zip", "v2/dev_v2.tsv")
    assert sum(a != b for a, b in zip(one, two, strict=True)) == 25


def test_a_missing_companion_is_named(benchmarks, tmp_path):
    (tmp_path / "dev.json").write_bytes((benchmarks / "newsclaims" / "dev.json").read_bytes())
    with pytest.raises(Exception, match=r"dev\.json: requires 'all_sents\.json' .* in the same folder"):
        fetch("newsclaims", tmp_path, tmp_path / "root")
    assert not (tmp_path / "root" / "newsclaims").exists()


def test_a_zip_laid_out_flat_or_unpacked_comes_in(benchmarks, tmp_path):
    source = benchmarks / "clef2020_task1"
    packed, unpacked = tmp_path / "packed", tmp_path / "unpacked"
    packed.mkdir()
    unpacked.mkdir()
    (packed / "v2.zip").write_bytes((source / "data" / "v2.zip").read_bytes())
    ZipFile(source / "data" / "v2.zip").extractall(unpacked)
    one = fetch("checkthat-2020-task1", packed, tmp_path / "one")
    two = fetch("checkthat-2020-task1", unpacked, tmp_path / "two")
    three = fetch("checkthat-2020-task1", packed / "v2.zip", tmp_path / "three")
    assert one.claims == two.claims == three.claims == 822
    assert one.absent == ("test-input/test-input.zip!test-input/test-gold.tsv",)


def test_files_named_by_a_pattern_come_in_packed_or_unpacked(tmp_path):
    debate = "1\tANN\tTaxes rose 5%.\t1\n2\tBOB\tThank you.\t0\n"
    packed, unpacked = tmp_path / "packed", tmp_path / "unpacked"
    packed.mkdir()
    (unpacked / "test-gold").mkdir(parents=True)
    with ZipFile(packed / "test-gold.zip", "w") as made:
        for name in ("test-gold/20180101_b.tsv", "test-gold/20170101_a.tsv", "test-gold/README.md"):
            made.writestr(name, debate)
    for name in ("20180101_b.tsv", "20170101_a.tsv"):
        (unpacked / "test-gold" / name).write_text(debate)
    for source in (packed, unpacked):
        done = fetch("checkthat-2020-task5", source, tmp_path / source.name / "root")
        assert (done.articles, done.claims, len(done.unpinned), len(done.absent)) == (2, 4, 2, 50)
        dataset = open_dataset("checkthat-2020-task5", tmp_path / source.name / "root")
        assert [article.article_id for article in dataset.articles] == ["20170101_a", "20180101_b"]
        assert set(dataset.splits["official"].values()) == {"test"}


def test_liar_without_its_header_comes_in_whole(benchmarks, tmp_path):
    whole = (benchmarks / "liar" / "valid.tsv").read_bytes()
    file = SourceFile(
        tmp_path / "test.tsv", whole.split(b"\n", 1)[1], load_scheme("liar"), load_benchmark("liar").options
    )
    assert len(READERS["labeled_table"](file)) == 1284
