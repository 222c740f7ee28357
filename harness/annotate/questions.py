"""The questions that an annotator or an adjudicator is asked, in order."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import NamedTuple, overload

from harness.data.dataset import Dataset
from harness.data.labels.disputes import disputed, labeled_questions
from harness.data.labels.label_log import Place
from harness.data.load import find_scheme
from harness.data.packed.records import column_of
from harness.errors import HarnessError, UnknownName, unknown_name
from harness.records import Annotation, Article, Claim
from harness.schemes import Axis, Scheme, scheme_names


class Question(NamedTuple):
    """One axis of a scheme, asked of one claim."""

    claim: Claim
    article: Article
    scheme: Scheme
    axis: Axis
    number: int
    """Number of the claim among those that are asked about, from 1."""
    marks: tuple[Annotation, ...] = ()
    """Labels that are shown: those that an adjudicator decides between. An annotator sees none."""
    is_repeat: bool = False
    """Whether it is asked a second time, which the annotator is not told; the answer has the role `repeat`."""

    @property
    def place(self) -> Place:
        """What an answer is stored under."""
        return self.claim.claim_id, self.scheme.name, self.axis.name

    @property
    def features(self) -> tuple[Question, ...]:
        """One question for each feature of the scheme, about the same claim."""
        return tuple(self._replace(axis=axis) for axis in self.scheme.axes if axis.feature)


class ClaimQuestions(Sequence[Question]):
    """Every axis for every claim, claim by claim; a question is made when it is asked for, so that many cost nothing.

    Args:
        claims: claims, in the order in which they are asked about.
        articles: article of each claim, by its id.
        scheme: label scheme of the axes.
        axes: axes to ask about, in order.
        repeats: indexes of the claims that are asked about a second time there.
    """

    def __init__(
        self,
        claims: Sequence[Claim],
        articles: Mapping[str, Article],
        scheme: Scheme,
        axes: Sequence[Axis],
        *,
        repeats: Collection[int] = (),
    ) -> None:
        self.claims = claims
        self.scheme = scheme
        self.axes = axes
        self._articles = articles
        self.repeated_claims = frozenset(repeats)
        """Indexes of the claims that are asked about a second time."""
        self.places = _Places(claims, scheme, axes, self.repeated_claims)
        self.repeats: Mapping[Place, int] = {
            (claims[rank].claim_id, scheme.name, axis.name): rank * len(axes) + axis_rank
            for rank in sorted(self.repeated_claims)
            for axis_rank, axis in enumerate(axes)
        }
        """The index of each question that is asked a second time, by what its answer is stored under."""

    def reordered(self, claims: Sequence[Claim], repeats: Collection[int] = ()) -> ClaimQuestions:
        """Returns the same questions about other claims, or in another order."""
        return ClaimQuestions(claims, self._articles, self.scheme, self.axes, repeats=repeats)

    def __len__(self) -> int:
        return len(self.claims) * len(self.axes)

    @overload
    def __getitem__(self, index: int) -> Question: ...
    @overload
    def __getitem__(self, index: slice) -> list[Question]: ...
    def __getitem__(self, index: int | slice) -> Question | list[Question]:
        if isinstance(index, slice):
            return [self[position] for position in range(*index.indices(len(self)))]
        rank, axis_rank = divmod(range(len(self))[index], len(self.axes))
        claim, is_repeat = self.claims[rank], rank in self.repeated_claims
        article = self._articles[claim.article_id]
        return Question(claim, article, self.scheme, self.axes[axis_rank], rank + 1, is_repeat=is_repeat)


class _Places(Mapping[Place, int]):
    """The index of each question by what its answer is stored under, without an entry for each."""

    def __init__(self, claims: Sequence[Claim], scheme: Scheme, axes: Sequence[Axis], repeats: Collection[int]) -> None:
        ids = column_of(claims, "claim_id")
        self._claim = {claim_id: rank for rank, claim_id in enumerate(ids) if rank not in repeats}
        self._axis = {(scheme.name, axis.name): rank for rank, axis in enumerate(axes)}

    def __getitem__(self, place: Place) -> int:
        return self._claim[place[0]] * len(self._axis) + self._axis[place[1:]]

    def __len__(self) -> int:
        return len(self._claim) * len(self._axis)

    def __iter__(self) -> Iterator[Place]:
        return ((claim_id, *axis) for claim_id in self._claim for axis in self._axis)


def place_index(questions: Sequence[Question]) -> Mapping[Place, int]:
    """Returns the index of each question by what its answer is stored under."""
    if isinstance(questions, ClaimQuestions):
        return questions.places
    return {question.place: index for index, question in enumerate(questions)}


def repeat_index(questions: Sequence[Question]) -> Mapping[Place, int]:
    """Returns the index of each question that is asked a second time, by what its answer is stored under."""
    return questions.repeats if isinstance(questions, ClaimQuestions) else {}


def numbered_claims(questions: Sequence[Question]) -> list[tuple[int, Claim]]:
    """Returns the claims that questions are about, each once, with their numbers in ascending order."""
    if isinstance(questions, ClaimQuestions):
        hidden = questions.repeated_claims
        return [(rank + 1, claim) for rank, claim in enumerate(questions.claims) if rank not in hidden]
    return list({question.number: question.claim for question in questions}.items())


def number_with(questions: Sequence[Question], text: str, after: int) -> int | None:
    """Returns the number of the next claim that contains a text, in any case; after the last one, from the start.

    Args:
        questions: all questions.
        text: text to look for; a claim that is asked about a second time is not looked at.
        after: number of the claim to begin after, which does not count itself.
    """
    folded = " ".join(text.split()).casefold()
    if not folded:
        return None
    claims = numbered_claims(questions)
    start = bisect_right(claims, after, key=itemgetter(0))
    for number, claim in (*claims[start:], *claims[:start]):
        if number != after and folded in " ".join((claim.text or "").split()).casefold():
            return number
    return None


def label_questions(dataset: Dataset, scheme: str | None, axes: Sequence[str]) -> ClaimQuestions:
    """Returns every axis of a scheme for every current claim; features are marked apart.

    Args:
        dataset: an open dataset.
        scheme: name of the scheme; None: the first of the dataset.
        axes: names of the axes to ask; empty: all.
    Raises: HarnessError: the dataset has no scheme, or no such scheme or axis.
    """
    names = dataset.info.schemes
    if not names:
        raise HarnessError(f"{dataset.folder}: dataset.yaml lists no label scheme; name one under schemes")
    if scheme is not None and scheme not in names:
        if scheme in scheme_names():
            listed = ", ".join([*names, scheme])
            raise UnknownName(
                f"{dataset.folder}: dataset.yaml does not list the scheme '{scheme}'; to label by it, add it there: "
                f"schemes: [{listed}]"
            )
        raise UnknownName(f"{dataset.folder}: {unknown_name('scheme', scheme, names)}")
    label_scheme = find_scheme(dataset.folder, scheme or names[0])
    by_name = {axis.name: axis for axis in label_scheme.axes if not axis.feature}
    for name in axes:
        if name not in by_name:
            raise UnknownName(f"--axis: {unknown_name('axis', name, list(by_name))}")
    asked = [axis for name, axis in by_name.items() if not axes or name in axes]
    if not asked:
        raise HarnessError(f"scheme '{label_scheme.name}' has features only, which are not asked one by one")
    articles = {article.article_id: article for article in dataset.articles}
    return ClaimQuestions(dataset.current, articles, label_scheme, asked)


def again_questions(
    questions: ClaimQuestions, places: Iterable[Place] | None, claim_ids: Sequence[str]
) -> list[Question]:
    """Returns the questions that an annotator wants to be asked again, in their order.

    Args:
        questions: all questions.
        places: what the answers of the questions are stored under; None: all.
        claim_ids: claims of the questions; empty: all.
    Raises: UnknownName: the dataset has no such claim, or a newer version of its article replaces it.
    """
    known = set(column_of(questions.claims, "claim_id"))
    for claim_id in claim_ids:
        if claim_id not in known:
            raise UnknownName(f"--claim: no current claim has the id '{claim_id}'; claims.jsonl lists the ids")
    chosen = set(claim_ids)
    indexes = (questions.places.get(place) for place in (questions.places if places is None else places))
    asked = (questions[index] for index in sorted(index for index in indexes if index is not None))
    again = [question for question in asked if not chosen or question.claim.claim_id in chosen]
    numbers = {old: number for number, old in enumerate(dict.fromkeys(question.number for question in again), start=1)}
    return [question._replace(number=numbers[question.number]) for question in again]


def dispute_questions(dataset: Dataset, scheme: str | None, annotator: str) -> list[Question]:
    """Returns the disputes that are open, or that this adjudicator has decided.

    Raises: UnknownName: the dataset lists no such scheme.
    """
    articles = {article.article_id: article for article in dataset.articles}
    claims = {claim.claim_id: claim for claim in dataset.current}
    schemes = {name: find_scheme(dataset.folder, name) for name in dataset.info.schemes}
    questions: list[Question] = []
    for dispute in disputed(labeled_questions(dataset, scheme)):
        if dispute.is_open or annotator in dispute.decisions:
            claim, label_scheme = claims[dispute.claim_id], schemes[dispute.scheme]
            same_claim = bool(questions) and questions[-1].claim.claim_id == claim.claim_id
            number = questions[-1].number + (not same_claim) if questions else 1
            axis = label_scheme.axis(dispute.axis_name)
            marks = tuple(mark for mark in dispute.marks if (mark.annotator, mark.role) != (annotator, "adjudicate"))
            questions.append(Question(claim, articles[claim.article_id], label_scheme, axis, number, marks))
    return questions
