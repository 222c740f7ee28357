"""`harness new`: an empty, valid dataset with a guideline and a config that runs once claims are labeled."""

from __future__ import annotations

import pytest
from dataset_folders import BRIDGE, FERRY, content

from harness import HarnessError, add_claims, assign, check, ingest, new, open_dataset, repair
from harness.data.load import find_scheme


@pytest.mark.smoke
def test_a_new_dataset_is_empty_and_valid(tmp_path):
    started = new(tmp_path / "my data", language="pt-BR")
    dataset = open_dataset(tmp_path / "my data")
    assert (dataset.info.name, dataset.info.language, dataset.info.schemes) == ("my-data", "pt-BR", ("my-data",))
    assert dataset.articles == dataset.claims == ()
    assert len(dataset.table()) == 0
    scheme = find_scheme(dataset.folder, "my-data")
    assert scheme.tasks["checkability"].axis == "checkable"
    assert check([tmp_path / "my data"]) == []
    (fault,) = check([tmp_path / "my data" / "experiment.yaml"])
    assert (fault.line, fault.field) == (5, "dataset")
    assert fault.message == "'my-data' has no claims yet; add articles with: harness ingest"
    assert set(content(tmp_path / "my data")) == {
        ".gitattributes",
        ".gitignore",
        "README.md",
        "articles.jsonl",
        "claims.jsonl",
        "dataset.yaml",
        "experiment.schema.json",
        "experiment.yaml",
        "schemes/my-data.yaml",
    }
    assert all(path.exists() for path in started.files)


def test_a_copy_has_its_source_as_ancestor_and_waits_for_labels(tmp_path):
    started = new(tmp_path / "mine", source="public-matters")
    copy, source = open_dataset(tmp_path / "mine"), open_dataset("public-matters")
    assert copy.claims == source.claims
    assert copy.annotations == copy.evidence == ()
    assert (copy.info.name, copy.info.ancestry, copy.info.license) == ("mine", ("public-matters",), source.info.license)
    assert f"harness label {tmp_path / 'mine'} --as YOU" in started.steps[0]
    assert {".gitattributes", ".gitignore", "corpus.jsonl"} <= set(content(copy.folder))
    whole = open_dataset(new(tmp_path / "whole", source="public-matters", labels=True).folder)
    assert (whole.annotations, whole.evidence) == (source.annotations, source.evidence)
    with pytest.raises(HarnessError, match="--with-labels: only a copy has labels"):
        new(tmp_path / "other", labels=True)
    with pytest.raises(HarnessError, match="language: a copy has the language of its dataset"):
        new(tmp_path / "other", source="public-matters", language="de")
    with pytest.raises(HarnessError, match="no dataset is called 'public-maters'"):
        new(tmp_path / "other", source="public-maters")
    assert not (tmp_path / "other").exists()


def test_nothing_is_overwritten(tmp_path):
    new(tmp_path / "d")
    before = content(tmp_path / "d")
    with pytest.raises(
        HarnessError, match="d: is not empty; nothing was written: give a folder that does not exist yet"
    ):
        new(tmp_path / "d")
    assert content(tmp_path / "d") == before
    (tmp_path / "file").write_text("mine")
    with pytest.raises(HarnessError, match="file: is a file; give a folder"):
        new(tmp_path / "file")
    (tmp_path / "empty" / ".git").mkdir(parents=True)
    new(tmp_path / "empty")


def test_a_call_that_was_killed_while_it_wrote_can_be_repeated(tmp_path):
    new(tmp_path / "d")
    whole = content(tmp_path / "d")
    for name in ("dataset.yaml", "experiment.yaml"):
        (tmp_path / "d" / name).unlink()
    (tmp_path / "d" / ".partial-harness-abcd1234").mkdir()
    new(tmp_path / "d")
    assert content(tmp_path / "d") == whole
    (tmp_path / "d" / "dataset.yaml").unlink()
    (tmp_path / "d" / "README.md").write_text("mine")
    with pytest.raises(HarnessError, match="d: is not empty"):
        new(tmp_path / "d")


