"""`harness label` and `harness adjudicate`: people answer questions about claims, key by key."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import NamedTuple

from rich.console import Console

from harness.annotate.evidence import EvidenceDesk, has_passages
from harness.annotate.keys import standard_input_keys
from harness.annotate.labeling import Labeling, LabelOptions
from harness.annotate.questions import dispute_questions
from harness.annotate.session import Session
from harness.annotate.terminal import Terminal
from harness.data.labels.label_log import open_to_label
from harness.display import displayed
from harness.guarded_stream import unguarded


@displayed
class LabelResult(NamedTuple):
    """What a labeling session did."""

    given: int
    """Number of answers given in the session."""
    withdrawn: int
    """Number of answers taken back in the session."""
    skipped: int
    """Number of questions that were skipped."""
    answered: int
    """Number of questions that have an answer now, of this session or an earlier one."""
    questions: int
    """Number of all questions."""
    log: Path
    """Log of the annotator."""
    notes: tuple[str, ...] = ()
    """What was mended in the dataset when the session began."""


def label(
    dataset: str | Path,
    annotator: str,
    *,
    scheme: str | None = None,
    axes: str | Sequence[str] = (),
    features: bool = False,
    flagged: bool = False,
    claims: str | Sequence[str] = (),
    everything: bool = False,
    order: str | None = None,
    seed: int = 0,
    scores: str | Path | Sequence[str | Path] = (),
    from_scores: str | Path | None = None,
    suggest: str | Path | Sequence[str | Path] = (),
    from_verify: str | Path | None = None,
    keys: Iterable[str] | None = None,
    console: Console | None = None,
    root: str | Path | None = None,
) -> LabelResult:
    """Asks an annotator for the label of each claim on each axis of a scheme.

    The annotator sees no labels of others. Each answer is on disk before the next question is shown, and a later
    session begins where this one ended.

    Args:
        dataset: dataset folder; never a shipped or fetched dataset.
        annotator: role or handle of the annotator, safe as a file name.
        scheme: label scheme; default: the first of the dataset.
        axes: one or more axes to ask about; default: all axes of the scheme that are no features.
        features: whether the features of each claim are asked for after its last axis; the key `f` shows them anyway.
        flagged: whether only the questions are asked, again, that the annotator has flagged; an answer takes the flag
            back.
        claims: ids of one or more claims to ask about, answered or not; default: all that are open.
        everything: whether all claims are asked about; default: those that are assigned to the annotator, or all if
            nothing is assigned to anybody.
        order: one of `ORDERS`: sequential, random, by-article, uncertainty, disagreement, diversity, outdated; default:
            that of the assignment, else sequential.
        seed: seed of the random orders.
        scores: files of `harness score -o`, or results, one for each system; for uncertainty and disagreement.
        from_scores: such a file, whose claims alone are asked about, the highest scores first, in place of an order; a
            queue of `suspects` asks its axis alone, too.
        suggest: such files, whose labels are shown as suggestions, and stored; `AXIS=FILE` names the axis of one.
        from_verify: what `harness verify -o FILE.jsonl` wrote: its claims come first, those with the highest score of
            the detector at the front, and its verdicts are shown as suggestions, and stored.
        keys: keys that the annotator presses; default: those of standard input. Digits choose a label, `u` takes the
            last answer back, `s` skips, `!` flags, `?` shows the guideline, `q` leaves.
        console: where the questions are shown; default: standard output.
        root: folder of fetched benchmarks; see `data_root`.
    Raises: HarnessError: the dataset is shipped or fetched, somebody is labeling under this name, or a name is unknown.
        FaultsError: the dataset has faults.
    """
    options = LabelOptions(
        scheme=scheme,
        axes=axes,
        flagged=flagged,
        claims=claims,
        everything=everything,
        order=order,
        seed=seed,
        scores=scores,
        from_scores=from_scores,
        suggest=suggest,
        from_verify=from_verify,
    )
    with open_to_label(dataset, annotator, root=root, blind=True) as (opened, log):
        session = Labeling(opened, options).session(log)
        return _run(session, f"{opened.info.name}, {annotator}", keys, console, features=features)


def adjudicate(
    dataset: str | Path,
    annotator: str,
    *,
    scheme: str | None = None,
    keys: Iterable[str] | None = None,
    console: Console | None = None,
    root: str | Path | None = None,
) -> LabelResult:
    """Asks an adjudicator to decide each claim that annotators label differently; shows their labels and notes.

    The gold rule `adjudicated` takes the decisions.

    Args:
        dataset: dataset folder; never a shipped or fetched dataset.
        annotator: role or handle of the adjudicator, safe as a file name.
        scheme: label scheme; default: all schemes of the dataset.
        keys: keys that the adjudicator presses; default: those of standard input; the same as those of `label`.
        console: where the questions are shown; default: standard output.
        root: folder of fetched benchmarks; see `data_root`.
    Raises: HarnessError: the dataset is shipped or fetched, somebody is labeling under this name, or the scheme is
        unknown. FaultsError: the dataset has faults.
    """
    with open_to_label(dataset, annotator, "adjudicate", root) as (opened, log):
        questions = dispute_questions(opened, scheme, annotator)
        session = Session(questions, log, evidence=EvidenceDesk(opened) if has_passages(opened) else None)
        return _run(session, f"{opened.info.name}, {annotator} decides", keys, console)


def _run(
    session: Session, title: str, keys: Iterable[str] | None, console: Console | None, *, features: bool = False
) -> LabelResult:
    """Runs a session until its keys end or one leaves."""
    interactive = keys is None and sys.stdin is not None and sys.stdin.isatty()
    console = console or Console(highlight=False, file=unguarded(sys.stdout))
    terminal = Terminal(session, console, title, interactive=interactive, features=features)
    with standard_input_keys() if keys is None else nullcontext(iter(keys)) as pressed:
        terminal.run(pressed)
    return LabelResult(
        given=session.n_given,
        withdrawn=session.n_withdrawn,
        skipped=session.n_skipped,
        answered=session.n_answered,
        questions=len(session.questions),
        log=session.log.path,
        notes=session.log.notes,
    )
