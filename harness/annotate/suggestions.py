"""Labels that a system suggests to annotators; off unless asked for, and stored in the log when they were shown."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, ValidationError

from harness.annotate.questions import ClaimQuestions
from harness.annotate.score_files import read_scores
from harness.data.labels.label_log import Answer, Place
from harness.data.packed.records import column_of
from harness.errors import Fault, FaultsError, HarnessError, UnknownName, unknown_name
from harness.files import read_bytes
from harness.records import Annotation, ShownPassage

OPTION = "--suggest"
VERDICTS = "--from-verify"


class VerdictPassage(BaseModel):
    """A passage that the judge read."""

    passage_id: str
    text: str
    document_id: str | None = None
    title: str | None = None
    publisher: str | None = None
    published: str | None = None

    def shown(self) -> ShownPassage:
        """The passage as an editor sees it."""
        source = self.title or self.publisher or self.document_id
        return ShownPassage(passage_id=self.passage_id, text=self.text, source=source, published=self.published)


class VerdictLine(BaseModel):
    """What an editor is shown of a line of `harness verify -o FILE.jsonl`."""

    claim_id: str
    detection_score: float
    verdict: str | None
    scores: dict[str, float]
    probabilities: bool
    evidence: tuple[VerdictPassage, ...] = ()


class Suggestion(NamedTuple):
    """A label that a system suggests for a question."""

    label: str
    score: float | None
    """Probability of the label; None: the system gives none."""
    source: str
    """File or system that the suggestion is from."""
    passages: tuple[ShownPassage, ...] = ()
    """Passages that it rests on."""

    def to_store(self, place: Place, guideline: str, stored: Annotation | None) -> Answer | None:
        """Returns what the log says of the suggestion; None if it says so already."""
        shown = self.passages or None
        if stored is not None and (stored.label, stored.author, stored.shown) == (self.label, self.source, shown):
            return None
        return Answer(place, self.label, guideline, confidence=self.score, author=self.source, shown=shown)


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
        claim_ids = list(column_of(questions.claims, "claim_id"))
        scores = read_scores(OPTION, path, claim_ids)
        predicted = scores.predicted()
        labels = {label for label in predicted if label is not None}
        axis = axis_name or _axis_of(labels, path, questions)
        if axis in file_of:
            raise HarnessError(f"{OPTION}: {file_of[axis]} and {path} both suggest labels for axis '{axis}'; give one")
        file_of[axis] = path
        _check_labels(labels, path, axis, questions)
        rank_of = {label: rank for rank, label in enumerate(scores.labels)} if scores.is_bounded else {}
        values, source, scheme = scores.values.tolist(), Path(path).name, questions.scheme.name
        for claim_id, label, row in zip(claim_ids, predicted, values, strict=True):
            if label is not None:
                score = row[rank_of[label]] if label in rank_of else None
                suggestions[claim_id, scheme, axis] = Suggestion(label, score, source)
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


class ChainVerdicts(NamedTuple):
    """What a chain said of the claims of a dataset."""

    suggestions: dict[Place, Suggestion]
    """Its verdicts, by what the answers are stored under."""
    ranks: dict[str, int]
    """Rank of each claim that it judged: that with the highest score of the detector is 0."""


def read_verdicts(path: str | Path, questions: ClaimQuestions) -> ChainVerdicts:
    """Reads what `harness verify -o FILE.jsonl` wrote.

    Args:
        path: the file.
        questions: what is asked.
    Raises: FaultsError: all faults of the file. HarnessError: it has no claim of the dataset, or its verdicts are not
        the labels of one axis.
    """
    lines = _verdict_lines(Path(path))
    known = set(column_of(questions.claims, "claim_id"))
    judged = [line for line in lines if line.claim_id in known]
    if not judged:
        raise HarnessError(
            f"{VERDICTS} {path}: has no claim of the dataset, but ids such as '{lines[0].claim_id}'; bring the "
            "article in as the chain read it: harness ingest ARTICLE --into DATASET"
        )
    axis = _verdict_axis({line.verdict for line in judged if line.verdict is not None}, path, questions)
    suggestions = {
        (line.claim_id, questions.scheme.name, axis): Suggestion(
            line.verdict,
            line.scores.get(line.verdict) if line.probabilities else None,
            Path(path).name,
            tuple(passage.shown() for passage in line.evidence),
        )
        for line in judged
        if line.verdict is not None
    }
    ranked = sorted(judged, key=lambda line: -line.detection_score)
    return ChainVerdicts(suggestions, {line.claim_id: rank for rank, line in enumerate(ranked)})


def _verdict_lines(path: Path) -> list[VerdictLine]:
    lines: list[VerdictLine] = []
    faults: list[Fault] = []
    for number, data in enumerate(read_bytes(path).splitlines(), start=1):
        if data.strip():
            try:
                lines.append(VerdictLine.model_validate_json(data))
            except ValidationError:
                message = "is no claim with a verdict; expected a line of harness verify -o FILE.jsonl"
                faults.append(Fault(str(path), number, None, message, "no-verdict"))
    if not lines and not faults:
        message = "has no claims; expected what harness verify -o FILE.jsonl writes"
        faults.append(Fault(str(path), None, None, message, "empty"))
    if faults:
        raise FaultsError(faults)
    return lines


def _verdict_axis(verdicts: set[str], path: str | Path, questions: ClaimQuestions) -> str:
    """Returns the only axis that has all verdicts as labels."""
    fitting = [axis.name for axis in questions.axes if verdicts <= set(axis.label_names)]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise HarnessError(
            f"{VERDICTS} {path}: the axes {', '.join(fitting)} all have its verdicts; choose: --axis NAME"
        )
    known = "; ".join(f"{axis.name}: {', '.join(axis.label_names)}" for axis in questions.axes)
    raise HarnessError(
        f"{VERDICTS} {path}: its verdicts ({', '.join(sorted(verdicts))}) are labels of no axis that is asked "
        f"({known}); choose the scheme of the judge: --scheme NAME"
    )
