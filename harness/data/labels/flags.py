"""The questions that annotators flagged as ones to look at again."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from harness.data.labels.gold import active_annotations
from harness.data.load import open_dataset
from harness.display import Rows
from harness.errors import UnknownName, unknown_name


class Flag(NamedTuple):
    """A question that an annotator flagged."""

    claim_id: str
    scheme: str
    axis: str
    annotator: str
    label: str | None
    """Label of the annotator for the question; None: none yet."""
    note: str | None
    at: str | None
    """Time of the flag."""
    text: str
    """Text of the claim."""


def flags(dataset: str | Path, *, scheme: str | None = None, root: str | Path | None = None) -> Rows[Flag]:
    """Lists what annotators flagged as to be looked at again, in the order of the claims.

    Args:
        dataset: a folder, or a dataset name as in `open_dataset`.
        scheme: label scheme; default: all schemes of the dataset.
        root: folder of fetched benchmarks; see `data_root`.
    Raises: HarnessError: the dataset does not exist or has faults, or lists no such scheme.
    """
    opened = open_dataset(dataset, root)
    if scheme is not None and scheme not in opened.info.schemes:
        raise UnknownName(f"{opened.folder}: {unknown_name('scheme', scheme, opened.info.schemes)}")
    label_of = {(a.claim_id, a.scheme, a.axis, a.annotator): a.label for a in active_annotations(opened.annotations)}
    claims = {claim.claim_id: claim for claim in opened.current}
    rank = {claim.claim_id: index for index, claim in enumerate(opened.current)}
    standing = [
        a
        for a in active_annotations(opened.annotations, ("flag",))
        if a.claim_id in rank and scheme in (None, a.scheme)
    ]
    standing.sort(key=lambda a: rank[a.claim_id])
    return Rows(
        Flag(
            claim_id=a.claim_id,
            scheme=a.scheme,
            axis=a.axis,
            annotator=a.annotator,
            label=label_of.get((a.claim_id, a.scheme, a.axis, a.annotator)),
            note=a.note,
            at=a.at,
            text=claims[a.claim_id].text or "",
        )
        for a in standing
    )
