"""Reduces annotations to one gold label per claim, by a named rule. Gold labels are stored apart from claims."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import compress
from typing import TYPE_CHECKING, NamedTuple

from harness.data.packed.records import PackedRecords, chosen, column_of
from harness.errors import HarnessError, UnknownName, unknown_name
from harness.records import Annotation, GoldLabel, Role

if TYPE_CHECKING:
    from harness.data.labels.crowd import Consensus


class GivenLabel(NamedTuple):
    """What a rule sees of an annotation."""

    claim_id: str
    label: str
    annotator: str
    role: str


GoldRule = Callable[[list[GivenLabel]], str | None]
"""Maps the labels of a claim on one axis to its gold label; None for an undecided claim."""


class GoldLabels(NamedTuple):
    """The gold labels of one axis of a dataset."""

    labels: ClaimLabels
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

    def __init__(self, names: Mapping[str, str], n_annotators: Mapping[str, int]) -> None:
        self.names = names
        """Label by claim_id: what most readers need, without a record for each."""
        self._n_annotators = n_annotators
        """Number of annotators, but for claims that have one."""

    def __getitem__(self, claim_id: str) -> GoldLabel:
        label, annotators = self.names[claim_id], self._n_annotators.get(claim_id, 1)
        # Without validation, for speed: all three values come from validated records.
        return GoldLabel.model_construct(claim_id=claim_id, label=label, annotators=annotators)

    def __contains__(self, claim_id: object) -> bool:
        return claim_id in self.names

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)

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
    if not replaced and set(roles_of) <= set(roles):
        return annotations
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


def _majority(labels: list[GivenLabel]) -> str | None:
    """The most frequent label; None on a tie."""
    if len(labels) == 1:  # the common case, without the cost of a Counter
        return labels[0].label
    ranked = Counter(one.label for one in labels).most_common(2)
    tied = len(ranked) == 2 and ranked[0][1] == ranked[1][1]
    return None if tied else ranked[0][0]


def _adjudicated(labels: list[GivenLabel]) -> str | None:
    """The adjudicated label, else the majority."""
    deciding = [one for one in labels if one.role == "adjudicate"]
    return _majority(deciding or labels)


def _single(labels: list[GivenLabel]) -> str | None:
    """The label of the only annotator."""
    if len({one.annotator for one in labels}) > 1:
        names = ", ".join(sorted({one.annotator for one in labels}))
        raise HarnessError(
            f"gold rule 'single': claim '{labels[0].claim_id}' has labels by several annotators ({names}); "
            "use 'majority' or 'adjudicated', or 'single:ANNOTATOR'"
        )
    return _adjudicated(labels)


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
    questions = zip(column_of(active, "scheme"), column_of(active, "axis"), strict=True)
    on_axis = [question == (scheme, axis) for question in questions]
    given = tuple(list(compress(column_of(active, name), on_axis)) for name in GivenLabel._fields)
    claim_ids, labels, annotators, _ = given
    names = dict(zip(claim_ids, labels, strict=True))
    is_model = parsed.name in MODELS
    if len(names) == len(labels) and not is_model:  # the common case, which every rule decides alike
        if parsed.annotator:
            is_theirs = [annotator == parsed.annotator for annotator in annotators]
            names = dict(zip(compress(claim_ids, is_theirs), compress(labels, is_theirs), strict=True))
        return GoldLabels(ClaimLabels(names, {}), (), {})
    by_claim: dict[str, list[GivenLabel]] = {}
    for one in map(GivenLabel._make, zip(*given, strict=True)):
        by_claim.setdefault(one.claim_id, []).append(one)
    own = {name: tuple(one.label for one in of_claim if one.role == "label") for name, of_claim in by_claim.items()}
    votes = {name: labels_of_claim for name, labels_of_claim in own.items() if len(labels_of_claim) > 1}
    return (_by_model if is_model else _by_votes)(by_claim, parsed)._replace(votes=votes)


def _by_votes(by_claim: Mapping[str, list[GivenLabel]], rule: RuleName) -> GoldLabels:
    """Returns the labels that a rule without a model decides."""
    names: dict[str, str] = {}
    n_annotators: dict[str, int] = {}
    undecided = []
    for claim_id, labels in by_claim.items():
        deciding = [one for one in labels if one.annotator == rule.annotator] if rule.annotator else labels
        label = _VOTES[rule.name](deciding) if deciding else None
        if label is not None:
            names[claim_id] = label
            n_annotators[claim_id] = len({one.annotator for one in deciding})
        elif deciding:
            undecided.append(claim_id)
    return GoldLabels(ClaimLabels(names, n_annotators), tuple(undecided), {})


def _by_model(by_claim: Mapping[str, list[GivenLabel]], rule: RuleName) -> GoldLabels:
    """Returns the labels that a model of the annotators infers."""
    by_labeled = {claim_id: [one for one in labels if one.role == "label"] for claim_id, labels in by_claim.items()}
    given = [(one.claim_id, one.annotator, one.label) for labels in by_labeled.values() for one in labels]
    if not given:
        return GoldLabels(ClaimLabels({}, {}), tuple(by_claim), {})
    model = infer(given, rule.name)
    names = decided_labels(model, rule.threshold)
    n_annotators = {name: len({one.annotator for one in by_labeled[name]}) for name in names}
    undecided = tuple(name for name in by_claim if name not in names)
    return GoldLabels(ClaimLabels(names, n_annotators), undecided, {}, model)


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
