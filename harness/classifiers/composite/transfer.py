"""A classifier that learned from another dataset."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, NamedTuple, Self

import numpy as np
from pydantic import Field, model_validator

from harness.arrays import Codes
from harness.classifiers.base import Classifier, Reason, ScoreMatrix, Scorer, TaskPrompt, as_two_columns
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
from harness.data.load import find_scheme, open_dataset
from harness.errors import HarnessError
from harness.files import fingerprint

SHARED_ARTICLE = 0.1
"""From this share of shared sentences on, an article of the other dataset counts as one of the experiment's."""


class SourceTrainingSet(NamedTuple):
    """Another dataset, as a task's training claims."""

    claims: Claims
    gold: Gold
    positive: tuple[int, ...]
    """The labels that answer yes, as indices."""
    fingerprint: str
    question: TaskPrompt
    """What is asked of its claims."""


@dataclass(frozen=True)
class SummedProbabilityScorer(WrappedScorer):
    """The probabilities of several labels, added up: those of a finer question's labels that answer yes."""

    probabilities = True
    logistic = False
    cutoff = None

    positive: tuple[int, ...]
    n_labels: int

    def score(self, claims: Claims) -> ScoreMatrix:
        """1 - s and s, the sum of the inner scorer's probabilities."""
        return as_two_columns(self._added(self.scorer.score(claims)))

    def predict(self, claims: Claims, scores: ScoreMatrix) -> Codes:
        """Yes where the sum is the larger; -1 where the inner scorer has no answer."""
        predicted = Scorer.predict(self, claims, scores)
        if not self.scorer.n_unanswered(claims):
            return predicted
        return np.where(self.scorer.predict(claims, self.scorer.score(claims)) < 0, -1, predicted)

    def explain(self, claims: Claims) -> list[tuple[Reason, ...]] | None:
        """The inner scorer's reasons; where it adds up labels, the words that an encoder's sum falls without."""
        if self.positive == (self.n_labels - 1,):
            return self.scorer.explain(claims)
        scorer = self.scorer
        return (
            occlusion_reasons(lambda texts: self._added(scorer.chances(texts)), claims)
            if isinstance(scorer, EncoderScorer)
            else None
        )

    def _added(self, chances: ScoreMatrix) -> ScoreMatrix:
        added: ScoreMatrix = np.clip(chances[:, list(self.positive)].sum(axis=1), 0.0, 1.0)
        return added


