"""A system that cannot be fitted: the others are run, and every output says which failed and why."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest
from model_server import completion, gives

from harness import HarnessError, compare_results, run
from harness.errors import Fault, FaultsError
from harness.runner.storage.current import failures_in

MODULE = '''\
from scorers_of_mine import Counts

from harness.classifiers.base import Classifier


class Fussy(Classifier):
    """Scores by digits, unless it fails."""

    def fit(self, claims, gold, seed):
        if {condition}:
            raise ValueError("no more of this")
        return Counts()
'''
SCORER = """\
import numpy as np

from harness.classifiers.base import Scorer, two_columns


class Counts(Scorer):
    def score(self, claims):
        digits = np.array([sum(map(str.isdigit, text)) for text in claims.text])
        return two_columns({score})
"""
GOOD_SCORE = "0.5 + np.minimum(digits, 40) / 100"
CONFIG = """\
name: own
task: checkability
dataset: {dataset}
split: {{protocol: grouped_folds, k: 4}}
classifiers: [length, {{name: "mine_too:Fussy", label: fussy}}, majority]
metrics: [f1, roc_auc]
intervals: {{resamples: 100}}
"""


def write_code(folder: Path, condition: str = "False", score: str = GOOD_SCORE) -> None:
    (folder / "mine_too.py").write_text(MODULE.format(condition=condition))
    (folder / "scorers_of_mine.py").write_text(SCORER.format(score=score))


def after_two_fits(folder: Path) -> str:
    """A condition under which the third fit fails, in whatever process it runs."""
    return f"len(list(__import__('pathlib').Path({str(folder)!r}).glob('runs/own/units/*.parquet'))) >= 6"


@pytest.fixture
def own(tmp_path, small) -> Path:
    (tmp_path / "own.yaml").write_text(CONFIG.format(dataset=small))
    return tmp_path / "own.yaml"


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_the_others_are_run_and_every_output_says_what_failed(harness, own, jobs):
    write_code(own.parent, "True")
    told = harness("run", own, "--jobs", jobs, "--save-models")
    assert told.returncode == 1
    reason = "fold-0, seed 13: 'mine_too:Fussy' raised ValueError: no more of this (mine_too.py:11)"
    rows = [line.split() for line in told.stdout.splitlines()]
    assert [row[0] for row in rows if row and row[0] in ("length", "majority", "fussy")][:3] == [
        "length",
        "majority",
        "fussy",
    ]
    assert ["fussy", "failed"] in rows
    assert f"fussy failed: {reason}" in told.stdout.splitlines()
    assert "8 units fitted" in told.stderr
    assert "1 system failed: fussy" in told.stderr
    assert told.stderr.count("model saved in") == 2
    document = json.loads(harness("run", own, "--json").stdout)
    assert [result["system"] for result in document["results"]] == ["length", "majority"]
    assert document["failed"] == [{"system": "fussy", "reason": reason}]


def test_other_systems_have_the_same_results_as_without_it(harness, own):
    write_code(own.parent, "True")
    failing = json.loads(harness("run", own, "--json").stdout)["results"]
    alone = json.loads(harness("run", own, "--only", "length", "--only", "majority", "--out", "b", "--json").stdout)
    assert [result["values"] for result in failing] == [result["values"] for result in alone["results"]]


def test_finished_fits_of_a_failed_system_stay(harness, own):
    write_code(own.parent, after_two_fits(own.parent))  # four of `length`, then two of its own
    failed = harness("run", own)
    assert failed.returncode == 1
    assert "fussy failed: fold-2, seed 13: " in failed.stdout
    assert len(list((own.parent / "runs" / "own" / "units").glob("*.parquet"))) == 10
    again = harness("run", own)
    assert "0 units fitted" in again.stderr


@pytest.mark.parametrize(
    ("score", "reason"),
    [
        ('{}["none"]', "'mine_too:Fussy' raised KeyError: 'none' (scorers_of_mine.py:9)"),
        ("digits[:1] / 100", "classifier 'fussy': expected finite scores of shape "),
        ('["a"] * len(digits)', "'mine_too:Fussy' raised "),
    ],
)
def test_an_error_in_scoring_names_its_line(harness, own, score, reason):
    write_code(own.parent, score=score)
    told = harness("run", own)
    assert told.returncode == 1
    assert f"fussy failed: fold-0, seed 13: {reason}" in told.stdout


def test_an_older_result_of_a_failed_system_is_not_compared(harness, own):
    write_code(own.parent)
    assert harness("run", own).returncode == 0
    write_code(own.parent, "True")
    assert harness("run", own).returncode == 1
    folder = own.parent / "runs" / "own"
    comparison = compare_results(folder)
    assert [system.name for system in comparison.systems] == ["length", "majority"]
    reason = "fold-0, seed 13: 'mine_too:Fussy' raised ValueError: no more of this (mine_too.py:11)"
    assert f"fussy failed when it was last run: {reason}" in comparison.notes
    (line,) = comparison.left_out
    assert line.startswith("left out, of a system that failed when it was last run; ")
    assert f"{folder}/results/fussy-" in line
    assert "fussy" in [system.name for system in compare_results(folder, all_results=True).systems]
    assert "fussy failed when it was last run" in harness("report", folder).stdout
    harness("run", own, "--only", "length")
    harness("run", own, "--only", "fussy", "--limit", "30")
    assert failures_in(folder) == {"fussy": reason}
    write_code(own.parent, score="0.4 + np.minimum(digits, 40) / 100")
    assert harness("run", own, "--only", "fussy").returncode == 0
    assert failures_in(folder) == {}
    assert "fussy" in [system.name for system in compare_results(folder).systems]


def test_a_failed_trial_says_nothing_about_full_results(harness, own):
    write_code(own.parent)
    assert harness("run", own).returncode == 0
    write_code(own.parent, "len(claims) <= 30")
    assert harness("run", own, "--limit", "20").returncode == 1
    assert failures_in(own.parent / "runs" / "own") == {}


def test_a_run_of_which_nothing_can_be_fitted_is_refused(harness, own):
    write_code(own.parent, "True")
    refused = harness("run", own, "--only", "fussy")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "'mine_too:Fussy' raised ValueError: no more of this (mine_too.py:11)" in refused.stderr
    assert "Traceback" not in refused.stderr
    own.write_text(own.read_text().replace("majority", '{name: "mine_too:Fussy", label: other}'))
    refused = harness("run", own, "--only", "fussy", "--only", "other")
    assert refused.returncode == 2
    assert "fussy: fold-0, seed 13: " in refused.stderr
    assert "other: fold-0, seed 13: " in refused.stderr
    assert set(failures_in(own.parent / "runs" / "own")) == {"fussy", "other"}
    assert harness("compare", own.parent / "runs" / "own").returncode == 2


def test_systems_that_share_their_fits_fail_together(harness, own):
    write_code(own.parent, "True")
    own.write_text(own.read_text().replace("majority", '{name: "mine_too:Fussy", label: other}'))
    document = json.loads(harness("run", own, "--json").stdout)
    assert [failure["system"] for failure in document["failed"]] == ["fussy", "other"]


def test_a_failed_fit_that_no_seed_changes_names_none(harness, own):
    write_code(own.parent, "True")
    code = (own.parent / "mine_too.py").read_text()
    (own.parent / "mine_too.py").write_text(code.replace("    def fit", "    uses_seed = False\n\n    def fit"))
    reason = "fussy failed: fold-0: 'mine_too:Fussy' raised ValueError: no more of this (mine_too.py:13)"
    assert reason in harness("run", own).stdout.splitlines()


def test_ctrl_c_ends_the_run(own, monkeypatch):
    write_code(own.parent, "True")
    module = own.parent / "mine_too.py"
    module.write_text(module.read_text().replace('ValueError("no more of this")', "KeyboardInterrupt"))
    monkeypatch.syspath_prepend(str(own.parent))
    with pytest.raises(KeyboardInterrupt):
        run(own, out=own.parent / "runs")


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_disk_fault_ends_the_run(config, tmp_path, jobs):
    (tmp_path / "runs" / "small").mkdir(parents=True)
    (tmp_path / "runs" / "small" / "units").write_text("a file where the folder belongs")
    with pytest.raises(HarnessError) as caught:
        run(config, out=tmp_path / "runs", jobs=jobs)
    assert caught.type.__name__ == "WriteError"


ASKED = """\
name: asked
task: checkability
dataset: {dataset}
split: {{protocol: grouped_folds, k: 2}}
classifiers:
  - {{name: language_model, label: asked, endpoint: "{url}", model: m, {more}}}
  - length
