"""Models kept and used: the same scores as in the run, on any input, and nothing that should not be loaded."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from claim_tables import claims_of

from harness import HarnessError, load_model, run, score
from harness.data.load import open_dataset
from harness.features.ngrams import Ngrams
from harness.files import sha256
from harness.runner.models.card import CARD

CONFIG = """\
name: kept
task: checkability
dataset: {dataset}
split: {{file: parts.jsonl, train: [train], dev: [dev], test: [test]}}
classifiers:
  - {{name: tfidf_logreg, min_df: 1}}
  - {{name: tfidf_svm, min_df: 1, label: calibrated, calibration: platt, threshold: {{aim: f1}}}}
  - {{name: nb_logreg, min_df: 1, label: isotonic, calibration: isotonic}}
  - {{name: tfidf_logreg, min_df: 1, label: tuned, C: {{grid: [1, 10]}}}}
  - {{name: claimbuster_features, min_df: 1}}
  - {{name: "sklearn.linear_model:LogisticRegression", label: any, C: 2.0}}
  - length
  - rules
metrics: [f1, average_precision]
intervals: {{resamples: 100}}
"""
ARTICLE = (
    "The council voted 7 to 4 for fares 12 percent up in 2021. We hope so! Then <script>x</script> cost 3 million.\n"
)


@pytest.fixture(scope="module")
def kept(small: Path, tmp_path_factory: pytest.TempPathFactory):
    """Systems of every kind, kept by a run with one fold."""
    folder = tmp_path_factory.mktemp("kept")
    claims = [json.loads(line) for line in (small / "claims.jsonl").read_text(encoding="utf-8").splitlines()]
    articles = sorted({claim["article_id"] for claim in claims})
    parts = {name: ("train", "train", "dev", "test")[number % 4] for number, name in enumerate(articles)}
    rows = [json.dumps({"claim_id": c["claim_id"], "part": parts[c["article_id"]]}) for c in claims]
    (folder / "parts.jsonl").write_text("\n".join(rows) + "\n", encoding="utf-8")
    (folder / "e.yaml").write_text(CONFIG.format(dataset=small), encoding="utf-8")
    return run(folder / "e.yaml", out=folder / "runs", save_models=True)


def test_a_kept_model_scores_the_test_claims_as_the_run_did(kept, small):
    claims = open_dataset(small).table()
    row = {claim_id: number for number, claim_id in enumerate(claims.claim_id)}
    assert len(kept.models) == len(kept.results) == 8
    for result, model in zip(kept.results, kept.models, strict=True):
        assert model.folder, model.reason
        table = pq.read_table(Path(result.path) / "predictions.parquet").to_pandas()
        tested = claims.take(np.array([row[claim_id] for claim_id in table["claim_id"]], dtype=np.int64))
        loaded = load_model(model.folder)
        scores = loaded.score(tested)
        assert scores[:, -1] == pytest.approx(table["score:yes"].to_numpy(), abs=1e-12), result.system
        assert loaded.predict(tested, scores) == table["predicted"].tolist(), result.system


def test_the_card_says_threshold_calibration_and_origin(kept):
    card = load_model(kept.models[1].folder).card
    assert card.probabilities
    assert 0 < card.threshold < 1
    assert "platt calibration" in card.provenance.chosen
    assert card.trained_on.rows == "the training claims of the split"
    assert load_model(kept.models[2].folder).card.threshold == 0.5


def test_a_second_run_keeps_what_is_kept(kept):
    card = kept.models[0].folder / "model.json"
    before = card.stat().st_mtime_ns
    run(kept.folder.parents[1] / "e.yaml", out=kept.folder.parent, save_models=True, only=["tfidf_logreg"])
    assert card.stat().st_mtime_ns == before


def test_an_article_of_one_sentence_has_its_title_on_the_page(tmp_path):
    rows = [
        {"article_id": "a", "title": "Trees", "text": "The town planted 5,000 trees."},
        {"article_id": "b", "text": "It rained for 3 days."},
        {"article_id": "c", "text": "Rents rose by 4 percent."},
    ]
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    score(tmp_path / "in.jsonl", "rules", tmp_path / "out.html")
    assert re.findall(r"<h2[^>]*>([^<]+)", (tmp_path / "out.html").read_text(encoding="utf-8")) == ["Trees", "Claims"]


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".parquet", ".html"])
def test_an_article_in_every_format(kept, tmp_path, suffix):
    (tmp_path / "a.txt").write_text(ARTICLE, encoding="utf-8")
    expected = score(tmp_path / "a.txt", kept.models[0].folder).claims
    assert [ARTICLE[claim.start : claim.end] for claim in expected] == [claim.text for claim in expected]
    out = tmp_path / f"out{suffix}"
    done = score([tmp_path / "a.txt"], kept.models[0].folder, out)
    assert done.n == len(expected) == 3
    if suffix == ".html":
        page = out.read_text(encoding="utf-8")
        assert "<script>x" not in page
        assert "&lt;script&gt;x" in page
        return
    if suffix == ".jsonl":
        found = [json.loads(line)["score"]["yes"] for line in out.read_text(encoding="utf-8").splitlines()]
    elif suffix == ".csv":
        with out.open(encoding="utf-8-sig", newline="") as stream:
            found = [float(row["score:yes"].lstrip("'")) for row in csv.DictReader(stream)]
    else:
        found = pq.read_table(out)["score:yes"].to_pylist()
    assert found == pytest.approx([claim.rank_score for claim in expected])


def test_a_table_of_claims_and_a_dataset_give_the_same_scores(kept, small, tmp_path):
    folder = kept.models[0].folder
    claims = open_dataset(small).claims[:20]
    (tmp_path / "c.jsonl").write_text(
        "".join(json.dumps({"claim_id": c.claim_id, "text": c.text}) + "\n" for c in claims), encoding="utf-8"
    )
    rows = {c.claim_id: c.rank_score for c in score(tmp_path / "c.jsonl", folder).claims}
    whole = {c.claim_id: c.rank_score for c in score(small, folder).claims}
    assert len(rows) == 20
    assert rows == {name: whole[name] for name in rows}


def test_the_command_scores_and_says_why(harness, kept, tmp_path):
    (tmp_path / "a.txt").write_text(ARTICLE, encoding="utf-8")
    shown = harness("score", "a.txt", "--system", kept.models[0].folder)
    assert shown.returncode == 0, shown.stderr
    assert "percent" in shown.stdout
    document = json.loads(harness("score", "a.txt", "--system", "rules", "--json").stdout)
    assert document["claims"][0]["predicted"] == "yes"
    assert "12 percent" in {reason["text"] for reason in document["claims"][0]["reasons"]}


def test_reasons_use_the_counts_of_the_score(kept, tmp_path, monkeypatch):
    (tmp_path / "a.txt").write_text(ARTICLE, encoding="utf-8")
    counted = []
    count = Ngrams._count_blocks
    monkeypatch.setattr(Ngrams, "_count_blocks", lambda ngrams, texts: counted.append(texts) or count(ngrams, texts))
    scored = score(tmp_path / "a.txt", kept.models[0].folder).claims
    assert all(claim.reasons for claim in scored)
    assert counted == [[claim.text for claim in scored]]
    alone = load_model(kept.models[0].folder).explain(claims_of([claim.text for claim in scored]))
    assert [claim.reasons for claim in scored] == alone


def test_a_page_by_position_says_each_reason_once_and_no_negative_zero(tmp_path):
    (tmp_path / "a.txt").write_text(ARTICLE, encoding="utf-8")
    score(tmp_path / "a.txt", "position", tmp_path / "out.html")
    page = (tmp_path / "out.html").read_text(encoding="utf-8")
    first = page[page.index("<aside") :]
    assert ">.000</span>" in first
    assert first.count("claims before it: 0") == 1
    assert "+0.00" in first
    assert "shaded by its score. Point" in page


def test_wrong_use_is_a_message(kept, tmp_path):
    (tmp_path / "a.txt").write_text(ARTICLE, encoding="utf-8")
    for name, reason in (("language_model", "the model runs at"), ("from_file", "it reads predictions from a file")):
        with pytest.raises(HarnessError, match=f"'{name}' cannot score new articles: {reason}"):
            score(tmp_path / "a.txt", name)
    with pytest.raises(HarnessError, match=r"'tfidf_svm' must be trained: .*harness run CONFIG --only tfidf_svm"):
        score(tmp_path / "a.txt", "tfidf_svm")
    with pytest.raises(HarnessError, match="contains 8 saved models; give the folder of one"):
        score(tmp_path / "a.txt", kept.folder)
    with pytest.raises(HarnessError, match="does not exist"):
        score(tmp_path / "b.txt", "rules")
    with pytest.raises(HarnessError, match=r"no suffix is called '\.doc'"):
        score(tmp_path / "a.txt", "rules", tmp_path / "a.doc")
    assert not (tmp_path / "a.doc").exists()


def test_a_changed_model_is_refused(kept, tmp_path):
    shutil.copytree(kept.models[0].folder, tmp_path / "model")
    card = tmp_path / "model" / "model.json"
    text = card.read_text(encoding="utf-8")
    card.write_text(text.replace('"threshold": 0.5', '"threshold": 0.4'), encoding="utf-8")
    with pytest.raises(HarnessError, match="was modified after it was saved"):
        load_model(tmp_path / "model")
    card.write_text(text[:-40], encoding="utf-8")
    with pytest.raises(HarnessError, match="is not JSON"):
        load_model(tmp_path / "model")
    card.write_text(text, encoding="utf-8")
    (tmp_path / "model" / "arrays.npz").write_bytes(b"PK")
    with pytest.raises(HarnessError, match="SHA-256 differs"):
        load_model(tmp_path / "model")


def resigned(kept, tmp_path, change) -> Path:
    """A saved model that was changed by someone who knows how its hashes are made."""
    folder = tmp_path / "model"
    shutil.copytree(kept.models[5].folder, folder)
    document = json.loads((folder / CARD).read_text(encoding="utf-8"))
    change(folder, document)
    said = {key: value for key, value in document.items() if key != "fingerprint"}
    document["fingerprint"] = sha256(json.dumps(said, sort_keys=True))
    (folder / CARD).write_text(json.dumps(document), encoding="utf-8")
    return folder


def test_a_model_that_was_changed_with_its_hashes_loads_where_nothing_is_wrong(kept, tmp_path):
    assert load_model(resigned(kept, tmp_path, lambda *_: None)).card.system == "any"


def outside(folder, document):
    kept_file = folder / "files" / "0" / "estimator.skops"
    kept_file.rename(folder.parent / "elsewhere.skops")
    kept_file.symlink_to(folder.parent / "elsewhere.skops")
    del document["files"]["files/0/estimator.skops"]


def folder_outside(folder, document):
    (folder / "files" / "0").rename(folder.parent / "elsewhere")
    (folder / "files" / "0").symlink_to(folder.parent / "elsewhere")
    del document["files"]["files/0/estimator.skops"]


def endless(folder, document):
    (folder / "arrays.npz").unlink()
    os.mkfifo(folder / "arrays.npz")
    del document["files"]["arrays.npz"]


def loop(folder, document):
    (folder / "a").symlink_to("b")
    (folder / "b").symlink_to("a")
    document["files"]["a"] = "0" * 64


def listing(name):
    return lambda _, document: document["files"].update({name: "0" * 64})


def saying(key, value):
    return lambda _, document: document.update({key: value})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (outside, "files: unexpected file 'files/0/estimator.skops' .*delete it"),
        (folder_outside, "files: unexpected file 'files/0' .*delete it"),
        (endless, "files: unexpected file 'arrays.npz' .*delete it"),
        (loop, "'a' is outside of the model's folder and is not read|is missing"),
        (listing("../../e.yaml"), "'../../e.yaml' is outside of the model's folder and is not read"),
        (listing("/etc/hostname"), "'/etc/hostname' is outside of the model's folder and is not read"),
        (listing("a\x00b"), "is outside of the model's folder and is not read"),
        (saying("schemes", 5), r"model\.json: schemes"),
        (saying("schemes", [{"name": "checkability", "version": "1", "mapping": 5}]), r"model\.json: schemes.*mapping"),
        (saying("labels", ["no"]), r"model\.json: labels"),
    ],
)
def test_a_model_that_reaches_beyond_its_listed_files_is_refused(kept, tmp_path, change, message):
    with pytest.raises(HarnessError, match=message):
        load_model(resigned(kept, tmp_path, change))


def test_versions_of_packages_that_cannot_be_are_passed_over(kept, tmp_path):
    versions = {"": "1", "../x": "2", "no\x00name": "3", "numpy": "9999.1"}
    folder = resigned(kept, tmp_path, lambda _, document: document["provenance"].update(versions=versions))
    (warning,) = load_model(folder).warnings
    assert "made with numpy 9999.1" in warning


def test_a_card_that_is_nested_too_deep_is_a_message(kept, tmp_path):
    folder = resigned(kept, tmp_path, lambda *_: None)
    for depth in (300, 900, 100_000):
        (folder / CARD).write_text('{"format": 2, "scorer": ' + "[" * depth + "]" * depth + "}", encoding="utf-8")
        with pytest.raises(HarnessError, match="is not JSON"):
            load_model(folder)


def test_parts_that_do_not_predict_are_a_message(kept, tmp_path):
    (tmp_path / "a.txt").write_text(ARTICLE, encoding="utf-8")
    folder = resigned(kept, tmp_path, lambda _, document: document["scorer"]["fields"].update(cutoff="high"))
    with pytest.raises(HarnessError, match="the parts of the model do not match"):
        score(tmp_path / "a.txt", folder)


def test_what_a_model_says_of_itself_does_not_steer_the_terminal(harness, kept, tmp_path):
    (tmp_path / "a.txt").write_text(ARTICLE, encoding="utf-8")
    evil = "\x1b[31mevil\u202e"
    said = {"system": evil, "labels": ["no", evil]}
    folder = resigned(kept, tmp_path, lambda _, document: document.update(said))
    for more in ((), ("-o", "a.html")):
        shown = harness("score", "a.txt", "--system", folder, *more)
        assert shown.returncode == 0, shown.stderr
        assert "evil" in shown.stdout
        assert not {"\x1b", "\u202e"} & set(shown.stdout + shown.stderr)


@pytest.fixture(scope="module")
def newsroom(tmp_path_factory):
    """A text article with a headline twice and the rule of a table, and a page over it by the default model."""
    folder = tmp_path_factory.mktemp("newsroom")
    article = folder / "ferry.txt"
    article.write_text(
        "Ferry is late\n\nFerry is late\n\n|---|---|\n\nIt carried 2,100 people, 12 percent more.\n\n* * *\n"
    )
    lines = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HARNESS_CACHE", str(folder / "cache"))
        result = score(article, out=folder / "page.html", announce=lines.append)
        again = score(article, announce=lines.append)
    return result, again, lines, (folder / "page.html").read_text()


def test_the_default_model_is_trained_once(newsroom):
    result, again, lines, _ = newsroom
    assert (result.card.task, result.card.system) == ("check_worthiness", "claimbuster_features")
    assert len(lines) == 1
    assert "first use of --default" in lines[0]
    assert [claim.text for claim in again.claims] == ["Ferry is late", "Ferry is late", again.top[0].text]


def test_the_page_asks_the_question_of_its_model_and_repeats_nothing(newsroom):
    page = newsroom[-1]
    assert "In which order should a desk look at these? Scores by claimbuster_features" in page
    assert "---" not in page.split("<main>")[1]
    assert page.count('href="#s') == 2
    assert 'class="hidden">Ferry is late</h2>' in page
    assert "a share: “12 percent”" in page


def test_score_wants_one_system(harness):
    done = harness("score", "a.txt")
    assert done.returncode == 2
    assert "give either --system NAME_OR_MODEL or --default" in done.stderr
