"""Rows find the claims of a dataset, and make those that it lacks, with their articles."""

from __future__ import annotations

import pytest
from added_tables import COLUMNS, NEWS, labels_of, write
from dataset_folders import content, made

from harness import HarnessError, add_claims, export, open_dataset


@pytest.fixture
def folder(tmp_path):
    made(tmp_path / "d")
    return tmp_path / "d"


@pytest.fixture
def news(tmp_path):
    return write(tmp_path / "news.csv", NEWS)


def add_news(folder, news, **options):
    return add_claims(folder, news, "me", columns=COLUMNS, labels={"1": "yes", "0": "no"}, **options)


@pytest.mark.smoke
def test_a_table_makes_articles_claims_groups_and_labels(tmp_path, news):
    result = add_news(tmp_path / "set", news)
    assert (result.articles_added, *result[:4]) == (2, 5, 5, 0, 0)
    dataset = open_dataset(tmp_path / "set")
    assert [(a.article_id, a.text) for a in dataset.articles] == [
        ("north", "The harbor lent 400 boats in May.\nGood evening.\nGood evening."),
        ("south", "Rents rose by 3 percent.\nWell, hello."),
    ]
    assert [(c.article_id, c.start, c.text) for c in dataset.claims] == [
        ("north", 0, "The harbor lent 400 boats in May."),
        ("north", 34, "Good evening."),
        ("north", 48, "Good evening."),
        ("south", 0, "Rents rose by 3 percent."),
        ("south", 25, "Well, hello."),
    ]
    labels = labels_of(dataset)
    assert [labels[claim.claim_id] for claim in dataset.claims] == ["yes", "no", "no", "yes", "no"]


def test_a_second_add_of_the_same_file_is_no_duplicate(tmp_path, news):
    add_news(tmp_path / "set", news)
    before = content(tmp_path / "set")
    again = add_news(tmp_path / "set", news)
    assert (again.articles_added, *again[:4]) == (0, 0, 0, 0, 5)
    assert content(tmp_path / "set") == before


TWICE = "article_id,text,label\na,Thank you.,no\na,It is 9.,yes\nb,Thank you.,yes\na,Thank you.,yes\na,It is 9.,yes\n"


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_sentence_that_occurs_twice_with_different_labels_is_said(tmp_path, dry_run):
    table = write(tmp_path / "x.csv", TWICE)
    result = add_claims(tmp_path / "set", table, "me", dry_run=dry_run)
    assert result[:2] == (5, 5), "one row, one claim"
    assert result.notes[-1] == (
        "a sentence occurs twice in a document with different labels (lines 2, 5): each row is a claim of its own; "
        "correct the table if the rows mean the same claim"
    )


def test_several_such_sentences_are_one_note_and_a_row_that_says_its_place_is_none(tmp_path):
    add_claims(tmp_path / "set", write(tmp_path / "x.csv", TWICE), "me")
    start = "article_id,text,start,label\na,Thank you.,0,yes\na,Thank you.,20,no\n"
    placed = add_claims(tmp_path / "set", write(tmp_path / "y.csv", start), "you")
    assert placed.annotations_added == 2
    assert not placed.notes
    rows = [f"a,{text},{label}" for label in ("yes", "no", "no") for text in "ABCDEFGH"]
    result = add_claims(
        tmp_path / "other", write(tmp_path / "z.csv", "\n".join(["article_id,text,label", *rows])), "me"
    )
    assert result.notes[-1].startswith(
        "8 sentences occur several times in a document with different labels (lines 2, 10, 18; 3, 11, 19; 4, 12, 20; "
        "5, 13, 21; 6, 14, 22; 7, 15, 23 and 2 more): each row"
    )


