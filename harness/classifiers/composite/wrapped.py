"""Classifiers made of classifiers, and scorers made of scorers: one rule for each hook, in this file alone."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

import numpy as np
import numpy.typing as npt

from harness.arrays import Codes
from harness.classifiers.base import ApiUsage, Classifier, Reason, ScoreMatrix, Scorer, TaskPrompt, computed
from harness.classifiers.composite.nested import NestedClassifier
from harness.data.claims import Claims, Gold
from harness.data.splits.folds import Fold
from harness.files import fingerprint

NO_COMMON_LANGUAGE = "no language in common"
"""Stands for the languages of classifiers that were each made for other ones, so that every language is warned of."""


class WrappingClassifier(Classifier):
    """A classifier made of others: every hook of `Classifier` asks all inner classifiers, by one rule each.

    A derived class says what is inside (`inner`) and how it is fitted (`fit`). It overrides another hook only where it
    really does something else, and then asks `super()` too.
    """

    own_packages: ClassVar[tuple[str, ...]] = ()
    """Packages of the wrapping class itself whose versions can change what it fits."""

    @abstractmethod
    def inner(self) -> tuple[Classifier, ...]:
        """The classifiers inside, in a fixed order. Each is the value of a field, or stands in a tuple of one."""

    def rehearsals(self, claims: Claims, seed: int) -> Sequence[Fold]:
        """The folds of the training claims on which inner classifiers are fitted and asked before the final fit."""
        return ()

    @computed
    def context_scope(self) -> Literal["claim", "article"]:
        """The widest scope of an inner classifier."""
        return "article" if any(each.context_scope == "article" for each in self.inner()) else "claim"

    @computed
    def languages(self) -> tuple[str, ...]:
        """The languages that every inner classifier was made for."""
        made_for = [each.languages for each in self.inner() if each.languages]
        common = tuple(name for name in made_for[0] if all(name in each for each in made_for)) if made_for else ()
        return (NO_COMMON_LANGUAGE,) if made_for and not common else common

    @computed
    def yes_or_no_only(self) -> bool:
        """Whether an inner classifier is made for tasks of two labels."""
        return any(each.yes_or_no_only for each in self.inner())

    @computed
    def slow_to_fit(self) -> bool:
        """False: slow fits are cached one by one, inside, where several wrapping classifiers can share them."""
        return False

    @computed
    def unsavable_reason(self) -> str | None:
        """The first reason of an inner classifier."""
        return next((each.unsavable_reason for each in self.inner() if each.unsavable_reason is not None), None)

    @computed
    def packages(self) -> tuple[str, ...]:
        """The packages of all inner classifiers, and of the wrapping one."""
        return _union([*(each.packages for each in self.inner()), self.own_packages])

    def untrained_scorer(self) -> Scorer | None:
        """None: what wraps has to be fitted, even where nothing inside has to learn."""
        return None

    def check(self) -> None:
        """Checks every inner classifier."""
        for each in self.inner():
            each.check()

    def input_fingerprint(self) -> str:
        """A fingerprint of the inner classifiers: their settings as the experiment completed them, and their inputs."""
        return fingerprint([[_name(each), each.model_dump_json(), each.input_fingerprint()] for each in self.inner()])

    def with_experiment(self, texts: list[str], root: str | Path | None) -> Self:
        """Tells every inner classifier."""
        return self._with_each(lambda each: each.with_experiment(texts, root))

    def with_task(self, question: TaskPrompt) -> Self:
        """Tells every inner classifier.

        Raises: HarnessError: one cannot answer the question.
        """
        return self._with_each(lambda each: each.with_task(question))

    def downloads(self) -> tuple[str, ...]:
        """The hosts that any inner classifier needs something from."""
        return _union(each.downloads() for each in self.inner())

    def hosts(self) -> tuple[str, ...]:
        """The hosts that any inner classifier may contact."""
        return _union(each.hosts() for each in self.inner())

    def seen_in_pretraining(self, texts: list[str]) -> tuple[npt.NDArray[np.bool_], str]:
        """The texts that any inner classifier was trained on, and every clause about it once."""
        answers = [each.seen_in_pretraining(texts) for each in self.inner()]
        clauses = dict.fromkeys(clause for seen, clause in answers if seen.any())
        return np.any([seen for seen, _ in answers], axis=0), "; ".join(clauses)

    def planned_requests(self, claims: Claims, gold: Gold, test: Claims, seed: int) -> Mapping[str, int]:
        """The calls of every inner classifier, for the rehearsals and for the final fit."""
        calls: dict[str, int] = {}
        for each in self.inner():
            calls |= each.planned_requests(claims, gold, test, seed)
            for fold in self.rehearsals(claims, seed):
                train, held_out = claims.take(fold.train), claims.take(fold.test)
                calls |= each.planned_requests(train, gold.take(fold.train), held_out, seed)
        return calls

    def result_files(self) -> Mapping[str, bytes]:
        """The files of every inner classifier; of different files with one name, each further one is numbered."""
        files: dict[str, bytes] = {}
        for each in self.inner():
            for name, content in each.result_files().items():
                path, number = Path(name), 1
                while files.get(name, content) != content:
                    number += 1
                    name = f"{path.stem}-{number}{path.suffix}"
                files[name] = content
        return files

    def _with_each(self, change: Callable[[Classifier], Classifier]) -> Self:
        """A copy with every inner classifier changed, wherever a field holds one."""
        fields = {name: getattr(self, name) for name in type(self).model_fields}
        return self.model_copy(update={name: _changed(value, change) for name, value in fields.items()})


def _changed(value: Any, change: Callable[[Classifier], Classifier]) -> Any:
    if isinstance(value, Classifier):
        return change(value)
    if isinstance(value, NestedClassifier):
        return value.model_copy(update={"classifier": change(value.classifier)})
    if type(value) is tuple:
        return tuple(_changed(each, change) for each in value)
    return value


def _union(tuples: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for names in tuples for name in names))


def _name(classifier: Classifier) -> str:
    return f"{type(classifier).__module__}:{type(classifier).__qualname__}"


class _OfInner:
    """The inner scorer's attribute of the same name, unless the instance has one of its own."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, owner: type) -> Any:
        if instance is None:  # so that a dataclass sees no default
            raise AttributeError(self.name)
        return getattr(instance.scorer, self.name)