metrics: [accuracy]
intervals: {{resamples: 100}}
"""


def test_an_endpoint_that_refuses_fails_its_system_and_a_cap_ends_the_run(small, model_server, tmp_path, monkeypatch):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    config = tmp_path / "asked.yaml"
    model_server.answer = gives({"error": {"message": "no"}}, 401)
    config.write_text(ASKED.format(dataset=small, url=model_server.url, more="retries: 0"))
    outcome = run(config, out=tmp_path / "runs")
    assert [result.system for result in outcome.results] == ["length"]
    (failure,) = outcome.failed
    assert failure.system == "asked"
    assert "401" in failure.reason
    assert "<td>failed</td>" in outcome._repr_html_()
    assert "asked failed: fold-0, seed 13: " in str(outcome)
    model_server.answer = gives(completion('{"label": "yes"}'))
    config.write_text(ASKED.format(dataset=small, url=model_server.url, more="max_calls: 3"))
    with pytest.raises(HarnessError, match=r"max_calls limit \(3\)"):
        run(config, out=tmp_path / "runs")


def test_faults_survive_another_process():
    error = FaultsError([Fault("a.csv", 3, "label", "is wrong"), Fault("a.csv", 4, None, "too")])
    copied = pickle.loads(pickle.dumps(error))
    assert (copied.faults, str(copied)) == (error.faults, str(error))
