"""Each check finds what it is for in a small dataset made for it, and nothing in one without."""

from __future__ import annotations

import json

import numpy as np
import pytest

from harness.audit.ancestry import atlas, overlaps, read_atlas
from harness.audit.checks import CHECKS
from harness.audit.sentences import AuditedDataset, QuestionLabels, build_sentence_table
from harness.data.claims import Claims
from harness.errors import FaultsError

LONG = ("council", "spent", "million", "bridge", "year")
RIVER = ("water", "stood", "meters", "gauge", "noon")


def column(values):
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def source(texts, sides=None, articles=None, speakers=None, answers=None, name="data", examples=()):
    articles = articles or [f"a{n}" for n in range(len(texts))]
    claims = Claims(
        claim_id=column([f"{name}-{n}" for n in range(len(texts))]),
        article_id=column(articles),
        text=column(texts),
        position=np.arange(len(texts)),
        previous=column([""] * len(texts)),
        next=column([""] * len(texts)),
        title=column([None] * len(texts)),
        speaker=column(speakers or [None] * len(texts)),
        published=column([None] * len(texts)),
    )
    partitions = {"official": sides} if sides else {}
    return AuditedDataset(name, claims, tuple(answers or ()), partitions, "en", examples)


def found(number, *sources):
    return list(CHECKS.get(number).find(build_sentence_table(sources)))


def answers(codes, name="scheme.label", is_task=False):
    return QuestionLabels(name, ("no", "yes"), np.array(codes), is_task)


def numbered(n, start=0, pattern=LONG):
    """Texts of five words that no other number shares."""
    return [" ".join(f"{word}{start + i}" for word in pattern) for i in range(n)]


def test_equal_text_on_two_sides():
    texts = [*numbered(3), "COUNCIL1 spent1, million1 (bridge1) YEAR1!", "Thank you.", "Thank you."]
    sides = ["train", "train", "train", "test", "train", "test"]
    (finding,) = found("A01", source(texts, sides))
    assert (finding.severity, finding.rows) == ("error", 1)
    assert finding.message == (
        "1 of 2 rows (50.0%) of 'test' duplicate a row of 'train', for example 'data-3' and 'data-1'"
    )
    assert not found("A01", source(texts[:3], sides[:3]))


def test_one_equal_row_in_many_is_a_warning():
    texts = [*numbered(1, 0), *numbered(200, 1000), *numbered(1, 0)]
    (finding,) = found("A01", source(texts, ["train", *["test"] * 201]))
    assert (finding.severity, finding.rows) == ("warning", 1)


def test_nearly_equal_text_on_two_sides_without_the_equal_ones():
    texts = ["She said the mill will close in May of next year.", "One two three four five six."]
    again = ["She said the mill will close in June of next year.", "One two three four five six."]
    (finding,) = found("A02", source([*texts, *again], ["train", "train", "test", "test"]))
    assert finding.rows == 1
    assert "'data-2' and 'data-0'" in finding.message


def test_repeated_rows():
    (finding,) = found("A03", source([*numbered(2), numbered(1)[0], "Yes.", "Yes."]))
    assert (finding.rows, finding.severity) == (1, "warning")


def test_articles_speakers_and_neighbors_on_two_sides():
    data = source(numbered(4), ["train", "test", "train", "test"], list("xxyz"), ["ANN", "BOB", None, "ANN"])
    (article,), (speaker,), (cut,) = (found(number, data) for number in ("A04", "A05", "A06"))
    assert (article.severity, article.rows) == ("error", 1)
    assert "1 articles, for example 'x'" in article.message
    assert (speaker.severity, speaker.rows) == ("note", 1)
    assert "for example 'data-0' and 'data-1'" in cut.message
    whole = source(numbered(4), ["train", "train", "test", "test"], list("xxyy"), ["ANN", "ANN", "BOB", None])
    assert not any(found(number, whole) for number in ("A04", "A05", "A06"))


def test_equal_text_with_two_labels():
    texts = [*numbered(2), *numbered(2), "Yes.", "Yes."]
    (finding,) = found("A07", source(texts, answers=[answers([0, 1, 1, 1, 0, 1])]))
    assert finding.rows == 2
    assert not found("A07", source(texts, answers=[answers([0, 1, -1, 1, 0, 1])]))


def test_a_word_that_gives_the_label_away():
    texts = [*(f"Percent {n}" for n in range(40)), *(f"Nothing {n}" for n in range(60))]
    (finding,) = found("A08", source(texts, answers=[answers([1] * 36 + [0] * 64)]))
    assert "'percent' (90% 'yes' in 40 rows)" in finding.message
    assert not found("A08", source(texts[:29] + texts[40:69], answers=[answers([1] * 29 + [0] * 29)]))


