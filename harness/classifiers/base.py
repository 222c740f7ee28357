"""Base classes of classifiers (settings that can be fitted) and scorers (fitted classifiers, which see claims only)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, ClassVar, Literal, NamedTuple, Self

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from harness.arrays import Floats
from harness.data.claims import Claims, Gold
from harness.display import displayed, html_of, short_repr
from harness.endpoints.calls import Estimate
from harness.endpoints.limits import shown_dollars
from harness.endpoints.prices import joined_sources
from harness.endpoints.trusted_hosts import KeyUse
from harness.errors import HarnessError
from harness.schemes import Scheme

ScoreMatrix = npt.NDArray[np.float64]
PROBABILITY_EPSILON = 1e-6
"""Distance from 0 and 1 within which probabilities are clipped before log-odds."""
N_REASONS = 10
"""Maximum number of reasons per claim."""


def computed(getter: Callable[[Any], Any]) -> Any:
    """A property that overrides a plain class attribute of the base class.

    Returns Any, because type checkers reject a property in place of an attribute.
    """
    return property(getter)


@displayed
class Reason(NamedTuple):
    """One feature that moved the score of a claim."""

    name: str
    """Name of the feature ("number", "word:percent")."""
    text: str
    """Characters of the claim that the feature comes from; empty if there are none."""
    weight: float
    """Change of the score; above 0 towards the positive label."""


class ApiUsage(NamedTuple):
    """Usage that a model API reports for scoring."""

    calls: int
    tokens: int
    """Tokens of prompts and replies, as the API reports them; a reply without a token count adds 0."""
    cached_tokens: int = 0
    """Those of prompts that the API had cached."""
    reasoning_tokens: int = 0
    """Those of thoughts before an answer."""
    dollars: float | None = None
    """Price of the calls; None if a price, or the tokens of a reply, are not known."""
    prices: str = ""
    """Who says the price: `the config`, or the package with its version; empty if it is not known."""

    def money(self) -> str | None:
        """What the calls took, as a sentence; None if no call has a known price."""
        if not self.prices:
            return None
        parts = f"{self.cached_tokens:,} cached, {self.reasoning_tokens:,} of thoughts"
        taken = f"{self.calls:,} calls with {self.tokens:,} tokens ({parts})"
        if self.dollars is None:
            return f"{taken}; their price is not known: a model has no known price, or a reply no tokens"
        return f"{taken} cost {shown_dollars(self.dollars)} by {self.prices}"


def total_usage(usages: Sequence[ApiUsage]) -> ApiUsage | None:
    """The usage of several scorers together; None without one."""
    if not usages:
        return None
    calls, tokens, cached, reasoning, dollars, prices = zip(*usages, strict=True)
    known = [price for price in dollars if price is not None]
    return ApiUsage(
        *(sum(calls), sum(tokens), sum(cached), sum(reasoning)),
        dollars=sum(known) if len(known) == len(usages) else None,
        prices=joined_sources(prices),
    )


class TaskPrompt(NamedTuple):
    """The question of an experiment, for classifiers that read guidelines."""

    task: str
    text: str
    labels: tuple[str, ...]
    """Labels of the task; ("no", "yes") for a yes-or-no task."""
    schemes: tuple[Scheme, ...]
    """Label scheme of each dataset; each scheme answers the task."""
    passages: bool = False
    """Whether the classifier is shown passages with each claim."""
    budget: str = ""
    """Name that money is counted under, over all runs in the same folder; empty: of each object alone."""


class QuoteCounts(NamedTuple):
    """How many passages answers quote, and how many of the quotes are not there."""

    quotes: int
    unsupported: int
    """Number of quotes that are not in their passage."""


NOT_OF_THE_USER = ("harness", "pydantic", "abc", "builtins", "typing")
"""Packages whose classes a classifier inherits from; their versions are recorded instead of their source."""


class Scorer(ABC):
    """A fitted classifier. Its methods take claims only, so it cannot see gold."""

    probabilities: ClassVar[bool] = False
    """Whether the scores of a claim are probabilities over the labels."""
    logistic: ClassVar[bool] = False
    """Whether a score is the logistic function of the sum of its reasons, without being a probability."""
    cutoff: float | None = None
    """Lowest score of the positive label that predicts it, in a yes-or-no task. None: the label with the highest score
    is predicted."""
    gives_scores: bool = True
    """False if the scores only repeat the labels (predictions imported without scores)."""
    gives_labels: bool = True
    """False if the scorer predicts no labels (imported scores without a threshold)."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        displayed(cls)  # before `dataclass`, whose `repr` would print every weight

    chosen: str | None = None
    """Choice made in fitting ("C=10 of 3 candidates in 3 folds"), shown in the result; None: no choice."""
    fits: int = 1
    """Number of fits, including those of candidates and inner folds."""

    in_files: ClassVar[tuple[str, ...]] = ()
    """Fields that `save_files` writes, because they do not consist of numbers, strings and arrays only."""
    unsavable_reason: ClassVar[str | None] = None
    """Reason why the scorer cannot be saved as a model; None: it can be saved."""

    @abstractmethod
    def score(self, claims: Claims) -> ScoreMatrix:
        """Scores every label of each claim; higher = more.

        Args:
            claims: n_claims rows; may be empty.
        Returns: finite floats, shape (n_claims, n_labels), columns in the order of the labels it was fitted with.
        """

    def predict(self, claims: Claims, scores: ScoreMatrix) -> npt.NDArray[np.int64]:
        """Predicts the label of each claim.

        Args:
            claims: the claims that were scored, n_claims rows.
            scores: the return value of `score` for these claims, shape (n_claims, n_labels).
        Returns: indices into the labels, shape (n_claims,); -1 for a claim without an answer.
        """
        if self.cutoff is not None:
            return np.where(scores[:, -1] >= self.cutoff, scores.shape[1] - 1, 0).astype(np.int64)
        highest: npt.NDArray[np.int64] = scores.argmax(axis=1).astype(np.int64)
        return highest

    def n_unanswered(self, claims: Claims) -> int:
        """The number of claims without an answer."""
        return 0

    def unanswered_by_reason(self, claims: Claims) -> Mapping[str, int]:
        """The number of claims without an answer, by reason; empty if there is only one possible reason."""
        return {}

    def quote_counts(self, claims: Claims) -> QuoteCounts | None:
        """The quotes in the answers about the claims; None if the scorer quotes no passages."""
        return None

    def api_usage(self, claims: Claims) -> ApiUsage | None:
        """The API usage for scoring the claims, including cached replies; None if the scorer calls no API."""
        return None

    def explain(self, claims: Claims) -> list[tuple[Reason, ...]] | None:
        """The reasons of each claim, strongest first; None if the scorer cannot explain its scores."""
        return None

    def save_files(self, folder: Path) -> None:
        """Writes the fields `in_files` into an empty folder. Do not use pickle: loading a pickle can run any code.

        Raises: HarnessError: a field cannot be saved; the message says why.
        """
        raise HarnessError(f"{type(self).__name__} declares in_files but does not define save_files")

    @classmethod
    def load_files(cls, folder: Path) -> dict[str, Any]:
        """Loads the fields `in_files` from the folder that `save_files` wrote. Treats the files as data, never as code.

        Returns: the value of each field, by its name.
        Raises: HarnessError: a file is missing, damaged, or requires a type that is not trusted; the message names it.
        """
        raise HarnessError(f"{folder}: {cls.__name__} declares in_files but does not define load_files")


