"""Submissions in the publishers' formats: exported ones read back to the digit, and ids that do not fit are faults."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from harness import run, write_submission
from harness.classifiers.external.from_file import FromFile
from harness.data.benchmarks.benchmark import load_benchmark
from harness.data.benchmarks.submission_claims import submission_claims
from harness.data.load import open_dataset
from harness.errors import FaultsError, HarnessError
from harness.runner.result_files import Result, read_predictions

DEBATES, TWEETS, RANKED = "checkthat-2019-task1", "checkthat-2022-task1a", "checkthat-2021-task1a"
PARTS = {
    DEBATES: ("train", "test"),
    RANKED: ("train", "test"),
    TWEETS: ("ar-train", "ar-dev-test"),
}
"""Training and test part: scores of debates, scores of tweets, labels under ids that the publisher repeats."""


def results_of(name: str, classifiers: Sequence[object], folder: Path, root: Path) -> list[Result]:
    train, test = PARTS[name]
    experiment = {
        "name": "submitted",
        "task": "check_worthiness",
        "dataset": name,
        "split": {"protocol": "official", "train": [train], "test": [test]},
        "classifiers": classifiers,
        "metrics": ["average_precision" if name in (DEBATES, RANKED) else "f1"],
        "intervals": {"resamples": 100},
    }
    return list(run(experiment, root=root, out=folder / "runs").results)


def from_submission(path: Path, name: str, root: Path, **settings: object) -> FromFile:
    classifier = FromFile.model_validate({"path": str(path), "submission_to": name, **settings})
    classifier.check()
    texts = [str(text) for text in open_dataset(name, root).table().text]
    return classifier.with_experiment(texts, root)


def faults_of(path: Path, name: str, root: Path, **settings: object) -> list[str]:
    with pytest.raises(FaultsError) as caught:
        from_submission(path, name, root, **settings)
    return [str(fault).replace(f"{path.parent}/", "") for fault in caught.value.faults]


def lines_of(name: str, part: str, root: Path, value: str) -> list[str]:
    claims = submission_claims(load_benchmark(name), open_dataset(name, root))[f"{name}-{part}.tsv"]
    return [f"topic\t{line.id}\t{value}\trun\n" for line in claims]


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.soak] if name == TWEETS else []) for name in PARTS]
)
def test_an_exported_submission_reads_back_to_the_digit(bring, tmp_path, name):
    root, system = bring(name), {"name": "complement_nb", "label": "ours"}
    (ours,) = results_of(name, [system], tmp_path, root)
    files = write_submission(ours.path, tmp_path / "sent", root)
    theirs = {"name": "from_file", "path": str(tmp_path / "sent"), "submission_to": name, "label": "theirs"}
    ours, read = results_of(name, [system, theirs], tmp_path, root)
    expected, columns = read_predictions(ours), read_predictions(read)
    assert columns["claim_id"].tolist() == expected["claim_id"].tolist()
    if name in (DEBATES, RANKED):
        assert columns["score:yes"].tolist() == expected["score:yes"].tolist()
        assert len(set(columns["score:yes"])) > 100
    else:
        assert columns["predicted"].tolist() == expected["predicted"].tolist()
        assert set(columns["predicted"]) == {"yes", "no"}
    assert {key: value.value for key, value in read.values.items()} == {
        key: value.value for key, value in ours.values.items()
    }
    counted = "1 file" if len(files) == 1 else f"{len(files)} files"
    assert set(read.provenance.chosen.values()) == {f"the submission format of {name} ({counted}, {read.n:,} claims)"}


def test_ids_that_do_not_fit_are_faults_with_their_lines(bring, tmp_path):
    root = bring(RANKED)
    first, second, *rest = lines_of(RANKED, "test", root, "0.5")
    path = tmp_path / "mine.tsv"
    path.write_text("".join([first, first, *rest, first.replace(first.split("\t")[1], "77")]), encoding="utf-8")
    target = f"{RANKED}-test.tsv"
    assert faults_of(path, RANKED, root) == [
        f"mine.tsv:2: id: duplicate id {first.split(chr(9))[1]} (first on line 1); keep one line per id",
        f"mine.tsv:{len(rest) + 3}: id: {target} has no id 77; remove the line",
        f"mine.tsv: has no id {second.split(chr(9))[1]} of {target}; add the missing predictions",
    ]
    path.write_text("topic\t77\t0.5\trun\n", encoding="utf-8")
    (fault,) = faults_of(path, RANKED, root)
    assert fault.startswith("mine.tsv:1: id: no id is one of checkthat-2021-task1a (for example '77')")


def test_two_files_for_the_same_claims_are_a_fault(bring, tmp_path):
    root, folder = bring(RANKED), tmp_path / "sent"
    folder.mkdir()
    for name in ("a.tsv", "b.tsv"):
        (folder / name).write_text("".join(lines_of(RANKED, "test", root, "0.5")), encoding="utf-8")
    target = f"{RANKED}-test.tsv"
    (fault,) = faults_of(folder, RANKED, root)
    assert fault.startswith(f"sent/b.tsv: has predictions for the claims of {target}, as ")
    assert fault.endswith("sent/a.tsv has; remove one of them")


def test_files_of_numbered_lines_need_the_publishers_names(fetched, tmp_path):
    path = tmp_path / "mine.tsv"
    path.write_text("1\t0.5\n", encoding="utf-8")
    (fault,) = faults_of(path, DEBATES, fetched)
    assert fault.startswith("mine.tsv: has the name of no file of checkthat-2019-task1, and its lines are numbered by")


def test_an_id_that_the_publisher_repeats_counts_by_order_or_else_with_its_last_line(bring, tmp_path):
    root, part = bring(TWEETS), "ar-dev-test"
    claims = submission_claims(load_benchmark(TWEETS), open_dataset(TWEETS, root))[f"{TWEETS}-{part}.tsv"]
    lines = lines_of(TWEETS, part, root, "0")
    ids = [line.id for line in claims]
    twice = next(claim_id for claim_id in ids if ids.count(claim_id) == 2)
    first, second = (row for row, claim_id in enumerate(ids) if claim_id == twice)
    lines[first] = lines[first].replace("\t0\t", "\t1\t")
    path = tmp_path / "mine.tsv"

    def labels() -> list[str | None]:
        path.write_text("".join(lines), encoding="utf-8")
        submitted = from_submission(path, TWEETS, root)._submitted
        assert submitted is not None
        return [submitted.predictions[claims[row].claim.claim_id].label for row in (first, second)]

    in_order = labels()
    assert len(set(in_order)) == 2
    other = next(row for row in range(len(ids)) if row not in (first, second))
    lines.append(lines.pop(other))  # the line with 1 stays before the line with 0
    assert labels() == [in_order[1], in_order[1]]


def test_settings_and_names_that_do_not_fit_are_faults(bring, fetched, tmp_path):
    root, path = bring(RANKED, TWEETS), tmp_path / "mine.tsv"
    path.write_text("".join(lines_of(RANKED, "test", root, "1.5")), encoding="utf-8")
    faults = faults_of(path, RANKED, root, probabilities=True)
    assert faults[0] == "mine.tsv:1: score: expected a probability from 0 to 1, got 1.5"
    assert faults[-1].endswith("more are not from 0 to 1")
    path.write_text("".join(lines_of(TWEETS, "ar-dev-test", root, "1")), encoding="utf-8")
    assert faults_of(path, TWEETS, root, threshold=0.5) == [
        "mine.tsv: label: has labels; remove threshold and probabilities, which are for scores"
    ]
    with pytest.raises(HarnessError, match="no benchmark with submissions to read is called 'claimbuster'"):
        FromFile(path=str(path), submission_to="claimbuster").check()
    empty = tmp_path / "empty"
    empty.mkdir()
    assert faults_of(empty, RANKED, root) == [
        "empty: has no files; name a file, or the folder of the submission's files"
    ]


def test_an_experiment_on_another_dataset_is_refused(bring, tmp_path):
    root, path = bring(RANKED), tmp_path / "mine.tsv"
    path.write_text("".join(lines_of(RANKED, "test", root, "0.5")), encoding="utf-8")
    with pytest.raises(FaultsError, match="the experiment has no claim of checkthat-2021-task1a"):
        FromFile(path=str(path), submission_to=RANKED).with_experiment(["Another claim."], root)


def test_a_changed_file_or_benchmark_makes_other_units(bring, tmp_path):
    root, path = bring(RANKED), tmp_path / "mine.tsv"
    prints = set()
    for value in ("0.5", "0.25"):
        path.write_text("".join(lines_of(RANKED, "test", root, value)), encoding="utf-8")
        prints.add(from_submission(path, RANKED, root).input_fingerprint())
    prints.add(from_submission(Path(shutil.copy(path, tmp_path / "same.tsv")), RANKED, root).input_fingerprint())
    assert len(prints) == 3


def test_a_submission_without_its_setting_is_answered_with_it(tmp_path):
    path = tmp_path / "mine.tsv"
    path.write_text("topic\t1\t0.5\trun\n", encoding="utf-8")
    with pytest.raises(FaultsError, match="set submission_to: BENCHMARK"):
        FromFile(path=str(path)).check()
