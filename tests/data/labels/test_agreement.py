"""Agreement between annotators: textbook numbers, published packages, real crowds, and what is undefined."""

from __future__ import annotations

import csv
import json
from collections import Counter

import numpy as np
import pytest
from dataset_folders import change_line
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from harness import add_claims, agreement, ingest
from harness.data.labels.agreement import axis_agreement
from harness.errors import HarnessError

YES_NO = ("no", "yes")


def triples(columns: dict[str, str]) -> list[tuple[str, str, str]]:
    """(claim, annotator, label) from one string a annotator, a character a claim; a dot is no label."""
    return [
        (f"c{row:02}", annotator, label)
        for annotator, labels in columns.items()
        for row, label in enumerate(labels)
        if label != "."
    ]


def measured(said, labels, article=None, **settings):
    article = article or {claim: claim for claim, _, _ in said}
    return axis_agreement("axis", said, labels, article, **settings).measures


# Krippendorff 2011, "Computing Krippendorff's alpha-reliability", section C: four coders, twelve units, nominal data.
KRIPPENDORFF = {"a": "123321412...", "b": "1233224125.3", "c": ".3332342251.", "d": "12332441251."}
# Fleiss 1971, table 1: 30 patients, each given one of five diagnoses by six psychiatrists.
FLEISS = (
    "00060 03003 01401 00006 03030 20400 00402 20310 20040 00006 10050 11040 03300 10050 02031 "
    "00501 30012 51000 02040 10203 00006 01050 02013 20040 10041 05010 40002 02040 10500 00006"
)


def test_krippendorffs_example():
    found = measured(triples(KRIPPENDORFF), "12345")
    assert round(found["krippendorff_alpha"].value, 3) == 0.743  # as printed
    # krippendorff 0.9.0: alpha(level_of_measurement="nominal"); irrCAC 0.4.4, CAC(...).fleiss(), .gwet(), of which the
    # latter is Gwet's own example too (.775). The claim with one label counts for chance only.
    assert found["krippendorff_alpha"].value == pytest.approx(0.743421052631579, abs=1e-12)
    assert found["fleiss_kappa"].value == pytest.approx(0.761169275422, abs=1e-11)
    assert found["gwet_ac1"].value == pytest.approx(0.775444068127, abs=1e-11)
    assert found["raw_agreement"].value == pytest.approx(0.818181818182, abs=1e-11)
    assert {value.n for value in found.values()} == {11}


def test_fleiss_example():
    rows = ["".join(label * int(n) for label, n in zip("12345", row, strict=True)) for row in FLEISS.split()]
    said = triples({f"psychiatrist {number}": "".join(column) for number, column in enumerate(zip(*rows, strict=True))})
    found = measured(said, "12345")
    assert (
        round(found["fleiss_kappa"].value, 3) == 0.430
    )  # as printed; statsmodels 0.15.0 fleiss_kappa gives the digits
    assert found["fleiss_kappa"].value == pytest.approx(0.43024452006014074, abs=1e-12)
    assert found["raw_agreement"].value == pytest.approx(5 / 9)
    assert found["gwet_ac1"].value == pytest.approx(0.447884515845, abs=1e-11)  # irrCAC 0.4.4


def test_gwets_paradox():
    """118 of 125 claims are yes to both, 5 and 2 are mixed: kappa says less than chance, AC1 says near perfect."""
    said = triples({"a": "y" * 123 + "n" * 2, "b": "y" * 118 + "n" * 5 + "y" * 2})
    found = measured(said, "ny")
    # Raw .944. Kappa: chance = (123 * 120 + 2 * 5) / 125**2 = .94528. AC1: share of yes = 243/250 = .972, chance =
    # 2 * .972 * .028 = .054432, (.944 - .054432) / .945568.
    assert found["cohen_kappa"].value == pytest.approx(-0.0234, abs=5e-5)
    assert found["gwet_ac1"].value == pytest.approx(0.944 / 0.945568 - 0.054432 / 0.945568)


