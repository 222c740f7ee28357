"""Models kept and used: the same scores as in the run, on any input, and nothing that should not be loaded."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from harness import HarnessError, load_model, run, score
from harness.data.fetch import open_dataset

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
    assert "platt calibration" in card.provenance["chosen"]
    assert card.trained_on.rows == "the training claims of the split"
    assert load_model(kept.models[2].folder).card.threshold == 0.5


def test_a_second_run_keeps_what_is_kept(kept):
    card = kept.models[0].folder / "model.json"
    before = card.stat().st_mtime_ns
    run(kept.folder.parents[1] / "e.yaml", out=kept.folder.parent, save_models=True, only=["tfidf_logreg"])
    assert card.stat().st_mtime_ns == before


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
    with pytest.raises(HarnessError, match="'tfidf_svm' has to be trained: harness run CONFIG --only tfidf_svm"):
        score(tmp_path / "a.txt", "tfidf_svm")
    with pytest.raises(HarnessError, match="holds 8 kept models; name one of them"):
        score(tmp_path / "a.txt", kept.folder)
    with pytest.raises(HarnessError, match="does not exist"):
        score(tmp_path / "b.txt", "rules")
    with pytest.raises(HarnessError, match=r"no suffix is called '\.doc'"):
        score(tmp_path / "a.txt", "rules", tmp_path / "a.doc")
    assert not (tmp_path / "a.doc").exists()


def test_a_changed_model_is_refused(kept, tmp_path):
    import shutil

    shutil.copytree(kept.models[0].folder, tmp_path / "model")
    card = tmp_path / "model" / "model.json"
    text = card.read_text(encoding="utf-8")
    card.write_text(text.replace('"threshold": 0.5', '"threshold": 0.4'), encoding="utf-8")
    with pytest.raises(HarnessError, match="was changed after it was made"):
        load_model(tmp_path / "model")
    card.write_text(text[:-40], encoding="utf-8")
    with pytest.raises(HarnessError, match="is not JSON"):
        load_model(tmp_path / "model")
    card.write_text(text, encoding="utf-8")
    (tmp_path / "model" / "arrays.npz").write_bytes(b"PK")
    with pytest.raises(HarnessError, match="SHA-256 differs"):
        load_model(tmp_path / "model")