class Classifier(BaseModel, ABC):
    """A recipe with its settings; its fields are its config schema.

    `context_scope = "claim"`: the score of a claim depends on its own row only (its text, its neighbors' text, its
    speaker); `context_scope = "article"`: it may depend on the other rows of the article.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False, defer_build=True)

    context_scope: ClassVar[Literal["claim", "article"]] = "claim"
    languages: ClassVar[tuple[str, ...]] = ()
    """Languages that the classifier supports; empty: any language."""
    reads_evidence: ClassVar[bool] = False
    """Whether a claim's score depends on the passages shown with it; if False, the classifier sees the claim alone."""
    yes_or_no_only: ClassVar[bool] = False
    """Whether the classifier supports only tasks with two labels; other experiments are rejected."""
    uses_seed: ClassVar[bool] = True
    """Whether scores can depend on the random seed; if False, one fit serves all seeds of an experiment. A subclass
    that does not set it uses the seed, whatever its base class says, because it may override any part of the fit."""
    slow_to_fit: ClassVar[bool] = False
    """Whether a fit takes minutes, so that fits are cached and shared between experiments."""
    unsavable_reason: ClassVar[str | None] = None
    """Reason why no scorer of this classifier can be saved, so that no final model is fitted; None: a scorer may be
    savable."""
    packages: ClassVar[tuple[str, ...]] = ()
    """Distributions whose versions can change the fit; their versions are part of the unit's id."""
    saved_types: ClassVar[tuple[type, ...]] = ()
    """Types that make up its scorers, except types that other classifiers declare: dataclasses, NamedTuples or scorers
    without fields. A saved model is loaded only if all its types are declared."""

    @classmethod
    def __pydantic_init_subclass__(cls, **options: Any) -> None:
        super().__pydantic_init_subclass__(**options)
        if "uses_seed" not in vars(cls) and cls.uses_seed is False:
            cls.uses_seed = True

    def __repr__(self) -> str:
        return short_repr(self)

    def __str__(self) -> str:
        return repr(self)

    def _repr_html_(self) -> str:
        return html_of(self)

    @abstractmethod
    def fit(self, claims: Claims, gold: Gold, seed: int) -> Scorer:
        """Fits a scorer to claims and their gold.

        Args:
            claims: the training claims; at least one.
            gold: the gold of the same rows; may contain one label only.
            seed: random seed; the same seed and rows give the same scorer.
        """

    def untrained_scorer(self) -> Scorer | None:
        """The scorer for a yes-or-no task without training claims; None if the classifier has to be fitted."""
        return None

    def check(self) -> None:
        """Checks the requirements that do not depend on data (a required file or package).

        Raises: HarnessError: a requirement is not met; the message names it.
        """

    def input_fingerprint(self) -> str:
        """The fingerprint of inputs other than claims and gold (such as a file); it is part of the unit's id."""
        return ""

    def code_modules(self) -> tuple[str, ...]:
        """Modules outside this package whose source can change the fit; it is part of the unit's id."""
        modules = (owner.__module__ for owner in type(self).__mro__)
        return tuple(dict.fromkeys(name for name in modules if name.partition(".")[0] not in NOT_OF_THE_USER))

    def renew(self) -> None:
        """Makes fits ask services again, instead of reusing stored replies; called before units are planned."""

    def with_experiment(self, texts: list[str], root: str | Path | None) -> Self:
        """The classifier with the claim texts of the experiment and the folder of benchmarks.

        Args:
            texts: the texts of all claims of the experiment; their labels must not be learned from another dataset.
            root: the folder of fetched benchmarks; None: the default folder.
        """
        return self

    def with_task(self, question: TaskPrompt) -> Self:
        """The classifier with the question of the experiment; called once, before the first fit.

        Raises: HarnessError: the classifier cannot answer the question.
        """
        return self

    def downloads(self) -> tuple[str, ...]:
        """Hosts to download from (an encoder, for example) before the run is planned."""
        return ()

    def hosts(self) -> tuple[str, ...]:
        """Hosts that fitting and scoring may contact."""
        return ()

    def sent_keys(self) -> tuple[KeyUse, ...]:
        """Keys that fitting and scoring may send to hosts that the config names."""
        return ()

    def seen_in_pretraining(self, texts: list[str]) -> tuple[npt.NDArray[np.bool_], str]:
        """The texts that a pretrained part of the classifier was trained on.

        Returns: bool, shape (n_texts,), True for a text that it was trained on; and a clause for the warning.
        """
        return np.zeros(len(texts), dtype=bool), ""

    def planned_requests(self, claims: Claims, gold: Gold, test: Claims, seed: int) -> Mapping[str, Estimate]:
        """The API requests that one fit and its scoring would make, without making them.

        Excludes requests whose replies are cached. Gives the maximum if the number depends on earlier replies.

        Args:
            claims, gold, seed: as for `fit`.
            test: the claims to score.
        Returns: the estimated tokens and price of each request, by the request's name.
        """
        return {}

    def result_files(self) -> Mapping[str, bytes]:
        """Contents of extra files for the result folder, by file name; called after the last unit."""
        return {}


