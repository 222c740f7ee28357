"""The shipped datasets are what the seeds and the guideline make of them, and hold nothing that is not ours."""

from __future__ import annotations

import re
import shutil
from itertools import combinations
from pathlib import Path

import pytest

from harness import agreement, check, ingest, open_dataset
from harness.data.labels.gold import gold_labels
from harness.errors import HarnessError
from harness.schemes import load_scheme, scheme_names

AXES = ("factual", "checkable", "worth_checking")
PASSES = ("author-pass-1", "author-pass-2")


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def runs_of(text: str, length: int) -> set[tuple[str, ...]]:
    found = words(text)
    return {tuple(found[start : start + length]) for start in range(len(found) - length + 1)}


@pytest.mark.smoke
def test_shipped_datasets_have_no_faults(root):
    assert check([root / "data"]) == []


def test_articles_and_claims_are_rebuilt_from_the_seeds(root, tmp_path):
    shipped = root / "data" / "public-matters"
    shutil.copytree(shipped, tmp_path / "public-matters")
    for name in ("articles.jsonl", "claims.jsonl"):
        (tmp_path / "public-matters" / name).write_text("")
    shutil.rmtree(tmp_path / "public-matters" / "annotations")
    (tmp_path / "public-matters" / "evidence.jsonl").unlink()
    ingest([root / "seeds" / "public-matters"], tmp_path / "public-matters")
    rebuilt = tmp_path / "public-matters"
    assert (rebuilt / "articles.jsonl").read_bytes() == (shipped / "articles.jsonl").read_bytes()
    claims, again = (
        {claim.claim_id: claim.text or "" for claim in open_dataset(folder).claims} for folder in (shipped, rebuilt)
    )
    # The labels were given when datelines and the times of live blogs were still claims.
    former = [text for claim_id, text in claims.items() if claim_id not in again]
    assert len(former) == 21
    assert [text for text in former if not re.match(r"\d\d:\d\d|.*\b[A-Za-z]+ \d+, \d{4}$", text)] == []
    assert {text for claim_id, text in again.items() if claim_id not in claims} <= {
        text.partition(" | ")[2] for text in former
    }


def test_there_are_enough_articles_and_every_sentence_is_labeled():
    dataset = open_dataset("public-matters")
    assert len(dataset.claims) >= 1000
    per_article = [sum(c.article_id == a.article_id for c in dataset.claims) for a in dataset.articles]
    assert min(per_article) >= 15
    assert max(per_article) <= 40
    for axis in AXES:
        for annotator in PASSES:
            gold = gold_labels(dataset.annotations, "three-axes", axis, f"single:{annotator}")
            assert gold.labels.keys() == {claim.claim_id for claim in dataset.claims}
            assert {label.label for label in gold.labels.values()} == {"yes", "no", "cannot tell"}


@pytest.mark.parametrize("annotator", PASSES)
def test_what_states_nothing_is_not_checkable(annotator):
    dataset = open_dataset("public-matters")
    factual, checkable = (
        gold_labels(dataset.annotations, "three-axes", axis, f"single:{annotator}").labels for axis in AXES[:2]
    )
    assert not [name for name, gold in factual.items() if gold.label == "no" and checkable[name].label == "yes"]


@pytest.mark.parametrize("annotator", PASSES)
def test_every_feature_of_the_scheme_occurs(annotator):
    annotations = [a for a in open_dataset("public-matters").annotations if a.annotator == annotator]
    features = {axis.name for axis in load_scheme("three-axes").axes if axis.feature}
    assert features == {a.axis for a in annotations if a.scheme == "three-axes"} - set(AXES)


def test_verdicts_come_with_evidence():
    dataset = open_dataset("public-matters")
    verdicts = gold_labels(dataset.annotations, "verdict", "verdict", "single:author-pass-1").labels
    assert len(verdicts) >= 150
    assert {label.label for label in verdicts.values()} == set(load_scheme("verdict").axis("verdict").label_names)
    cases = gold_labels(dataset.annotations, "verdict", "case", "single:author-pass-1").labels
    assert {label.label for label in cases.values()} == set(load_scheme("verdict").axis("case").label_names)
    assert cases.keys() == verdicts.keys() == {passage.claim_id for passage in dataset.evidence}
    assert all(
        passage.source and passage.stance in ("supports", "refutes", "qualifies") for passage in dataset.evidence
    )
    second = gold_labels(dataset.annotations, "verdict", "verdict", "single:author-pass-2").labels
    assert second.keys() == verdicts.keys()


def test_the_card_says_the_agreement_that_the_command_gives(root):
    card = (root / "data" / "public-matters" / "README.md").read_text(encoding="utf-8")
    found = agreement("public-matters")
    for axis in found.axes:
        if axis.name in ("factual", "checkable", "worth_checking", "verdict", "case"):
            cells = [f"{axis.measures[name].value:.3f}".removeprefix("0") for name in MEASURES]
            assert f"| {axis.name} | {axis.measures[MEASURES[0]].n:,} | {' | '.join(cells)} |" in card, axis.name


MEASURES = ("raw_agreement", "cohen_kappa", "fleiss_kappa", "krippendorff_alpha", "gwet_ac1")


def test_no_two_articles_share_a_run_of_eight_words():
    articles = open_dataset("public-matters").articles
    for one, other in combinations(articles, 2):
        assert not runs_of(one.text or "", 8) & runs_of(other.text or "", 8)


