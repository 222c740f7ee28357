"""What an annotator is asked: all claims or those that are assigned, in an order, with suggestions if asked for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from harness.annotate.evidence import EvidenceDesk, has_passages
from harness.annotate.order import Ordering
from harness.annotate.questions import ClaimQuestions, Question, again_questions, label_questions
from harness.annotate.score_files import asked_in
from harness.annotate.session import Session
from harness.annotate.suggestions import Suggestion, read_suggestions, read_verdicts
from harness.arguments import as_list
from harness.data.assignments.assignment_files import FOLDER, assignment_files, read_assignments
from harness.data.dataset import Dataset
from harness.data.labels.label_log import LabelLog, Place
from harness.data.packed.records import chosen, column_of, taken
from harness.errors import HarnessError


class LabelOptions(NamedTuple):
    """What annotators are asked about; see `harness.label`."""

    scheme: str | None = None
    axes: str | Sequence[str] = ()
    flagged: bool = False
    claims: str | Sequence[str] = ()
    everything: bool = False
    order: str | None = None
    seed: int = 0
    scores: str | Path | Sequence[str | Path] = ()
    from_scores: str | Path | None = None
    suggest: str | Path | Sequence[str | Path] = ()
    from_verify: str | Path | None = None


class Labeling:
    """The questions of a dataset, and the sessions of the annotators that answer them.

    Args:
        dataset: an open dataset.
        options: what is asked.
    Raises: FaultsError, HarnessError: a name is unknown, or a file has faults.
    """

    def __init__(self, dataset: Dataset, options: LabelOptions) -> None:
        self._dataset = dataset
        self._options = options
        scheme, axes = options.scheme, as_list(options.axes)
        if options.from_scores is not None and not axes:
            queue_scheme, queue_axis = asked_in(options.from_scores)
            # A queue about one axis asks that one.
            if queue_axis is not None and scheme in (None, queue_scheme):
                scheme, axes = queue_scheme, [queue_axis]
        self._questions = label_questions(dataset, scheme, axes)
        self._ordering = Ordering(
            options.order or "sequential", options.seed, tuple(as_list(options.scores)), options.from_scores
        )
        self._ordering.check()
        if (options.flagged or options.claims) and (options.order is not None or options.from_scores is not None):
            raise HarnessError("--flagged and --claim ask in the order of the dataset; leave the order out")
        self._suggestions: dict[Place, Suggestion] = {}
        if options.suggest:
            self._suggestions = read_suggestions(as_list(options.suggest), self._questions)
        self._ranks: dict[str, int] = {}
        if options.from_verify is not None:
            if options.order is not None or options.from_scores is not None or options.suggest:
                raise HarnessError("--from-verify is an order and suggests; leave the other orders and --suggest out")
            self._suggestions, self._ranks = read_verdicts(options.from_verify, self._questions)
        self._assigned_names = [path.stem for path in assignment_files(dataset.folder)]
        self._evidence = EvidenceDesk(dataset) if has_passages(dataset) else None

    def session(self, log: LabelLog) -> Session:
        """Begins the session of an annotator.

        Raises: HarnessError: nothing is assigned to them, but to others.
        """
        options = self._options
        again = options.flagged or bool(options.claims)
        if again:
            flags = log.flags if options.flagged else None
            asked: Sequence[Question] = again_questions(self._questions, flags, as_list(options.claims))
        else:
            asked = self._sorted(self._assigned(log.annotator), log)
        return Session(
            asked,
            log,
            again=again,
            evidence=self._evidence,
            outdated_again=self._ordering.outdated_again and not again,
            suggestions=self._suggestions,
        )

    def _assigned(self, annotator: str) -> ClaimQuestions:
        """Returns the questions about what is assigned to an annotator; all, if nothing is assigned to anybody."""
        names = self._assigned_names
        if self._options.everything or not names:
            return self._questions
        if annotator not in names:
            raise HarnessError(
                f"{self._dataset.folder / FOLDER}: nothing is assigned to '{annotator}', but to "
                f"{', '.join(names)}; give --all to be asked about every claim, or assign "
                "claims with harness assign"
            )
        # Claims that are not current any more are passed over, as everywhere.
        claims = self._questions.claims
        row_of = {claim_id: row for row, claim_id in enumerate(column_of(claims, "claim_id"))}
        assigned = read_assignments(self._dataset.folder, [annotator])[annotator]
        lines = [line for line in assigned if line.claim_id in row_of]
        repeats = [rank for rank, line in enumerate(lines) if line.role == "repeat"]
        return self._questions.reordered(taken(claims, [row_of[line.claim_id] for line in lines]), repeats)

    def _sorted(self, questions: ClaimQuestions, log: LabelLog) -> ClaimQuestions:
        """Returns questions in the order that was asked for; claims that are asked again then come last.

        Raises: FaultsError, HarnessError: the order has faults, or none of its claims is assigned to the annotator.
        """
        ordering = self._ordering
        if self._options.order is None and ordering.from_scores is None and not self._ranks:
            return questions
        repeats = questions.repeated_claims
        claims = questions.claims
        if repeats:
            claims = taken(claims, [rank for rank in range(len(claims)) if rank not in repeats])
        version = {questions.scheme.name: questions.scheme.version}
        axes = {axis.name for axis in questions.axes}
        standing = (a for a in log.standing.values() if a.axis in axes)
        if ordering.from_scores is None:
            ordered = ordering.sort(claims, standing, version)
        else:
            asked = set(column_of(claims, "claim_id"))
            scored = ordering.sort(self._questions.claims)
            ordered = chosen(scored, ("claim_id",), asked.__contains__)
            if not ordered:
                raise HarnessError(
                    f"--from-scores {ordering.from_scores}: none of its claims is assigned to '{log.annotator}'; give "
                    "--all to be asked about them all the same"
                )
        if not self._ranks and not repeats:
            return questions.reordered(ordered)
        ids = list(column_of(ordered, "claim_id"))
        again = {questions.claims[rank].claim_id for rank in repeats}
        rows = sorted(range(len(ids)), key=lambda row: self._ranks.get(ids[row], len(self._ranks)))
        last = [row for row in rows if ids[row] in again]
        return questions.reordered(taken(ordered, [*rows, *last]), range(len(rows), len(rows) + len(last)))
