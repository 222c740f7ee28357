"""Ingest adds, never renumbers, and leaves a dataset whole whatever happens."""

from __future__ import annotations

import subprocess
import sys
import time

import openpyxl
import pytest
from dataset_folders import BRIDGE, FERRY, content, lines, made, stand_off, write_lines

from harness import FaultsError, HarnessError, ingest, open_dataset
from harness.data.articles.sources import READERS
from harness.folders import folder_lock


@pytest.mark.smoke
def test_a_new_folder_gets_articles_and_their_sentences(tmp_path):
    dataset = made(tmp_path / "d")
    assert [article.article_id for article in dataset.articles] == ["bridge", "ferry"]
    assert [claim.text for claim in dataset.claims] == [
        "The bridge opened in 1932.",
        "Nobody paid to cross it.",
        "Many people love it.",
        "The ferry",
        "It carried 2,100 people in May.",
        "It was late on nine days.",
        "Was it worth it?",
    ]
    texts = {article.article_id: article.text or "" for article in dataset.articles}
    assert all(texts[c.article_id][c.start : c.end] == c.text for c in dataset.claims)
    assert dataset.info.schemes == ("three-axes",)


def test_a_second_ingest_adds_nothing(tmp_path):
    made(tmp_path / "d")
    before = content(tmp_path / "d")
    done = ingest([tmp_path / "d-sources", tmp_path / "d-sources" / "ferry.txt"], tmp_path / "d")
    assert (done.articles_added, done.claims_added, done.unchanged) == (0, 0, 3)
    assert content(tmp_path / "d") == before


def test_more_articles_change_no_line_that_is_there(tmp_path):
    made(tmp_path / "d", {"b": BRIDGE})
    before = content(tmp_path / "d")
    (tmp_path / "a.txt").write_text(FERRY)
    assert ingest([tmp_path / "a.txt"], tmp_path / "d").articles_added == 1
    after = content(tmp_path / "d")
    for name in ("articles.jsonl", "claims.jsonl"):
        assert after[name].startswith(before[name])
        assert len(after[name]) > len(before[name])


def test_two_sources_of_one_id_with_other_text_are_refused(tmp_path):
    made(tmp_path / "d")
    before = content(tmp_path / "d")
    other = tmp_path / "ferry.txt"
    other.write_text(FERRY + "One more sentence.\n")
    with pytest.raises(
        FaultsError, match=r"ferry\.txt: article_id: two sources with different text have the id 'ferry'; rename"
    ):
        ingest([tmp_path / "d-sources", other], tmp_path / "d")
    assert content(tmp_path / "d") == before


