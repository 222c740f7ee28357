"""Nothing stale: a result is that of the predictions that are there now."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from model_server import says
from small_dataset import make_dataset

from harness import add_claims, run
from harness.classifiers import build
from harness.errors import HarnessError
from harness.folders import folder_lock

MODULE = '''\
import numpy as np

from harness.classifiers.base import Classifier, Scorer, two_columns
from helper_of_mine import SIGN


class Counts(Scorer):
    def score(self, claims):
        digits = np.array([sum(map(str.isdigit, text)) for text in claims.text])
        return two_columns(0.5 + SIGN * np.minimum(digits, 40) / 100)


class Digits(Classifier):
    """Scores by digits."""

    def fit(self, claims, gold, seed):
        return Counts()
'''
CONFIG = """\
name: own
task: checkability
dataset: {dataset}
split: {{protocol: grouped_folds, k: 2}}
classifiers: [{{name: "mine:Digits", label: mine}}, length]
metrics: [roc_auc]
intervals: {{resamples: 100}}
"""


@pytest.fixture
def own(tmp_path, small) -> Path:
    """A config that names a module of the working folder, which imports another one."""
    (tmp_path / "mine.py").write_text(MODULE)
    (tmp_path / "helper_of_mine.py").write_text("SIGN = 1\n")
    (tmp_path / "own.yaml").write_text(CONFIG.format(dataset=small))
    return tmp_path / "own.yaml"


def auc(outcome) -> float:
    return next(result["values"]["roc_auc"]["value"] for result in outcome["results"] if result["system"] == "mine")


@pytest.mark.parametrize("options", [(), ("--fresh",), ("--jobs", "2")], ids=str)
def test_an_edited_module_is_fitted_again_and_nothing_else_is(harness, own, options):
    first = json.loads(harness("run", own, "--json").stdout)
    (own.parent / "helper_of_mine.py").write_text("SIGN = -1\n")
    again = harness("run", own, "--json", *options)
    assert auc(json.loads(again.stdout)) == 1 - auc(first) == 0
    told = harness("run", own)
    assert "0 units fitted" in told.stderr
    if not options:
        (own.parent / "helper_of_mine.py").write_text("SIGN = -2\n")
        assert "2 units fitted" in harness("run", own).stderr  # of the user's system; not of `length`
    result = max((own.parent / "runs" / "own" / "results").glob("mine-*"), key=lambda path: path.stat().st_mtime)
    table = pq.read_table(result / "predictions.parquet").to_pandas()
    assert (table[table.gold == "yes"]["score:yes"].max()) < table[table.gold == "no"]["score:yes"].min()


METRIC = """\
def share(gold, predicted):
    return (gold == predicted).mean() * {factor}
