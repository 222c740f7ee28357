"""What a classifier is: settings that can be fitted; and what a scorer is: the fitted thing, which sees claims only."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, NamedTuple, Self

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from harness.data.claims import Claims, Gold
from harness.errors import HarnessError
from harness.schemes import Scheme

ScoreMatrix = npt.NDArray[np.float64]
N_REASONS = 10


def computed(getter: Callable[[Any], Any]) -> Any:
    """A property in the place of what the base class declares as a plain attribute."""
    return property(getter)


class Reason(NamedTuple):
    """One thing that moved a claim's score."""

    name: str
    """What it is ("number", "word:percent")."""
    text: str
    """The characters of the claim that it rests on, or the empty string."""
    weight: float
    """How far it moved the score; above 0 towards the positive label."""


class ApiUsage(NamedTuple):
    """What a service counts for scoring."""

    calls: int
    tokens: int
    """Prompts and answers together, as the service says; those it says nothing of count 0."""


class TaskPrompt(NamedTuple):
    """What an experiment asks of every claim, for classifiers that read guidelines."""

    task: str
    text: str
    labels: tuple[str, ...]
    """Those of the task; for a yes-or-no task ("no", "yes")."""
    schemes: tuple[Scheme, ...]
    """The scheme of each dataset; each answers the task."""


class Scorer(ABC):
    """A fitted classifier. It is handed claims only, so it cannot see gold."""

    probabilities: ClassVar[bool] = False
    """Whether the scores of a claim are probabilities over the labels."""
    logistic: ClassVar[bool] = False
    """Whether a score is the logistic function of what its reasons add up to, without being a probability."""
    cutoff: float | None = None
    """The score of the positive label at and above which it is predicted, in a yes-or-no task. None: the label with
    the highest score is predicted."""
    gives_scores: bool = True
    """False where scores only repeat the labels (predictions made elsewhere without scores)."""
    gives_labels: bool = True
    """False where no label is predicted (predictions made elsewhere as scores, without a threshold)."""

    chosen: str | None = None
    """What was chosen in fitting ("C=10 of 3 candidates in 3 folds"), for the result."""
    fits: int = 1
    """How many fits it took, those of candidates and of inner folds among them."""

    in_files: ClassVar[tuple[str, ...]] = ()
    """The fields that `save_files` keeps, because they are more than numbers, strings, arrays and objects of them."""
    unsavable_reason: ClassVar[str | None] = None
    """Why it cannot be saved as a model; None: it can."""

    @abstractmethod
    def score(self, claims: Claims) -> ScoreMatrix:
        """One number per claim and label; higher = more.

        Args:
            claims: n_claims rows; may be empty.
        Returns: finite floats, shape (n_claims, n_labels), columns in the order of the labels it was fitted with.
        """

    def predict(self, claims: Claims, scores: ScoreMatrix) -> npt.NDArray[np.int64]:
        """The predicted label of each claim as an index into the labels; -1 where it has no answer.

        Args:
            claims, scores: the rows that were scored, and what `score` gave for them.
        """
        if self.cutoff is not None:
            return np.where(scores[:, -1] >= self.cutoff, scores.shape[1] - 1, 0).astype(np.int64)
        highest: npt.NDArray[np.int64] = scores.argmax(axis=1).astype(np.int64)
        return highest

    def n_unanswered(self, claims: Claims) -> int:
        """How many of the claims it has no answer for."""
        return 0

    def unanswered_by_reason(self, claims: Claims) -> Mapping[str, int]:
        """How many of the claims have no answer, by reason; empty where there is one reason only."""
        return {}

    def api_usage(self, claims: Claims) -> ApiUsage | None:
        """What a service counts for the claims' scores, kept answers among them; None where none is asked."""
        return None

    def explain(self, claims: Claims) -> list[tuple[Reason, ...]] | None:
        """The reasons of each claim, the strongest first; None where the system cannot say."""
        return None

    def save_files(self, folder: Path) -> None:
        """Writes the fields `in_files` into an empty folder: never as pickle, which runs what it is told when loaded.

        Raises: HarnessError: a field cannot be kept; says why.
        """
        raise HarnessError(f"{type(self).__name__} says nothing of how its fields in_files are kept")

    @classmethod
    def load_files(cls, folder: Path) -> dict[str, Any]:
        """The fields `in_files` by name, from the folder that `save_files` wrote. Whatever stands there is data.

        Raises: HarnessError: a file is missing, wrong, or asks for what is not trusted; says which.
        """
        raise HarnessError(f"{folder}: {cls.__name__} says nothing of how its fields in_files are loaded")