def by_hand():
    """Three annotators, four claims, labels a and b: aab, aaa, bbb, abb."""
    return triples({"x": "aaba", "y": "aabb", "z": "babb"})


def test_measures_by_hand():
    found = measured(by_hand(), "ab")
    # Pairs that agree, of 3 a claim: 1, 3, 3, 1. Raw agreement = 8/12 = 2/3.
    assert found["raw_agreement"].value == pytest.approx(2 / 3)
    # Shares: a 6/12, b 6/12. Chance = 1/2. Fleiss' kappa = (2/3 - 1/2) / (1/2) = 1/3; AC1: chance = 2 * 1/4 / 1 = 1/2.
    assert found["fleiss_kappa"].value == pytest.approx(1 / 3)
    assert found["gwet_ac1"].value == pytest.approx(1 / 3)
    # Alpha: observed = 2/3; chance = 2 * (6 * 5) / (12 * 11) = 5/11. (2/3 - 5/11) / (6/11) = 7/18.
    assert found["krippendorff_alpha"].value == pytest.approx(7 / 18)
    # x, y: 3 of 4 agree, shares of a 3/4 and 2/4, chance 1/2: 1/2. x, z: 2 of 4, a 3/4 and 1/4, chance 3/8: 1/5.
    # y, z: 3 of 4, a 2/4 and 1/4, chance 1/2: 1/2. Mean = .4.
    assert found["cohen_kappa"].value == pytest.approx(0.4)
    assert found["cohen_kappa"].note.startswith("mean over 3 pairs of annotators")


def test_cohens_textbook_example():
    # Two readers of 50 proposals: both yes 20, both no 15, 5 and 10 mixed. Raw .7, chance .5 * .6 + .5 * .4 = .5: .4.
    said = triples({"a": "y" * 25 + "n" * 25, "b": "y" * 20 + "n" * 5 + "y" * 10 + "n" * 15})
    found = axis_agreement("axis", said, "ny", {claim: claim for claim, _, _ in said})
    assert found.measures["cohen_kappa"].value == pytest.approx(0.4)
    assert found.measures["raw_agreement"].value == pytest.approx(0.7)
    assert found.confusion.tolist() == [[15, 10], [5, 20]]
    assert found.counts.tolist() == [[25, 25], [20, 30]]


RATINGS = (
    st.integers(2, 4)
    .flatmap(lambda n: st.lists(st.text("abc.", min_size=n, max_size=n), min_size=2, max_size=12))
    .map(
        lambda rows: triples(
            {f"annotator-{number}": "".join(row) for number, row in enumerate(zip(*rows, strict=True))}
        )
    )
)


@settings(deadline=None)
@given(RATINGS, st.randoms())
def test_order_and_names_do_not_matter_and_one_is_the_most(said, random):
    if not said:
        return
    found = measured(said, "abc", resamples=100)
    shuffled = random.sample(said, len(said))
    swap = dict(zip("abc", "cab", strict=True))
    renamed = [(f"x{claim}", f"x{annotator}", swap[label]) for claim, annotator, label in shuffled]
    for name, value in measured(renamed, "abc", resamples=100).items():
        assert (value.value is None) == (found[name].value is None)
        assert value.value is None or value.value == pytest.approx(found[name].value, abs=1e-9)
        assert value.value is None or value.value <= 1 + 1e-9
        assert (value.reason is not None) or (value.low is not None)


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=2, max_size=30))
def test_cohens_kappa_is_scikit_learns(pairs):
    first, second = zip(*pairs, strict=True)
    value = measured(triples({"x": "".join(first), "y": "".join(second)}), "abc", resamples=100)["cohen_kappa"].value
    if len({*first, *second}) == 1:
        assert value is None
    else:
        assert value == pytest.approx(cohen_kappa_score(first, second), abs=1e-9)