def _of_inner() -> Any:
    return _OfInner()


@dataclass(frozen=True)
class WrappedScorer(Scorer):
    """A scorer around another: what a derived class does not change is the other's."""

    scorer: Scorer

    probabilities = _of_inner()
    logistic = _of_inner()
    cutoff = _of_inner()
    gives_scores = _of_inner()
    gives_labels = _of_inner()
    chosen = _of_inner()
    fits = _of_inner()
    unsavable_reason = _of_inner()

    def score(self, claims: Claims) -> ScoreMatrix:
        """The inner scorer's scores."""
        return self.scorer.score(claims)

    def predict(self, claims: Claims, scores: ScoreMatrix) -> Codes:
        """The inner scorer's labels."""
        return self.scorer.predict(claims, scores)

    def n_unanswered(self, claims: Claims) -> int:
        """The number of claims that the inner scorer has no answer for."""
        return self.scorer.n_unanswered(claims)

    def unanswered_by_reason(self, claims: Claims) -> Mapping[str, int]:
        """The number of those claims by reason."""
        return self.scorer.unanswered_by_reason(claims)

    def api_usage(self, claims: Claims) -> ApiUsage | None:
        """The calls and tokens of the inner scorer."""
        return self.scorer.api_usage(claims)

    def explain(self, claims: Claims) -> list[tuple[Reason, ...]] | None:
        """The inner scorer's reasons."""
        return self.scorer.explain(claims)
