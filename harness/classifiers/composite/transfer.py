"""Transfer: a classifier fitted to another dataset."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, NamedTuple, Self

import numpy as np
from pydantic import Field, model_validator

from harness.arrays import Codes
from harness.classifiers.base import Classifier, Reason, ScoreMatrix, Scorer, TaskPrompt, two_columns
from harness.classifiers.composite.nested import NestedClassifierField, build_nested
from harness.classifiers.composite.wrapped import WrappedScorer, WrappingClassifier
from harness.classifiers.encoders.embedding import EncoderClassifier
from harness.classifiers.encoders.occlusion import EncoderScorer, occlusion_reasons
from harness.classifiers.encoders.transformer import Transformer, saved_encoder_folder
from harness.classifiers.storage.fit_cache import fit_or_load
from harness.data.claims import Claims, Gold
from harness.data.duplicate_key import MIN_WORDS, text_key
from harness.data.labels.gold import gold_labels
from harness.data.labels.tasks import YES_NO, find_task, mapping_of, task_gold
from harness.data.load import find_dataset, find_scheme, open_dataset
from harness.display import displayed
from harness.endpoints.calls import Estimate
from harness.errors import HarnessError
from harness.files import fingerprint
from harness.user_code.local_code import code_fingerprint

SHARED_ARTICLE = 0.1
"""Minimum share of shared sentences for an article of the other dataset to count as part of this experiment."""


@displayed
class SourceTrainingSet(NamedTuple):
    """Another dataset as training claims of a task."""

    claims: Claims
    gold: Gold
    positive: tuple[int, ...]
    """Indices of the labels that answer yes."""
    fingerprint: str
    """Fingerprint of the dataset, its scheme, and the rows and labels used."""
    prompt: TaskPrompt
    """Question of the task for these claims."""


@dataclass(frozen=True)
class SummedProbabilityScorer(WrappedScorer):
    """Sums the probabilities of the labels that answer yes, of a classifier for the labels of a scheme."""

    probabilities = True
    logistic = False
    cutoff = None

    positive: tuple[int, ...]
    """Indices of the labels to sum."""
    n_labels: int
    """Number of labels of the inner scorer."""

    def score(self, claims: Claims) -> ScoreMatrix:
        """1 - s and s, where s is the sum of the inner scorer's probabilities."""
        return two_columns(self._summed(self.scorer.score(claims)))

    def predict(self, claims: Claims, scores: ScoreMatrix) -> Codes:
        """Predicts yes if the sum is above one half; -1 if the inner scorer has no answer."""
        # Not `super()`: the inner scorer predicts labels of the scheme, not yes or no.
        predicted = Scorer.predict(self, claims, scores)
        if not self.scorer.n_unanswered(claims):
            return predicted
        return np.where(self.scorer.predict(claims, self.scorer.score(claims)) < 0, -1, predicted)

    def explain(self, claims: Claims) -> list[tuple[Reason, ...]] | None:
        """The inner scorer's reasons; for a sum of several labels, occlusion of an encoder's sum, otherwise None."""
        # Reasons of a scorer explain its last label, which is the whole sum only in this case.
        if self.positive == (self.n_labels - 1,):
            return self.scorer.explain(claims)
        scorer = self.scorer
        if not isinstance(scorer, EncoderScorer):
            return None
        return occlusion_reasons(lambda texts: self._summed(scorer.score_texts(texts)), claims)

    def _summed(self, probabilities: ScoreMatrix) -> ScoreMatrix:
        # Rounding can take the sum just above 1.
        summed: ScoreMatrix = np.clip(probabilities[:, list(self.positive)].sum(axis=1), 0.0, 1.0)
        return summed


