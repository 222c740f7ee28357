"""Which results a run folder stands for: after changed labels, trials, other metrics and interrupted runs."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from harness import HarnessError, add_claims, build_report, check_gate, compare_results, run
from harness.compare.selection import select_results
from harness.runner.result_files import sealed

CONFIG = """\
name: small
task: checkability
dataset: {dataset}
split: {{protocol: grouped_folds, k: 4, by: article}}
classifiers: [majority, length, rules]
metrics: [f1, average_precision]
intervals: {{resamples: 100}}
"""


@pytest.fixture
def lab(small, tmp_path):
    """A copy of the small dataset, a config for it, and the config's first run."""
    shutil.copytree(small, tmp_path / "lab")
    (tmp_path / "small.yaml").write_text(CONFIG.format(dataset=tmp_path / "lab"), encoding="utf-8")
    run_again(tmp_path)
    return tmp_path


def run_again(lab: Path, *overrides: str, **options):
    return run(lab / "small.yaml", out=lab / "runs", overrides=overrides, **options)


def change_label(lab: Path, place: str = "Oslo") -> None:
    row = {"article_id": place, "text": "Well.", "checkable": "yes"}
    add_claims(lab / "lab", [row], "author-pass-1", at="2026-02-01T00:00:00Z")


def names(comparison) -> list[str]:
    return sorted(system.name for system in comparison.systems)


def results_of(lab: Path) -> set[Path]:
    return set((lab / "runs" / "small" / "results").iterdir())


def document(folder: Path) -> dict:
    return json.loads((folder / "result.json").read_text(encoding="utf-8"))


def rewrite(folder: Path, **changes) -> None:
    (folder / "result.json").write_text(json.dumps(sealed(document(folder) | changes)), encoding="utf-8")


def made_at(folder: Path, time: str) -> None:
    rewrite(folder, provenance=document(folder)["provenance"] | {"made_at": time})


def test_after_a_changed_label_the_results_over_the_new_labels_are_compared(lab, harness):
    before = results_of(lab)
    change_label(lab)
    latest = run_again(lab)
    comparison = compare_results([latest.folder])
    values = {result.system: result.values["f1"].value for result in latest.results}
    assert {system.name: system.value.value for system in comparison.systems} == values
    assert len(comparison.pairs) == 3
    (line,) = comparison.left_out
    assert all(str(folder) in line for folder in before)
    assert "--all" in line
    report = build_report([latest.folder], lab / "report.html", root=lab)
    assert report.systems == 3
    assert report.left_out == comparison.left_out
    done = harness("compare", latest.folder, "--format", "csv")
    assert line in done.stderr
    assert line not in done.stdout
    assert line in harness("compare", latest.folder).stdout
    assert json.loads(harness("compare", latest.folder, "--json").stdout)["left_out"] == [line]
    assert [verdict.system for verdict in check_gate([latest.folder], ["f1 < 0"])] == [
        system.name for system in comparison.systems
    ]


def test_older_results_are_compared_when_their_folders_are_given(lab):
    before = results_of(lab)
    change_label(lab)
    folder = run_again(lab).folder
    assert names(compare_results(sorted(before))) == ["length", "majority", "rules"]
    with pytest.raises(HarnessError, match=r"different gold label.*; give the run folder instead of its results"):
        compare_results([folder, *before])
    with pytest.raises(HarnessError, match=r"different gold label.*; give the run folder instead of its results"):
        compare_results(sorted(results_of(lab))[1:])


def test_every_result_of_a_run_folder_stands_for_the_folder_where_they_differ_in_labels(lab):
    change_label(lab)
    folder = run_again(lab).folder
    other = run_again(lab, "name=other").folder
    comparison = compare_results(
        [*sorted(results_of(lab)), *(path / "result.json" for path in other.glob("results/*"))]
    )
    current = compare_results([folder, other])
    assert comparison.systems == current.systems
    assert comparison.left_out == current.left_out
    assert f"every result of {folder}" in comparison.notes[0]
    assert "the current ones are taken" in comparison.notes[0]


def test_trials_are_marked_and_left_out(lab, harness):
    folder = run_again(lab, limit=10).folder
    trials = {path for path in results_of(lab) if document(path)["trial"] == "--limit 10"}
    assert len(trials) == 3
    comparison = compare_results([folder])
    assert len(comparison.pairs) == 3
    (line,) = comparison.left_out
    assert line.startswith("left out, a trial on a part of the claims")
    assert all(str(path) in line for path in trials)
    assert names(compare_results(sorted(trials))) == ["length", "majority", "rules"]
    # All there is: another run folder with trials only.
    trial = run_again(lab, "name=other", limit=10)
    assert "trial (--limit 10)" in str(trial)
    assert [result["trial"] for result in trial.document()["results"]] == ["--limit 10"] * 3
    assert "trial" not in run_again(lab).document()["results"][0]
    assert names(compare_results([trial.folder])) == ["length", "majority", "rules"]


