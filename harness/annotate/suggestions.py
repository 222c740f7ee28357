"""Labels that a system suggests to annotators; off unless asked for, and stored in the log when they were shown."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from harness.annotate.questions import ClaimQuestions
from harness.annotate.score_files import read_scores
from harness.data.labels.label_log import Answer, Place
from harness.errors import HarnessError, UnknownName, unknown_name
from harness.records import Annotation

OPTION = "--suggest"


class Suggestion(NamedTuple):
    """A label that a system suggests for a question."""

    label: str
    score: float | None
    """Probability of the label; None: the system gives none."""
    source: str
    """File or system that the suggestion is from."""

    def to_store(self, place: Place, guideline: str, stored: Annotation | None) -> Answer | None:
        """Returns what the log says of the suggestion; None if it says so already."""
        if stored is not None and (stored.label, stored.author) == (self.label, self.source):
            return None
        return Answer(place, self.label, guideline, confidence=self.score, author=self.source)


def read_suggestions(files: Sequence[str | Path], questions: ClaimQuestions) -> dict[Place, Suggestion]:
    """Returns the suggested labels, by what the answers are stored under.

    Args:
        files: files of scores or folders of results; `AXIS=FILE` where several axes have the labels of a file.
        questions: what is asked.
    Raises: FaultsError: all faults of a file. HarnessError: its labels are those of no axis, or of several; or two
        files are about one axis.
    """
    suggestions: dict[Place, Suggestion] = {}
    file_of: dict[str, str] = {}
    for name in map(str, files):
        axis_name, path = _parted(name, questions)
        scores = read_scores(OPTION, path, [claim.claim_id for claim in questions.claims])
        predicted = scores.predicted()
        labels = {label for label in predicted if label is not None}
        axis = axis_name or _axis_of(labels, path, questions)
        if axis in file_of:
            raise HarnessError(f"{OPTION}: {file_of[axis]} and {path} both suggest labels for axis '{axis}'; give one")
        file_of[axis] = path
        _check_labels(labels, path, axis, questions)
        column_of = {label: column for column, label in enumerate(scores.labels)} if scores.is_bounded else {}
        values, source = scores.values.tolist(), Path(path).name
        for claim, label, row in zip(questions.claims, predicted, values, strict=True):
            if label is not None:
                score = row[column_of[label]] if label in column_of else None
                suggestions[claim.claim_id, questions.scheme.name, axis] = Suggestion(label, score, source)
    return suggestions


def _parted(name: str, questions: ClaimQuestions) -> tuple[str | None, str]:
    """Returns the axis and the file of `AXIS=FILE`; no axis for a file alone."""
    axis, equals, path = name.partition("=")
    if not equals or Path(name).exists():
        return None, name
    names = [axis.name for axis in questions.axes]
    if axis not in names:
        raise UnknownName(f"{OPTION} {name}: {unknown_name('axis', axis, names)}")
    return axis, path


def _axis_of(labels: set[str], path: str, questions: ClaimQuestions) -> str:
    """Returns the only axis that has all labels that a file suggests."""
    fitting = [axis.name for axis in questions.axes if labels <= set(axis.label_names)]
    if len(fitting) == 1:
        return fitting[0]
    suggested = ", ".join(sorted(labels))
    if fitting:
        raise HarnessError(
            f"{OPTION} {path}: the axes {', '.join(fitting)} all have its labels ({suggested}); say which one it is "
            f"about: {OPTION} {fitting[0]}={path}"
        )
    known = "; ".join(f"{axis.name}: {', '.join(axis.label_names)}" for axis in questions.axes)
    raise HarnessError(f"{OPTION} {path}: suggests {suggested}, which are labels of no axis that is asked ({known})")


def _check_labels(labels: set[str], path: str, axis_name: str, questions: ClaimQuestions) -> None:
    axis = questions.scheme.axis(axis_name)
    unknown = sorted(labels - set(axis.label_names))
    if unknown:
        raise UnknownName(
            f"{OPTION} {path}: {unknown_name(f'label of axis {axis_name!r}', unknown[0], axis.label_names)}"
        )
