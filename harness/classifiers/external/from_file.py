"""Predictions made elsewhere, read from a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from harness.classifiers.base import Classifier, ScoreMatrix, Scorer, as_two_columns
from harness.classifiers.external.prediction_files import read_predictions
from harness.data.claims import Claims, Gold
from harness.errors import Fault, FaultsError, UnknownName, unknown_name
from harness.files import read_bytes, sha256


@dataclass(frozen=True)
class FileScorer(Scorer):
    """Looks claims up. A claim that the file leaves out ranks below all others and has no predicted label."""

    unsavable_reason = "it looks claims up in a file of predictions, which say nothing of new claims"

    scores: dict[str, float]
    """Score of the positive label by claim id; empty where the file gives labels only."""
    codes: dict[str, int]
    """Predicted label by claim id; empty where the file gives none."""
    n_labels: int
    cutoff: float | None
    gives_scores: bool
    gives_labels: bool

    def n_unanswered(self, claims: Claims) -> int:
        """How many of the claims the file leaves out."""
        return int(self._is_missing(claims).sum())

    def score(self, claims: Claims) -> ScoreMatrix:
        """The file's scores, for the other label their negative; without any, 1 for its label and 0 for the others."""
        if self.scores:
            lowest = min(self.scores.values()) - 1.0
            return as_two_columns(self._scores_of(claims, lowest), margins=True)
        rows = np.append(np.eye(self.n_labels), np.full((1, self.n_labels), -1.0), axis=0)
        return np.asarray(rows[self._codes_of(claims)])

    def predict(self, claims: Claims, scores: ScoreMatrix) -> npt.NDArray[np.int64]:
        """The file's labels, or those by the threshold; -1 where there is none."""
        if self.codes or self.cutoff is None:
            return self._codes_of(claims)
        return np.where(self._is_missing(claims), -1, super().predict(claims, scores))

    def _is_missing(self, claims: Claims) -> npt.NDArray[np.bool_]:
        known = self.scores or self.codes
        return np.array([claim_id not in known for claim_id in claims.claim_id], dtype=np.bool_)

    def _scores_of(self, claims: Claims, lowest: float) -> npt.NDArray[np.float64]:
        return np.array([self.scores.get(claim_id, lowest) for claim_id in claims.claim_id], dtype=np.float64)

    def _codes_of(self, claims: Claims) -> npt.NDArray[np.int64]:
        return np.array([self.codes.get(claim_id, -1) for claim_id in claims.claim_id], dtype=np.int64)


@dataclass(frozen=True)
class FileProbabilityScorer(FileScorer):
    """The same, where the file's scores are probabilities of the positive label; a claim left out gets 0."""

    probabilities = True

    def score(self, claims: Claims) -> ScoreMatrix:
        """The file's probabilities and their complements."""
        return as_two_columns(self._scores_of(claims, 0.0))


class FromFile(Classifier):
    """Predictions made elsewhere: a CSV, TSV or JSONL file with claim_id, and score, label or both.

    Learns nothing from the training claims. Higher scores mean more of the positive label; other columns are passed
    over. A file of labels only ranks by them; a file of scores only predicts no labels unless a threshold is given.
    With more than two labels it takes labels only.
    """

    unsavable_reason = FileScorer.unsavable_reason

    path: str
    """The file; .csv and .tsv with a header line, .jsonl with one object a line."""
    threshold: float | None = None
    """The score at and above which the positive label is predicted, where the file gives no labels."""
    probabilities: bool = False
    """Whether the scores are probabilities of the positive label; then the threshold is 0.5 unless given."""

    def check(self) -> None:
        """Reads the file and reports its faults; labels are checked against the task's later, by `fit`.

        Raises: FaultsError: all faults of the file.
        """
        _, faults = read_predictions(self.path, thresholded=self.threshold is not None, bounded=self.probabilities)
        if faults:
            raise FaultsError(faults)

    def input_fingerprint(self) -> str:
        """SHA-256 of the file: what it gives changes with it."""
        return sha256(read_bytes(Path(self.path)))

    def fit(self, claims: Claims, gold: Gold, seed: int) -> Scorer:
        """Reads the file; of gold only the task's labels are used.

        Raises: FaultsError: all faults of the file, labels that the task does not have among them.
        """
        predictions, faults = read_predictions(
            self.path, thresholded=self.threshold is not None, bounded=self.probabilities
        )
        labels = {name: code for code, name in enumerate(gold.labels)}
        for prediction in predictions.values():
            if prediction.label is not None and prediction.label not in labels:
                message = unknown_name("label of the task", prediction.label, gold.labels)
                faults.append(Fault(self.path, prediction.line, "label", message, UnknownName.code))
        if len(labels) > 2 and any(prediction.score is not None for prediction in predictions.values()):
            message = (
                f"has scores of one label, but the task has {len(labels)}; give a label column and no score column"
            )
            faults.append(Fault(self.path, None, "score", message))
        if faults:
            raise FaultsError(sorted(faults, key=lambda fault: fault.line or 0))
        scores = {name: found.score for name, found in predictions.items() if found.score is not None}
        codes = {name: labels[found.label] for name, found in predictions.items() if found.label is not None}
        kind = FileProbabilityScorer if self.probabilities and scores else FileScorer
        default = 0.5 if kind is FileProbabilityScorer and not codes else None
        cutoff = default if self.threshold is None else self.threshold
        gives_labels = bool(codes) or cutoff is not None
        return kind(scores, codes, len(labels), cutoff, gives_scores=bool(scores), gives_labels=gives_labels)