def test_other_metrics_make_no_second_system(lab):
    full = compare_results([lab / "runs" / "small"], metric="average_precision")
    folder = run_again(lab, "metrics=[f1]").folder
    comparison = compare_results([folder])
    assert (comparison.metric, len(comparison.pairs), names(comparison)) == ("f1", 3, names(full))
    again = compare_results([folder], metric="average_precision")
    assert again.systems == full.systems
    assert again.pairs == full.pairs
    assert "AP computed from the predictions of length, majority, rules" in again.notes
    assert build_report([folder], lab / "report.html", metric="average_precision").systems == 3
    # Every result given by its folder, as runs/*/results/* does: a copy counts once.
    listed = compare_results(sorted(results_of(lab)), metric="average_precision")
    assert listed.systems == full.systems
    assert listed.left_out[0].startswith("left out, the same predictions as another result of the system")
    assert compare_results([folder], all_results=True).pairs == comparison.pairs
    with pytest.raises(HarnessError, match="no metric of these results is called 'macro_f1'"):
        compare_results([folder], metric="macro_f1")


def test_a_metric_of_labels_that_a_result_does_not_record_is_undefined_for_a_system_without_labels(lab):
    run_again(lab, "metrics=[average_precision]", "classifiers=[length, prior_random]")
    folder = run_again(lab, "metrics=[f1]", only=["majority"]).folder
    for system in compare_results([folder], metric="average_precision").systems:
        assert system.value.value is not None
    by_name = {system.name: system.value for system in compare_results([folder], metric="f1").systems}
    assert set(by_name) == {"length", "majority", "prior_random", "rules"}


def test_a_run_of_one_system_keeps_the_others_while_the_labels_are_the_same(lab):
    folder = run_again(lab, only=["length"]).folder
    comparison = compare_results([folder])
    assert names(comparison) == ["length", "majority", "rules"]
    assert comparison.notes == ("not in the latest run, but over the same claims and labels: majority, rules",)
    change_label(lab)
    run_again(lab, only=["length", "rules"])
    comparison = compare_results([folder])
    assert names(comparison) == ["length", "rules"]
    assert any("over other claims or labels" in line and "majority" in line for line in comparison.left_out)
    change_label(lab, "Lima")
    run_again(lab, only=["length"])
    with pytest.raises(HarnessError, match=r"length-\w+ is the only one; left out, .*over other claims or labels"):
        compare_results([folder])


def test_a_run_that_goes_back_makes_its_results_current_again(lab):
    first = run_again(lab)
    changed = run_again(lab, "classifiers=[majority, length, {name: length, label: rules}]")
    assert changed.results[2].result_id != first.results[2].result_id
    path = {item.result.system: item.result.path for item in select_results([first.folder]).candidates}
    assert path["rules"] == changed.results[2].path
    assert run_again(lab).fitted == 0
    path = {item.result.system: item.result.path for item in select_results([first.folder]).candidates}
    assert path["rules"] == first.results[2].path
    both = compare_results([first.folder], all_results=True)
    assert len(both.systems) == 4
    assert both.left_out == ()


def test_without_a_list_the_recorded_times_decide(lab):
    before = results_of(lab)
    change_label(lab)
    latest = run_again(lab)
    after = results_of(lab) - before
    for path in before:
        made_at(path, "2030-01-01T00:00:00+00:00")
    expected = {result.path for result in latest.results}
    assert {item.result.path for item in select_results([latest.folder]).candidates} == expected
    (latest.folder / "current.json").unlink()
    assert {Path(item.result.path) for item in select_results([latest.folder]).candidates} == before
    for path in after:
        made_at(path, "2031-01-01T00:00:00+00:00")
    assert {Path(item.result.path) for item in select_results([latest.folder]).candidates} == after
    # A folder that holds both, without a list: the one system that is only there in the old state is left out.
    shutil.rmtree(next(path for path in after if path.name.startswith("majority")))
    assert names(compare_results([latest.folder])) == ["length", "rules"]
    (latest.folder / "current.json").write_text("{", encoding="utf-8")
    assert names(compare_results([latest.folder])) == ["length", "rules"]


def test_results_of_a_run_that_did_not_finish_are_not_current(lab):
    folder = lab / "runs" / "small"
    listed = (folder / "current.json").read_bytes()
    before = results_of(lab)
    change_label(lab)
    run_again(lab)
    for path in results_of(lab) - before:
        if not path.name.startswith("length"):
            shutil.rmtree(path)
    (folder / "current.json").write_bytes(listed)
    comparison = compare_results([folder])
    assert names(comparison) == ["length", "majority", "rules"]
    assert {Path(item.result.path) for item in select_results([folder]).candidates} == before


def test_a_damaged_result_is_an_error_only_if_it_is_current(lab):
    before = results_of(lab)
    change_label(lab)
    folder = run_again(lab).folder
    for path in before:
        rewrite(path, format=3)
    assert len(compare_results([folder]).pairs) == 3
    assert len(compare_results([folder], all_results=True).pairs) == 3
    current = next(path for path in results_of(lab) - before if path.name.startswith("rules"))
    (current / "result.json").write_text("{", encoding="utf-8")
    with pytest.raises(HarnessError, match=r"rules-\w+/result\.json: is not JSON"):
        compare_results([folder])


def test_the_same_system_of_two_run_folders_is_compared(lab):
    other = run_again(lab, "name=other", only=["length"])
    comparison = compare_results([lab / "runs" / "small", other.folder])
    assert names(comparison) == ["length (other)", "length (small)", "majority", "rules"]