class Transfer(WrappingClassifier):
    """A classifier fitted to another dataset; only `fine_tune_with` uses the training claims of the experiment.

    By itself it measures how well the labels of another dataset transfer; as a member of an `ensemble`, what the other
    dataset adds; with `fine_tune_with`, the benefit of pretraining on it. Sees what its inner classifiers see. Claims
    that both datasets share would leak gold: the experiment is rejected, or with `overlap: exclude` the shared claims
    and the articles that share a tenth or more of their sentences are excluded. For yes-or-no tasks. Source: Pan and
    Yang 2010, "A survey on transfer learning"; with `fine_tune_with`, Phang et al. 2018, "Sentence encoders on STILTs".
    """

    yes_or_no_only = True
    draws_by_seed = False
    saved_types = (SummedProbabilityScorer,)

    dataset: str
    """Name or folder of the other dataset."""
    task: str
    """Yes-or-no task of the training; the label scheme of the other dataset must answer it."""
    classifier: NestedClassifierField
    """Classifier fitted to the other dataset: a name, or a mapping with a name and settings."""
    target: Literal["task", "labels"] = "task"
    """Target of the training. "task": yes and no; "labels": the labels of the scheme of the other dataset, whose
    probabilities are summed over the labels that answer yes. "labels" uses finer distinctions but requires a
    classifier with probabilities."""
    fine_tune_with: NestedClassifierField | None = None
    """A `transformer` or `embedding_logreg` without `model`; fitted to the training claims of the experiment, starting
    from the encoder that `classifier` (a `transformer`) fine-tuned. null: only the other dataset is used."""
    overlap: Literal["refuse", "exclude"] = "refuse"
    """Action if the two datasets share sentences of five words or more: "refuse" reports an error, "exclude" drops
    the shared claims and articles of the other dataset."""
    root: str | None = Field(default=None, exclude=True)
    """Folder of fetched benchmarks; set by the experiment, not in a config."""
    avoided: frozenset[str] = Field(default=frozenset(), exclude=True)
    """Duplicate keys of the long sentences of the experiment; set by the experiment, not in a config."""

    @model_validator(mode="after")
    def _check_fine_tune_with(self) -> Self:
        if self.fine_tune_with is None:
            return self
        first, second = self.classifier.classifier, self.fine_tune_with.classifier
        if not isinstance(first, Transformer) or not isinstance(second, EncoderClassifier):
            raise ValueError(
                f"fine_tune_with: '{self.fine_tune_with.name}' cannot start from '{self.classifier.name}'; set "
                "classifier to a transformer, and fine_tune_with to a transformer or embedding_logreg"
            )
        if "model" in self.fine_tune_with.settings:
            raise ValueError("fine_tune_with: do not set 'model'; the fine-tuned encoder is used")
        return self

    def inner(self) -> tuple[Classifier, ...]:
        """`classifier`, and `fine_tune_with` if it is set."""
        return tuple(nested.classifier for nested in (self.classifier, self.fine_tune_with) if nested is not None)

    def with_experiment(self, texts: list[str], root: str | Path | None) -> Self:
        """A copy with the experiment's long sentences, which the training must avoid, and the folder of benchmarks."""
        avoided = frozenset(key for key in map(text_key, texts) if _is_long(key))
        copy = super().with_experiment(texts, root)
        return copy.model_copy(update={"avoided": avoided, "root": None if root is None else str(root)})

    def with_task(self, question: TaskPrompt) -> Self:
        """A copy in which `classifier` has the question of the other dataset, and `fine_tune_with` has `question`.

        Raises: HarnessError: a classifier cannot answer its question.
        """
        classifier = self.classifier.classifier.with_task(self.training_set().prompt._replace(budget=question.budget))
        update: dict[str, Any] = {"classifier": self.classifier.model_copy(update={"classifier": classifier})}
        if self.fine_tune_with is not None:
            fine_tune_with = self.fine_tune_with.classifier.with_task(question)
            update["fine_tune_with"] = self.fine_tune_with.model_copy(update={"classifier": fine_tune_with})
        return self.model_copy(update=update)

    def check(self) -> None:
        """Raises: HarnessError: the task is unknown or not yes-or-no, `classifier` cannot learn the labels that are its
        target, or the check of an inner classifier fails."""
        if not find_task(self.task).binary:
            raise HarnessError(f"transfer: task: '{self.task}' is not a yes-or-no task")
        if self.target == "labels" and self.classifier.classifier.yes_or_no_only:
            message = f"'{self.classifier.name}' supports yes-or-no tasks only; set target: task"
            raise HarnessError(f"transfer: target: labels: {message}")
        super().check()

    def input_fingerprint(self) -> str:
        """The fingerprint of the remaining claims of the other dataset, their labels and the inner classifiers."""
        return self.training_set().fingerprint + super().input_fingerprint()

    def planned_requests(self, claims: Claims, gold: Gold, test: Claims, seed: int) -> Mapping[str, Estimate]:
        """The requests of `classifier`, which is fitted to the claims of the other dataset."""
        source = self.training_set()
        return self.classifier.classifier.planned_requests(source.claims, source.gold, test, seed)

    def fit(self, claims: Claims, gold: Gold, seed: int) -> Scorer:
        """Fits `classifier` to the other dataset, once for all folds of an experiment, and then `fine_tune_with`."""
        source_only = self.model_copy(update={"fine_tune_with": None})
        code = code_fingerprint(source_only.code_modules())
        key = source_only.model_dump_json() + source_only.input_fingerprint() + code
        if source_only.hosts():  # its scorer counts calls towards the caps of this run, and not of another one
            key += str(id(self.classifier.classifier))
        recipe = _Recipe(key, source_only)
        scorer = _fit_to_source(recipe, seed)
        if self.fine_tune_with is None:
            return scorer
        fine_tuned = scorer.scorer if isinstance(scorer, SummedProbabilityScorer) else scorer
        # Built anew, because its encoder exists only now.
        second = build_nested(
            self.fine_tune_with.name, self.fine_tune_with.settings | {"model": str(saved_encoder_folder(fine_tuned))}
        )
        fit = fit_or_load if second.slow_to_fit else type(second).fit
        return fit(second, claims, gold, seed)

    def training_set(self) -> SourceTrainingSet:
        """The training claims of the other dataset, without articles that are shared with the experiment.

        Raises: HarnessError: the datasets share sentences and `overlap` is "refuse"; or no training claims remain.
        """
        return _load_unshared(
            name=self.dataset,
            task=self.task,
            target=self.target,
            root=self.root,
            overlap=self.overlap,
            avoided=self.avoided,
            state=_state_of(find_dataset(self.dataset, self.root)),
        )