@settings(deadline=None)
@given(
    st.lists(st.text("ab", min_size=3, max_size=3), min_size=2, max_size=10).filter(lambda r: len(set("".join(r))) > 1)
)
def test_weights_are_repetitions(rows):
    """A resample is the data with articles repeated: the measure of weights is the measure of copies."""
    from harness.data.labels.agreement_measures import MEASURES, Ratings, sums_under

    codes = np.array([["ab".index(label) for label in row] for row in rows], dtype=np.int16)
    n = len(rows)
    weights = np.random.default_rng(1).integers(0, 3, size=(1, n))
    weights[0, 0] = 1
    copied = np.repeat(codes, weights[0], axis=0)
    ratings = Ratings(("a", "b"), ("x", "y", "z"), codes, np.arange(n))
    copies = Ratings(("a", "b"), ("x", "y", "z"), copied, np.arange(len(copied)))
    for measure in MEASURES.values():
        found = measure(ratings, sums_under(weights, ratings.units))
        expected = measure(copies, sums_under(np.ones((1, len(copied)), dtype=np.int64), copies.units))
        np.testing.assert_allclose(found, expected, atol=1e-9)


def test_articles_are_drawn_whole():
    """Forty claims that agree within one article and disagree within the other: the interval is as wide as it gets."""
    said = triples({"a": "yn" * 40, "b": "yn" * 20 + "ny" * 20})
    halves = {
        claim: "first" if number < 40 else "second" for number, claim in enumerate(sorted({c for c, _, _ in said}))
    }
    clustered = measured(said, "ny", halves)["raw_agreement"]
    single = measured(said, "ny")["raw_agreement"]
    assert (clustered.low, clustered.high) == (0, 1)
    assert 0.35 < single.low < 0.45 < 0.55 < single.high < 0.65  # .5 +- 1.96 * sqrt(.25 / 80) = .39 to .61
    assert clustered.note == "only 2 articles, so the interval is rough"


@pytest.mark.parametrize(
    ("columns", "name", "reason"),
    [
        ({"a": "y.", "b": ".y"}, "raw_agreement", "no claim has labels by two annotators"),
        ({"a": "yyy", "b": "yyy"}, "cohen_kappa", "undefined: every label is 'y', so chance agreement is 1"),
        ({"a": "yyy", "b": "yyy"}, "fleiss_kappa", "every label is 'y', so chance agreement is 1"),
        ({"a": "yyyn", "b": "yyy."}, "krippendorff_alpha", "all claims with two annotators carry the same label"),
        ({"a": "yyyn", "b": "yyy."}, "cohen_kappa", "no two annotators used more than one label"),
        ({f"w{n:02}": "yn" for n in range(21)}, "cohen_kappa", "not computed for 21 annotators (at most 20)"),
    ],
)
def test_what_is_undefined_says_why(columns, name, reason):
    value = measured(triples(columns), "ny")[name]
    assert (value.value, value.low, value.high) == (None, None, None)
    assert reason in value.reason


def test_full_agreement_on_one_label_is_still_raw_agreement_and_ac1():
    found = measured(triples({"a": "yyy", "b": "yyy"}), "ny")
    assert found["raw_agreement"].value == found["gwet_ac1"].value == 1.0


def test_one_article_has_no_interval():
    said = by_hand()
    value = measured(said, "ab", dict.fromkeys((claim for claim, _, _ in said), "the-article"))["fleiss_kappa"]
    assert value.value == pytest.approx(1 / 3)
    assert (value.low, value.high, value.reason) == (None, None, "no interval: one article only")


def test_of_two_labels_by_one_annotator_the_later_counts():
    said = [("c", "a", "y"), ("c", "b", "n"), ("c", "a", "n"), ("d", "a", "y"), ("d", "b", "y")]
    found = axis_agreement("axis", said, "ny", {"c": "c", "d": "d"})
    assert found.measures["raw_agreement"].value == 1.0
    assert found.twice == 1


