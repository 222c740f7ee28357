"""Fetching over a folder to which a user added: the additions stay, or nothing is written and the remedy is given."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest
from dataset_folders import content

from harness import HarnessError, add_claims, check, fetch, new, open_dataset
from harness.data.benchmarks.benchmark import Benchmark, Part
from harness.data.benchmarks.renew import RECORD
from harness.files import sha256
from harness.folders import folder_lock

ROWS = "1\tANN\tTaxes rose 5%.\t1\n2\tBOB\tThank you.\t0\n3\tBOB\tThank you.\t1\n"
NEWER = ROWS.replace("5%", "6%")


@pytest.fixture
def publish(tmp_path, monkeypatch):
    """Publishes a benchmark of one debate, and fetches it; a second call publishes another version."""

    def publish(rows: str = ROWS):
        (tmp_path / "publisher").mkdir(exist_ok=True)
        (tmp_path / "publisher" / "20160926_tiny.tsv").write_text(rows, encoding="utf-8")
        benchmark = Benchmark(
            name="tiny",
            title="Tiny",
            summary="a debate",
            source="https://example.org",
            license="CC BY 4.0",
            language="en",
            citation="none",
            format="checkthat_debates",
            scheme="checkthat",
            parts={"train": Part(files={"20160926_tiny.tsv": sha256(rows)})},
        )
        monkeypatch.setattr("harness.data.benchmarks.fetch.load_benchmark", lambda _: benchmark)
        return fetch("tiny", tmp_path / "publisher", tmp_path / "root")

    return publish


def add(folder: Path, text: str = "Ten cats.", annotator: str = "me") -> None:
    add_claims(folder, [{"text": text, "label": "check-worthy"}], annotator, at="2026-01-01T00:00:00Z")


def label_first(folder: Path) -> None:
    claim_id = open_dataset(folder).claims[0].claim_id
    add_claims(folder, [{"claim_id": claim_id, "label": "not check-worthy"}], "me", at="2026-01-01T00:00:00Z")


def test_claims_and_labels_that_were_added_stay(publish):
    folder = publish().folder
    add(folder)
    before = content(folder)
    result = publish()
    assert content(folder) == before
    assert result.additions == ("annotations/me.jsonl", "articles.jsonl", "claims.jsonl")
    assert len(open_dataset(folder).claims) == 4
    assert check([folder]) == []


def test_a_file_that_was_deleted_comes_back_beside_additions(publish):
    folder = publish().folder
    add(folder)
    (folder / "splits" / "official.jsonl").unlink()
    publish()
    assert len(open_dataset(folder).splits["official"]) == 3


def test_a_newer_version_renews_the_publishers_files_and_keeps_labels_of_claims_that_it_has(publish):
    folder = publish().folder
    add_claims(folder, [{"claim_id": open_dataset(folder).claims[0].claim_id, "label": "check-worthy"}], "me")
    (folder / "README.md").write_text("Mine.\n", encoding="utf-8")
    result = publish(ROWS.replace("\t0\n", "\t1\n"))
    dataset = open_dataset(folder)
    assert result.additions == ("README.md", "annotations/me.jsonl")
    assert {a.label for a in dataset.annotations if a.annotator == "publisher"} == {"check-worthy"}
    assert sum(a.annotator == "me" for a in dataset.annotations) == 1


def edit_label(folder: Path) -> None:
    path = folder / "annotations" / "publisher.jsonl"
    path.write_text(
        path.read_text(encoding="utf-8").replace('"check-worthy"', '"not check-worthy"', 1), encoding="utf-8"
    )


def add_split(folder: Path) -> None:
    line = json.dumps({"claim_id": open_dataset(folder).claims[0].claim_id, "part": "mine"})
    (folder / "splits" / "mine.jsonl").write_text(line + "\n", encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "rows", "names"),
    [
        (add, NEWER, "articles.jsonl, claims.jsonl; nothing was written"),
        (label_first, NEWER, "annotations/me.jsonl (1 of its lines are about claims that this fetch does not give"),
        (add_split, NEWER, "splits/mine.jsonl (1 of its lines are about claims"),
        (edit_label, NEWER, "annotations/publisher.jsonl; nothing"),
        (edit_label, ROWS, "annotations/publisher.jsonl; nothing"),
    ],
)
def test_what_cannot_stay_is_refused_with_the_remedy(publish, tmp_path, change, rows, names):
    folder = publish().folder
    change(folder)
    before = content(folder)
    with pytest.raises(HarnessError) as refused:
        publish(rows)
    assert names in str(refused.value)
    assert f"harness new COPY --from {folder} --with-labels; then delete {folder} and fetch again" in str(refused.value)
    assert content(folder) == before
    # The remedy works: the copy has everything, says where it comes from, and may be written to.
    copy = new(tmp_path / "copy", source=folder, labels=True).folder
    assert open_dataset(copy).annotations == open_dataset(folder).annotations
    assert (open_dataset(copy).info.ancestry, open_dataset(copy).info.license) == (("tiny",), "CC BY 4.0")
    add(copy, "Eleven cats.")
    assert check([copy]) == []


def test_a_folder_without_a_record_keeps_additions_and_is_renewed_if_it_has_none(publish):
    folder = publish().folder
    (folder / RECORD).unlink()
    articles = folder / "articles.jsonl"
    fresh = articles.read_bytes()
    articles.write_bytes(fresh.replace(b', "published": "2016-09-26"', b""))
    assert publish().additions == ()
    assert articles.read_bytes() == fresh
    add(folder)
    (folder / RECORD).unlink()
    assert "claims.jsonl" in publish().additions
    assert len(open_dataset(folder).claims) == 4


def test_a_write_that_was_cut_short_is_completed_by_the_next_fetch(publish):
    folder = publish().folder
    old = content(folder)
    publish(NEWER)
    new_content = content(folder)
    for name in ("claims.jsonl", "dataset.yaml", RECORD):  # the renames after the first were not made
        (folder / name).write_bytes(old[name])
    assert publish(NEWER).additions == ()
    assert content(folder) == new_content


def test_a_fetch_waits_for_nobody_and_two_at_once_leave_one_whole_dataset(publish):
    folder = publish().folder
    with folder_lock(folder, "add"), pytest.raises(HarnessError, match="another process is writing to this folder"):
        publish(NEWER)
    outcomes: list[str] = []

    def try_to_fetch():
        try:
            publish(NEWER)
            outcomes.append("fetched")
        except HarnessError:
            outcomes.append("refused")

    threads = [threading.Thread(target=try_to_fetch) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert "fetched" in outcomes
    assert check([folder]) == []
    assert open_dataset(folder).claims[0].text == "Taxes rose 6%."


def test_rows_claims_and_repeated_texts_are_told(publish):
    (part,) = publish().parts
    assert part == ("train", 3, 3, 1, 1)