def _is_long(key: str) -> bool:
    """Whether a duplicate key has enough words to identify a sentence; shorter ones recur by chance."""
    return key.count(" ") >= MIN_WORDS - 1


_FileStates = tuple[tuple[str, int, int], ...]
"""Name, size and time of change of each file of a folder."""


def _state_of(folder: Path) -> _FileStates:
    """The state of a dataset's files, so that a change of them between two runs of one process is seen."""
    files = [(path, path.stat()) for path in sorted(folder.rglob("*")) if path.is_file()]
    return tuple((str(path), status.st_size, status.st_mtime_ns) for path, status in files)


@lru_cache(maxsize=4)
def _load_source(
    name: str,
    task_name: str,
    target: str,
    root: str | None,
    state: _FileStates,  # noqa: ARG001 - keeps the cache from returning an older state of the dataset
) -> SourceTrainingSet:
    """Loads the other dataset as training claims of a task; the cache serves all folds of an experiment."""
    dataset = open_dataset(name, root)
    task = find_task(task_name)
    if target == "labels":
        task = task._replace(binary=False)
    schemes = [find_scheme(dataset.folder, scheme) for scheme in dataset.info.schemes]
    if not schemes:
        raise HarnessError(f"transfer: dataset '{name}' has no label scheme")
    scheme = next((scheme for scheme in schemes if task.name in scheme.tasks), schemes[0])
    mapping = mapping_of(task, scheme)
    claims = dataset.table()
    labels = gold_labels(dataset.annotations, scheme.name, mapping.axis, "majority")
    task_labels = task_gold(task, scheme, claims, labels)
    rows, gold = task_labels.rows_with_gold, task_labels.gold
    answers = YES_NO[1:] if target == "task" else mapping.positive
    positive = tuple(gold.labels.index(label) for label in answers if label in gold.labels)
    if not _has_yes_and_no(gold, positive):
        raise HarnessError(f"transfer: dataset '{name}' does not have both labels of the task '{task_name}'")
    return SourceTrainingSet(
        claims=claims.take(rows),
        gold=Gold(gold.labels, gold.codes),
        positive=positive,
        fingerprint=fingerprint([dataset.fingerprint, scheme.name, scheme.version, rows.tolist(), gold.codes.tolist()]),
        prompt=TaskPrompt(task.name, task.of_one or task.question, gold.labels, (scheme,)),
    )