class Transfer(WrappingClassifier):
    """A classifier fitted to another dataset; the experiment's own training claims are used by `fine_tune_with` only.

    Alone it shows how far another benchmark's labels carry; as a member of an `ensemble` it is what the other benchmark
    adds; with `fine_tune_with`, what it is worth to begin there. Sees what its inner classifiers see. What the other
    dataset shares with the experiment's would be leaked gold: it is refused, or with `overlap: exclude` every article
    that shares sentences is left out. Made for yes-or-no tasks. Source: Pan and Yang 2010, "A survey on transfer
    learning"; with `fine_tune_with`, Phang et al. 2018, "Sentence encoders on STILTs".
    """

    yes_or_no_only = True
    saved_types = (SummedProbabilityScorer,)

    dataset: str
    """The other dataset, by name or folder."""
    task: str
    """The yes-or-no task that it is trained for, which its scheme has to answer."""
    classifier: NestedClassifierField
    """What is fitted: a name, or a mapping with a name and settings."""
    target: Literal["task", "labels"] = "task"
    """What is learned: yes and no, or the labels of the other dataset's own scheme, of which the probabilities of
    those that answer yes are added up. Labels tell more apart, but need a classifier that gives probabilities."""
    fine_tune_with: NestedClassifierField | None = None
    """A `transformer` or `embedding_logreg`, fitted to the experiment's own training claims, whose encoder is the one
    that `classifier` (a `transformer`) fine-tuned. null: the other dataset alone decides."""
    overlap: Literal["refuse", "exclude"] = "refuse"
    """What happens where the two datasets share sentences of five words or more."""
    root: str | None = Field(default=None, exclude=True)
    avoided: frozenset[str] = Field(default=frozenset(), exclude=True)

    @model_validator(mode="after")
    def _begins_with_an_encoder(self) -> Self:
        if self.fine_tune_with is not None:
            first, second = self.classifier.classifier, self.fine_tune_with.classifier
            if not isinstance(first, Transformer) or not isinstance(second, EncoderClassifier):
                raise ValueError(
                    "fine_tune_with: takes over the encoder of a transformer, and is a transformer or embedding_logreg"
                )
            if "model" in self.fine_tune_with.settings:
                raise ValueError("fine_tune_with: has no model of its own; it takes over the one that was fine-tuned")
        return self

    def inner(self) -> tuple[Classifier, ...]:
        """What is fitted to the other dataset, and what is fitted here, if anything."""
        return tuple(nested.classifier for nested in (self.classifier, self.fine_tune_with) if nested is not None)

    def with_experiment(self, texts: list[str], root: str | Path | None) -> Self:
        """The classifier, told what the experiment's claims say and where datasets live."""
        avoided = frozenset(key for key in map(text_key, texts) if _is_long(key))
        placed = super().with_experiment(texts, root)
        return placed.model_copy(update={"avoided": avoided, "root": None if root is None else str(root)})

    def with_task(self, question: TaskPrompt) -> Self:
        """Asks the inner classifier the question of the other dataset, and `fine_tune_with` that of the experiment.

        Raises: HarnessError: one cannot answer its question.
        """
        elsewhere = self.classifier.classifier.with_task(self.training_set().question)
        update: dict[str, Any] = {"classifier": self.classifier.model_copy(update={"classifier": elsewhere})}
        if self.fine_tune_with is not None:
            here = self.fine_tune_with.classifier.with_task(question)
            update["then"] = self.fine_tune_with.model_copy(update={"classifier": here})
        return self.model_copy(update=update)

    def check(self) -> None:
        """Raises: HarnessError: no such task, or the inner classifier lacks something."""
        if not find_task(self.task).binary:
            raise HarnessError(f"transfer: '{self.task}' is no yes-or-no task")
        super().check()

    def input_fingerprint(self) -> str:
        """The other dataset's claims that are left, their labels, and the inner classifiers."""
        return self.training_set().fingerprint + super().input_fingerprint()

    def planned_requests(self, claims: Claims, gold: Gold, test: Claims, seed: int) -> Mapping[str, int]:
        """The calls of the inner classifier, which learns from the other dataset's claims."""
        other = self.training_set()
        return self.classifier.classifier.planned_requests(other.claims, other.gold, test, seed)

    def fit(self, claims: Claims, gold: Gold, seed: int) -> Scorer:
        """Fits the inner classifier to the other dataset, once for all folds of an experiment; then what follows."""
        alone = self.model_copy(update={"fine_tune_with": None})
        scorer = _fitted(_Recipe(alone.model_dump_json() + alone.input_fingerprint(), alone), seed)
        if self.fine_tune_with is None:
            return scorer
        tuned = scorer.scorer if isinstance(scorer, SummedProbabilityScorer) else scorer
        after = build_nested(
            self.fine_tune_with.name, self.fine_tune_with.settings | {"model": str(saved_encoder_folder(tuned))}
        )
        fit = fit_or_load if after.slow_to_fit else type(after).fit
        return fit(after, claims, gold, seed)

    def training_set(self) -> SourceTrainingSet:
        """The training claims that the experiment's claims share no article with.

        Raises: HarnessError: they share sentences, and that is to be refused; or nothing is left.
        """
        return _without_shared_articles(self.dataset, self.task, self.target, self.root, self.overlap, self.avoided)


