"""Base classes of classifiers that contain classifiers and of scorers that contain a scorer."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

import numpy as np

from harness.arrays import Bools, Codes
from harness.classifiers.base import (
    ApiUsage,
    Classifier,
    QuoteCounts,
    Reason,
    ScoreMatrix,
    Scorer,
    TaskPrompt,
    computed,
)
from harness.classifiers.composite.nested import NestedClassifier
from harness.data.claims import Claims, Gold
from harness.data.splits.folds import Fold
from harness.endpoints.calls import Estimate
from harness.endpoints.trusted_hosts import KeyUse
from harness.files import fingerprint

NO_COMMON_LANGUAGE = "no language in common"
"""Placeholder language of a composite whose classifiers share no language, so that every language gets a warning."""


class WrappingClassifier(Classifier):
    """Base of classifiers that contain other classifiers; implements every hook of `Classifier` for all of them.

    A subclass defines the inner classifiers (`inner`) and how to fit them (`fit`). If it overrides another hook, it
    should call `super()` as well.
    """

    own_packages: ClassVar[tuple[str, ...]] = ()
    """Distributions that the subclass itself uses and whose versions can change the fit."""
    draws_by_seed: ClassVar[bool] = True
    """Whether the subclass itself draws something by the random seed, such as folds of the training claims."""

    @abstractmethod
    def inner(self) -> tuple[Classifier, ...]:
        """The inner classifiers in a fixed order. Each is the value of a field, or an element of a tuple field."""

    def rehearsals(self, claims: Claims, seed: int) -> Sequence[Fold]:
        """The folds of the training claims in which inner classifiers are fitted and scored before the final fit."""
        return ()

    @computed
    def context_scope(self) -> Literal["claim", "article"]:
        """The widest scope of the inner classifiers."""
        return "article" if any(inner.context_scope == "article" for inner in self.inner()) else "claim"

    @computed
    def languages(self) -> tuple[str, ...]:
        """The languages that all inner classifiers support; a classifier without languages supports any."""
        supported = [inner.languages for inner in self.inner() if inner.languages]
        if not supported:
            return ()
        common = tuple(language for language in supported[0] if all(language in others for others in supported))
        return common or (NO_COMMON_LANGUAGE,)

    @computed
    def reads_evidence(self) -> bool:
        """Whether any inner classifier reads the passages shown with a claim."""
        return any(inner.reads_evidence for inner in self.inner())

    @computed
    def yes_or_no_only(self) -> bool:
        """Whether any inner classifier supports only tasks with two labels."""
        return any(inner.yes_or_no_only for inner in self.inner())

    @computed
    def uses_seed(self) -> bool:
        """Whether this class draws by the random seed, or any inner classifier uses it."""
        return self.draws_by_seed or any(inner.uses_seed for inner in self.inner())

    @computed
    def slow_to_fit(self) -> bool:
        """False: a composite is not cached as a whole; `ensemble` and `transfer` cache their slow inner fits."""
        return False

    @computed
    def unsavable_reason(self) -> str | None:
        """The first reason among the inner classifiers; None: all can be saved."""
        return next((inner.unsavable_reason for inner in self.inner() if inner.unsavable_reason is not None), None)

    @computed
    def packages(self) -> tuple[str, ...]:
        """The packages of all inner classifiers and of this class."""
        return _union([*(inner.packages for inner in self.inner()), self.own_packages])

    def untrained_scorer(self) -> Scorer | None:
        """None: a composite classifier has to be fitted, even if no inner classifier has to."""
        return None

    def check(self) -> None:
        """Checks every inner classifier."""
        for inner in self.inner():
            inner.check()

    def input_fingerprint(self) -> str:
        """The fingerprint of the types, settings and inputs of the inner classifiers."""
        # Dumped from the classifiers instead of taken from the config, because hooks and defaults change settings.
        return fingerprint(
            [[_type_name(inner), inner.model_dump_json(), inner.input_fingerprint()] for inner in self.inner()]
        )

    def code_modules(self) -> tuple[str, ...]:
        """The modules of this class and of all inner classifiers."""
        return _union([super().code_modules(), *(inner.code_modules() for inner in self.inner())])

    def renew(self) -> None:
        """Makes every inner classifier ask its services again."""
        for inner in self.inner():
            inner.renew()

    def with_experiment(self, texts: list[str], root: str | Path | None) -> Self:
        """A copy with the hook applied to every inner classifier."""
        return self._replace_inner(lambda inner: inner.with_experiment(texts, root))

    def with_task(self, question: TaskPrompt) -> Self:
        """A copy with the hook applied to every inner classifier.

        Raises: HarnessError: an inner classifier cannot answer the question.
        """
        return self._replace_inner(lambda inner: inner.with_task(question))

    def downloads(self) -> tuple[str, ...]:
        """Hosts that any inner classifier downloads from."""
        return _union(inner.downloads() for inner in self.inner())

    def hosts(self) -> tuple[str, ...]:
        """Hosts that any inner classifier may contact."""
        return _union(inner.hosts() for inner in self.inner())

    def sent_keys(self) -> tuple[KeyUse, ...]:
        """Keys that any inner classifier may send."""
        return tuple(dict.fromkeys(use for inner in self.inner() for use in inner.sent_keys()))

    def seen_in_pretraining(self, texts: list[str]) -> tuple[Bools, str]:
        """The texts that a part of any inner classifier was trained on, and the distinct clauses for the warning."""
        seen_and_clauses = [inner.seen_in_pretraining(texts) for inner in self.inner()]
        clauses = dict.fromkeys(clause for seen, clause in seen_and_clauses if seen.any())
        return np.any([seen for seen, _ in seen_and_clauses], axis=0), "; ".join(clauses)

    def planned_requests(self, claims: Claims, gold: Gold, test: Claims, seed: int) -> Mapping[str, Estimate]:
        """The requests of every inner classifier, in the inner folds and in the final fit."""
        requests: dict[str, Estimate] = {}
        for inner in self.inner():
            requests |= inner.planned_requests(claims, gold, test, seed)
            for fold in self.rehearsals(claims, seed):
                train, held_out = claims.take(fold.train), claims.take(fold.test)
                requests |= inner.planned_requests(train, gold.take(fold.train), held_out, seed)
        return requests

    def result_files(self) -> Mapping[str, bytes]:
        """The files of every inner classifier; files with the same name and different contents are numbered."""
        files: dict[str, bytes] = {}
        for inner in self.inner():
            for name, content in inner.result_files().items():
                path = Path(name)
                number = 1
                while files.get(name, content) != content:
                    number += 1
                    name = f"{path.stem}-{number}{path.suffix}"
                files[name] = content
        return files

    def _replace_inner(self, replace: Callable[[Classifier], Classifier]) -> Self:
        """A copy in which `replace` is applied to every inner classifier in a field or tuple field."""
        fields = {name: getattr(self, name) for name in type(self).model_fields}
        return self.model_copy(update={name: _replace_in(value, replace) for name, value in fields.items()})


def _replace_in(value: Any, replace: Callable[[Classifier], Classifier]) -> Any:
    if isinstance(value, Classifier):
        return replace(value)
    if isinstance(value, NestedClassifier):
        return value.model_copy(update={"classifier": replace(value.classifier)})
    if type(value) is tuple:  # not `isinstance`, because a NamedTuple takes its items one by one
        return tuple(_replace_in(item, replace) for item in value)
    return value


def _union(tuples: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for names in tuples for name in names))


def _type_name(classifier: Classifier) -> str:
    return f"{type(classifier).__module__}:{type(classifier).__qualname__}"


class _FromInner:
    """Descriptor that returns the inner scorer's attribute of the same name, unless the instance has its own."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, owner: type) -> Any:
        # A dataclass reads the attribute from the class; without an error it would take the descriptor as a default.
        if instance is None:
            raise AttributeError(self.name)
        return getattr(instance.scorer, self.name)


