"""A config's faults: all at once, with line, what is allowed, and the nearest name, before any data is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness import load_experiment
from harness.data.benchmarks.benchmark import benchmark_names
from harness.data.load import dataset_names
from harness.errors import FaultsError, HarnessError
from harness.runner.chain.config import read_chain

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
GOOD = """\
name: mine
task: checkability
dataset: nowhere/that/exists
classifiers:
  - majority
  - {name: length, cap: 30}
metrics: [f1, {name: precision_at, k: 5}]
"""


@pytest.fixture
def config(tmp_path: Path):
    def write(text: str) -> Path:
        path = tmp_path / "mine.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def faults_of(path: Path) -> str:
    with pytest.raises(FaultsError) as caught:
        load_experiment(path)
    return str(caught.value)


def test_a_good_config_is_frozen_with_its_components_built(config):
    loaded = load_experiment(config(GOOD))
    assert [system.system_name for system in loaded.systems] == ["majority", "length"]
    assert list(loaded.metrics) == ["f1", "precision_at_5"]
    assert loaded.experiment.split.k == 5
    with pytest.raises(Exception, match="frozen"):
        loaded.experiment.name = "other"  # type: ignore[misc]


def test_the_resolved_config_reads_back_as_the_same_experiment(config, tmp_path):
    import yaml

    loaded = load_experiment(config(GOOD))
    again = tmp_path / "again.yaml"
    again.write_text(yaml.safe_dump(loaded.experiment.document()))
    assert load_experiment(again).experiment == loaded.experiment


def test_paths_stand_beside_the_config_inside_other_classifiers_too(config, tmp_path):
    (tmp_path / "scores.csv").write_text("claim_id,score\nc-1,0.5\n", encoding="utf-8")
    member = "{name: from_file, path: scores.csv}"
    text = GOOD.replace("- majority", f"- {{name: ensemble, members: [{member}, majority]}}")
    (system, _) = load_experiment(config(text)).systems
    assert system.settings["members"][0]["path"] == str(tmp_path / "scores.csv")


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (
            "task: checkability",
            "task: checkabilty",
            "mine.yaml:2: task: no task is called 'checkabilty'. Did you mean 'checkability'?",
        ),
        (
            "- majority",
            "- majorty",
            "mine.yaml:5: classifiers[0]: no classifier is called 'majorty'. Did you mean 'majority'?",
        ),
        ("cap: 30", "cpa: 30", "mine.yaml:6: classifiers[1].cpa: no field is called 'cpa'. Did you mean 'cap'?"),
        ("cap: 30", "CAP: 30", "classifiers[1].CAP: no field is called 'CAP'. Did you mean 'cap'?"),
        ("cap: 30", "cap: thirty", 'mine.yaml:6: classifiers[1].cap: expected an integer, got "thirty"'),
        ("cap: 30", "cap: 0", "mine.yaml:6: classifiers[1].cap: expected greater than or equal to 1, got 0"),
        ("metrics: [f1,", "metrics: [f2,", "mine.yaml:7: metrics[0]: no metric is called 'f2'. Did you mean 'f1'?"),
        ("k: 5", "k: 0", "mine.yaml:7: metrics[1].k"),
        ("cap: 30", "cap: 2020-01-01", 'mine.yaml:6: classifiers[1].cap: expected an integer, got "2020-01-01"'),
        ("cap: 30", "label: 2020", "mine.yaml:6: classifiers[1].label: expected a text, got 2020; put it in quotes"),
        ("cap: 30", "label: 2020-01-01", "classifiers[1].label: expected a text, got datetime.date(2020, 1, 1); put"),
        (
            "- majority",
            "- harness.classifiers.base:Classifier",
            "classifiers[0]: classifier 'harness.classifiers.base:Cla",
        ),
        ("- majority", "- {name: sklearn.svm:LinearSVC, C: -1}", "classifiers[0].C: LinearSVC: The 'C' parameter of L"),
        ("name: mine", "nmae: mine", "mine.yaml:1: nmae: no field is called 'nmae'. Did you mean 'name'?"),
        ("name: mine", "name: ../mine", "mine.yaml:1: name: expected"),
        ("name: mine", "name: mine\nsplit: [a]", "mine.yaml:2: split: expected a mapping, got ["),
        ("name: mine", "name: mine\nsplit:\n- {file: a}\n- null", "mine.yaml:2: split: expected a mapping, got ["),
        ("name: mine", "name: mine\n'[x]': 3", "mine.yaml:2: [x]: no field is called '[x]'. Known: classifiers"),
        ("name: mine", "name: mine\nsplit: {kk: 3}", "mine.yaml:2: split.kk: no field is called 'kk'"),
        ("name: mine", "name: mine\nsplit: {protocol: oficial}", "mine.yaml:2: split.protocol: expected"),
        ("name: mine", "name: mine\nsplit: {protocol: official}", "official requires train and test"),
        ("name: mine", "name: mine\ngold: majorty", "no gold rule is called 'majorty'"),
        ("name: mine", "name: mine\ngold: mace:2", "gold rule 'mace:2': expected a probability above 0 and up to 1"),
        ("name: mine", "name: mine\nintervals: {resamples: 1}", "mine.yaml:2: intervals.resamples"),
        ("name: mine", "name: mine\nname: yours", "mine.yaml:2: name: duplicate key (first on line 1)"),
        ("cap: 30", "cap: 30, cap: 31", "mine.yaml:6: classifiers[1].cap: duplicate key (first on line 6)"),
        ("- majority", "- length", "two systems are called 'length'"),
        ("- majority", "- os:path", "classifier 'os:path'"),
        ("- majority", "- no.such.module:Thing", "module 'no.such.module' cannot be imported"),
        ("- majority", "- {name: sklearn.svm:LinearSVC, CC: 2}", "has no setting 'CC'"),
        ("- majority", "- {name: from_file, path: nope.csv}", "nope.csv: does not exist"),
        ("classifiers:", "classifiers: [", "is not YAML"),
    ],
)
def test_a_fault_names_its_line_and_the_remedy(config, before, after, expected):
    path = config(GOOD.replace(before, after, 1))
    if "from_file" in after:
        system = load_experiment(path).systems[0]
        with pytest.raises(HarnessError) as caught:
            system.classifier.check()
        assert expected in str(caught.value)
    else:
        assert expected in faults_of(path)


OWN = """\
from harness.classifiers.base import Classifier