"""


@pytest.fixture
def measured(tmp_path, small) -> Path:
    """A config whose metric is a function of the working folder, which also chooses among settings."""
    (tmp_path / "values.py").write_text(METRIC.format(factor=1))
    config = CONFIG.format(dataset=small).replace('{name: "mine:Digits", label: mine}', "{name: length, label: mine}")
    config = config.replace("[roc_auc]", '["values:share"]')
    config = config.replace(", length]", ", {name: tfidf_logreg, C: {grid: [0.1, 1]}}]")
    (tmp_path / "own.yaml").write_text(config)
    return tmp_path / "own.yaml"


def test_an_edited_metric_makes_new_results(harness, measured):
    first = harness("run", measured, "--json")
    assert first.stderr.startswith("running code that the config names: values:share (--no-code refuses it)\n")
    (measured.parent / "values.py").write_text(METRIC.format(factor=0.5))
    again = harness("run", measured, "--json")
    values = [
        [result["values"]["values:share"]["value"] for result in json.loads(outcome.stdout)["results"]]
        for outcome in (first, again)
    ]
    assert values[1] == pytest.approx([value / 2 for value in values[0]])
    told = harness("run", measured)
    assert "0 units fitted" in told.stderr
    (measured.parent / "values.py").write_text(METRIC.format(factor=0.25))
    assert "2 units fitted" in harness("run", measured).stderr  # of the system that the metric chooses settings for
    refused = harness("run", measured, "--no-code")
    assert refused.returncode == 2
    assert "'values:share' is code that the config names" in refused.stderr


def test_a_setting_of_a_metric_makes_a_new_result(harness, measured):
    ids = []
    for metric in ('"values:share"', '{name: "values:share", bounds: [0, 1]}'):
        measured.write_text(measured.read_text().replace('metrics: ["values:share"]', f"metrics: [{metric}]"))
        ids.append([result["result_id"] for result in json.loads(harness("run", measured, "--json").stdout)["results"]])
    assert not set(ids[0]) & set(ids[1])


def test_code_is_announced_and_refused(harness, own):
    told = harness("run", own)
    assert told.stderr.startswith("running code that the config names: mine:Digits (--no-code refuses it)\n")
    for command in (("run", own), ("check", own), ("audit", own), ("score", own, "--system", "mine:Digits")):
        refused = harness(*command, "--no-code")
        assert refused.returncode in (1, 2)
        assert "'mine:Digits' is code that the config names" in refused.stdout + refused.stderr
        assert "running code" not in refused.stderr


def test_code_of_a_metric_runs_in_compare_and_report_only_where_it_is_asked_for(harness, measured):
    config = measured.read_text().replace('metrics: ["values:share"]', 'metrics: [f1, "values:share", "other:half"]')
    measured.write_text(config)
    (measured.parent / "other.py").write_text(METRIC.replace("share", "half").format(factor=0.5))
    told = "running code that the config names: {} (--no-code refuses it)\n"
    ran = harness("run", measured)
    assert ran.stderr.startswith(told.format("values:share") + told.format("other:half"))
    folder = measured.parent / "runs" / "own"
    (measured.parent / "other.py").write_text("raise SystemExit('ran')\n")
    for metric in ("f1", "F1"):
        assert "running code" not in harness("compare", folder, "--metric", metric, "--no-code").stderr
    by_name, by_heading = (harness("compare", folder, "--metric", name) for name in ("values:share", "share"))
    assert by_name.returncode == 0
    assert (by_heading.stdout, by_heading.stderr) == (by_name.stdout, told.format("values:share"))
    for refused in (
        harness("compare", folder, "--metric", "share", "--no-code"),
        harness("report", folder, "--metric", "share", "--no-code"),
    ):
        assert refused.returncode == 2
        assert "'values:share' is code that the config names" in refused.stderr
        assert "running code" not in refused.stderr


LANGUAGE_MODEL = """\
name: asked
task: checkability
dataset: {dataset}
split: {{protocol: grouped_folds, k: 2}}
classifiers:
  - {{name: language_model, label: model, endpoint: "{url}", model: tiny, retries: 0}}
