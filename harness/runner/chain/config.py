"""The config of a chain: its stages, and the two experiments that fit and measure them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

from pydantic import Discriminator, Tag, ValidationError

from harness.data.labels.tasks import TASKS
from harness.display import displayed
from harness.endpoints.trusted_hosts import KeyUse
from harness.errors import FaultsError, HarnessError, unknown_name
from harness.metrics.intervals import Intervals
from harness.records import Name, Record, Texts, explain_validation
from harness.runner.config import CHAIN, Experiment
from harness.runner.configs.document import ReadDocument, read_document
from harness.runner.load_config import load_experiment, read_config
from harness.runner.splitting.split_config import Split
from harness.runner.verification.evidence_source import FoundEvidence
from harness.yaml_file import KeyPath

if TYPE_CHECKING:
    from harness.statements.statements import Normalizer

SHARED_KEYS = ("dataset", "corpus", "split", "intervals")
"""Keys that the experiments of both stages have from the chain."""
GIVEN = "gold"
"""Value of `detect` of a chain that starts at gold claims."""
NOT_A_JUDGE = "sees the claim alone; a judge reads evidence, as pair_logreg does"


class Stage(Record):
    """A classifier of a chain, with the labels that it is fitted to."""

    scheme: str | None = None
    """Label scheme; default: the first scheme of each dataset that answers the task."""
    gold: str = "adjudicated"
    """Rule that turns annotations into gold labels: `adjudicated`, `majority`, `single` or `single:NAME`."""
    classifier: str | dict[str, Any]
    """Name of a classifier, or a mapping with a name and settings."""


class Detection(Stage):
    """The stage that picks sentences of an article."""

    task: str = "checkability"
    """Task with two labels; sentences with the positive label are picked."""


def _form(value: Any) -> str:
    return "[text]" if isinstance(value, str) else "[mapping]"


Detector = Annotated[
    Annotated[Detection, Tag("[mapping]")] | Annotated[Literal["gold"], Tag("[text]")], Discriminator(_form)
]
"""Tags in brackets, which `explain_validation` leaves out of the place of a fault."""


class Chain(Record):
    """The content of the config of a chain, validated, with defaults filled in."""

    name: Name
    """Name of the experiment, and of its run folder."""
    task: Literal["chain"]
    """Always `chain`."""
    dataset: str | Texts
    """Shipped dataset, fetched benchmark or folder; several in a list are joined."""
    corpus: str | None = None
    """Passages to retrieve from; default: the corpus of the dataset."""
    split: Split = Split()
    """Training and test articles, the same for all stages."""
    detect: Detector
    """Stage that picks the sentences to judge; `gold`: none, because claims are given, as in AVeriTeC."""
    normalize: str | dict[str, Any] | None = None
    """Stage that writes a statement for each claim, for which `retrieve` looks: `identity`, or `language_model` with
    `endpoint` and `model`; default: none."""
    retrieve: FoundEvidence
    """Stage that looks for passages: `retriever`, its `settings`, and `k` passages per claim."""
    judge: Stage
    """Stage that gives each picked sentence a verdict by the passages that it is shown."""
    random_seed: int = 13
    """Random seed of the fits."""
    intervals: Intervals = Intervals()
    """Method of the confidence intervals; their unit is the article."""

    def document(self) -> dict[str, Any]:
        """The chain as plain data with defaults filled in; reading it gives the same chain."""
        document: dict[str, Any] = json.loads(self.model_dump_json(exclude_none=True))
        return document


@displayed
class LoadedChain(NamedTuple):
    """A chain, and the two experiments that it consists of."""

    chain: Chain
    detection: Experiment | None
    """Fits and measures the detector; None: claims are given."""
    judging: Experiment
    """Fits and measures the judge twice: with the passages that are found, and with gold evidence. Where statements are
    looked for, a third time with those that are found by the text."""

    @property
    def normalizer(self) -> Normalizer | None:
        """What writes statements; None without the stage."""
        from harness.statements.build import build_normalizer

        return None if self.chain.normalize is None else build_normalizer(self.chain.normalize)

    @property
    def stages(self) -> tuple[Experiment, ...]:
        """The experiments, in the order of the chain."""
        return (self.judging,) if self.detection is None else (self.detection, self.judging)


def read_chain(config: Any, overrides: Any = ()) -> LoadedChain | None:
    """Reads and checks the config of a chain; None for the config of another task.

    Args:
        config, overrides: as for `harness.runner.load_config.read_config`.
    Raises: FaultsError: every fault of the config, with the line of a file.
    """
    if isinstance(config, Experiment):
        return None
    document = read_document(config, overrides)
    return load_chain(document) if document.content.get("task") == CHAIN else None


def load_chain(document: ReadDocument) -> LoadedChain:
    """Checks the config of a chain.

    Raises: FaultsError: every fault of the config, with the line of a file.
    """
    faults = document.faults
    chain = _validated(document)
    if chain is None:
        raise FaultsError(faults.in_order())
    _check_values(document, chain)
    experiments = _experiments(chain)
    for stage, content in experiments.items():
        _add_stage_faults(document, stage, content)
    if faults.faults:
        raise FaultsError(faults.in_order())
    detection = Experiment(**experiments["detect"]) if "detect" in experiments else None
    return LoadedChain(chain, detection, Experiment(**experiments["judge"]))


def _validated(document: ReadDocument) -> Chain | None:
    """The chain of a config; None, and its faults are collected, if a value is wrong."""
    try:
        return Chain.model_validate_json(json.dumps(document.content, default=str))
    except ValidationError as error:
        for explanation in explain_validation(error):
            place = explanation.place
            message = explanation.message
            if explanation.code == "unknown-field":
                message = unknown_name("field", str(place[-1]), _known_fields(place))
            document.faults.add(place, message, explanation.code)
    return None


def _known_fields(place: KeyPath) -> list[str]:
    records: dict[KeyPath, type[Record]] = {
        ("detect",): Detection,
        ("judge",): Stage,
        ("retrieve",): FoundEvidence,
        ("split",): Split,
        ("intervals",): Intervals,
    }
    return list(records.get(place[:-1], Chain).model_fields)


def _check_values(document: ReadDocument, chain: Chain) -> None:
    """Refuses evidence of the judge, and splits that differ by stage or train on sentences of a test article."""
    split, add = chain.split, document.faults.add
    if split.protocol in ("random_folds", "transfer"):
        message = f"'{split.protocol}' is not for chains, which are tested on articles that no stage was trained on"
        add(("split", "protocol"), f"{message}; use grouped_folds")
    if split.stratified:
        add(("split", "stratified"), "makes other folds for each stage, and a chain has one for all; remove it")
    if split.train_share is not None:
        add(("split", "train_share"), "is no setting of a chain; remove it")
    if chain.intervals.unit != "article":
        add(("intervals", "unit"), f"expected 'article' for a chain, got '{chain.intervals.unit}'")
    if chain.normalize is not None:
        from harness.statements.build import build_normalizer

        try:
            build_normalizer(chain.normalize)
        except HarnessError as error:
            add(("normalize",), str(error), error.code)
        if chain.retrieve.statements is not None:
            add(("retrieve", "statements"), "is what `normalize` writes; remove one of the two")
        if "query" in chain.retrieve.model_fields_set and chain.retrieve.query == "text":
            add(("retrieve", "query"), "is 'text', so that `normalize` would be of no use; remove one of the two")
    if isinstance(chain.judge.classifier, dict) and "evidence" in chain.judge.classifier:
        add(("judge", "classifier", "evidence"), "is what `retrieve` gives; remove it")


def _experiments(chain: Chain) -> dict[str, dict[str, Any]]:
    """The configs of the experiments of a chain, by the stage that each fits."""
    document = chain.document()
    shared = {key: document[key] for key in ("dataset", "split", "intervals")}
    shared["random_seeds"] = [chain.random_seed]
    detect, judge = document["detect"], document["judge"]
    given = {} if detect == GIVEN else {"detect": _detect_config(detect, shared)}
    named = judge.pop("classifier")
    classifier = dict(named) if isinstance(named, dict) else {"name": named}
    evidence = _evidence(chain, document["retrieve"])
    return given | {
        "judge": {
            "name": "judge",
            "task": "verdict",
            "classifiers": [classifier | {"evidence": {"each": evidence}}],
            "probes": False,
            **({"corpus": chain.corpus} if chain.corpus else {}),
            **judge,
            **shared,
        },
    }


def _detect_config(detect: dict[str, Any], shared: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": "detect", "classifiers": [detect.pop("classifier")], **detect, **shared}


def _evidence(chain: Chain, retrieve: dict[str, Any]) -> list[Any]:
    """What the judge is shown: found passages, gold evidence, and those found by text if statements are looked for."""
    by_text = {key: value for key, value in retrieve.items() if key != "statements"} | {"query": "text"}
    if not looks_for_statements(chain):
        return [by_text, "gold"]
    return [retrieve | {"query": "statement"}, "gold", by_text]


def looks_for_statements(chain: Chain) -> bool:
    """Whether retrieval looks for statements, of the stage `normalize` or of the dataset."""
    return chain.normalize is not None or chain.retrieve.query == "statement"


def with_statements(judging: Experiment, path: Path) -> Experiment:
    """The experiment of the judge with the file of statements that its first system looks for."""
    document = judging.document()
    document["classifiers"][0]["evidence"]["each"][0]["statements"] = str(path)
    return Experiment.model_validate_json(json.dumps(document))


def _add_stage_faults(document: ReadDocument, stage: str, content: Mapping[str, Any]) -> None:
    """Collects the faults of the experiment of a stage, at the keys of the chain."""
    faults = document.faults
    read = read_config(content)
    for fault in read.faults.faults:
        key_path, message = _key_path_in_chain(fault.field or "", stage), fault.message
        if key_path == (stage, "classifier", "evidence"):
            key_path, message = (stage, "classifier"), NOT_A_JUDGE
        faults.add(key_path, message, fault.code)
    if read.faults.faults:
        return
    n_systems = len(content["classifiers"][0]["evidence"]["each"]) if stage == "judge" else 1
    if len(read.systems) != n_systems:
        faults.add((stage, "classifier"), "expected one system per stage, and `each` makes several; give one value")
    if stage == "detect" and not TASKS[read.experiment.task].binary:
        yes_or_no = ", ".join(task.name for task in TASKS.values() if task.binary)
        faults.add(
            (stage, "task"),
            f"expected a task with the answers yes and no, got '{read.experiment.task}'; use one of {yes_or_no}",
        )


def _key_path_in_chain(field: str, stage: str) -> KeyPath:
    """The key path in the config of a chain of a field in the config of a stage's experiment."""
    parts: list[str | int] = [part for part in field.replace("[", ".").replace("]", "").split(".") if part]
    if parts[:1] and parts[0] in SHARED_KEYS:
        return tuple(int(part) if str(part).isdecimal() else part for part in parts)
    if parts[:1] == ["classifiers"]:  # the classifiers of the experiment, or its only one
        parts = ["classifier", *parts[2:]]
    return (stage, *parts)


def keys_of_chain(chain: LoadedChain) -> tuple[KeyUse, ...]:
    """The keys that the stages of a chain may send, and the hosts that they go to."""
    systems = [system for stage in chain.stages for system in load_experiment(stage).systems]
    writer = () if chain.normalizer is None else chain.normalizer.sent_keys()
    return tuple(dict.fromkeys([*(use for system in systems for use in system.classifier.sent_keys()), *writer]))
