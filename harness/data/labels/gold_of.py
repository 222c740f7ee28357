"""`harness gold`: the gold labels of a dataset or a file of ratings, soft labels, and what a rule leaves undecided."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from harness.data.labels.gold import GoldLabels, active_annotations, gold_labels, parse_rule
from harness.data.labels.rating_tables import RatingOptions, is_rating_file, rating_options, read_ratings
from harness.data.load import find_scheme, open_dataset
from harness.data.packed.records import chosen, column_of
from harness.display import displayed
from harness.errors import HarnessError, UnknownName, unknown_name
from harness.records import Annotation

FEWEST_ANNOTATORS = 3
"""Number of annotators below which a model has nothing to weigh them by."""


@displayed
class AxisGold(NamedTuple):
    """The gold labels of one axis."""

    name: str
    """Name of the axis; SCHEME/AXIS if two schemes of the dataset have an axis of this name."""
    labels: Mapping[str, str]
    """Gold label by claim."""
    probabilities: Mapping[str, Mapping[str, float]]
    """Soft labels: probability by claim and label, as a model infers it; without a model, the share of the annotators
    (without adjudications)."""
    undecided: Sequence[str]
    """Claims with labels that the rule does not decide."""
    reliability: Mapping[str, float]
    """Probability that a label of the annotator is right, as a model sees it; empty without a model."""
    notes: Sequence[str] = ()

    def document(self) -> dict[str, Any]:
        """The axis as `harness gold --json` prints it."""
        return self._asdict()


@displayed
class GoldResult(NamedTuple):
    """The gold labels of a dataset by one rule."""

    dataset: str
    rule: str
    axes: Sequence[AxisGold]
    notes: Sequence[str] = ()
    """How a file was read, where the user should know."""
    item: str = "claim"
    """What is labeled: a claim of a dataset, or an item of a file."""

    def document(self) -> dict[str, Any]:
        """The JSON document that `harness gold --json` prints."""
        return {"rule": self.rule, "axes": {axis.name: axis.document() for axis in self.axes}}


def gold(
    dataset: str | Path,
    rule: str = "adjudicated",
    *,
    scheme: str | None = None,
    root: str | Path | None = None,
    columns: Mapping[str, str] | None = None,
    annotators: str | Sequence[str] = (),
    header: bool = True,
    delimiter: str | None = None,
    encoding: str | None = None,
    sheet: str | None = None,
) -> GoldResult:
    """Return the gold labels of every axis of a dataset, or of a file of ratings, and what is undecided.

    Labels of current claims that were neither replaced nor taken back count. Features are left out.

    Args:
        dataset: a folder, a dataset name as in `open_dataset`, or a file of ratings as in `harness.agreement`.
        rule: gold rule, as in a config: `adjudicated`, `majority`, `single`, `single:NAME`, `dawid_skene`, `mace`, or a
            model with the least probability of what it decides (`mace:0.9`).
        scheme: label scheme; default: all schemes of the dataset.
        root: folder of fetched benchmarks; see `data_root`.
        columns, annotators, header, delimiter, encoding, sheet: of a file; as in `harness.agreement`.
    Raises: UnknownName: there is no such rule, annotator or scheme. HarnessError: the rule is `single`, and a claim has
        several annotators. FaultsError: all faults of the dataset or file.
    """
    parse_rule(rule)
    table = rating_options(
        columns=columns, annotators=annotators, header=header, delimiter=delimiter, encoding=encoding, sheet=sheet
    )
    if is_rating_file(dataset):
        return _gold_of_table(Path(dataset), rule, table)
    if table != RatingOptions():
        raise HarnessError(f"'{dataset}' is no file: columns and delimiter are options of a file of ratings")
    opened = open_dataset(dataset, root)
    if scheme is not None and scheme not in opened.info.schemes:
        raise UnknownName(f"{opened.folder}: {unknown_name('scheme', scheme, opened.info.schemes)}")
    current = set(column_of(opened.current, "claim_id"))
    annotations = chosen(active_annotations(opened.annotations), ("claim_id",), lambda claim_id: claim_id in current)
    _check_annotator(annotations, rule)
    axes = [(name, axis.name) for name in opened.info.schemes for axis in find_scheme(opened.folder, name).axes
            if not axis.feature]  # fmt: skip
    n_with_name = Counter(axis for _, axis in axes)
    results = []
    for scheme_name, axis_name in axes:
        if scheme in (None, scheme_name):
            shown = axis_name if n_with_name[axis_name] == 1 else f"{scheme_name}/{axis_name}"
            pair = (scheme_name, axis_name)
            on_axis = chosen(annotations, ("scheme", "axis"), lambda *names, pair=pair: names == pair)
            if on_axis:
                results.append(_axis_gold(shown, on_axis, gold_labels(on_axis, scheme_name, axis_name, rule)))
    return GoldResult(opened.info.name, rule, results)


def _gold_of_table(path: Path, rule: str, options: RatingOptions) -> GoldResult:
    table = read_ratings(path, options)
    last = {(item, annotator): label for item, annotator, label in table.ratings}
    # Without validation: names of annotators in people's tables are no file names.
    annotations = [
        Annotation.model_construct(
            annotation_id=f"{item}\n{annotator}", claim_id=item, scheme="table", axis="label", label=label,
            annotator=annotator, guideline="", role="label", supersedes=None, withdraws=None,
        )
        for (item, annotator), label in last.items()
    ]  # fmt: skip
    _check_annotator(annotations, rule)
    axis = _axis_gold("label", annotations, gold_labels(annotations, "table", "label", rule), "item")
    notes = list(table.notes)
    if len(last) < len(table.ratings):
        notes.append(f"{path}: of an item that an annotator rated twice, the later rating counts")
    return GoldResult(str(path), rule, [axis], notes, "item")


def _check_annotator(annotations: Sequence[Annotation], rule: str) -> None:
    annotator = parse_rule(rule).annotator
    known = sorted(set(column_of(annotations, "annotator")))
    if annotator and annotator not in known:
        raise UnknownName(unknown_name("annotator with labels", annotator, known))


def _axis_gold(name: str, annotations: Sequence[Annotation], result: GoldLabels, item: str = "claim") -> AxisGold:
    labels = {claim: label.label for claim, label in result.labels.items()}
    if result.model is None:
        counts: dict[str, Counter[str]] = {}
        given = (column_of(annotations, name) for name in ("claim_id", "role", "label"))
        for claim_id, role, label in zip(*given, strict=True):
            if role == "label":
                counts.setdefault(claim_id, Counter())[label] += 1
        shares = {
            claim: {label: n / votes.total() for label, n in sorted(votes.items())} for claim, votes in counts.items()
        }
        return AxisGold(name, labels, shares, result.undecided, {})
    model, consensus = result.model, result.model.consensus
    probabilities = {
        claim: dict(zip(model.labels, row, strict=True))
        for claim, row in zip(model.claim_ids, consensus.probabilities.tolist(), strict=True)
    }
    reliability = dict(zip(model.annotators, consensus.reliability.tolist(), strict=True))
    notes = []
    if len(model.annotators) < FEWEST_ANNOTATORS:
        notes.append(
            f"labels of fewer than {FEWEST_ANNOTATORS} annotators do not tell which of them is right; decide what they "
            "differ on with harness adjudicate, and use the rule adjudicated"
        )
    if not consensus.is_settled:
        notes.append(
            f"not settled: after {consensus.iterations:,} iterations, a probability still changes by up to "
            f"{consensus.change:.3f}"
        )
    if unstable := int((~consensus.is_stable).sum()):
        notes.append(f"random starts differ on {unstable:,} of {len(model.claim_ids):,} {item}s, which are undecided")
    return AxisGold(name, labels, probabilities, result.undecided, reliability, notes)
