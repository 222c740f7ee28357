"""Packed records are what the objects would be, in a fraction of their memory."""

from __future__ import annotations

import gc
import pickle
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.data.dataset import Dataset, started_info, write_dataset
from harness.data.labels.annotations import new_annotation
from harness.data.labels.gold import active_annotations
from harness.data.load import open_folder
from harness.data.packed.columns import Reference
from harness.data.packed.records import PackedRecords, Packer, chosen, column_of, joined
from harness.files import sha256
from harness.records import Annotation, Article, Claim, ShownPassage, make_claim_id

N_CLAIMS = 3_000
MOST_BYTES = 400
"""Bytes that an opened dataset may take for a claim of 60 characters and its label; objects took 2,400."""
ANNOTATIONS = st.builds(
    Annotation,
    annotation_id=st.text(max_size=4),
    claim_id=st.sampled_from(["c1", "c2", "c3"]),
    scheme=st.just("s"),
    axis=st.sampled_from(["a", "b"]),
    label=st.text(max_size=3),
    annotator=st.just("me"),
    guideline=st.just("1"),
    confidence=st.none() | st.floats(0, 1),
    shown=st.none() | st.just((ShownPassage(passage_id="p", text="t"),)),
)


def packed(records, kind=Annotation, references=None):
    packer = Packer(kind, references)
    for start in range(0, len(records), 3):
        packer.add(records[start : start + 3])
    return packer.packed()


@given(st.lists(ANNOTATIONS, max_size=9))
def test_packed_records_are_equal_to_plain_ones(records):
    ids = ["c3", "c1"]
    both = packed(records, references={"claim_id": Reference({"c3": 0, "c1": 1}, ids)})
    assert list(both) == records
    assert both == tuple(records)
    assert tuple(records) == both
    assert both == packed(records)
    assert both[::-2] == tuple(records[::-2])
    assert [both[row] for row in range(-len(records), len(records))] == records * 2
    assert [one.model_dump() for one in both] == [one.model_dump() for one in records]
    assert joined(Annotation, [both, packed(records[:2])], {}) == (*records, *records[:2])
    assert hash(both) == hash(tuple(records))
    assert pickle.loads(pickle.dumps(both)) == both


def test_packed_records_are_added_to_tuples_as_tuples_are():
    records = packed([Article(article_id="a", text="T"), Article(article_id="b", text="T")], Article)
    first, second = records
    pair = (second, second)
    assert records + pair == (first, second, *pair)
    assert pair + records == (*pair, first, second)
    assert repr(records + records) == "<4 Article>"
    with pytest.raises(TypeError):
        records + list(pair)


def test_packed_records_differ_from_others_and_end():
    records = packed([Article(article_id="a", text="T"), Article(article_id="b", text="T")], Article)
    assert records != (records[0],)
    assert records != (records[1], records[0])
    assert records != ["a"]
    assert repr(records) == "<2 Article>"
    assert "<caption>&lt;2 Article&gt;</caption>" in records._repr_html_()
    with pytest.raises(IndexError):
        records[2]
    with pytest.raises(ValueError, match="frozen"):
        records[0].text = "U"  # type: ignore[misc]
    copy = records[0].model_copy(update={"title": "N"})
    assert (copy.title, records[0].title) == ("N", None)


def test_a_choice_of_all_is_the_same_sequence_and_of_some_a_part():
    records = packed([Article(article_id=name, text="T") for name in "abc"], Article)
    for kind in (records, tuple(records)):
        assert chosen(kind, ["article_id"], lambda name: name < "d") is kind
        assert [one.article_id for one in chosen(kind, ["article_id"], lambda name: name > "a")] == ["b", "c"]
        assert list(column_of(kind, "article_id")) == ["a", "b", "c"]


@given(st.data())
def test_the_active_annotations_of_packed_records_are_those_of_plain_ones(data):
    log = list[Annotation]()
    for number in range(data.draw(st.integers(0, 6))):
        earlier = data.draw(st.sampled_from([None, *(one.annotation_id for one in log)]))
        role = data.draw(st.sampled_from(["label", "adjudicate", "suggest", "withdraw", "flag"]))
        field = "withdraws" if role == "withdraw" else "supersedes"
        log.append(
            Annotation(
                annotation_id=str(number), claim_id="c", scheme="s", axis="a", label="yes", annotator="me",
                guideline="1", role=role, **{field: earlier},
            )
        )  # fmt: skip
    for roles in (("label", "adjudicate"), ("suggest", "flag"), ("withdraw",)):
        assert list(active_annotations(packed(log), roles)) == list(active_annotations(log, roles))


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    folder = tmp_path_factory.mktemp("large")
    articles, claims, annotations = [], [], []
    for number in range(N_CLAIMS // 20):
        sentences = [f"Sentence {number}.{row} says that prices rose by {row} percent in May." for row in range(20)]
        articles.append(Article(article_id=f"a{number}", text="\n".join(sentences)))
        start = 0
        for sentence in sentences:
            end = start + len(sentence)
            claim_id = make_claim_id(f"a{number}", start, end, sha256(sentence))
            claims.append(Claim(claim_id=claim_id, article_id=f"a{number}", start=start, end=end, text=sentence))
            annotations.append(
                new_annotation(claim_id, "three-axes", "checkable", "yes", "me", "1", at="2026-01-01T00:00:00Z")
            )
            start = end + 1
    info = started_info("large", "en", ("three-axes",))
    plain = Dataset(folder / "d", info, tuple(articles), tuple(claims), tuple(annotations))
    write_dataset(plain)
    return plain


def test_an_opened_dataset_equals_the_plain_one(large):
    opened = open_folder(large.folder)
    assert isinstance(opened.claims, PackedRecords)
    assert opened.articles == large.articles
    assert opened.claims == large.claims
    assert opened.annotations == large.annotations
    assert opened.fingerprint == large.fingerprint
    for name in ("claim_id", "text", "previous", "next", "position", "published", "source"):
        assert getattr(opened.table(), name).tolist() == getattr(large.table(), name).tolist()


def test_an_opened_dataset_takes_few_bytes_a_claim(large):
    open_folder(large.folder)
    gc.collect()
    tracemalloc.start()
    opened = open_folder(large.folder)
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(opened) == N_CLAIMS
    assert size / N_CLAIMS < MOST_BYTES
