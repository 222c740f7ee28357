"""`harness assign`: which annotator labels which claims, and how far each is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any, Literal, NamedTuple

from harness.annotate.order import Ordering
from harness.arguments import as_list
from harness.data.assignments.assignment_files import FOLDER, Assignment, assignment_contents, read_assignments
from harness.data.assignments.distribute import Distribution, with_repeats
from harness.data.dataset import Dataset
from harness.data.labels.gold import active_annotations
from harness.data.labels.label_log import require_own
from harness.data.load import find_dataset, find_scheme, open_dataset, open_folder
from harness.data.new_dataset import git_note
from harness.display import Rows, displayed
from harness.errors import HarnessError, UnknownName, unknown_name
from harness.files import write_files
from harness.folders import folder_lock
from harness.records import Claim, check_name

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
    dropped: Mapping[str, int] = {}
    """Number of claims that this call took back from each annotator."""

    def document(self) -> dict[str, Any]:
        """The result as `harness assign --json` prints it."""
        annotators = [one._asdict() for one in self.progress]
        changed = {"added": self.added, "dropped": dict(self.dropped)}
        return changed | {"annotators": annotators, "unassigned": self.unassigned, "notes": list(self.notes)}


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
    articles: str | Sequence[str] = (),
    first: int | None = None,
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
        articles: one or more ids of articles whose claims alone are assigned; default: all.
        first: number of claims, from the first of the order, that alone are assigned; with `by="article"`, the article
            of the last one is assigned whole. Default: all.
        root: folder of fetched benchmarks; see `data_root`.
    Raises: HarnessError: the dataset is shipped or fetched, a name or an article is none, or there are too few
        annotators. FaultsError: the dataset or its assignments have faults.
    """
    names = list(dict.fromkeys(as_list(annotators)))
    ordering = Ordering(order, seed, tuple(as_list(scores)))
    _check(names, overlap, by, ordering, repeats)
    if first is not None and first < 1:
        raise HarnessError(f"--first: expected 1 or more claims, got {first}")
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
        claims = ordering.sort(_claims_of(opened, as_list(articles)))
        added = distribution.assign(_groups(claims, by, len(claims) if first is None else first))
        for name, claim_ids in added.items():
            lines = with_repeats(claim_ids, repeats, seed, name)
            assignments[name] = [*assignments.get(name, ()), *lines]
        (folder / FOLDER).mkdir(exist_ok=True)
        write_files(assignment_contents(folder, {name: assignments[name] for name in names}))
    notes = tuple(filter(None, [git_note(folder)]))
    return _result(opened, None, {name: len(claim_ids) for name, claim_ids in added.items()})._replace(notes=notes)


def _claims_of(dataset: Dataset, articles: Sequence[str]) -> Sequence[Claim]:
    """Returns the current claims of the articles, or of all if none is named.

    Raises: UnknownName: an article has no current claim.
    """
    known = dict.fromkeys(claim.article_id for claim in dataset.current)
    for article_id in articles:
        if article_id not in known:
            raise UnknownName(f"--articles: {unknown_name('article with current claims', article_id, list(known))}")
    return [claim for claim in dataset.current if not articles or claim.article_id in articles]


def _groups(claims: Sequence[Claim], by: str, first: int) -> list[list[Claim]]:
    """Returns groups of claims that go to the same annotators, until they have the number of claims."""
    groups = [[claim] for claim in claims]
    if by == "article":
        by_article: dict[str, list[Claim]] = {}
        for claim in claims:
            by_article.setdefault(claim.article_id, []).append(claim)
        groups = list(by_article.values())
    before = accumulate((len(group) for group in groups), initial=0)
    return [group for group, n_before in zip(groups, before, strict=False) if n_before < first]


def unassign(
    dataset: str | Path,
    annotators: str | Sequence[str],
    *,
    articles: str | Sequence[str] = (),
    root: str | Path | None = None,
) -> AssignResult:
    """Takes back what is assigned to annotators and not begun: claims without a label of theirs.

    No label is touched, and what has one stays assigned. `assign` can then give the claims to others.

    Args:
        dataset: dataset folder; never a shipped or fetched dataset.
        annotators: one or more annotators with assignments.
        articles: one or more ids of articles whose claims alone are taken back; default: all.
        root: folder of fetched benchmarks; see `data_root`.
    Raises: HarnessError: the dataset is shipped or fetched, or an annotator has no assignments. FaultsError: the
        dataset or its assignments have faults.
    """
    names, chosen = list(dict.fromkeys(as_list(annotators))), as_list(articles)
    folder = find_dataset(dataset, root)
    require_own(folder, dataset, root)
    with folder_lock(folder, "assign"):
        opened = open_folder(folder)
        before = read_assignments(folder)
        for name in names:
            if name not in before:
                raise UnknownName(f"--drop: {unknown_name('annotator with assignments', name, list(before))}")
        article_of = {claim.claim_id: claim.article_id for claim in opened.claims}
        for article_id in chosen:
            if article_id not in article_of.values():
                known = list(dict.fromkeys(article_of.values()))
                raise UnknownName(f"--articles: {unknown_name('article with claims', article_id, known)}")
        answers = [
            (a.annotator, a.role, a.claim_id) for a in active_annotations(opened.annotations, ("label", "repeat"))
        ]
        # A second answer needs the line of the first, also where the first was taken back.
        begun = {*answers, *((name, "label", claim_id) for name, _, claim_id in answers)}
        stay = {
            name: [
                line
                for line in before[name]
                if (name, line.role, line.claim_id) in begun or (chosen and article_of.get(line.claim_id) not in chosen)
            ]
            for name in names
        }
        write_files(assignment_contents(folder, {name: lines for name, lines in stay.items() if lines}))
        for name in names:
            if not stay[name]:
                (folder / FOLDER / f"{name}.jsonl").unlink()
    dropped = {name: _n_labels(before[name]) - _n_labels(stay[name]) for name in names}
    return _result(opened, None, {})._replace(dropped=dropped)


def _n_labels(lines: Sequence[Assignment]) -> int:
    """The number of claims of an annotator, each once."""
    return sum(line.role == "label" for line in lines)


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