def test_fact_checkers_of_five_debates(benchmarks):
    """Nine fact-checking desks that each marked what they checked; every sentence has nine labels."""
    files = sorted((benchmarks / "claimrank").glob("transcripts_all_sources/*.tsv"))
    said, article = [], {}
    for path in files:
        with path.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines, delimiter="\t"):
                claim = f"{path.stem}-{row['ID']}"
                article[claim] = path.stem
                said += [
                    (claim, desk, row[desk]) for desk in ("CT", "ABC", "CNN", "WP", "NPR", "PF", "TG", "NYT", "FC")
                ]
    found = axis_agreement("checked", said, ("0", "1"), article)
    # statsmodels 0.15.0 fleiss_kappa, krippendorff 0.9.0 alpha, scikit-learn 1.9.1 cohen_kappa_score over 36 pairs,
    # irrCAC 0.4.4 gwet, on the same table.
    expected = {
        "raw_agreement": 0.956142051605,
        "cohen_kappa": 0.2123481168339647,
        "fleiss_kappa": 0.210617534900913,
        "krippendorff_alpha": 0.21063028888706592,
        "gwet_ac1": 0.953561962561,
    }
    for name, value in expected.items():
        assert found.measures[name].value == pytest.approx(value, abs=1e-10), name
        assert found.measures[name].low < value < found.measures[name].high
        assert found.measures[name].n == 6877
    assert dict(zip(found.annotators, found.counts[:, 1].tolist(), strict=True))["NPR"] == 378


@pytest.mark.parametrize(
    ("folder", "labels", "claims", "twice", "expected"),
    [
        # krippendorff 0.9.0 alpha(value_counts=...); irrCAC 0.4.4 fleiss, gwet, over the last label of each worker.
        ("HITspam-UsingMTurk", ("NO", "YES"), 5840, 0,
         (0.506033105023, -4.3103435e-05, 0.0006394005288151705, 0.023885773741)),
        ("AdultContent2", ("G", "P", "R", "X"), 10629, 92721 - 89799,
         (0.748273841614, 0.293266845789, 0.3170879532690939, 0.714360561359)),
    ],
)  # fmt: skip
def test_crowds_with_varying_numbers_of_labels_a_claim(benchmarks, folder, labels, claims, twice, expected):
    lines = (benchmarks / "agreement" / folder / "labels.txt").read_text(encoding="utf-8").splitlines()
    said = [(item, worker, label) for worker, item, label in (line.split("\t") for line in lines)]
    found = axis_agreement("label", said, labels, {claim: claim for claim, _, _ in said}, resamples=200)
    names = ("raw_agreement", "fleiss_kappa", "krippendorff_alpha", "gwet_ac1")
    assert [found.measures[name].value for name in names] == pytest.approx(expected, abs=1e-10)
    assert (found.measures["raw_agreement"].n, found.twice) == (claims, twice)
    assert dict(zip(found.labels, found.counts.sum(axis=0).tolist(), strict=True)) == Counter(
        label for label in {(claim, worker): label for claim, worker, label in said}.values()
    )
    assert "annotators (at most 20)" in found.measures["cohen_kappa"].reason


@pytest.fixture
def twice_labeled(tmp_path):
    """Four articles of three claims; the second pass differs on the first claim of two of them."""
    texts = ["{} spent 7 million on trams in 2011.", "Let us hope for {}.", "{} had 3 mayors in 2012."]
    rows = {"first": [], "second": []}
    for number, place in enumerate(["Oslo", "Lima", "Quito", "Riga"]):
        (tmp_path / f"{place}.txt").write_text("\n".join(text.format(place) for text in texts), encoding="utf-8")
        for each, text in enumerate(texts):
            said = {"article_id": place, "text": text.format(place), "checkable": "no" if each == 1 else "yes"}
            other = said | ({"checkable": "no"} if each == 0 and number < 2 else {})
            rows["first"].append(said | {"quantity": "yes" if each == 0 else "no"})
            rows["second"].append(other | {"quantity": "yes" if each == 0 and number else "no"})
    ingest(sorted(tmp_path.glob("*.txt")), tmp_path / "d")
    return tmp_path / "d", rows