def test_no_two_sentences_are_equal_but_for_numbers_and_names():
    """A skeleton is the sentence with numbers and capitalized words masked."""
    skeletons: dict[str, str] = {}
    for claim in open_dataset("public-matters").claims:
        masked = re.sub(r"\d[\d.,:]*", "#", re.sub(r"\b[A-Z]\w*", "X", claim.text or ""))
        if len(words(masked)) >= 4:
            assert masked not in skeletons, f"{skeletons.get(masked)} and {claim.claim_id}"
            skeletons[masked] = claim.claim_id


def test_guideline_examples_stand_in_no_shipped_dataset():
    text = " ".join(article.text or "" for article in open_dataset("public-matters").articles)
    for axis in (axis for name in scheme_names() for axis in load_scheme(name).axes):
        for label in axis.labels:
            for example in label.examples:
                assert example not in text
    for exercise in (exercise for name in scheme_names() for exercise in load_scheme(name).test):
        assert exercise.text not in text


def test_the_stand_off_dataset_ships_no_text(root):
    dataset = open_dataset("seed-article")
    assert dataset.missing_text == dataset.articles
    assert all(claim.text is None and claim.text_sha256 for claim in dataset.claims)
    with pytest.raises(HarnessError, match="harness ingest COPY --into"):
        dataset.table()


def test_the_seed_article_brings_the_stand_off_dataset_to_life(root, tmp_path, seed_article, harness):
    shutil.copytree(root / "data" / "seed-article", tmp_path / "seed-article")
    done = harness("ingest", seed_article, "--into", tmp_path / "seed-article")
    assert done.returncode == 0, done.stderr
    assert "text restored for 1, still missing for 0" in done.stdout
    dataset = open_dataset(tmp_path / "seed-article")
    article = dataset.articles[0]
    assert article.text == seed_article.read_text(encoding="utf-8")
    assert all((article.text or "")[c.start : c.end] == c.text for c in dataset.claims)
    assert len(dataset.table()) == len(dataset.claims)
    assert harness("ingest", seed_article, "--into", tmp_path / "seed-article").stdout.count("1 already present") == 1


def test_another_copy_of_the_seed_article_is_refused(root, tmp_path, seed_article, harness):
    shutil.copytree(root / "data" / "seed-article", tmp_path / "seed-article")
    other = tmp_path / "other.txt"
    other.write_bytes(seed_article.read_bytes().replace(b"\n", b"\r\n"))
    done = harness("ingest", other, "--into", tmp_path / "seed-article")
    assert done.returncode == 2
    assert "the same line ends" in done.stderr
    assert open_dataset(tmp_path / "seed-article").missing_text


def test_the_text_of_the_seed_article_is_nowhere_in_the_project(root, seed_article):
    """No run of nine of its words, in any file that is shipped, but for its headline, which is how it is cited."""
    _, _, body = seed_article.read_text(encoding="utf-8").partition("\n")
    theirs = runs_of(body, 9)
    folders = [root / name for name in ("data", "seeds", "harness", "docs", "experiments", "tests")]
    files = [path for folder in folders for path in folder.rglob("*") if path.suffix in TEXTS]
    assert len(files) > 50
    for path in [*files, root / "README.md"]:
        shared = theirs & runs_of(path.read_text(encoding="utf-8"), 9)
        assert not shared, f"{path}: {min(shared)}"


TEXTS = {".jsonl", ".txt", ".md", ".py", ".yaml"}


def test_the_pairs_make_the_planted_errors_byte_for_byte(root, tmp_path, harness):
    shipped, made = root / "data" / "planted-errors", tmp_path / "planted-errors"
    pairs = root / "seeds" / "planted-errors"
    for name, annotator in (("claims.csv", "author-pass-1"), ("second-pass.csv", "author-pass-2")):
        options = ("--claims", pairs / name, "--as", annotator, "--scheme", "verdict", "--at", "2026-11-29")
        assert harness("add", made, *options).returncode == 0
    names = ["articles.jsonl", "claims.jsonl", "corpus.jsonl", "evidence.jsonl"]
    for name in [*names, *(f"annotations/author-pass-{number}.jsonl" for number in (1, 2))]:
        assert (made / name).read_bytes() == (shipped / name).read_bytes(), name


def test_a_pair_of_planted_errors_shares_its_passage_and_differs_in_its_verdict(root):
    dataset = open_dataset("planted-errors")
    passages = {evidence.claim_id: evidence.passage_id for evidence in dataset.evidence}
    first_pass = [one for one in dataset.annotations if one.annotator == "author-pass-1"]
    verdicts = {one.claim_id: one.label for one in first_pass if one.axis == "verdict"}
    by_article: dict[str, list[str]] = {}
    for claim in dataset.claims:
        by_article.setdefault(claim.article_id, []).append(claim.claim_id)
    assert len(by_article) == 50
    for article, (first, second) in by_article.items():
        assert passages[first] == passages[second]
        assert (verdicts[first] != verdicts[second]) == (article != "torstrem-spelling")


def test_every_shipped_dataset_has_a_card(root):
    for folder in sorted((root / "data").iterdir()):
        card = (folder / "README.md").read_text(encoding="utf-8")
        for heading in ("How it was made", "How it was labeled", "What it must not be used to conclude"):
            assert heading in card, f"{folder.name}: {heading}"


def test_a_path_of_the_shipped_data_is_a_folder_of_files(root):
    assert {path.name for path in Path(root / "data").iterdir()} == {"planted-errors", "public-matters", "seed-article"}
