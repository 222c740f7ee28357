"""Datasets in other tools' formats, and back."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import pandas as pd
import pytest
from dataset_folders import lines, made

from harness import FaultsError, HarnessError, add_claims, export, open_claims, open_dataset
from harness.data.dataset import Dataset, write_dataset
from harness.data.exchange.claim_review import rating_of, read_claim_reviews
from harness.data.labels.gold import gold_labels

MINISTRIES = "The Russian and Syrian defense ministries"


@pytest.fixture
def dataset(tmp_path):
    folder = tmp_path / "ferry-data"
    opened = made(folder)
    rows = [{"claim_id": claim.claim_id, "checkable": "yes", "quantity": "yes"} for claim in opened.claims[:2]]
    add_claims(folder, rows, "reader-1")
    add_claims(folder, [{"claim_id": opened.claims[0].claim_id, "checkable": "no"}], "reader-2")
    add_claims(folder, [{"text": '=HYPERLINK("http://example.org","x")', "checkable": "no"}], "reader-1")
    return open_dataset(folder)


def same(one: Dataset, other: Dataset) -> None:
    for name in ("info", "articles", "claims", "annotations", "splits", "evidence"):
        assert getattr(one, name) == getattr(other, name), name


def test_frames_and_back_without_loss(dataset, tmp_path):
    split = replace(dataset, splits={"mine": {claim.claim_id: "a" for claim in dataset.claims}})
    frames = split.to_pandas()
    assert list(frames["claims"]["text"]) == [claim.text for claim in split.claims]
    same(Dataset.from_pandas(frames, dataset.folder), split)
    same(Dataset.from_hf(split.to_hf(), dataset.folder), split)


@pytest.mark.parametrize("name", ["averitec", "scifact", pytest.param("claimrank", marks=pytest.mark.soak)])
def test_benchmarks_survive_the_way_there_and_back(bring, name, tmp_path):
    dataset = open_dataset(name, bring(name))
    same(Dataset.from_pandas(dataset.to_pandas(), dataset.folder), dataset)
    back = Dataset.from_hf(dataset.to_hf(), tmp_path / name)
    write_dataset(back)
    same(open_dataset(tmp_path / name), dataset)


def test_a_wrong_frame_is_refused(dataset, tmp_path):
    frames = dataset.to_pandas()
    with pytest.raises(HarnessError, match="the frame 'claims' is missing"):
        Dataset.from_pandas({"info": frames["info"], "articles": frames["articles"]}, tmp_path)
    frames["claims"].loc[0, "start"] = -1
    with pytest.raises(HarnessError, match="frame 'claims', row 1: start:"):
        Dataset.from_pandas(frames, tmp_path)


def test_csv_is_safe_in_a_spreadsheet(dataset, tmp_path):
    export(dataset, "csv", tmp_path / "marked.csv", byte_order_mark=True)
    export(dataset, "csv", tmp_path / "a.csv")
    data = (tmp_path / "a.csv").read_bytes()
    assert (tmp_path / "marked.csv").read_bytes() == b"\xef\xbb\xbf" + data
    rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    assert [row["claim_id"] for row in rows] == [claim.claim_id for claim in dataset.claims]
    assert rows[-1]["text"] == '\'=HYPERLINK("http://example.org","x")'
    for row in rows:
        assert not any((cell or "").startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row.values())
    # reader-1 says yes and reader-2 no: a tie, so there is no gold
    assert [row["three-axes.checkable"] for row in rows[:2]] == ["", "yes"]


def test_jsonl_and_parquet_hold_every_label(dataset, tmp_path):
    export(dataset, "jsonl", tmp_path / "a.jsonl")
    export(dataset, "parquet", tmp_path / "a.parquet")
    rows = lines(tmp_path / "a.jsonl")
    assert [len(row["annotations"]) for row in rows[:2]] == [3, 2]
    assert rows[-1]["text"].startswith("=HYPERLINK")
    frame = pd.read_parquet(tmp_path / "a.parquet")
    assert list(frame["text"]) == [row["text"] for row in rows]
    assert json.loads(frame["annotations"][0]) == rows[0]["annotations"]
    mapped = open_claims(tmp_path / "a.parquet")
    assert mapped[0]["claim_id"] == rows[0]["claim_id"]
    assert mapped.cache_files


def test_a_hugging_face_folder_loads_by_its_card(bring, tmp_path):
    import datasets

    opened = open_dataset("claimrank", bring("claimrank"))
    export(opened, "hf", tmp_path / "hub")
    loaded = datasets.load_dataset(str(tmp_path / "hub"), cache_dir=str(tmp_path / "cache"))
    assert {name: len(rows) for name, rows in loaded.items()} == {"debates": 6877}
    assert loaded["debates"][0]["text"] == opened.claims[0].text
    card = (tmp_path / "hub" / "README.md").read_text()
    assert card.startswith("---\n# written by harness export")
    assert card.split("\n", 2)[2].startswith("pretty_name: ClaimRank")
    assert "license_name: not stated" in card


def test_label_studio_and_back(dataset, tmp_path):
    mails = {name: f"{name}@desk.example" for name in ("reader-1", "reader-2")}
    export(dataset, "label-studio", tmp_path / "tasks.json", addresses=mails)
    tasks = json.loads((tmp_path / "tasks.json").read_text())
    config = (tmp_path / "tasks.xml").read_text()
    assert '<Choices name="three-axes.checkable"' in config
    assert tasks[0]["data"]["text"] == dataset.claims[0].text
    assert len(tasks[0]["annotations"]) == 2
    empty = made(tmp_path / "again")
    alone = [task for task in tasks if task["data"]["claim_id"] in {claim.claim_id for claim in empty.claims}]
    (tmp_path / "export.json").write_text(json.dumps(alone))
    with pytest.raises(HarnessError, match=r"several labelers \(reader-1@desk.example, reader-2@desk.example\)"):
        add_claims(empty.folder, tmp_path / "export.json", "reader-1")
    with pytest.raises(HarnessError, match=r"Did you mean 'reader-1@desk\.example'"):
        add_claims(empty.folder, tmp_path / "export.json", "reader-1", labeler="reader1@desk.example")
    for worker in ("reader-1", "reader-2"):
        add_claims(empty.folder, tmp_path / "export.json", worker, labeler=mails[worker])
    for axis in ("checkable", "quantity"):
        for rule in ("single:reader-1", "single:reader-2"):
            ours = gold_labels(open_dataset(empty.folder).annotations, "three-axes", axis, rule).labels
            theirs = gold_labels(dataset.annotations, "three-axes", axis, rule).labels
            kept = {claim.claim_id for claim in empty.claims}
            assert {c: label.label for c, label in ours.items()} == {
                c: label.label for c, label in theirs.items() if c in kept
            }


def test_blind_tasks_carry_no_label_and_no_order(dataset, tmp_path):
    export(dataset, "label-studio", tmp_path / "tasks.json", labels=False)
    text = (tmp_path / "tasks.json").read_text()
    assert "annotations" not in text
    assert "reader-1" not in text
    ids = [task["data"]["claim_id"] for task in json.loads(text)]
    assert sorted(ids) == sorted(claim.claim_id for claim in dataset.claims)
    assert ids != [claim.claim_id for claim in dataset.claims]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is not JSON"),
        ("{}", "expected a Label Studio export"),
        ("[1]", "item 1: expected a JSON object, got 1"),
        (
            '[{"data": {"claim_id": "a"}, "annotations": [{"result": [{"value": 1}]}]}]',
            "object with from_name and value",
        ),
        ('[{"data": {"claim_id": "a"}, "annotations": [3]}]', "expected an annotation as an object, got 3"),
        ('[{"data": {"claim_id": "a"}, "annotations": 1}]', "task 1: expected a list of annotations, got 1"),
        ('[{"data": {"claim_id": "a"}, "annotations": []}]', "has no labels under scheme"),
        ('[{"data": {"title": "a"}, "annotations": []}]', "task 1 has neither claim_id nor text"),
    ],
)
def test_a_file_that_is_no_label_studio_export(dataset, tmp_path, content, message):
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(FaultsError, match=message):
        add_claims(dataset.folder, tmp_path / "a.json", "reader-3")


def test_real_claim_reviews_come_in(benchmarks, tmp_path):
    folder = benchmarks / "claimreview"
    expected = {
        "076f4f33bf75_3.txt": ("Fact Check: Is An 'Oxygen", "News Nation", "2019-11-19", "true"),
        "1ee91d1fce65_0.txt": (
            "“A cause for serious conc",
            "The Russian and Syrian defense ministries",
            "2019-11-18",
            "false",
        ),
        "8380689f358c_3.txt": ("Former U.S. ambassador to", "Multiple Sources", None, "unproven"),
    }
    rows = {path.name: read_claim_reviews(path).rows for path in sorted(folder.glob("*.txt"))}
    claims = {
        name: (row.cells["text"][:25], row.cells.get("speaker"), row.cells.get("date"), row.cells["rating"])
        for name, (row,) in rows.items()
    }
    assert claims == expected
    for (row,) in rows.values():
        assert row.author
        assert (row.url or "").startswith("http")
        assert row.cells["at"][:2] == "20"


def test_a_page_with_reviews_becomes_claims(tmp_path, harness):
    review = {
        "@type": "ClaimReview",
        "claimReviewed": "The tower <b>fell</b>.",
        "reviewRating": {"alternateName": "Fake"},
    }
    blocks = [json.dumps({"@graph": [review]}), "{broken", json.dumps([{"@type": "Article"}])]
    page = "<html>" + "".join(f'<script type="application/ld+json">{block}</script>' for block in blocks) + "</html>"
    (tmp_path / "page.html").write_text(page)
    harness("new", "reviews")
    head = (tmp_path / "reviews" / "dataset.yaml").read_text().replace("- reviews", "- claimreview")
    (tmp_path / "reviews" / "dataset.yaml").write_text(head)
    done = harness("add", "reviews", "--claims", "page.html", "--as", "page-reader")
    assert done.returncode == 0, done.stderr
    dataset = open_dataset(tmp_path / "reviews")
    assert [claim.text for claim in dataset.claims] == ["The tower <b>fell</b>."]
    assert [(a.axis, a.label, a.note) for a in dataset.annotations] == [("rating", "false", "Fake")]
    export(dataset, "claimreview", tmp_path / "out.jsonld")
    (back,) = json.loads((tmp_path / "out.jsonld").read_text())
    assert (back["@type"], back["claimReviewed"], back["reviewRating"]["alternateName"]) == (
        "ClaimReview",
        "The tower <b>fell</b>.",
        "false",
    )
    (tmp_path / "none.html").write_text("<p>Nothing</p>")
    assert "has no ClaimReview" in harness("add", "reviews", "--claims", "none.html", "--as", "x").stderr


API_ANSWER = {
    "claims": [
        {
            "text": "The tower fell  in May.",
            "claimant": "A mayor",
            "claimDate": "2026-05-02T00:00:00Z",
            "claimReview": [
                {
                    "publisher": {"name": "Tower Facts", "site": "towerfacts.example"},
                    "url": "https://towerfacts.example/fell",
                    "title": "No, it did not fall",
                    "reviewDate": "2026-05-03T09:00:00Z",
                    "textualRating": "Four Towers",
                    "languageCode": "en",
                },
            ],
        },
        {"text": "It was sold.", "claimReview": [{"publisher": {"site": "b.example"}, "textualRating": "False"}]},
        {"text": "Nobody reviewed it."},
    ],
    "nextPageToken": "abc",
}


@pytest.fixture
def reviews(tmp_path, harness):
    """A dataset that lists no scheme of ratings."""
    assert harness("new", "reviews").returncode == 0
    return tmp_path / "reviews"


def test_an_answer_of_the_fact_check_tools_api_comes_in_and_goes_out(reviews, tmp_path, harness):
    (tmp_path / "answer.json").write_text(json.dumps(API_ANSWER))
    refused = harness("add", "reviews", "--claims", "answer.json", "--as", "desk")
    assert refused.returncode == 2
    assert (
        "lists no scheme with an axis 'rating' or with verdicts (reviews); add one: --scheme claimreview"
        in refused.stderr
    )
    outcome = harness("add", "reviews", "--claims", "answer.json", "--as", "desk", "--scheme", "claimreview")
    assert outcome.returncode == 0, outcome.stderr
    assert "an answer of the Fact Check Tools API" in outcome.stderr
    assert "has a next page" in outcome.stderr
    dataset = open_dataset(reviews)
    assert dataset.info.schemes == ("reviews", "claimreview")
    assert [(c.text, c.speaker, c.date) for c in dataset.claims] == [
        ("The tower fell in May.", "A mayor", "2026-05-02"),
        ("It was sold.", None, None),
    ]
    labels = {(a.label, a.note, a.author, a.url, (a.at or "")[:10]) for a in dataset.annotations}
    assert ("other", "Four Towers", "Tower Facts", "https://towerfacts.example/fell", "2026-05-03") in labels
    exported = harness("export", "reviews", "--to", "claimreview", "-o", "out.jsonld")
    assert "2 reviews of 'reviews' as claimreview" in exported.stdout
    assert "1 review without address" in exported.stdout
    first, second = json.loads((tmp_path / "out.jsonld").read_text())
    assert first["author"] == {"@type": "Organization", "name": "Tower Facts"}
    assert (first["url"], first["datePublished"]) == ("https://towerfacts.example/fell", "2026-05-03")
    assert first["reviewRating"]["alternateName"] == "Four Towers"
    assert second["author"]["name"] == "b.example"


def test_two_publishers_who_disagree_are_never_merged(reviews, tmp_path):
    (claim, *_) = API_ANSWER["claims"]
    rival = {"publisher": {"name": "Other Desk"}, "textualRating": "True"}
    answer = {"claims": [claim | {"claimReview": [*claim["claimReview"], rival]}]}
    (tmp_path / "answer.json").write_text(json.dumps(answer))
    with pytest.raises(FaultsError, match=r"review 2 \(Other Desk\) rates .* review 1 \(Tower Facts\)"):
        add_claims(reviews, tmp_path / "answer.json", "desk", scheme="claimreview")
    add_claims(reviews, tmp_path / "answer.json", "other-desk", scheme="claimreview", labeler="Other Desk")
    (label,) = open_dataset(reviews).annotations
    assert (label.label, label.author) == ("true", "Other Desk")


def test_a_dataset_is_no_author_of_a_rating(reviews, tmp_path, harness):
    add_claims(reviews, [{"text": "It was sold.", "rating": "false"}], "reader-1", scheme="claimreview")
    outcome = harness("export", "reviews", "--to", "claimreview", "-o", "out.jsonld")
    assert "1 review without author; add it before you publish them" in outcome.stdout
    (review,) = json.loads((tmp_path / "out.jsonld").read_text())
    assert "author" not in review
    assert review["reviewRating"]["alternateName"] == "false"


def test_an_export_of_nothing_is_refused(dataset, reviews, tmp_path, harness):
    outcome = harness("export", dataset.folder, "--to", "claimreview", "-o", "out.jsonld")
    assert outcome.returncode == 2
    assert "no claim has a gold label on an axis called verdict or rating" in outcome.stderr
    for to in ("csv", "jsonl", "parquet", "hf", "label-studio"):
        with pytest.raises(HarnessError, match="has no claims; nothing was written"):
            export(open_dataset(reviews), to, tmp_path / "out")
    assert not list(tmp_path.glob("out*"))


def test_counts_are_of_what_was_written(dataset, tmp_path):
    for to in ("csv", "jsonl", "parquet", "hf", "label-studio"):
        assert export(dataset, to, tmp_path / f"out-{to}").written == len(dataset.current)


def test_parts_that_would_share_a_name_are_refused(dataset, tmp_path):
    parts = dict(zip((claim.claim_id for claim in dataset.claims), ("dev-1", "dev.1", "test"), strict=False))
    with pytest.raises(FaultsError, match=r"'dev-1' and 'dev\.1' would both be called 'dev_1'"):
        export(replace(dataset, splits={"official": parts}), "hf", tmp_path / "hub")
    assert not (tmp_path / "hub").exists()


def test_an_exported_table_is_filled_in_and_added_back(dataset, tmp_path):
    export(dataset, "csv", tmp_path / "a.csv")
    with (tmp_path / "a.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert {"three-axes.factual", "three-axes.worth_checking"} <= set(rows[0])
    for row in rows:
        row["three-axes.factual"] = "yes"
        row["three-axes.checkable"] = ""
        row["three-axes.quantity"] = ""
    with (tmp_path / "filled.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    result = add_claims(dataset.folder, tmp_path / "filled.csv", "reader-3")
    assert (result.claims_added, result.annotations_added) == (0, len(rows))


@pytest.mark.parametrize(
    ("words", "label"),
    [
        ("False", "false"),
        ("Half True", "mixed"),
        ("MOSTLY-FALSE!", "mostly false"),
        ("Four Pinocchios", "other"),
        (None, "other"),
    ],
)
def test_ratings_in_words(words, label):
    assert rating_of(words) == label


def test_the_command_exports(dataset, tmp_path, harness):
    done = harness("export", dataset.folder, "--to", "csv", "-o", "out.csv")
    assert done.returncode == 0, done.stderr
    assert "claims of 'ferry-data' as csv" in done.stdout
    wrong = harness("export", dataset.folder, "--to", "xls", "-o", "out.xls")
    assert wrong.returncode == 2
    assert "no format is called 'xls'" in wrong.stderr
    assert not (tmp_path / "out.xls").exists()


@pytest.mark.parametrize("content", [None, b"", b"PAR1 no"])
def test_a_file_that_is_no_parquet(tmp_path, content):
    if content is not None:
        (tmp_path / "a.parquet").write_bytes(content)
    with pytest.raises(FaultsError):
        open_claims(tmp_path / "a.parquet")


@pytest.mark.parametrize(
    ("to", "out", "beside"),
    [("label-studio", "k.json", "k.xml"), ("doccano", "k.jsonl", "k.labels.json"), ("hf", "k", "k/README.md")],
)
def test_a_file_beside_the_output_that_is_not_ours_is_replaced_only_when_told(dataset, tmp_path, to, out, beside):
    export(dataset, to, tmp_path / out)
    add_claims(dataset.folder, [{"text": "A new one.", "checkable": "no"}], "reader-1")
    later = open_dataset(dataset.folder)
    export(later, to, tmp_path / out)  # what nobody edited is written again
    (tmp_path / beside).write_text("mine")
    with pytest.raises(FaultsError, match=r"exists with other content; .* --overwrite"):
        export(later, to, tmp_path / out)
    assert (tmp_path / beside).read_text() == "mine"
    export(later, to, tmp_path / out, overwrite=True)
    assert (tmp_path / beside).read_text() != "mine"