class Fields(Classifier):
    n: int = 3
    def fit(self, claims, gold, seed): ...

class Inits(Fields):
    def __init__(self, n=3): self.n = n
"""


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (
            '"own_init:Inits"',
            "mine.yaml:5: classifiers[0]: classifier 'own_init:Inits' has an __init__, and a Classifier has none: "
            "remove it, and declare settings as fields of the class (n: int = 3)",
        ),
        (
            '{name: "own_init:Fields", n: 7, m: 2}',
            "mine.yaml:5: classifiers[0].m: no field is called 'm'. Known: n",
        ),
        ('{name: "own_init:Fields", n: x}', 'mine.yaml:5: classifiers[0].n: expected an integer, got "x"'),
        ('{name: "nothing:Fields", tune: {x: 1}}', "classifiers[0]"),
    ],
)
def test_a_classifier_of_the_user_has_fields(config, tmp_path, monkeypatch, entry, expected):
    (tmp_path / "own_init.py").write_text(OWN, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert expected in faults_of(config(GOOD.replace("- majority", f"- {entry}")))


def test_all_faults_are_said_at_once_in_the_order_of_the_file(config):
    text = GOOD.replace("task: checkability", "task: x").replace("- majority", "- y").replace("cap: 30", "cap: z")
    said = faults_of(config(text)).splitlines()
    assert [line.split(": ")[0].rpartition(":")[2] for line in said] == ["2", "5", "6"]


def test_yaml_traps_are_refused_or_read_as_meant(config):
    assert "expected" in faults_of(config(GOOD.replace("name: mine", "name: no")))
    assert "expected a number" in faults_of(config(GOOD.replace("- majority", "- {name: tfidf_logreg, C: 1e-3}")))
    assert load_experiment(config(GOOD.replace("- majority", "- {name: tfidf_logreg, C: 1.0e-3}"))).systems


def test_each_makes_one_system_per_value(config):
    loaded = load_experiment(config(GOOD.replace("- majority", "- {name: tfidf_logreg, C: {each: [1, 10]}}")))
    assert [system.system_name for system in loaded.systems][:2] == ["tfidf_logreg[C=1]", "tfidf_logreg[C=10]"]


def test_set_changes_the_config_and_is_checked_like_it(config):
    path = config(GOOD)
    loaded = load_experiment(path, ["split.k=3", "classifiers.1.cap=7", "name=other"])
    assert (loaded.experiment.split.k, loaded.experiment.name) == (3, "other")
    assert loaded.systems[1].settings == {"cap": 7}
    with pytest.raises(HarnessError, match="expected KEY=VALUE"):
        load_experiment(path, ["split.k"])
    with pytest.raises(
        HarnessError, match=r"with --set classifiers\.9\.cap: classifiers: is a list, with no entry '9'"
    ):
        load_experiment(path, ["classifiers.9.cap=1"])
    with pytest.raises(FaultsError, match=r"split\.kk"):
        load_experiment(path, ["split.kk=1"])


@pytest.mark.parametrize(
    "text", ["", "# nothing\n", "- a\n- b\n", "just text", "\x00\x01", "a: &x [*x]\n", "? [1]\n: 2\n"]
)
def test_what_is_no_config_is_refused(config, text):
    assert "mine.yaml" in faults_of(config(text))


@pytest.mark.parametrize("path", sorted(EXPERIMENTS.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_shipped_experiment_loads_and_names_data_that_can_be_had(path):
    if (chain := read_chain(path)) is not None:
        assert chain.chain.name == path.stem
        return
    experiment = load_experiment(path).experiment
    assert experiment.name == path.stem
    assert set(experiment.datasets) <= {*benchmark_names(), *dataset_names()}


def test_a_chain_is_no_experiment_and_the_message_says_what_takes_it():
    with pytest.raises(FaultsError, match=r"chain\.yaml:3: task: is 'chain'.*harness run and harness check"):
        load_experiment("chain")


def test_shipped_experiments_are_found_by_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert load_experiment("quickstart").experiment.name == "quickstart"
    assert load_experiment("experiments/quickstart.yaml").experiment.name == "quickstart"
    with pytest.raises(FaultsError, match="give the path of a config, or the name of a shipped one"):
        load_experiment("quikstart")


def test_systems_and_metrics_of_two_labels_are_refused_for_more(config):
    text = GOOD.replace("task: checkability", "task: claim_type").replace("metrics: [f1,", "metrics: [macro_f1, f1,")
    said = faults_of(config(text))
    assert "'length' supports yes-or-no tasks only, and 'claim_type' has more labels" in said
    assert "'f1' supports yes-or-no tasks only" in said
    assert "macro_f1" not in said


@pytest.mark.parametrize(
    "override", ["split.\u00b2=3", "name=2024-13-13", "classifiers.0={2024-01-01: 3}", "classifiers.0=&a [*a]"]
)
def test_an_override_that_cannot_be_read_is_a_message(config, override):
    with pytest.raises(HarnessError) as refused:
        load_experiment(config(GOOD), [override])
    assert str(refused.value).startswith(("--set", str(config(GOOD))))


@pytest.mark.parametrize(
    ("threshold", "fault"),
    [
        ("{aim: flagged_share, share: 2}", "classifiers[0].threshold.share: expected less than 1"),
        ("{aim: f1, shar: 2}", "classifiers[0].threshold.shar: no field is called 'shar'. Did you mean 'share'?"),
    ],
)
def test_a_wrong_threshold_is_named_as_the_config_names_it(config, threshold, fault):
    text = GOOD.replace("- majority", f"- {{name: rules, threshold: {threshold}}}")
    assert fault in faults_of(config(text))