def test_two_sources_of_one_id_make_no_dataset(tmp_path):
    for folder, text in (("one", "A sentence."), ("two", "Another sentence.")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.txt").write_text(text)
    with pytest.raises(FaultsError, match="different text"):
        ingest([tmp_path / "one", tmp_path / "two"], tmp_path / "d")
    assert content(tmp_path / "d") == {}


def test_the_line_of_a_jsonl_source_is_named(tmp_path):
    made(tmp_path / "d")
    write_lines(
        tmp_path / "more.jsonl",
        [{"article_id": "new", "text": "A."}, {"article_id": "b", "text": "B.", "replaces": "fery"}],
    )
    with pytest.raises(
        FaultsError, match=r"more\.jsonl:2: replaces: no article is called 'fery'. Did you mean 'ferry'"
    ):
        ingest([tmp_path / "more.jsonl"], tmp_path / "d")


def test_a_folder_name_that_is_no_dataset_name(tmp_path):
    (tmp_path / "a.txt").write_text("A sentence.")
    ingest([tmp_path / "a.txt"], tmp_path / "_my data")
    assert open_dataset(tmp_path / "_my data").info.name == "my-data"


def test_files_in_a_folder_without_dataset_yaml_are_not_overwritten(tmp_path):
    mine = tmp_path / "d" / "articles.jsonl"
    write_lines(mine, [{"article_id": "mine", "text": "My own."}])
    before = mine.read_bytes()
    (tmp_path / "a.txt").write_text("A sentence.")
    with pytest.raises(FaultsError, match=r"articles\.jsonl: already exists in a folder without dataset\.yaml"):
        ingest([tmp_path / "a.txt"], tmp_path / "d")
    assert mine.read_bytes() == before


def test_a_first_ingest_that_was_cut_short_goes_on(tmp_path):
    whole = made(tmp_path / "d")
    after = content(tmp_path / "d")
    (tmp_path / "d" / "dataset.yaml").unlink()
    (tmp_path / "d" / "claims.jsonl").unlink()
    (tmp_path / "d" / ".partial-harness-abcd1234").mkdir()
    (tmp_path / "d" / ".partial-harness-abcd1234" / "0").write_text("half")
    ingest([tmp_path / "d-sources"], tmp_path / "d")
    assert content(tmp_path / "d") == after
    assert open_dataset(tmp_path / "d").claims == whole.claims


def test_an_ingest_cut_off_between_articles_and_claims_is_repaired(tmp_path):
    made(tmp_path / "d")
    after = content(tmp_path / "d")
    claims = tmp_path / "d" / "claims.jsonl"
    write_lines(claims, [record for record in lines(claims) if record["article_id"] != "ferry"])
    assert len(open_dataset(tmp_path / "d").claims) == 3
    done = ingest([tmp_path / "d-sources"], tmp_path / "d")
    assert (done.articles_added, done.claims_added, done.unchanged) == (0, 4, 1)
    assert content(tmp_path / "d") == after


def test_a_stand_off_dataset_is_brought_to_life(tmp_path):
    whole = made(tmp_path / "d")
    stand_off(tmp_path / "d")
    dataset = open_dataset(tmp_path / "d")
    assert [article.article_id for article in dataset.missing_text] == ["bridge", "ferry"]
    with pytest.raises(HarnessError, match=r"ships without article text .* copy of .*: harness ingest COPY"):
        dataset.table()
    (tmp_path / "any-name.txt").write_text(FERRY)
    done = ingest([tmp_path / "any-name.txt"], tmp_path / "d")
    assert (done.text_restored, done.missing_text, done.claims_added) == (1, 1, 0)
    done = ingest([tmp_path / "d-sources"], tmp_path / "d")
    assert (done.text_restored, done.missing_text, done.unchanged) == (1, 0, 1)
    alive = open_dataset(tmp_path / "d")
    assert [(c.claim_id, c.text) for c in alive.claims] == [(c.claim_id, c.text) for c in whole.claims]
    assert list(alive.table().text) == list(whole.table().text)
    done = ingest([tmp_path / "d-sources", tmp_path / "any-name.txt"], tmp_path / "d")
    assert (done.unchanged, done.articles_added) == (3, 0)


@pytest.mark.parametrize("order", [1, -1])
def test_a_wrong_copy_is_refused_wherever_it_stands(tmp_path, order):
    made(tmp_path / "d")
    stand_off(tmp_path / "d")
    before = content(tmp_path / "d")
    (tmp_path / "bridge.txt").write_text(BRIDGE)
    (tmp_path / "wrong.txt").write_text(FERRY.rstrip())
    with pytest.raises(
        FaultsError, match=r"wrong\.txt: the text .* is not a missing text .*; expected ferry \(SHA-256"
    ):
        ingest([tmp_path / name for name in ("bridge.txt", "wrong.txt")][::order], tmp_path / "d")
    assert content(tmp_path / "d") == before


def test_texts_of_an_article_that_came_alive_reach_its_claims(tmp_path):
    """Cut off between articles.jsonl and claims.jsonl while bringing to life."""
    whole = made(tmp_path / "d")
    articles = (tmp_path / "d" / "articles.jsonl").read_bytes()
    stand_off(tmp_path / "d")
    (tmp_path / "d" / "articles.jsonl").write_bytes(articles)
    assert [claim.text for claim in open_dataset(tmp_path / "d").claims] == [claim.text for claim in whole.claims]


def test_two_stand_off_articles_of_one_text_both_come_alive(tmp_path):
    made(tmp_path / "d", {"a": BRIDGE, "b": BRIDGE})
    stand_off(tmp_path / "d")
    done = ingest([tmp_path / "d-sources" / "a.txt"], tmp_path / "d")
    assert (done.text_restored, done.missing_text) == (2, 0)


def test_a_dataset_that_another_process_writes_is_left_alone(tmp_path):
    made(tmp_path / "d")
    before = content(tmp_path / "d")
    hold = "import sys, time; from pathlib import Path; from harness.folders import folder_lock\n"
    hold += "with folder_lock(Path(sys.argv[1]), 'ingest'): print('held', flush=True); time.sleep(60)"
    holder = subprocess.Popen([sys.executable, "-c", hold, tmp_path / "d"], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        (tmp_path / "new.txt").write_text("A new sentence.")
        with pytest.raises(
            HarnessError, match=r"another process is writing to this folder .*; wait until it ends, or choose"
        ):
            ingest([tmp_path / "new.txt"], tmp_path / "d")
        assert content(tmp_path / "d") == before
    finally:
        holder.kill()
        holder.wait()
        if holder.stdout is not None:
            holder.stdout.close()
    assert ingest([tmp_path / "new.txt"], tmp_path / "d").articles_added == 1  # a killed holder holds nothing


def test_processes_at_once_never_damage_a_dataset(tmp_path):
    """Every process either adds its article or is told that another one is writing."""
    made(tmp_path / "d")
    code = "import sys, harness\ntry: harness.ingest([sys.argv[1]], sys.argv[2])\n"
    code += "except harness.HarnessError as error: sys.exit(3 if 'another process' in str(error) else 4)"
    for number in range(4):
        (tmp_path / f"n{number}.txt").write_text(f"This is sentence {number}.")
    started = [
        subprocess.Popen([sys.executable, "-c", code, tmp_path / f"n{number}.txt", tmp_path / "d"])
        for number in range(4)
    ]
    ends = [process.wait(60) for process in started]
    assert set(ends) <= {0, 3}
    assert len(open_dataset(tmp_path / "d").articles) == 2 + ends.count(0)


def test_many_sentences_are_ingested_in_reasonable_time(tmp_path):
    text = "".join(f"The number of ferries in town {n} rose to {n + 7} this year. " for n in range(20_000))
    (tmp_path / "a.txt").write_text(text)
    start = time.monotonic()
    assert ingest([tmp_path / "a.txt"], tmp_path / "d").claims_added == 20_000
    assert time.monotonic() - start < 20


def test_the_segmentation_of_the_dataset_is_used(tmp_path):
    made(tmp_path / "d")
    head = tmp_path / "d" / "dataset.yaml"
    head.write_text(head.read_text().replace("split_quotations: true", "split_quotations: false"))
    quotation = 'She said: "It rose. It fell." Then she left.'
    (tmp_path / "q.txt").write_text(quotation)
    (tmp_path / "p.txt").write_text(quotation)
    ingest([tmp_path / "q.txt"], tmp_path / "d")
    whole = [c.text for c in open_dataset(tmp_path / "d").claims if c.article_id == "q"]
    head.write_text(head.read_text().replace("split_quotations: false", "split_quotations: true"))
    ingest([tmp_path / "p.txt"], tmp_path / "d")
    split = [c.text for c in open_dataset(tmp_path / "d").claims if c.article_id == "p"]
    assert len(whole) < len(split)


def test_a_released_lock_can_be_taken_again(tmp_path):
    for _ in range(2):
        with folder_lock(tmp_path, "a run"):
            pass
    assert list(tmp_path.iterdir()) == [tmp_path / ".lock"]


def test_the_keys_of_a_jsonl_source_can_be_named(tmp_path):
    path = tmp_path / "facts.jsonl"
    write_lines(
        path,
        [
            {"claim": "Berth 4 was never built.", "label": "REFUTED", "evidence": ["x"], "nr": 7},
            {"claim": "The town paid for it.", "label": "SUPPORTED", "headline": "Berth"},
        ],
    )
    ingest(path, tmp_path / "d", columns={"text": "claim", "title": "headline", "article_id": "nr"})
    dataset = open_dataset(tmp_path / "d")
    assert [claim.text for claim in dataset.claims] == ["Berth 4 was never built.", "The town paid for it."]
    assert [article.title for article in dataset.articles] == [None, "Berth"]
    assert dataset.articles[0].article_id == "7"
    with pytest.raises(FaultsError, match=r"no column is called 'clam'. Did you mean 'claim'\?"):
        ingest(path, tmp_path / "e", columns={"text": "clam"})


def test_hidden_files_of_a_folder_are_passed_over_and_every_file_that_is_not_read_is_named(tmp_path):
    folder = tmp_path / "news"
    (folder / "old").mkdir(parents=True)
    (folder / "a.csv").write_text("text;title\nThe bridge opened, late.;Bridge\n")
    for name in ("._a.csv", ".~lock.a.csv#", ".DS_Store", "~$a.xlsx"):
        (folder / name).write_bytes(b"\x00\x05\x16\x07")
    for number in range(9):
        (folder / f"{number}.zip").write_bytes(b"PK")
    result = ingest(folder, tmp_path / "d")
    assert result.articles_added == 1
    assert list(result.notes[:3]) == [
        f"{folder}: passed over hidden files: .DS_Store, ._a.csv, .~lock.a.csv#, ~$a.xlsx",
        f"{folder}: passed over files of another kind (read are {', '.join(READERS)}): "
        "0.zip, 1.zip, 2.zip, 3.zip, 4.zip and 4 more",
        f"{folder}: passed over folders (a quoted pattern such as 'news/**/*' reads them): old",
    ]
    assert result.notes[3:] == (f"{folder}/a.csv: the delimiter is: semicolon (found; --delimiter NAME sets another)",)


def test_a_sheet_gives_articles_as_a_table_does(tmp_path):
    book = openpyxl.Workbook()
    for row in [
        ["Desk list", None],
        ["body", "doc"],
        ["The bridge opened, late.", 1.0],
        [None, None],
        ["It rained.", 2],
    ]:
        book.active.append(row)
    book.create_sheet("Old").append(["body"])
    book.save(tmp_path / "news.xlsx")
    result = ingest(tmp_path / "news.xlsx", tmp_path / "d", columns={"text": "body", "article_id": "doc"})
    dataset = open_dataset(tmp_path / "d")
    assert [(c.article_id, c.text) for c in dataset.claims] == [("1", "The bridge opened, late."), ("2", "It rained.")]
    assert "read the sheet 'Sheet'; not read: Old" in result.notes[0]


def test_a_delimiter_and_an_encoding_can_be_named(tmp_path):
    (tmp_path / "a.csv").write_bytes("text,a^title\nÉté, il a plu.^x\n".encode("mac_roman"))
    options = {"columns": {"text": "text,a"}, "delimiter": "^", "encoding": "mac_roman"}
    ingest(tmp_path / "a.csv", tmp_path / "d", **options)
    assert [claim.text for claim in open_dataset(tmp_path / "d").claims] == ["Été, il a plu."]
