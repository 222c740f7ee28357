"""`harness diff`: what changed between two releases of a dataset, and what that does to stored results."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from harness.arguments import as_list
from harness.compare.selection import select_results
from harness.data.dataset import Dataset
from harness.data.labels.gold import active_annotations, gold_labels
from harness.data.labels.tasks import find_task, task_gold
from harness.data.load import find_scheme, open_dataset
from harness.display import Rows, displayed
from harness.errors import HarnessError
from harness.metrics.functions import build_metric
from harness.metrics.intervals import measure
from harness.records import Claim
from harness.runner.pairing.runs import runs_of, scored_claims
from harness.runner.result_files import Columns, Result, read_predictions


class ClaimChange(NamedTuple):
    """A claim that only one release has, or that follows a corrected article."""

    claim_id: str
    change: str
    """`added`, `removed` or `moved`."""
    text: str
    before: str | None = None
    """Of a moved claim, its id in the old release."""


class LabelChange(NamedTuple):
    """A label that only one release has, or that an annotator changed."""

    claim_id: str
    scheme: str
    axis: str
    annotator: str
    role: str
    old: str | None
    """Label in the old release; None: there was none."""
    new: str | None
    """Label in the new release; None: it was taken back, or its claim was removed."""


class GoldChange(NamedTuple):
    """A claim whose gold label, by the rule `adjudicated`, is another one."""

    claim_id: str
    scheme: str
    axis: str
    old: str | None
    new: str | None


class Rescored(NamedTuple):
    """A stored result under the gold of both releases; no model was run."""

    path: str
    system: str
    metric: str
    heading: str
    old: float | None
    """Value as it is stored."""
    new: float | None
    """Value of the same predictions under the new gold, over the claims that both releases have."""
    low: float | None
    """Lower end of the interval of the new value."""
    high: float | None
    n: int
    """Number of claims behind the new value."""
    changed: int
    """Number of predicted claims whose gold is another one, or that have gold in one release only."""
    unpredicted: int
    """Number of claims with gold in the new release that the result has no prediction for."""
    gold_rule: str
    """Rule of the experiment that turns labels into gold."""


@displayed
class DatasetDiff(NamedTuple):
    """Differences between two releases of a dataset."""

    old: str
    new: str
    claims: Sequence[ClaimChange]
    labels: Sequence[LabelChange]
    gold: Sequence[GoldChange]
    results: Sequence[Rescored]
    notes: tuple[str, ...]
    """Results that could not be scored again, with the reason, and changes of the order of systems."""

    def document(self) -> dict[str, Any]:
        """Returns the differences as `harness diff --json` prints them."""
        fields = self._asdict()
        for name in ("claims", "labels", "gold", "results"):
            fields[name] = [row._asdict() for row in fields[name]]
        return fields | {"notes": list(self.notes)}


def diff(
    old: str | Path,
    new: str | Path,
    results: str | Path | Sequence[str | Path] = (),
    *,
    root: str | Path | None = None,
) -> DatasetDiff:
    """Compares two releases of a dataset, and scores stored predictions under the labels of the new one.

    Args:
        old: dataset folder or name of the old release.
        new: dataset folder or name of the new release.
        results: result folders or run folders of experiments on the old release.
        root: folder of fetched benchmarks; see `data_root`.
    Raises: HarnessError: a release does not exist or has faults, or a result is damaged.
    """
    releases = open_dataset(old, root), open_dataset(new, root)
    chosen = select_results(as_list(results)).candidates if results else ()
    rescored: list[Rescored] = []
    notes: list[str] = []
    for candidate in chosen:
        try:
            rescored += _rescore(candidate.result, *releases)
        except HarnessError as error:
            notes.append(f"{candidate.result.path}: not scored again: {error}")
    return DatasetDiff(
        old=f"{releases[0].info.name} {releases[0].info.version}",
        new=f"{releases[1].info.name} {releases[1].info.version}",
        claims=Rows(_claim_changes(*releases)),
        labels=Rows(_label_changes(*releases)),
        gold=Rows(_gold_changes(*releases)),
        results=Rows(rescored),
        notes=(*notes, *_order_notes(rescored)),
    )


def _claim_changes(old: Dataset, new: Dataset) -> Iterator[ClaimChange]:
    before = {claim.claim_id: claim for claim in old.current}
    after = {claim.claim_id: claim for claim in new.current}
    moved = {claim.replaces for claim in after.values() if claim.replaces in before and claim.claim_id not in before}
    for claim in after.values():
        if claim.claim_id not in before:
            is_moved = claim.replaces in before
            yield ClaimChange(
                claim.claim_id, "moved" if is_moved else "added", _text(claim), claim.replaces if is_moved else None
            )
    for claim in before.values():
        if claim.claim_id not in after and claim.claim_id not in moved:
            yield ClaimChange(claim.claim_id, "removed", _text(claim))


def _text(claim: Claim) -> str:
    return " ".join((claim.text or "").split())


def _label_changes(old: Dataset, new: Dataset) -> Iterator[LabelChange]:
    labels = [_labels_of(release) for release in (old, new)]
    for key in dict.fromkeys([*labels[0], *labels[1]]):
        before, after = (release.get(key) for release in labels)
        if before != after:
            yield LabelChange(*key, before, after)


def _labels_of(release: Dataset) -> dict[tuple[str, str, str, str, str], str]:
    active = active_annotations(release.annotations)
    return {(a.claim_id, a.scheme, a.axis, a.annotator, a.role): a.label for a in active}


def _gold_changes(old: Dataset, new: Dataset) -> Iterator[GoldChange]:
    ids = {claim.claim_id for claim in old.current} & {claim.claim_id for claim in new.current}
    for name in (name for name in new.info.schemes if name in old.info.schemes):
        for axis in find_scheme(new.folder, name).axes:
            if axis.feature:
                continue
            before, after = (gold_labels(release.annotations, name, axis.name).labels.names for release in (old, new))
            for claim_id in (claim.claim_id for claim in new.current if claim.claim_id in ids):
                pair = [gold.get(claim_id) for gold in (before, after)]
                if pair[0] != pair[1]:
                    yield GoldChange(claim_id, name, axis.name, *pair)


def _rescore(result: Result, old: Dataset, new: Dataset) -> list[Rescored]:
    """Returns each metric of a result under the new gold.

    Raises: HarnessError: the result is not over this dataset, or its task has no labels.
    """
    names = {dataset.name for dataset in result.provenance.datasets}
    if not names & {old.info.name, new.info.name}:
        raise HarnessError(f"it is over {', '.join(sorted(names))}")
    if result.task == "evidence":
        raise HarnessError("a ranking of passages has no labels")
    columns = read_predictions(result)
    gold_of = task_gold_by_claim(result, new)
    ids = {claim.claim_id for claim in old.current}
    before = columns["gold"]
    after = np.empty(len(before), dtype=object)
    # Claims of another dataset of the same experiment keep their gold.
    pairs = zip(columns["claim_id"], before, strict=True)
    after[:] = [gold_of.get(claim_id) if claim_id in ids else gold for claim_id, gold in pairs]
    # Shares of annotators are of the old labels: metrics over soft labels are left out.
    kept: Columns = {name: column for name, column in columns.items() if not name.startswith("share:")}
    kept["gold"] = after
    scored = scored_claims(result, kept)
    runs = runs_of(result, kept, scored)
    changed = len({claim_id for claim_id, differs in zip(columns["claim_id"], after != before, strict=True) if differs})
    unpredicted = len(set(gold_of) - set(columns["claim_id"]))
    rescored = []
    for entry in result.provenance.config.metrics:
        settings = dict(entry) if isinstance(entry, dict) else {"name": entry}
        name = str(settings.pop("name"))
        metric = build_metric(name, settings, result.task)
        stored = result.values.get(metric.key(name))
        if stored is None or stored.value is None:
            continue
        value = measure(metric, scored.gold, runs, scored.groups, result.provenance.config.intervals)
        rescored.append(
            Rescored(
                path=result.path,
                system=result.system,
                metric=metric.key(name),
                heading=metric.title(),
                old=stored.value,
                new=value.value,
                low=value.low,
                high=value.high,
                n=len(scored.gold.codes),
                changed=changed,
                unpredicted=unpredicted,
                gold_rule=result.provenance.config.gold,
            )
        )
    return rescored


def task_gold_by_claim(result: Result, release: Dataset) -> Mapping[str, str]:
    """Returns the gold of a release by claim, as the experiment of a result makes it."""
    task = find_task(result.task)
    use = next((use for use in result.provenance.schemes if use.name in release.info.schemes), None)
    if use is None:
        raise HarnessError(
            f"{release.folder}: has no labels of {', '.join(use.name for use in result.provenance.schemes)}"
        )
    scheme = find_scheme(release.folder, use.name)
    labels = gold_labels(release.annotations, scheme.name, use.mapping.axis, result.provenance.config.gold)
    claims = release.table()
    gold = task_gold(task, scheme, claims, labels)
    ids = claims.claim_id[gold.rows_with_gold].tolist()
    return dict(zip(ids, (gold.gold.labels[code] for code in gold.gold.codes), strict=True))


def _order_notes(rescored: Sequence[Rescored]) -> Iterator[str]:
    """Yields a line for each metric by which systems of one run folder stand in another order than before."""
    by_metric: dict[tuple[str, str], list[Rescored]] = {}
    for row in rescored:
        if row.old is not None and row.new is not None:
            by_metric.setdefault((str(Path(row.path).parent), row.heading), []).append(row)
    for (_, heading), rows in by_metric.items():
        # Of the systems, the highest value first; whether high is good does not matter for whether the order changes.
        before = [row.system for row in sorted(rows, key=lambda row: -(row.old or 0))]
        after = [row.system for row in sorted(rows, key=lambda row: -(row.new or 0))]
        if before != after:
            yield f"{heading}: the order of systems changes from {', '.join(before)} to {', '.join(after)}"


def counts_by_annotator(changes: Sequence[LabelChange]) -> list[tuple[str, str, Counter[str]]]:
    """Returns the number of labels that were added, changed and taken back, by annotator and axis."""
    counts: dict[tuple[str, str], Counter[str]] = {}
    for change in changes:
        kind = "added" if change.old is None else "taken back" if change.new is None else "changed"
        counts.setdefault((change.annotator, change.axis), Counter())[kind] += 1
    return [(annotator, axis, counter) for (annotator, axis), counter in counts.items()]