def test_a_language_that_is_no_code(tmp_path):
    with pytest.raises(HarnessError, match='language: expected a BCP 47 code such as en or pt-BR, got "english: x'):
        new(tmp_path / "d", language="english: x")
    assert not (tmp_path / "d").exists()


@pytest.mark.parametrize("place", ["d", "it's: a #folder"])
def test_new_ingest_add_run(tmp_path, harness, place):
    """The steps that `harness new` prints, with the real command."""
    done = harness("new", place)
    assert done.returncode == 0, done.stderr
    assert f"  harness run {place}/experiment.yaml" in done.stdout
    refused = harness("run", f"{place}/experiment.yaml")
    assert refused.returncode == 2
    assert "has no gold label for the task 'checkability'" in refused.stderr
    for name, text in (("ferry", FERRY), ("bridge", BRIDGE)):
        (tmp_path / f"{name}.txt").write_text(text)
    assert harness("ingest", "ferry.txt", "bridge.txt", "--into", place).returncode == 0
    rows = ["article_id,text,checkable"]
    for claim in open_dataset(tmp_path / place).claims:
        text = (claim.text or "").replace('"', '""')
        rows.append(f'{claim.article_id},"{text}",{"yes" if any(x.isdigit() for x in text) else "no"}')
    (tmp_path / "labels.csv").write_text("\n".join(rows))
    done = harness("add", place, "--claims", "labels.csv", "--as", "me")
    assert done.returncode == 0, done.stderr
    done = harness("run", f"{place}/experiment.yaml")
    assert done.returncode == 0, done.stderr
    for system in ("majority", "length", "tfidf_logreg"):
        assert system in done.stdout


def test_ingest_and_add_write_the_files_for_git_where_they_start_a_dataset(tmp_path):
    (tmp_path / "a.txt").write_text("It rose. It fell.")
    table = tmp_path / "t.csv"
    table.write_text("text,label\nIt rose.,yes\nIt fell.,no\n")
    names = (".gitattributes", ".gitignore")
    started = new(tmp_path / "n").folder
    written = {name: (started / name).read_bytes() for name in names}
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / ".gitignore").write_text("mine\n")
    ingest(tmp_path / "a.txt", tmp_path / "i")
    ingest(tmp_path / "a.txt", tmp_path / "own")
    add_claims(tmp_path / "c", table, "ann")
    for folder in ("i", "c"):
        assert {name: (tmp_path / folder / name).read_bytes() for name in names} == written
    assert (tmp_path / "own" / ".gitignore").read_text() == "mine\n", "a file of the user stays"
    (tmp_path / "i" / ".gitignore").unlink()
    ingest(tmp_path / "a.txt", tmp_path / "i")
    assert not (tmp_path / "i" / ".gitignore").exists(), "a dataset that exists is not changed"


def test_a_dataset_in_a_repository_without_the_files_for_git_is_told_and_repaired(tmp_path):
    (tmp_path / "a.txt").write_text("It rose. It fell.")
    folder = ingest(tmp_path / "a.txt", tmp_path / "in" / "mine").folder
    for name in (".gitattributes", ".gitignore"):
        (folder / name).unlink()

    def notes():
        told = []
        assert check([folder], unchecked=told.append) == []
        return told

    assert notes() == [], "outside of a repository nothing is missing"
    (tmp_path / ".git").mkdir()
    (note,) = notes()
    assert "has no .gitattributes and .gitignore, so that lines that two people add conflict in a merge" in note
    assert f"harness check --fix {folder}" in note
    assert assign(folder, "ann").notes == (note,)
    (tmp_path / "in" / ".gitignore").write_text("poetry.lock\n")
    assert notes() == [note], "another rule than that of locks"
    (tmp_path / "in" / ".gitignore").write_text("*.lock\n")
    (tmp_path / ".gitattributes").write_text("*.jsonl text eol=lf merge=union\n")
    assert notes() == [], "a rule further up counts"
    (tmp_path / ".gitattributes").write_text("*.txt eol=lf\n")
    assert [done.path.name for done in repair(folder)] == [".gitattributes"]
    assert notes() == [] == repair(folder)
