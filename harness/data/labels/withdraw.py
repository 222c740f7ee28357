"""`harness withdraw`: takes labels back by new lines of the log; no line is edited or removed."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from harness.data.dataset import Dataset
from harness.data.labels.gold import RETRACTABLE, active_annotations
from harness.data.labels.label_log import open_to_label
from harness.display import displayed
from harness.errors import HarnessError, UnknownName
from harness.records import Annotation


@displayed
class WithdrawResult(NamedTuple):
    """What `withdraw` took back."""

    withdrawn: tuple[Annotation, ...]
    """The annotations that no longer count."""
    log: Path
    """Log with the new lines."""
    notes: tuple[str, ...] = ()
    """What was mended in the dataset before."""


def withdraw(
    dataset: str | Path,
    annotator: str,
    *,
    annotation: str | None = None,
    claim: str | None = None,
    note: str | None = None,
    root: str | Path | None = None,
) -> WithdrawResult:
    """Takes back one line of an annotator, or all that they said of a claim, by new lines in their log.

    A label, a mark of a feature, a decision, a suggestion and a flag can be taken back.

    Args:
        dataset: dataset folder; never a shipped or fetched dataset.
        annotator: role or handle of the annotator whose labels are taken back.
        annotation: id of the annotation to take back; or else give `claim`.
        claim: id of the claim: all that the annotator said of it is taken back.
        note: the reason, for the log.
        root: folder of fetched benchmarks; see `data_root`.
    Raises: UnknownName: there is no such annotation or claim. HarnessError: it does not count any more, it is another
        annotator's, or the dataset is shipped or fetched. FaultsError: the dataset has faults.
    """
    if (annotation is None) == (claim is None):
        raise HarnessError("give either --annotation ID or --claim ID")
    with open_to_label(dataset, annotator, root=root) as (opened, log):
        standing = [a for a in active_annotations(opened.annotations, RETRACTABLE) if a.annotator == annotator]
        withdrawn = [
            a for a in standing if (a.claim_id if annotation is None else a.annotation_id) == (annotation or claim)
        ]
        if not withdrawn:
            raise _refused(opened, annotator, annotation) if annotation else _nothing(opened, annotator, claim or "")
        log.withdraw(withdrawn, note)
    return WithdrawResult(tuple(withdrawn), log.path, log.notes)


def _refused(dataset: Dataset, annotator: str, annotation_id: str) -> HarnessError:
    """Returns why an annotation cannot be taken back."""
    annotation = next((a for a in dataset.annotations if a.annotation_id == annotation_id), None)
    place = f"{dataset.folder}: annotation '{annotation_id}'"
    if annotation is None:
        return UnknownName(f"{place}: the dataset has no such annotation; the files in annotations/ list the ids")
    if annotation.annotator != annotator:
        return HarnessError(
            f"{place} is by '{annotation.annotator}', and annotators take back only their own; use --as "
            f"{annotation.annotator}, or decide the claim: harness adjudicate {dataset.folder} --as {annotator}"
        )
    later = next((a for a in dataset.annotations if a.withdraws == annotation_id), None)
    if later is not None:
        return HarnessError(f"{place} was taken back already ({later.at})")
    later = next((a for a in dataset.annotations if a.supersedes == annotation_id), None)
    if later is not None:
        return HarnessError(f"{place} was replaced by '{later.annotation_id}'; take that one back")
    return HarnessError(
        f"{place} takes another one back, and cannot be taken back itself; give the label again instead"
    )


def _nothing(dataset: Dataset, annotator: str, claim_id: str) -> HarnessError:
    """Returns why nothing of a claim can be taken back."""
    place = f"{dataset.folder}: claim '{claim_id}'"
    if all(claim.claim_id != claim_id for claim in dataset.claims):
        return UnknownName(f"{place}: the dataset has no such claim; claims.jsonl lists the ids")
    others = sorted({a.annotator for a in active_annotations(dataset.annotations) if a.claim_id == claim_id})
    labeled = f"; it has labels by {', '.join(others)}" if others else "; nobody has labeled it"
    return HarnessError(f"{place} has no label by '{annotator}' that counts{labeled}")