class Classifier(BaseModel, ABC):
    """A recipe with its settings; its fields are its config schema.

    `reads = "claim"`: a claim's score depends on its own row only (its text, its neighbours' text, its speaker...);
    `reads = "article"`: it may depend on the other rows of its article.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)

    context_scope: ClassVar[Literal["claim", "article"]] = "claim"
    languages: ClassVar[tuple[str, ...]] = ()
    """The languages it was made for; empty: any."""
    yes_or_no_only: ClassVar[bool] = False
    """Whether it is made for tasks of two labels; an experiment with another task is refused."""
    slow_to_fit: ClassVar[bool] = False
    """Whether a fit takes minutes, so that one which several experiments need is worth keeping."""
    unsavable_reason: ClassVar[str | None] = None
    """Why none of its scorers can be saved as a model, so that none is fitted for that; None: one may be."""
    packages: ClassVar[tuple[str, ...]] = ()
    """Distributions whose versions can change what it fits; they enter the unit's id."""
    saved_types: ClassVar[tuple[type, ...]] = ()
    """The types that its scorers are made of, besides those that other classifiers declare: dataclasses, NamedTuples
    or scorers without fields. A saved model is loaded only if it asks for no other."""

    @abstractmethod
    def fit(self, claims: Claims, gold: Gold, seed: int) -> Scorer:
        """Learns from claims and their gold, which have the same rows.

        Args:
            claims: the training claims; at least one.
            gold: their gold; possibly of one label only.
            seed: random seed; the same seed and rows give the same scorer.
        """

    def untrained_scorer(self) -> Scorer | None:
        """The scorer of a yes-or-no task that needs no training claim; None where it has to learn."""
        return None

    def check(self) -> None:
        """Looks at what can be wrong before any data is read (a file that it needs, say).

        Raises: HarnessError: what is wrong.
        """

    def input_fingerprint(self) -> str:
        """A fingerprint of what it reads besides claims and gold (a file's content); it enters the unit's id."""
        return ""

    def with_experiment(self, texts: list[str], root: str | Path | None) -> Self:
        """The classifier as an experiment uses it, told what the experiment's claims say and where datasets live.

        Args:
            texts: of all claims of the experiment, which it must not learn the labels of elsewhere.
            root: where fetched benchmarks live.
        """
        return self

    def with_task(self, question: TaskPrompt) -> Self:
        """The classifier that knows what the experiment asks; called once, before anything is fitted.

        Raises: HarnessError: it cannot answer the question.
        """
        return self

    def downloads(self) -> tuple[str, ...]:
        """The hosts that something has to be fetched from before the run is planned (an encoder)."""
        return ()

    def hosts(self) -> tuple[str, ...]:
        """The hosts that fitting and scoring may contact."""
        return ()

    def seen_in_pretraining(self, texts: list[str]) -> tuple[npt.NDArray[np.bool_], str]:
        """Which texts it was trained on before it is fitted (a pretrained part of it), and what to say of it.

        Returns: shape (n_texts,), and a clause for a warning.
        """
        return np.zeros(len(texts), dtype=bool), ""

    def planned_requests(self, claims: Claims, gold: Gold, test: Claims, seed: int) -> Mapping[str, int]:
        """The calls that one fit and its scoring would make: a name for each, and an estimate of its tokens.

        Calls whose answers are kept already are not among them. Where it depends on the first answer, the most that
        there can be. Asks nobody.

        Args:
            claims, gold, seed: as for `fit`.
            test: the claims to score.
        """
        return {}

    def result_files(self) -> Mapping[str, bytes]:
        """Files that belong to a result of this system, by name; read when its units are finished."""
        return {}


@dataclass(frozen=True)
class ConstantScorer(Scorer):
    """The same scores for every claim."""

    scores: tuple[float, ...]

    def score(self, claims: Claims) -> ScoreMatrix:
        """The constant, shape (n_claims, n_labels)."""
        return np.tile(np.array(self.scores, dtype=np.float64), (len(claims), 1))


def as_two_columns(positive: npt.NDArray[np.floating], *, margins: bool = False) -> ScoreMatrix:
    """The score of the positive label as two columns: 1 - s and s, or for margins -s and s.

    Args:
        positive: shape (n_claims,); in [0, 1] unless `margins`.
    """
    scores = np.asarray(positive, dtype=np.float64)
    return np.column_stack([-scores if margins else 1.0 - scores, scores])


def class_priors(gold: Gold) -> npt.NDArray[np.float64]:
    """The share of each label in gold; shape (n_labels,), summing to 1."""
    counts = np.bincount(gold.codes, minlength=len(gold.labels)).astype(np.float64)
    share: npt.NDArray[np.float64] = counts / counts.sum()
    return share


def top_reasons(
    names: Sequence[str], columns: npt.NDArray[np.integer], moved: npt.NDArray[np.floating], place: Callable[[str], str]
) -> tuple[Reason, ...]:
    """The features that moved a score most as reasons, at most ten, the strongest first.

    Args:
        names: of all features.
        columns, moved: shape (n,); some features, and how far each moved the score.
        place: the characters of the claim that a feature rests on, by its name; empty if none.
    """
    order = np.argsort(-np.abs(moved), kind="stable")[:N_REASONS]
    found = [(names[columns[at]], float(moved[at])) for at in order if moved[at]]
    return tuple(Reason(name, place(name), weight) for name, weight in found)
