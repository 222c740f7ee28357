"""Reduces annotations to one gold label per claim, by a named rule. Gold labels are stored apart from claims."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from harness.data.packed.records import PackedRecords, chosen, column_of
from harness.errors import HarnessError, UnknownName, unknown_name
from harness.records import Annotation, GoldLabel, Role

if TYPE_CHECKING:
    from harness.data.labels.crowd import Consensus

GoldRule = Callable[[list[Annotation]], str | None]
"""Maps the annotations of a claim on one axis to its gold label; None for an undecided claim."""


class GoldLabels(NamedTuple):
    """The gold labels of one axis of a dataset."""

    labels: Mapping[str, GoldLabel]
    """Gold labels by claim_id."""
    undecided: tuple[str, ...]
    """Claims with annotations on the axis that the rule gives no gold label, such as a tie."""
    votes: Mapping[str, tuple[str, ...]]
    """Labels of the annotators by claim_id, for claims with at least two; without adjudications, and the same for every
    rule."""
    model: CrowdGold | None = None
    """What the model inferred, if the rule is one."""


class ClaimLabels(Mapping[str, GoldLabel]):
    """Gold labels by claim_id, each made when it is looked at."""

    def __init__(self, pairs: Mapping[str, tuple[str, int]]) -> None:
        self._pairs = pairs
        """Label and number of annotators, by claim_id."""

    def __getitem__(self, claim_id: str) -> GoldLabel:
        label, annotators = self._pairs[claim_id]
        # Without validation, for speed: all three values come from validated records.
        return GoldLabel.model_construct(claim_id=claim_id, label=label, annotators=annotators)

    def __contains__(self, claim_id: object) -> bool:
        return claim_id in self._pairs

    def __iter__(self) -> Iterator[str]:
        return iter(self._pairs)

    def __len__(self) -> int:
        return len(self._pairs)

    def __repr__(self) -> str:
        return repr(dict(self))


class CrowdGold(NamedTuple):
    """The labels of one axis as a model of the annotators infers them."""

    claim_ids: tuple[str, ...]
    labels: tuple[str, ...]
    annotators: tuple[str, ...]
    consensus: Consensus


COUNTED: tuple[Role, ...] = ("label", "adjudicate")
"""Roles of the annotations that count: no suggestions, no flags."""
RETRACTABLE: tuple[Role, ...] = (*COUNTED, "suggest", "flag")
"""Roles of the annotations that can be taken back."""


def active_annotations(annotations: Iterable[Annotation], roles: Sequence[Role] = COUNTED) -> Sequence[Annotation]:
    """The annotations of some roles, by default those that count, that no later line supersedes or withdraws."""
    if not isinstance(annotations, PackedRecords):
        annotations = list(annotations)
        return without_withdrawn(latest_annotations(annotations, roles), annotations)
    names = ("annotation_id", "role", "supersedes", "withdraws")
    _, roles_of, supersedes, withdraws = (annotations.column(name) for name in names)
    replaced = {one for one, role in zip(supersedes, roles_of, strict=True) if one is not None and role in roles}
    replaced |= {one for one, role in zip(withdraws, roles_of, strict=True) if one is not None and role == "withdraw"}
    return chosen(annotations, names[:2], lambda name, role: role in roles and name not in replaced)


def without_withdrawn(latest: list[Annotation], annotations: Iterable[Annotation]) -> list[Annotation]:
    """The latest annotations that no line of all annotations withdraws."""
    withdrawn = {annotation.withdraws for annotation in annotations if annotation.role == "withdraw"}
    return [annotation for annotation in latest if annotation.annotation_id not in withdrawn] if withdrawn else latest


def latest_annotations(annotations: Iterable[Annotation], roles: Sequence[Role] = COUNTED) -> list[Annotation]:
    """The annotations of some roles that no later one supersedes, with those that were withdrawn."""
    candidates = [annotation for annotation in annotations if annotation.role in roles]
    superseded = {annotation.supersedes for annotation in candidates}
    return [annotation for annotation in candidates if annotation.annotation_id not in superseded]


def _majority(annotations: list[Annotation]) -> str | None:
    """The most frequent label; None on a tie."""
    if len(annotations) == 1:  # the common case, without the cost of a Counter
        return annotations[0].label
    ranked = Counter(annotation.label for annotation in annotations).most_common(2)
    tied = len(ranked) == 2 and ranked[0][1] == ranked[1][1]
    return None if tied else ranked[0][0]


def _adjudicated(annotations: list[Annotation]) -> str | None:
    """The adjudicated label, else the majority."""
    deciding = [annotation for annotation in annotations if annotation.role == "adjudicate"]
    return _majority(deciding or annotations)


def _single(annotations: list[Annotation]) -> str | None:
    """The label of the only annotator."""
    if len({annotation.annotator for annotation in annotations}) > 1:
        names = ", ".join(sorted({annotation.annotator for annotation in annotations}))
        raise HarnessError(
            f"gold rule 'single': claim '{annotations[0].claim_id}' has labels by several annotators ({names}); "
            "use 'majority' or 'adjudicated', or 'single:ANNOTATOR'"
        )
    return _adjudicated(annotations)


_VOTES: dict[str, GoldRule] = {"adjudicated": _adjudicated, "majority": _majority, "single": _single}
MODELS = ("dawid_skene", "mace")
"""Rules that are models of the annotators, in `harness.data.labels.crowd`."""
RULES = (*_VOTES, *MODELS)
"""`adjudicated`: the adjudicated label if there is one, else the majority. `majority`: the label that most annotators
gave; none on a tie. `single`: the label of the only annotator; `single:NAME` uses the labels of that annotator only.
`dawid_skene` and `mace`: the most probable label by a model of the annotators (`harness.data.labels.crowd`), from their
labels without adjudications; none if two are equally probable or random starts differ. `mace:0.9` decides only what has
at least that probability."""
TIE = 1e-3
"""Difference of probabilities up to which two labels count as equally probable; no model computes them closer."""


class RuleName(NamedTuple):
    """A gold rule as a config names it."""

    name: str
    annotator: str = ""
    """Annotator of `single:NAME`."""
    threshold: float = 0.0
    """Least probability of a label that a model decides."""


def parse_rule(rule: str) -> RuleName:
    """Returns what a gold rule says.

    Raises: UnknownName: there is no such rule. HarnessError: the probability is none.
    """
    name, colon, setting = rule.partition(":")
    if name == "single" and (setting or not colon):
        return RuleName(name, annotator=setting)
    if name in MODELS and colon:
        return RuleName(name, threshold=_probability(rule, setting))
    if name not in RULES or colon:
        known = [*_VOTES, "single:ANNOTATOR", *MODELS, *(f"{model}:PROBABILITY" for model in MODELS)]
        raise UnknownName(unknown_name("gold rule", rule, known))
    return RuleName(name)


def _probability(rule: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value <= 1:
        raise HarnessError(f"gold rule '{rule}': expected a probability above 0 and up to 1, got '{text}'")
    return value


def gold_labels(annotations: Iterable[Annotation], scheme: str, axis: str, rule: str = "adjudicated") -> GoldLabels:
    """Make the gold labels of one axis.

    Args:
        annotations: the annotations of a dataset, of any scheme and axis.
        scheme: the name of the scheme.
        axis: the name of the axis.
        rule: a name in `RULES`, `single:ANNOTATOR`, or a model with the least probability of what it decides.
    Raises: HarnessError: the rule is unknown, or it is `single` and a claim has several annotators.
    """
    parsed = parse_rule(rule)
    active = active_annotations(annotations)
    first_row: dict[str, int] = {}
    several: dict[str, list[int]] = {}
    columns = (column_of(active, name) for name in ("claim_id", "scheme", "axis"))
    for row, (claim_id, of_scheme, of_axis) in enumerate(zip(*columns, strict=True)):
        if of_scheme == scheme and of_axis == axis and (first := first_row.setdefault(claim_id, row)) != row:
            several.setdefault(claim_id, [first]).append(row)
    votes: dict[str, tuple[str, ...]] = {}
    for claim_id in first_row if several else ():
        given = [active[row] for row in several.get(claim_id, ())]
        claim_votes = tuple(annotation.label for annotation in given if annotation.role == "label")
        if len(claim_votes) > 1:
            votes[claim_id] = claim_votes
    if parsed.name in MODELS:
        by_claim = {claim_id: [active[r] for r in several.get(claim_id, [row])] for claim_id, row in first_row.items()}
        return _by_model(by_claim, parsed)._replace(votes=votes)
    label_of, annotator_of = column_of(active, "label"), column_of(active, "annotator")
    labels: dict[str, tuple[str, int]] = {}
    pairs: dict[tuple[str, int], tuple[str, int]] = {}
    undecided = []
    for claim_id, row in first_row.items():
        rows = [row for row in several.get(claim_id, [row]) if parsed.annotator in ("", annotator_of[row])]
        if len(rows) == 1:  # the common case, which every rule decides alike
            pair = (label_of[rows[0]], 1)
        elif rows:
            deciding = [active[row] for row in rows]
            label = _VOTES[parsed.name](deciding)
            if label is None:
                undecided.append(claim_id)
                continue
            pair = (label, len({a.annotator for a in deciding}))
        else:
            continue
        labels[claim_id] = pairs.setdefault(pair, pair)
    return GoldLabels(ClaimLabels(labels), tuple(undecided), votes)


def _by_model(by_claim: Mapping[str, Sequence[Annotation]], rule: RuleName) -> GoldLabels:
    """Returns the labels that a model of the annotators infers."""
    by_labeled = {claim_id: [a for a in annotations if a.role == "label"] for claim_id, annotations in by_claim.items()}
    given = [(a.claim_id, a.annotator, a.label) for annotations in by_labeled.values() for a in annotations]
    if not given:
        return GoldLabels({}, tuple(by_claim), {})
    model = infer(given, rule.name)
    decisions = decided_labels(model, rule.threshold)
    labels = {name: (label, len({a.annotator for a in by_labeled[name]})) for name, label in decisions.items()}
    return GoldLabels(ClaimLabels(labels), tuple(name for name in by_claim if name not in labels), {}, model)


def infer(given_labels: Iterable[tuple[str, str, str]], model: str) -> CrowdGold:
    """Infers true labels from (claim, annotator, label); the order of the labels makes no difference.

    Args:
        given_labels: the labels; at least one.
        model: a name in `MODELS`.
    """
    # Imported here, because most commands need neither the models nor SciPy.
    import numpy as np

    from harness.data.labels import crowd

    columns = zip(*sorted(given_labels), strict=True)
    claims, annotators, labels = (np.unique(column, return_inverse=True) for column in columns)
    consensus = crowd.MODELS[model](crowd.Crowd(claims[1], annotators[1], labels[1]))
    return CrowdGold(tuple(claims[0].tolist()), tuple(labels[0].tolist()), tuple(annotators[0].tolist()), consensus)


def decided_labels(model: CrowdGold, threshold: float = 0.0) -> dict[str, str]:
    """Returns the most probable label of each claim, without those that are undecided.

    Args:
        model: what a model inferred.
        threshold: least probability of a label.
    """
    import numpy as np

    probabilities = model.consensus.probabilities
    ranked = np.sort(probabilities, axis=1)
    is_decided = model.consensus.is_stable & (ranked[:, -1] >= threshold)
    if ranked.shape[1] > 1:
        is_decided &= ranked[:, -1] - ranked[:, -2] > TIE
    best = probabilities.argmax(axis=1)
    return {
        claim: model.labels[code]
        for claim, code, decided in zip(model.claim_ids, best.tolist(), is_decided.tolist(), strict=True)
        if decided
    }
