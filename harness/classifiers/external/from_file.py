"""The classifier `from_file`: predictions of another program, read from a file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt
from pydantic import PrivateAttr

from harness.classifiers.base import Classifier, ScoreMatrix, Scorer, TaskPrompt, two_columns
from harness.classifiers.external.prediction_files import Prediction, read_predictions
from harness.classifiers.external.submission import (
    Entries,
    SubmissionFormat,
    find_format,
    predictions_by_claim,
    read_entries,
    setting_faults,
    submission_fingerprint,
)
from harness.data.claims import Claims, Gold
from harness.data.labels.tasks import YES_NO, find_task, mapping_of
from harness.data.load import open_dataset
from harness.errors import Fault, FaultsError, UnknownName, unknown_name
from harness.files import read_bytes, sha256
from harness.schemes import load_scheme


@dataclass(frozen=True)
class FileScorer(Scorer):
    """Looks up claims by id. A claim that is not in the file ranks below all others and has no predicted label."""

    unsavable_reason = "it reads predictions from a file, which has none for new claims"

    scores: dict[str, float]
    """Score of the positive label by claim id; empty if the file has labels only."""
    codes: dict[str, int]
    """Code of the predicted label by claim id; empty if the file has scores only."""
    n_labels: int
    cutoff: float | None
    gives_scores: bool
    gives_labels: bool
    chosen: str | None = None

    def n_unanswered(self, claims: Claims) -> int:
        """The number of claims that are not in the file."""
        return int(self._is_missing(claims).sum())

    def score(self, claims: Claims) -> ScoreMatrix:
        """The scores in the file and their negatives; without scores, 1 for the label in the file and 0 for others."""
        if self.scores:
            lowest = min(self.scores.values()) - 1.0
            return two_columns(self._scores_of(claims, lowest), margins=True)
        # The last row is for missing claims: their code, -1, is the index of the last row.
        scores_by_code = np.append(np.eye(self.n_labels), np.full((1, self.n_labels), -1.0), axis=0)
        return np.asarray(scores_by_code[self._codes_of(claims)])

    def predict(self, claims: Claims, scores: ScoreMatrix) -> npt.NDArray[np.int64]:
        """The labels in the file, or those by the threshold; -1 for a claim without a label."""
        if self.codes or self.cutoff is None:
            return self._codes_of(claims)
        return np.where(self._is_missing(claims), -1, super().predict(claims, scores))

    def _is_missing(self, claims: Claims) -> npt.NDArray[np.bool_]:
        predicted = self.scores or self.codes
        return np.array([claim_id not in predicted for claim_id in claims.claim_id], dtype=np.bool_)

    def _scores_of(self, claims: Claims, lowest: float) -> npt.NDArray[np.float64]:
        return np.array([self.scores.get(claim_id, lowest) for claim_id in claims.claim_id], dtype=np.float64)

    def _codes_of(self, claims: Claims) -> npt.NDArray[np.int64]:
        return np.array([self.codes.get(claim_id, -1) for claim_id in claims.claim_id], dtype=np.int64)


@dataclass(frozen=True)
class LabelScoresScorer(FileScorer):
    """Looks up a score per label; a claim that is not in the file ranks below all others."""

    label_scores: dict[str, tuple[float, ...]] = field(default_factory=dict)
    """Scores by claim id, in the order of the labels."""
    missing: float = 0.0
    """Score of every label for a claim that is not in the file."""

    def score(self, claims: Claims) -> ScoreMatrix:
        """The scores in the file."""
        absent = (self.missing,) * self.n_labels
        rows = [self.label_scores.get(claim_id, absent) for claim_id in claims.claim_id]
        return np.array(rows, dtype=np.float64).reshape(len(claims), self.n_labels)

    def predict(self, claims: Claims, scores: ScoreMatrix) -> npt.NDArray[np.int64]:
        """The labels in the file, else those with the highest score; -1 for a claim that is not in the file."""
        codes = self._codes_of(claims) if self.codes else scores.argmax(axis=1)
        return np.where(self._is_missing(claims), -1, codes)

    def _is_missing(self, claims: Claims) -> npt.NDArray[np.bool_]:
        return np.array([claim_id not in self.label_scores for claim_id in claims.claim_id], dtype=np.bool_)


@dataclass(frozen=True)
class LabelProbabilitiesScorer(LabelScoresScorer):
    """Looks up a probability per label; a claim that is not in the file gets equal ones."""

    probabilities = True


@dataclass(frozen=True)
class FileProbabilityScorer(FileScorer):
    """Looks up probabilities of the positive label; a claim that is not in the file gets 0."""

    probabilities = True

    def score(self, claims: Claims) -> ScoreMatrix:
        """The probabilities in the file and their complements."""
        return two_columns(self._scores_of(claims, 0.0))


class Submitted(NamedTuple):
    """The predictions of a submission, by our claims."""

    predictions: Mapping[str, Prediction]
    """Predictions by claim id of the benchmark."""
    form: SubmissionFormat
    n_files: int
    fingerprint: str
    """Fingerprint of the benchmark as fetched."""

    @property
    def description(self) -> str:
        """How the file was read, for the result."""
        files = "1 file" if self.n_files == 1 else f"{self.n_files} files"
        claims = f"{len(self.predictions):,} claims"
        return f"the submission format of {self.form.benchmark.name} ({files}, {claims})"


class FromFile(Classifier):
    """Predictions of another program: a CSV, TSV or JSONL file with claim_id, and score, label or both.

    It is not trained. A higher score means that the positive label is more likely; other columns are ignored. A file
    with labels only ranks claims by label; a file with scores only predicts no labels unless a threshold is set. A
    file may instead have a column `score:LABEL` for each label of the task, as tasks with more than two labels need;
    the label with the highest score is then predicted, unless the file has labels.

    With `submission_to`, the file is instead a submission in the format of the benchmark's publisher, or `path` is a
    folder of the files of one. Ids are mapped to the claims of the fetched benchmark; every id of a file or part that
    the submission covers is required once.
    """

    uses_seed = False
    unsavable_reason = FileScorer.unsavable_reason

    path: str
    """Path of the file: .csv or .tsv with a header line, or .jsonl with one object per line. With `submission_to`: a
    file or a folder of files in the publisher's format."""
    submission_to: str | None = None
    """Benchmark that the file is a submission to; null: the file has our columns. Where the publisher numbers the lines
    of each debate or speech, a file has the name of the publisher's file. An id that the publisher repeats counts with
    its last line, unless the file keeps the publisher's order."""
    threshold: float | None = None
    """Lowest score at which the positive label is predicted; only for files without labels."""
    probabilities: bool = False
    """Whether the scores are probabilities of the positive label; the threshold is then 0.5 unless set. With columns
    `score:LABEL`: whether they are probabilities of the labels, which add up to 1."""
    _submitted: Submitted | None = PrivateAttr(default=None)

    def check(self) -> None:
        """Validates the file; `fit` also checks its labels against those of the task.

        Raises: FaultsError: every fault of the file.
        """
        if self.submission_to is not None:
            self._read_entries(find_format(self.submission_to))
            return
        _, faults = read_predictions(self.path, thresholded=self.threshold is not None, bounded=self.probabilities)
        if faults:
            raise FaultsError(faults)

    def input_fingerprint(self) -> str:
        """SHA-256 of the file, or of the submission and the claims that its ids are mapped to."""
        if self.submission_to is None:
            return sha256(read_bytes(Path(self.path)))
        mapped_to = "" if self._submitted is None else self._submitted.fingerprint
        return submission_fingerprint(self.path) + mapped_to

    def with_experiment(self, texts: list[str], root: str | Path | None) -> Self:
        """A copy with the predictions of a submission by claim; itself without one.

        Raises: FaultsError: every fault of the submission's ids, or the experiment has no claim of the benchmark.
        """
        if self.submission_to is None:
            return self
        form = find_format(self.submission_to)
        entries = self._read_entries(form)
        dataset = open_dataset(self.submission_to, root)
        if set(texts).isdisjoint(map(str, dataset.table().text)):
            message = f"the experiment has no claim of {self.submission_to}; name the benchmark of its dataset"
            raise FaultsError.single(self.path, message, field="submission_to")
        predictions = predictions_by_claim(entries, form, dataset)
        copy = self.model_copy()
        copy._submitted = Submitted(predictions, form, len(entries), dataset.fingerprint)
        return copy

    def with_task(self, question: TaskPrompt) -> Self:
        """A copy in which the labels of a submission are those of the task; itself without one."""
        task = find_task(question.task)
        if self._submitted is None or not task.binary:
            return self
        mapping = mapping_of(task, load_scheme(self._submitted.form.benchmark.scheme))
        answers = dict.fromkeys(mapping.negative, YES_NO[0]) | dict.fromkeys(mapping.positive, YES_NO[1])
        answered = {
            claim_id: prediction._replace(label=answers.get(prediction.label or "", prediction.label))
            for claim_id, prediction in self._submitted.predictions.items()
        }
        copy = self.model_copy()
        copy._submitted = self._submitted._replace(predictions=answered)
        return copy

    def _read_entries(self, form: SubmissionFormat) -> Entries:
        entries = read_entries(self.path, form)
        faults = [*setting_faults(entries, thresholded=self.threshold is not None, bounded=self.probabilities)]
        if faults:
            raise FaultsError(faults)
        return entries

    def _read_predictions(self) -> tuple[Mapping[str, Prediction], list[Fault]]:
        if self.submission_to is None:
            return read_predictions(self.path, thresholded=self.threshold is not None, bounded=self.probabilities)
        if self._submitted is None:
            message = f"a submission to {self.submission_to} is read in an experiment only, which has its claims"
            raise FaultsError.single(self.path, message)
        # In an experiment on several datasets, the name of the dataset stands before the id of a claim.
        by_claim = self._submitted.predictions
        return {**by_claim, **{f"{self.submission_to}:{name}": value for name, value in by_claim.items()}}, []

    def fit(self, claims: Claims, gold: Gold, seed: int) -> Scorer:
        """Reads the file; uses only the task's labels from `gold`.

        Raises: FaultsError: every fault of the file, including labels that the task does not have.
        """
        predictions, faults = self._read_predictions()
        code_by_label = {label: code for code, label in enumerate(gold.labels)}
        faults += self._label_faults(predictions, gold.labels)
        if faults:
            raise FaultsError(sorted(faults, key=lambda fault: fault.line or 0))
        if any(prediction.label_scores for prediction in predictions.values()):
            return self._label_scorer(predictions, gold.labels)
        scores = {
            claim_id: prediction.score for claim_id, prediction in predictions.items() if prediction.score is not None
        }
        codes = {
            claim_id: code_by_label[prediction.label]
            for claim_id, prediction in predictions.items()
            if prediction.label is not None
        }
        scorer_type = FileProbabilityScorer if self.probabilities and scores else FileScorer
        # Labels in the file win over the default threshold of probabilities.
        default_cutoff = 0.5 if scorer_type is FileProbabilityScorer and not codes else None
        cutoff = default_cutoff if self.threshold is None else self.threshold
        return scorer_type(
            scores=scores,
            codes=codes,
            n_labels=len(gold.labels),
            cutoff=cutoff,
            gives_scores=bool(scores),
            gives_labels=bool(codes) or cutoff is not None,
            chosen=None if self._submitted is None else self._submitted.description,
        )

    def _label_scorer(self, predictions: Mapping[str, Prediction], labels: tuple[str, ...]) -> Scorer:
        columns = _columns_by_label(next(iter(predictions.values())).label_scores)
        rows = {
            claim_id: tuple(prediction.label_scores[columns[_plain(label)]] for label in labels)
            for claim_id, prediction in predictions.items()
        }
        if self.probabilities:  # rounded in the file, so that they add up to 1 only nearly
            rows = {claim_id: tuple(value / sum(row) for value in row) for claim_id, row in rows.items()}
        scorer_type = LabelProbabilitiesScorer if self.probabilities else LabelScoresScorer
        lowest = min(value for row in rows.values() for value in row) - 1.0
        code_by_label = {label: code for code, label in enumerate(labels)}
        return scorer_type(
            scores={},
            codes={name: code_by_label[p.label] for name, p in predictions.items() if p.label is not None},
            n_labels=len(labels),
            cutoff=None,
            gives_scores=True,
            gives_labels=True,
            label_scores=rows,
            missing=1 / len(labels) if self.probabilities else lowest,
        )

    def _label_faults(self, predictions: Mapping[str, Prediction], labels: tuple[str, ...]) -> list[Fault]:
        """Labels that the task does not have, and scores in a task with more than two labels."""
        faults = []
        for prediction in predictions.values():
            if prediction.label is not None and prediction.label not in labels:
                message = unknown_name("label of the task", prediction.label, labels)
                path = prediction.file or self.path
                faults.append(Fault(path, prediction.line, "label", message, UnknownName.code))
        if len(labels) > 2 and any(prediction.score is not None for prediction in predictions.values()):
            message = (
                f"a score is for one label, but the task has {len(labels)}; give a label column, or a column "
                "score:LABEL for each label"
            )
            faults.append(Fault(self.path, None, "score", message))
        columns = _columns_by_label(name for prediction in predictions.values() for name in prediction.label_scores)
        known = {_plain(label) for label in labels}
        faults += [
            Fault(self.path, 1, f"score:{name}", unknown_name("label of the task", name, labels), UnknownName.code)
            for plain, name in columns.items()
            if plain not in known
        ]
        missing = [label for label in labels if columns and _plain(label) not in columns]
        if missing:
            listed = ", ".join(f"score:{label}" for label in missing)
            faults.append(Fault(self.path, 1, None, f"has no column {listed}; give one for each label of the task"))
        return faults


def _plain(label: str) -> str:
    """A label as names of columns are matched: regardless of case and blanks around it."""
    return label.strip().casefold()


def _columns_by_label(names: Iterable[str]) -> dict[str, str]:
    return {_plain(name): name for name in names}