def test_a_sentence_inside_another_one_is_found_again(tmp_path):
    table = write(tmp_path / "x.csv", "article_id,text,label\na,Yes.,no\na,Yes. I do.,no\na,Yes.,yes\n")
    assert add_claims(tmp_path / "set", table, "me").claims_added == 3
    assert add_claims(tmp_path / "set", table, "me")[:4] == (0, 0, 0, 3)


def test_a_dry_run_creates_nothing(tmp_path, news):
    result = add_news(tmp_path / "set", news, dry_run=True)
    assert (result.claims_added, result.notes[0]) == (5, "new dataset 'set'")
    assert not (tmp_path / "set").exists()


def test_a_fault_leaves_no_folder(tmp_path):
    table = write(tmp_path / "x.csv", "article_id,text,label\na,One.,yes\na,,no\n")
    with pytest.raises(HarnessError, match=r"x\.csv:3: text: is missing"):
        add_claims(tmp_path / "set", table, "me")
    assert not (tmp_path / "set").exists()


def test_rows_attach_to_the_sentences_of_an_article_that_is_there(folder):
    rows = [{"article_id": "ferry", "text": " It was late on nine days. ", "factual": "Yes"}]
    result = add_claims(folder, rows, "me")
    assert (result.articles_added, *result[:4]) == (0, 0, 1, 0, 0)


def test_one_row_for_each_place_of_a_sentence(tmp_path, news):
    add_news(tmp_path / "set", news)
    row = {"article_id": "north", "text": "Good evening.", "label": "yes"}
    with pytest.raises(HarnessError, match=r"occurs 2 times in article 'north' and in 1 row; give its start"):
        add_claims(tmp_path / "set", [row], "you")
    rows = [row, row | {"label": "no"}]
    add_claims(tmp_path / "set", rows, "you")
    dataset = open_dataset(tmp_path / "set")
    labels = labels_of(dataset, "you")
    assert [labels.get(claim.claim_id) for claim in dataset.claims][1:3] == ["yes", "no"]


def test_an_id_that_is_almost_that_of_an_article_with_the_text(folder):
    row = {"article_id": "fery", "text": "It was late on nine days.", "factual": "yes"}
    with pytest.raises(HarnessError, match=r"no article is called 'fery'\. Did you mean 'ferry'\? It has this text"):
        add_claims(folder, [row], "me")
    assert add_claims(folder, [row | {"text": "The fery sank."}], "me").articles_added == 1


def test_an_id_that_differs_in_a_number_is_another_article(tmp_path):
    rows = [{"article_id": f"document-{number}", "text": "Thank you.", "label": "no"} for number in (11, 12)]
    add_claims(tmp_path / "set", rows[:1], "me", new_scheme="mine")
    assert add_claims(tmp_path / "set", rows, "me").articles_added == 1


def test_ids_of_documents_become_safe_names_and_may_be_numbers(tmp_path):
    rows = [{"article_id": name, "text": f"Text {name}.", "label": "no"} for name in ("Talk 3 (BBC)", 7)]
    add_claims(tmp_path / "set", rows, "me", new_scheme="mine")
    assert [a.article_id for a in open_dataset(tmp_path / "set").articles] == ["Talk-3-BBC", "7"]
    with pytest.raises(HarnessError, match='"a/b" and "a b" are both the id \'a-b\'; rename one'):
        add_claims(tmp_path / "set", [row | {"article_id": x} for x in ("a b", "a/b") for row in rows[:1]], "me")


def test_fields_of_an_article_come_from_its_rows_and_must_agree(tmp_path):
    rows = [
        {"article_id": "a", "text": "One.", "label": "no", "title": "T", "published": "2024-05-01", "speaker": "Ann"},
        {"article_id": "a", "text": "Two.", "label": "yes", "title": "", "published": "2024-05-01", "topic": "trade"},
    ]
    add_claims(tmp_path / "set", rows, "me", new_scheme="mine")
    dataset = open_dataset(tmp_path / "set")
    assert (dataset.articles[0].title, dataset.articles[0].published) == ("T", "2024-05-01")
    assert [(claim.speaker, claim.topic) for claim in dataset.claims] == [("Ann", None), (None, "trade")]
    rows = [row | {"article_id": "b", "title": f"T{number}"} for number, row in enumerate(rows)]
    with pytest.raises(HarnessError, match='row:2: title: is "T1" for article \'b\', line 1 has "T0"'):
        add_claims(tmp_path / "set", rows, "me")