def test_a_dataset_end_to_end(twice_labeled, harness):
    folder, rows = twice_labeled
    add_claims(folder, rows["first"], "pass-1", at="2026-01-01T00:00:00Z")
    alone = harness("agreement", folder)
    message = "d: agreement requires an axis with labels by two annotators. Annotators: pass-1\n"
    assert (alone.returncode, alone.stdout) == (0, message)
    add_claims(folder, rows["second"], "pass-2", at="2026-01-02T00:00:00Z")
    done = harness("agreement", folder, "--json")
    assert done.returncode == 0, done.stderr
    axes = json.loads(done.stdout)["axes"]
    # checkable: pass 1 says yes to 8 and no to 4, pass 2 yes to 6. 10 of 12 agree; chance 8/12 / 2 + 4/12 / 2 = 1/2.
    assert axes["checkable"]["raw_agreement"]["value"] == pytest.approx(10 / 12)
    assert axes["checkable"]["cohen_kappa"]["value"] == pytest.approx((10 / 12 - 1 / 2) / (1 / 2))
    assert axes["checkable"]["cohen_kappa"]["n"] == 12
    assert set(axes["checkable"]["raw_agreement"]) >= {"value", "low", "high", "n"}
    # quantity is a feature: pass 1 marks 4 of 12 claims, pass 2 three of these; the other claims are no to both.
    assert axes["quantity"]["raw_agreement"]["value"] == pytest.approx(11 / 12)
    shown = harness("agreement", folder).stdout
    assert "checkable: pass-1 (rows), pass-2 (columns)" in shown
    assert next(line.split() for line in shown.splitlines() if line.startswith("yes")) == ["yes", "6", "2", "0"]


def test_only_labels_in_force_count(twice_labeled):
    folder, rows = twice_labeled
    add_claims(folder, rows["first"], "pass-1", at="2026-01-01T00:00:00Z")
    add_claims(folder, rows["second"], "pass-2", at="2026-01-02T00:00:00Z")
    log = folder / "annotations" / "pass-2.jsonl"
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    for role in ("adjudicate", "suggest"):
        others = [
            line | {"annotator": role, "role": role, "annotation_id": f"{role}{n}"} for n, line in enumerate(lines)
        ]
        (folder / "annotations" / f"{role}.jsonl").write_text("".join(json.dumps(o) + "\n" for o in others))
    before = agreement(folder)
    assert {axis.annotators for axis in before.axes} == {("pass-1", "pass-2")}
    add_claims(folder, rows["first"], "pass-2", at="2026-01-03T00:00:00Z")  # pass 2 comes round on checkable
    after = {axis.name: axis.measures["raw_agreement"].value for axis in agreement(folder).axes}
    assert after["checkable"] == 1.0


def test_labels_of_a_replaced_article_do_not_count(twice_labeled):
    folder, rows = twice_labeled
    add_claims(folder, rows["first"], "pass-1", at="2026-01-01T00:00:00Z")
    add_claims(folder, rows["second"], "pass-2", at="2026-01-02T00:00:00Z")
    names = [json.loads(line)["article_id"] for line in (folder / "articles.jsonl").read_text().splitlines()]
    change_line(folder / "articles.jsonl", names.index("Riga") + 1, replaces="Oslo")
    found = {axis.name: axis.measures["raw_agreement"] for axis in agreement(folder).axes}
    assert found["checkable"].n == 9
    assert found["checkable"].value == pytest.approx(8 / 9)  # Oslo had one of the two differences


def test_a_dataset_that_is_none_is_refused():
    with pytest.raises(HarnessError, match="no dataset is called 'nowhere'"):
        agreement("nowhere")