@dataclass(frozen=True)
class ConstantScorer(Scorer):
    """Gives every claim the same scores."""

    scores: tuple[float, ...]

    def score(self, claims: Claims) -> ScoreMatrix:
        """The constant scores, shape (n_claims, n_labels)."""
        return np.tile(np.array(self.scores, dtype=np.float64), (len(claims), 1))


def two_columns(positive: npt.NDArray[np.floating], *, margins: bool = False) -> ScoreMatrix:
    """The scores of both labels of a yes-or-no task: 1 - s and s, or -s and s for margins.

    Args:
        positive: scores s of the positive label, shape (n_claims,); in [0, 1] unless `margins`.
        margins: whether the scores are signed distances from a boundary at 0.
    Returns: shape (n_claims, 2).
    """
    scores = np.asarray(positive, dtype=np.float64)
    return np.column_stack([-scores if margins else 1.0 - scores, scores])


def class_priors(gold: Gold) -> npt.NDArray[np.float64]:
    """The share of each label in gold; shape (n_labels,), sums to 1."""
    counts = np.bincount(gold.codes, minlength=len(gold.labels)).astype(np.float64)
    share: npt.NDArray[np.float64] = counts / counts.sum()
    return share


def top_reasons(
    names: Sequence[str],
    columns: npt.NDArray[np.integer],
    contributions: npt.NDArray[np.floating],
    text_of: Callable[[str], str],
) -> tuple[Reason, ...]:
    """The features that moved a score most, as at most ten reasons, strongest first.

    Args:
        names: names of all features.
        columns: indices of the features of the claim, shape (n,).
        contributions: change of the score by each of these features, shape (n,); features with 0 are not listed.
        text_of: function from a feature's name to the characters of the claim it comes from (empty if none).
    """
    # The sort is stable, so features with equal contributions keep the order of the columns on every machine.
    order = np.argsort(-np.abs(contributions), kind="stable")[:N_REASONS]
    strongest = [(names[columns[index]], float(contributions[index])) for index in order if contributions[index]]
    return tuple(Reason(name, text_of(name), weight) for name, weight in strongest)


def package_versions(classifier: Classifier) -> dict[str, str]:
    """Versions of the packages that the fits of a classifier depend on, including this one."""
    return {package: _version(package) for package in ("claim-harness", "numpy", *classifier.packages)}


@cache
def _version(package: str) -> str:
    """The version of a package, read once a process, because reading it takes as long as a small fit."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed as a package"


def to_log_odds(probabilities: npt.NDArray[np.floating]) -> Floats:
    """The log-odds of probabilities, which are first clipped so that 0 and 1 have finite ones; same shape."""
    from scipy.special import logit

    log_odds: Floats = logit(np.clip(probabilities, PROBABILITY_EPSILON, 1 - PROBABILITY_EPSILON))
    return log_odds