def _from_inner() -> Any:
    return _FromInner()  # as Any, because type checkers reject a descriptor in place of an attribute


@dataclass(frozen=True)
class WrappedScorer(Scorer):
    """Base of scorers that contain a scorer; every method and attribute is the inner scorer's unless overridden."""

    scorer: Scorer

    probabilities = _from_inner()
    logistic = _from_inner()
    cutoff = _from_inner()
    gives_scores = _from_inner()
    gives_labels = _from_inner()
    chosen = _from_inner()
    fits = _from_inner()
    unsavable_reason = _from_inner()

    def score(self, claims: Claims) -> ScoreMatrix:
        """The inner scorer's scores."""
        return self.scorer.score(claims)

    def predict(self, claims: Claims, scores: ScoreMatrix) -> Codes:
        """The inner scorer's predictions."""
        return self.scorer.predict(claims, scores)

    def n_unanswered(self, claims: Claims) -> int:
        """The number of claims without an answer of the inner scorer."""
        return self.scorer.n_unanswered(claims)

    def unanswered_by_reason(self, claims: Claims) -> Mapping[str, int]:
        """The number of claims without an answer of the inner scorer, by reason."""
        return self.scorer.unanswered_by_reason(claims)

    def quote_counts(self, claims: Claims) -> QuoteCounts | None:
        """The inner scorer's quotes."""
        return self.scorer.quote_counts(claims)

    def api_usage(self, claims: Claims) -> ApiUsage | None:
        """The inner scorer's API usage."""
        return self.scorer.api_usage(claims)

    def explain(self, claims: Claims) -> list[tuple[Reason, ...]] | None:
        """The inner scorer's reasons."""
        return self.scorer.explain(claims)