def test_a_text_alone_is_the_only_claim_that_has_it(folder):
    result = add_claims(folder, [{"text": "Many people love it.", "factual": "no"}], "me")
    assert result[:4] == (0, 1, 0, 0)
    add_claims(folder, [{"article_id": "other", "text": "Many people love it.", "factual": "no"}], "me")
    with pytest.raises(HarnessError, match=r"text: is the text of 2 claims \(bridge-.*, other-.*\); give claim_id"):
        add_claims(folder, [{"text": "Many people love it.", "factual": "no"}], "me")


def test_a_free_standing_claim_stays_the_one_of_its_text(folder):
    row = {"text": "The moon is cheese.", "factual": "yes"}
    assert add_claims(folder, [row], "me").claims_added == 1
    add_claims(folder, [row | {"article_id": "moon"}], "me")
    assert add_claims(folder, [row], "me")[:4] == (0, 0, 0, 1)


def test_what_export_writes_is_added_back_when_it_is_filled_in(folder, tmp_path):
    add_claims(folder, [{"article_id": "list", "text": "- 5 boats sank.", "factual": "yes"}], "me")
    export(open_dataset(folder), "csv", tmp_path / "own.csv")
    text = (tmp_path / "own.csv").read_text(encoding="utf-8")
    assert text.startswith("claim_id,text,article_id,start,end,")
    assert "'- 5 boats sank." in text
    write(tmp_path / "own.csv", text.replace(",yes", ",NO"))
    assert add_claims(folder, tmp_path / "own.csv", "me")[:4] == (0, 1, 1, 0)
    without_id = "\n".join(line.partition(",")[2] for line in text.splitlines())
    assert add_claims(folder, write(tmp_path / "own.csv", without_id), "you")[:4] == (0, 1, 0, 0)


STATEMENT = "The ferry was late on nine days in May."


def statement_of(folder):
    return next(claim for claim in open_dataset(folder).claims if claim.text == "It was late on nine days.").statement


def test_statements_come_in_with_and_without_labels_and_go_out(folder, tmp_path):
    row = {"article_id": "ferry", "text": "It was late on nine days.", "Reworded": f" {STATEMENT} "}
    alone = {"text": "They melt.", "Reworded": "Glaciers melt.", "factual": "yes"}
    result = add_claims(folder, [row, alone], "me", columns={"statement": "Reworded"})
    assert (result.claims_added, result.annotations_added) == (1, 1)
    assert "statements added: 2" in result.notes
    assert statement_of(folder) == STATEMENT
    export(open_dataset(folder), "csv", tmp_path / "out.csv")
    assert f",{STATEMENT}," in (tmp_path / "out.csv").read_text(encoding="utf-8")
    before = content(folder)
    add_claims(folder, tmp_path / "out.csv", "me")
    assert content(folder) == before
    frames = open_dataset(folder).to_pandas()
    assert STATEMENT in list(frames["claims"]["statement"])


def test_a_statement_is_never_replaced(folder):
    row = {"article_id": "ferry", "text": "It was late on nine days.", "statement": STATEMENT}
    add_claims(folder, [row | {"statement": STATEMENT}], "me")
    with pytest.raises(HarnessError, match=r"row:1: statement: is not that of claim .* or correct claims\.jsonl"):
        add_claims(folder, [row | {"statement": "The ferry sank."}], "me")
    add_claims(folder, [row | {"statement": "  ", "factual": "yes"}], "me")
    assert statement_of(folder) == STATEMENT