metrics: [f1]
intervals: {{resamples: 100}}
"""


@pytest.fixture
def asked(small, model_server, tmp_path) -> Path:
    path = tmp_path / "asked.yaml"
    path.write_text(LANGUAGE_MODEL.format(dataset=small, url=model_server.url))
    return path


def test_a_model_that_changed_behind_its_endpoint_is_asked_again(asked, model_server, tmp_path):
    first = run(asked, out=tmp_path / "runs")
    assert first.results[0].values["f1"].value == 1
    calls = len(model_server.asked)
    model_server.answer = says("no")
    assert run(asked, out=tmp_path / "runs").fitted == 0
    assert len(model_server.asked) == calls
    fresh = run(asked, out=tmp_path / "runs", fresh=True)
    assert fresh.results[0].values["f1"].value == 0
    assert len(model_server.asked) == 2 * calls
    again = run(asked, out=tmp_path / "runs")
    assert (again.fitted, again.results[0].values["f1"].value) == (0, 0)


def test_an_empty_reply_cache_is_another_generation(asked, model_server, tmp_path, monkeypatch):
    run(asked, out=tmp_path / "runs")
    model_server.answer = says("no")
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "another-cache"))
    outcome = run(asked, out=tmp_path / "runs")
    assert (outcome.fitted, outcome.results[0].values["f1"].value) == (2, 0)
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "reply-cache"))
    assert run(asked, out=tmp_path / "runs").results[0].values["f1"].value == 1


def test_offline_and_fresh_leaves_the_replies_alone(asked, model_server, harness, tmp_path):
    assert harness("run", asked).returncode == 0
    calls = len(model_server.asked)
    assert harness("run", asked, "--fresh", "--offline").returncode == 2
    assert harness("run", asked).returncode == 0
    assert len(model_server.asked) == calls


def test_a_cassette_that_is_replaced_while_it_is_recorded_is_read_anew(asked, model_server, tmp_path):
    tape, kept = tmp_path / "tape.jsonl", tmp_path / "kept.jsonl"
    text = asked.read_text(encoding="utf-8")
    asked.write_text(text.replace("retries: 0", f'retries: 0, cassette: "{tape}", record: true'), encoding="utf-8")
    run(asked, out=tmp_path / "runs")
    assert run(asked, out=tmp_path / "runs").fitted == 0
    tape.rename(kept)
    model_server.answer = says("no")
    assert run(asked, out=tmp_path / "runs", fresh=True).results[0].values["f1"].value == 0
    kept.rename(tape)
    assert run(asked, out=tmp_path / "runs").results[0].values["f1"].value == 1
    assert run(asked, out=tmp_path / "runs").fitted == 0


def test_a_fresh_run_that_is_refused_leaves_the_replies_alone(asked, model_server, tmp_path):
    run(asked, out=tmp_path / "runs")
    calls = len(model_server.asked)
    with folder_lock(tmp_path / "runs" / "asked", "a run"), pytest.raises(HarnessError, match="another process"):
        run(asked, out=tmp_path / "runs", fresh=True)
    assert run(asked, out=tmp_path / "runs").fitted == 0
    assert len(model_server.asked) == calls


NESTED = {
    "ensemble": "{{name: ensemble, label: model, members: [length, {inner}]}}",
    "transfer": "{{name: transfer, label: model, dataset: {other}, task: checkability, classifier: {inner}}}",
    "threshold": "{inner_with_threshold}",
}


@pytest.mark.parametrize("kind", NESTED)
def test_a_model_inside_another_classifier_is_asked_again_too(kind, asked, model_server, tmp_path, monkeypatch):
    text = asked.read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if "language_model" in line)
    inner = line.strip().removeprefix("- ").replace("label: model, ", "")
    monkeypatch.setattr("small_dataset.PLACES", ["Bergen", "Cusco", "Loja", "Cesis"])
    other = make_dataset(tmp_path / "other")
    threshold = inner.removesuffix("}") + ", label: model, threshold: {aim: f1}}"
    nested = NESTED[kind].format(inner=inner, other=other, inner_with_threshold=threshold)
    asked.write_text(text.replace(line, f"  - {nested}"), encoding="utf-8")
    run(asked, out=tmp_path / "runs")
    calls = len(model_server.asked)
    assert run(asked, out=tmp_path / "runs").fitted == 0
    model_server.answer = says("no")
    fresh = run(asked, out=tmp_path / "runs", fresh=True)
    assert fresh.fitted == 2
    assert len(model_server.asked) == 2 * calls
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "another-cache"))
    assert run(asked, out=tmp_path / "runs").fitted == 2
    assert len(model_server.asked) == 3 * calls


def test_a_source_dataset_that_changed_is_read_anew_in_the_same_process(tmp_path):
    small = make_dataset(tmp_path)
    transfer = build("transfer", {"dataset": str(small), "task": "checkability", "classifier": "length"})
    before = transfer.input_fingerprint()
    assert transfer.input_fingerprint() == before
    add_claims(small, [{"article_id": "Oslo", "text": "Let us hope for Oslo.", "checkable": "no"}], "author-pass-1")
    assert transfer.input_fingerprint() != before
    assert len(transfer.training_set().claims) == 49


def change_articles(dataset: Path, **fields) -> None:
    """Sets fields of the articles; a list gives the articles its values in turn."""
    path = dataset / "articles.jsonl"
    articles = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for number, article in enumerate(articles):
        article |= {name: value[number % len(value)] for name, value in fields.items()}
    path.write_text("".join(json.dumps(article) + "\n" for article in articles), encoding="utf-8")


def test_strata_and_warnings_are_those_of_the_articles_as_they_are_now(tmp_path):
    dataset = make_dataset(tmp_path)
    config = tmp_path / "own.yaml"
    text = CONFIG.format(dataset=dataset).replace('{name: "mine:Digits", label: mine}', "rules")
    config.write_text(text.replace("resamples: 100", "resamples: 100, stratify: source"))
    change_articles(dataset, publisher=["A", "B", "C", "D"])
    first = run(config, out=tmp_path / "runs").results[0]
    change_articles(dataset, publisher=["A", "B"], language=["de"])
    second = run(config, out=tmp_path / "runs").results[0]
    assert "4 strata by source" in first.values["roc_auc"].note
    assert "2 strata by source" in second.values["roc_auc"].note
    assert not any("was made for en" in warning for warning in first.warnings)
    assert any("was made for en" in warning for warning in second.warnings)
    change_articles(dataset, language=["en"])
    assert not any("was made for en" in warning for warning in run(config, out=tmp_path / "runs").results[0].warnings)


def test_a_result_folder_with_the_files_of_another_result_is_made_again(own, tmp_path, harness):
    assert harness("run", own).returncode == 0
    mine, length = sorted((tmp_path / "runs" / "own" / "results").iterdir(), key=lambda path: "length" in path.name)
    before = (mine / "predictions.parquet").read_bytes()
    for name in ("result.json", "predictions.parquet"):
        shutil.copy(length / name, mine / name)
    again = json.loads(harness("run", own, "--json").stdout)
    assert [result["system"] for result in again["results"]] == ["mine", "length"]
    assert (mine / "predictions.parquet").read_bytes() == before


def test_labels_of_other_annotators_that_leave_the_gold_as_it_is_make_a_new_result(tmp_path):
    small = make_dataset(tmp_path)
    config = {
        "name": "shares",
        "task": "checkability",
        "dataset": str(small),
        "split": {"protocol": "grouped_folds", "k": 2},
        "classifiers": ["majority"],
        "metrics": ["soft_accuracy"],
        "intervals": {"resamples": 100},
    }
    facts = [
        {"article_id": "Oslo", "text": f"Oslo spent {n * 7} million on trams and buses in 20{10 + n}."}
        for n in range(4)
    ]
    add_claims(small, [fact | {"checkable": "yes"} for fact in facts], "second")
    add_claims(small, [fact | {"checkable": "yes"} for fact in facts], "third")
    unanimous = run(config, out=tmp_path / "runs").results[0]
    add_claims(small, [fact | {"checkable": "no"} for fact in facts], "fourth")
    outvoted = run(config, out=tmp_path / "runs")
    assert outvoted.fitted == 0
    assert outvoted.results[0].values["soft_accuracy"].value == pytest.approx(
        unanimous.values["soft_accuracy"].value - 4 * 0.25 / 48
    )


def test_the_reasons_of_claims_without_gold_are_those_of_now(tmp_path):
    small = make_dataset(tmp_path)
    config = {
        "name": "reasons",
        "task": "checkability",
        "dataset": str(small),
        "split": {"protocol": "grouped_folds", "k": 2},
        "classifiers": ["majority"],
        "metrics": ["f1"],
        "intervals": {"resamples": 100},
    }
    assert run(config, out=tmp_path / "runs").results[0].excluded == {"cannot tell": 8}
    add_claims(small, [{"article_id": "Oslo", "text": "Let us hope for Oslo.", "checkable": "yes"}], "second")
    again = run(config, out=tmp_path / "runs")
    assert again.fitted == 0
    assert again.results[0].excluded == {"cannot tell": 7, "annotators disagree": 1}