def _is_long(key: str) -> bool:
    return key.count(" ") >= MIN_WORDS - 1


@lru_cache(maxsize=4)
def _opened(name: str, task_name: str, target: str, root: str | None) -> SourceTrainingSet:
    dataset, task = open_dataset(name, root), find_task(task_name)
    task = task if target == "task" else task._replace(binary=False)
    schemes = [find_scheme(dataset.folder, scheme) for scheme in dataset.info.schemes]
    if not schemes:
        raise HarnessError(f"transfer: dataset '{name}' is labelled under no scheme")
    scheme = next((scheme for scheme in schemes if task.name in scheme.tasks), schemes[0])
    mapping, claims = mapping_of(task, scheme), dataset.table()
    labels = gold_labels(dataset.annotations, scheme.name, mapping.axis, "majority")
    gold = task_gold(task, scheme, claims, labels)
    answers = YES_NO[1:] if target == "task" else mapping.positive
    positive = tuple(gold.gold.labels.index(label) for label in answers if label in gold.gold.labels)
    if len(np.unique(np.isin(gold.gold.codes, positive))) < 2:
        raise HarnessError(f"transfer: dataset '{name}' has not both labels of the task '{task_name}'")
    said = [dataset.fingerprint, scheme.name, scheme.version, gold.rows_with_gold.tolist(), gold.gold.codes.tolist()]
    taken = Gold(gold.gold.labels, gold.gold.codes)
    question = TaskPrompt(task.name, task.of_one or task.question, taken.labels, (scheme,))
    return SourceTrainingSet(claims.take(gold.rows_with_gold), taken, positive, fingerprint(said), question)


@lru_cache(maxsize=8)
def _without_shared_articles(
    name: str, task: str, target: str, root: str | None, overlap: str, avoided: frozenset[str]
) -> SourceTrainingSet:
    found = _opened(name, task, target, root)
    keys = [text_key(text) for text in found.claims.text]
    long = np.array([_is_long(key) for key in keys], dtype=bool)
    shared = np.array([key in avoided for key in keys], dtype=bool)
    if not shared.any():
        return found
    article = found.claims.article_codes()
    share = np.bincount(article, shared) / np.maximum(np.bincount(article, long), 1)
    if overlap == "refuse":
        raise HarnessError(
            f"transfer from '{name}': {int(shared.sum()):,} of its {len(keys):,} claims stand in this experiment's "
            f"dataset too, a tenth or more of {int((share >= SHARED_ARTICLE).sum())} of its articles; their labels "
            "would leak. To train without those claims and articles: overlap: exclude"
        )
    kept = np.flatnonzero(~shared & (share[article] < SHARED_ARTICLE))
    left = found.gold.take(kept)
    if len(np.unique(np.isin(left.codes, found.positive))) < 2:
        raise HarnessError(f"transfer from '{name}': nothing is left of it without what this dataset holds")
    said = fingerprint([found.fingerprint, *kept.tolist()])
    return found._replace(claims=found.claims.take(kept), gold=left, fingerprint=said)


@dataclass(frozen=True)
class _Recipe:
    """A transfer without `fine_tune_with`; equal to every other that gives the same scorer."""

    key: str
    transfer: Transfer = field(compare=False)


@lru_cache(maxsize=8)
def _fitted(recipe: _Recipe, seed: int) -> Scorer:
    transfer = recipe.transfer
    rows, inner = transfer.training_set(), transfer.classifier.classifier
    fit = fit_or_load if inner.slow_to_fit else type(inner).fit
    scorer = fit(inner, rows.claims, rows.gold, seed)
    if transfer.target == "task":
        return scorer
    if not scorer.probabilities:
        raise HarnessError(
            f"transfer: target: labels needs a classifier with probabilities; '{transfer.classifier.name}' has none"
        )
    return SummedProbabilityScorer(scorer, rows.positive, len(rows.gold.labels))