def _has_yes_and_no(gold: Gold, positive: tuple[int, ...]) -> bool:
    return len(np.unique(np.isin(gold.codes, positive))) == 2


@lru_cache(maxsize=8)
def _load_unshared(
    *, name: str, task: str, target: str, root: str | None, overlap: str, avoided: frozenset[str], state: _FileStates
) -> SourceTrainingSet:
    """Loads the other dataset without the claims and articles that it shares with the experiment."""
    source = _load_source(name, task, target, root, state)
    keys = [text_key(text) for text in source.claims.text]
    is_long = np.array([_is_long(key) for key in keys], dtype=bool)
    is_shared = np.array([key in avoided for key in keys], dtype=bool)
    if not is_shared.any():
        return source
    article = source.claims.article_codes()
    # The share of each article's long sentences: only these can be shared, since `avoided` holds long ones only.
    shared_share = np.bincount(article, is_shared) / np.maximum(np.bincount(article, is_long), 1)
    if overlap == "refuse":
        n_articles = int((shared_share >= SHARED_ARTICLE).sum())
        raise HarnessError(
            f"transfer from '{name}': {int(is_shared.sum()):,} of its {len(keys):,} claims are also in this "
            f"experiment's dataset ({n_articles} of its articles share a tenth or more of their sentences), so labels "
            "would leak; set overlap: exclude to train without these claims and articles"
        )
    # A shared article is excluded whole, because the keys miss sentences that differ in a single letter.
    rows = np.flatnonzero(~is_shared & (shared_share[article] < SHARED_ARTICLE))
    gold = source.gold.take(rows)
    if not _has_yes_and_no(gold, source.positive):
        raise HarnessError(
            f"transfer from '{name}': too few training claims remain after excluding articles shared with this "
            f"experiment: {len(rows):,}, not of both labels of the task '{task}'"
        )
    return source._replace(
        claims=source.claims.take(rows), gold=gold, fingerprint=fingerprint([source.fingerprint, *rows.tolist()])
    )


@dataclass(frozen=True)
class _Recipe:
    """A transfer without `fine_tune_with`; recipes that give the same scorer are equal.

    `lru_cache` compares recipes by their key, because a Transfer with its nested classifiers is not hashable.
    """

    key: str
    transfer: Transfer = field(compare=False)


@lru_cache(maxsize=8)
def _fit_to_source(recipe: _Recipe, seed: int) -> Scorer:
    transfer = recipe.transfer
    source = transfer.training_set()
    inner = transfer.classifier.classifier
    fit = fit_or_load if inner.slow_to_fit else type(inner).fit
    scorer = fit(inner, source.claims, source.gold, seed)
    if transfer.target == "task":
        return scorer
    if not scorer.probabilities:
        raise HarnessError(
            f"transfer: target: labels requires a classifier with probabilities; '{transfer.classifier.name}' has none"
        )
    return SummedProbabilityScorer(scorer, source.positive, len(source.gold.labels))
