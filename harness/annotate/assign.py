"""`harness assign`: which annotator labels which claims, and how far each is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, Literal, NamedTuple

from harness.annotate.order import Ordering
from harness.arguments import as_list
from harness.data.assignments.assignment_files import FOLDER, assignment_contents, read_assignments
from harness.data.assignments.distribute import Distribution, with_repeats
from harness.data.dataset import Dataset
from harness.data.labels.gold import active_annotations
from harness.data.labels.label_log import require_own
from harness.data.load import find_dataset, find_scheme, open_dataset, open_folder
from harness.data.new_dataset import git_note
from harness.display import Rows, displayed
from harness.errors import HarnessError, UnknownName, unknown_name
from harness.files import folder_lock, write_files
from harness.records import check_name

BY = ("claim", "article")
MAX_REPEATS = 0.5
"""Largest share of claims that are asked again, so that half of the claims lie between the two questions."""


class AnnotatorProgress(NamedTuple):
    """What is assigned to an annotator, and how much of it is labeled."""

    annotator: str
    assigned: int
    """Number of claims."""
    labeled: int
    """Number of them with an answer on every axis of the scheme."""
    repeats: int
    """Number of claims that are asked again."""
    repeated: int
    """Number of them with a second answer on every axis."""


@displayed
class AssignResult(NamedTuple):
    """What is assigned in a dataset."""

    folder: Path
    """Folder of the assignments."""
    added: dict[str, int]
    """Number of claims that each annotator got by this call."""
    progress: Sequence[AnnotatorProgress]
    """What each annotator has."""
    unassigned: int
    """Number of current claims that are assigned to nobody."""
    notes: tuple[str, ...] = ()
    """What the user should know: which files for git the folder lacks."""

    def document(self) -> dict[str, Any]:
        """The result as `harness assign --json` prints it."""
        annotators = [one._asdict() for one in self.progress]
        return {"added": self.added, "annotators": annotators, "unassigned": self.unassigned, "notes": list(self.notes)}


def assign(
    dataset: str | Path,
    annotators: str | Sequence[str],
    *,
    overlap: int = 1,
    by: Literal["claim", "article"] = "claim",
    order: str = "sequential",
    seed: int = 0,
    scores: str | Path | Sequence[str | Path] = (),
    repeats: float = 0.0,
    root: str | Path | None = None,
) -> AssignResult:
    """Assigns each claim to several annotators, as many to each as to any other; `label` then asks about these only.

    What is assigned already stays: a second call assigns what was added, and claims with fewer annotators than
    `overlap`. The same call gives the same assignment.

    Args:
        dataset: dataset folder; never a shipped or fetched dataset.
        annotators: one or more roles or handles, safe as file names.
        overlap: number of annotators of each claim.
        by: `claim`, or `article` to give the claims of an article to the same annotators.
        order: order in which claims are asked about; one of `ORDERS` without outdated.
        seed: seed of all that is random.
        scores: files of scores, or results, for the orders uncertainty and disagreement.
        repeats: share of each annotator's claims that are asked again, without saying so; from 0 to 0.5.
        root: folder of fetched benchmarks; see `data_root`.
    Raises: HarnessError: the dataset is shipped or fetched, a name is none, or there are too few annotators.
        FaultsError: the dataset or its assignments have faults.
    """
    names = list(dict.fromkeys(as_list(annotators)))
    ordering = Ordering(order, seed, tuple(as_list(scores)))
    _check(names, overlap, by, ordering, repeats)
    folder = find_dataset(dataset, root)
    require_own(folder, dataset, root)
    with folder_lock(folder, "assign"):
        opened = open_folder(folder)
        assignments = read_assignments(folder)
        distribution = Distribution(
            {name: [a.claim_id for a in lines if a.role == "label"] for name, lines in assignments.items()},
            names,
            overlap,
            seed,
        )
        claims = ordering.sort(opened.current)
        if by == "article":
            rank = {article_id: n for n, article_id in enumerate(dict.fromkeys(claim.article_id for claim in claims))}
            claims = sorted(claims, key=lambda claim: rank[claim.article_id])
            groups = [list(group) for _, group in groupby(claims, key=lambda claim: claim.article_id)]
        else:
            groups = [[claim] for claim in claims]
        added = distribution.assign(groups)
        for name, claim_ids in added.items():
            lines = with_repeats(claim_ids, repeats, seed, name)
            assignments[name] = [*assignments.get(name, ()), *lines]
        (folder / FOLDER).mkdir(exist_ok=True)
        write_files(assignment_contents(folder, {name: assignments[name] for name in names}))
    notes = tuple(filter(None, [git_note(folder)]))
    return _result(opened, None, {name: len(claim_ids) for name, claim_ids in added.items()})._replace(notes=notes)


def assignments(dataset: str | Path, *, scheme: str | None = None, root: str | Path | None = None) -> AssignResult:
    """Returns what is assigned to each annotator, and how much of it is labeled.

    Args:
        dataset: a folder, or a dataset name as in `open_dataset`.
        scheme: label scheme whose axes count; default: the first of the dataset.
        root: folder of fetched benchmarks; see `data_root`.
    Raises: HarnessError: the dataset does not exist, or lists no such scheme. FaultsError: it has faults.
    """
    return _result(open_dataset(dataset, root), scheme, {})


def _check(names: Sequence[str], overlap: int, by: str, ordering: Ordering, repeats: float) -> None:
    for name in names:
        check_name("--annotators", name)
    if not 1 <= overlap <= len(names):
        raise HarnessError(
            f"--overlap: expected 1 to {len(names)}, the number of annotators ({', '.join(names)}), got {overlap}"
        )
    if by not in BY:
        raise UnknownName(f"--by: {unknown_name('unit', by, BY)}")
    if ordering.name == "outdated":
        raise HarnessError(
            "--order outdated depends on the labels of each annotator; give it to harness label --order outdated"
        )
    if not 0 <= repeats <= MAX_REPEATS:
        raise HarnessError(f"--repeats: expected 0% to {MAX_REPEATS:.0%}, got {repeats:.4g}")
    ordering.check()


def _result(dataset: Dataset, scheme: str | None, added: dict[str, int]) -> AssignResult:
    names = dataset.info.schemes
    if scheme is not None and scheme not in names:
        raise UnknownName(f"{dataset.folder}: {unknown_name('scheme', scheme, names)}")
    scheme = scheme or (names[0] if names else None)
    axes = {axis.name for axis in find_scheme(dataset.folder, scheme).axes if not axis.feature} if scheme else set()
    current = {claim.claim_id for claim in dataset.current}
    answered: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for a in active_annotations(dataset.annotations, ("label", "repeat")):
        if a.scheme == scheme and a.axis in axes:
            answered[a.annotator, a.role, a.claim_id].add(a.axis)
    complete = {answer for answer, answered_axes in answered.items() if answered_axes == axes}
    progress, taken = list[AnnotatorProgress](), set[str]()
    for name, lines in read_assignments(dataset.folder).items():
        assigned = [(name, line.role, line.claim_id) for line in lines if line.claim_id in current]
        labels = [answer for answer in assigned if answer[1] == "label"]
        repeats = [answer for answer in assigned if answer[1] == "repeat"]
        taken |= {claim_id for _, _, claim_id in labels}
        n_labeled, n_repeated = (len(complete.intersection(answers)) for answers in (labels, repeats))
        progress.append(AnnotatorProgress(name, len(labels), n_labeled, len(repeats), n_repeated))
    return AssignResult(dataset.folder / FOLDER, added, Rows(progress), len(current - taken))
