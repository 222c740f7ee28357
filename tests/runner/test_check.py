"""`harness check` of a config: every fault at once, those of the data among them, each in its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness import check

FAULTY = """\
name: many
task: claim_detektion
dataset: ./nowhere
gold: majorty
classifiers:
  - tfidf_logregg
  - {name: tfidf_svm, C: [0.1, 1]}
  - {name: tfidf_svm, label: b, class_weight: balancd}
  - {name: from_file, path: nowhere.csv}
metrics: [f1, {name: precision_at, n: 3}]
splitt: {k: 5}
random_seeds: 13
random_seeds: [13]
"""


@pytest.fixture
def config(tmp_path: Path):
    def write(text: str) -> Path:
        path = tmp_path / "mine.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def places(path: Path, **options) -> list[tuple[int | None, str | None]]:
    return [(fault.line, fault.field) for fault in check([path], **options)]


def test_faults_of_the_config_and_of_its_data_come_together(config):
    assert places(config(FAULTY)) == [
        (2, "task"),
        (3, "dataset"),
        (4, "gold"),
        (6, "classifiers[0]"),
        (7, "classifiers[1].C"),
        (8, "classifiers[2].class_weight"),
        (9, "classifiers[3]"),
        (10, "metrics[1].n"),
        (11, "splitt"),
        (13, "random_seeds"),
    ]


def test_several_values_for_one_are_answered_with_each_and_grid(config):
    messages = [fault.message for fault in check([config(FAULTY)]) if fault.field == "classifiers[1].C"]
    assert messages == [
        "expected a number, got [0.1, 1]; for several values write {each: [0.1, 1]} (one system per value) "
        "or {grid: [0.1, 1]} (the best value is chosen on training claims)"
    ]


@pytest.mark.parametrize(
    ("line", "field", "message"),
    [
        ("scheme: three-axs", "scheme", "Did you mean 'three-axes'?"),
        ("gold: single:author-pas-1", "gold", "Did you mean 'author-pass-1'?"),
        ("gold: single:nobody", "gold", "Known: author-pass-1, author-pass-2"),
        ("slices: [lenght]", "slices[0]", "Did you mean 'length'?"),
        ("slices: [speaker]", "slices[0]", "no claim has a speaker"),
        ("split: {protocol: official, train: [a], test: [b]}", "split", "has no official parts"),
        ("split: {by: speakr}", "split.by", "Did you mean 'speaker'?"),
        ("split: {by: speaker}", "split", "by speaker"),
        ("split: {k: 4000}", "split", "lower k"),
        ("split: {file: nowhere.jsonl}", "split", "does not exist"),
        ("intervals: {method: bcaa}", "intervals.method", "Did you mean 'bca'?"),
    ],
)
def test_what_only_the_data_show_is_a_fault_of_its_line(config, line, field, message):
    text = f"name: x\ntask: checkability\ndataset: public-matters\n{line}\nclassifiers: [majority]\n"
    (fault,) = check([config(text)])
    assert (fault.line, fault.field) == (4, field)
    assert message in fault.message


def test_unknown_parts_are_named_one_by_one_with_the_known_ones(config, fetched):
    split = "{protocol: official, train: [trian], test: [tset, test]}"
    text = f"name: x\ntask: check_worthiness\ndataset: checkthat-2019-task1\nsplit: {split}\nclassifiers: [majority]\n"
    faults = check([config(text)], fetched)
    assert [fault.field for fault in faults] == ["split.train[0]", "split.test[0]"]
    assert "Did you mean 'train'?" in faults[0].message


def test_other_faults_do_not_hide_those_of_the_data(config):
    text = "name: x\ntask: checkabilty\ndataset: public-matters\nslices: [lenght, factual]\n"
    text += "classifiers: [majorty]\ngold: single:me\n"
    assert places(config(text)) == [(2, "task"), (4, "slices[0]"), (5, "classifiers[0]"), (6, "gold")]


def test_a_benchmark_to_be_fetched_is_no_fault_but_is_named(config, tmp_path):
    text = "name: x\ntask: check_worthiness\ndataset: claimbuster\nclassifiers: [majority]\n"
    lines: list[str] = []
    assert check([config(text)], tmp_path / "root", lines.append) == []
    assert len(lines) == 1
    assert "harness fetch claimbuster" in lines[0]


def test_a_good_config_has_no_fault_and_leaves_nothing_behind(config, small, tmp_path):
    path = config(f"name: x\ntask: checkability\ndataset: {small}\nsplit: {{k: 2}}\nclassifiers: [majority]\n")
    assert check([path]) == []
    assert [file.name for file in tmp_path.iterdir()] == ["mine.yaml"]


@pytest.mark.parametrize("name", ["zzz", "bert", "hugging", "q"])
def test_a_name_that_is_like_no_other_gets_no_hint(config, name):
    text = f"name: x\ntask: checkability\ndataset: public-matters\nclassifiers: [{name}]\n"
    (fault,) = check([config(text)])
    assert "Did you mean" not in fault.message