def test_length_that_gives_the_label_away():
    texts = [*(f"{n}" for n in range(40)), *(f"{n} is longer than the others" for n in range(40))]
    (finding,) = found("A09", source(texts, answers=[answers([0] * 40 + [1] * 40)]))
    assert finding.message == "rows labeled 'yes' are longer: length alone ranks them with a ROC AUC of 1.00"
    assert not found("A09", source(texts, answers=[answers([0, 1] * 40)]))


def test_balance_that_differs():
    sides = ["train"] * 200 + ["test"] * 200
    drifted = [1] * 100 + [0] * 100 + [1] * 50 + [0] * 150
    messages = [finding.message for finding in found("A10", source(numbered(400), sides, answers=[answers(drifted)]))]
    assert messages == ["'no' is 50.0% of 'train' and 75.0% of 'test'", "'yes' is 50.0% of 'train' and 25.0% of 'test'"]
    assert not found("A10", source(numbered(400), sides, answers=[answers([0, 1] * 200)]))


def test_few_positives():
    sides = ["train"] * 150 + ["test"] * 150
    codes = [1] * 120 + [0] * 30 + [1] * 25 + [0] * 125
    (finding,) = found("A11", source(numbered(300), sides, answers=[answers(codes, "checkability", True)]))
    # 1.96 * sqrt(.25 / 25) = .196
    assert finding.message == "'test' has only 25 positive rows: the 95% interval of a recall near .5 is ±0.20"
    (none,) = found("A11", source(numbered(3), ["a"] * 3, answers=[answers([0, 0, 0], "checkability", True)]))
    assert none.severity == "warning"


def test_guideline_examples_among_the_sentences():
    texts = ["The ferry is painted white & blue!", *numbered(3)]
    (finding,) = found("A12", source(texts))
    assert (finding.severity, finding.rows) == ("error", 1)
    (own,) = found("A12", source(numbered(3), examples=("Council2 spent2 million2 bridge2 year2!",)))
    assert "data-2" in own.message
    assert not found("A12", source(numbered(3)))


def test_datasets_that_contain_each_other():
    one = source(numbered(100), ["train"] * 60 + ["test"] * 40, name="one", answers=[answers([0, 1] * 50)])
    texts = [*numbered(60), *numbered(60, pattern=RIVER)]
    other = source(texts, name="other", answers=[answers([1] * 120)])
    (overlap,) = overlaps(build_sentence_table([one, other]))
    assert overlap[:9] == ("one/train", "other", 60, 120, 60, 60, 60, 60, 0)
    assert (overlap.question, overlap.compared, overlap.agreeing) == ("scheme.label", 60, 30)
    (finding,) = found("A13", one, other)
    assert finding.message.startswith("60 of 60 rows (100.0%) of one/train are in other, and 60 of 120 rows (50.0%) of")
    assert not found("A13", one, source(numbered(100, pattern=RIVER), name="third"))


def test_articles_that_are_mostly_shared():
    debates = ["x"] * 40 + ["y"] * 40
    one = source(numbered(80), articles=debates, name="one")
    other = source([*numbered(50), *numbered(40, pattern=RIVER)], name="other")
    (overlap,) = overlaps(build_sentence_table([one, other]))
    assert (overlap.articles_left, overlap.mostly_left, overlap.articles_right) == (2, 1, 0)


def test_the_atlas_is_remembered_for_a_dataset_alone():
    (first, *_) = found("A14", source(numbered(3), name="claimbuster"))
    assert first.severity == "note"
    assert not found("A14", source(numbered(3), name="my-own"))
    assert {overlap.dataset_left for overlap in atlas()}


@pytest.mark.parametrize("content", ["", "[]", "{}", json.dumps({"overlaps": [{"left": 1}]}), "\x00"])
def test_a_file_that_is_no_atlas(tmp_path, content):
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(FaultsError, match="is not an atlas"):
        read_atlas(tmp_path / "a.json")


def test_every_check_has_its_page(root):
    folder = root / "docs" / "reference" / "audit-checks"
    pages = {path.stem for path in folder.glob("A*.md")}
    assert pages == set(CHECKS.names())
    for number, check in CHECKS.table.items():
        page = (folder / f"{number}.md").read_text()
        assert page.startswith(f"# {number}: {check.title}\n")
        assert all(heading in page for heading in ("**What it finds.**", "**Why it matters.**", "**What to do.**"))
        assert f"| [{number}]({number}.md) | {check.title} |" in (folder / "README.md").read_text()


def test_nothing_at_all():
    assert sum(len(list(check.find(build_sentence_table([source([])])))) for check in CHECKS.table.values()) == 0
