"""What the keys of a labeling session do. Knows no screen: a test, a script or another interface can drive it."""

from __future__ import annotations

import time
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from harness.annotate.evidence import EvidenceDesk, JudgedPassage
from harness.annotate.questions import Question, numbered_claims, place_index, repeat_index
from harness.annotate.suggestions import Suggestion
from harness.data.corpora.passages import Passage
from harness.data.labels.label_log import Answer, LabelLog, Place
from harness.records import Annotation, Claim
from harness.schemes.scheme_files import FEATURE_LABEL
from harness.text_tables import visible

MIN_PACE = 10
"""Number of answers from which the pace of a session is told."""


CONFIDENCES = {"a guess": 0.25, "unsure": 0.5, "fairly sure": 0.75, "certain": 1.0}
"""How sure an annotator can be, and the confidence that is stored."""


class _Step(NamedTuple):
    """What undo goes back over."""

    position: int
    annotation: Annotation | None
    """The answer; None for a question that was skipped, or whose answer did not change."""
    flag: Annotation | None = None
    """The flag that the answer took back."""


class Session:
    """Walks through questions; every answer is on disk before the next question is shown.

    Args:
        questions: all questions, also those that are answered.
        log: log of the annotator.
        again: whether questions are asked again that have an answer; each answer then takes the flag back.
        evidence: where passages are found and judged; None: the dataset has none.
        outdated_again: whether questions are asked again that were answered under another version of the guideline.
        suggestions: labels that are suggested, by what the answers are stored under.
    """

    def __init__(
        self,
        questions: Sequence[Question],
        log: LabelLog,
        *,
        again: bool = False,
        evidence: EvidenceDesk | None = None,
        outdated_again: bool = False,
        suggestions: Mapping[Place, Suggestion] | None = None,
    ) -> None:
        self.questions = questions
        self.log = log
        self.n_given = 0
        """Number of answers given in this session."""
        self.n_withdrawn = 0
        """Number of answers taken back in this session."""
        self.message = ""
        """What the last key did."""
        self.note: str | None = None
        """Note of the next answer."""
        self.confidence: float | None = None
        """Confidence of the next answer, from 0 to 1."""
        self._again = again
        self._evidence = evidence
        self._suggestions = suggestions or {}
        self._index_of = place_index(questions)
        self._repeat_of = repeat_index(questions)
        self._first_of = {index: self._index_of.get(place) for place, index in self._repeat_of.items()}
        answers = [(self._index_of, log.standing), (self._repeat_of, log.repeats)]
        self._answered = set()
        for index_of, standing in answers if not again else ():
            self._answered |= {index for place in standing if (index := index_of.get(place)) is not None}
        if outdated_again:
            self._answered = {index for index in self._answered if not self._is_outdated(questions[index])}
        self._skipped: set[int] = set()
        self._start = time.monotonic()
        self._steps: list[_Step] = []
        self._position = 0
        self._move(0)

    @property
    def current(self) -> Question | None:
        """The question that is shown; None if none is left."""
        return self.questions[self._position] if self._position < len(self.questions) else None

    @property
    def n_answered(self) -> int:
        """Number of answered questions, of this session and earlier ones."""
        return len(self._answered)

    @property
    def minutes_left(self) -> float | None:
        """Minutes that the open questions take at the pace of this session; None until there is one."""
        if self.n_given < MIN_PACE:
            return None
        n_open = len(self.questions) - self.n_answered
        return (time.monotonic() - self._start) / self.n_given * n_open / 60

    @property
    def n_skipped(self) -> int:
        """Number of questions that were skipped, and not answered later."""
        return len(self._skipped)

    def state_of(self, index: int) -> Literal["answered", "skipped", "open"]:
        """Returns what became of a question, by its index."""
        return "answered" if index in self._answered else "skipped" if index in self._skipped else "open"

    def resume(self, earlier: Session) -> None:
        """Takes over from a session that began before the files were read again: counts, skips and the place."""
        self.n_given, self.n_withdrawn, self._start = earlier.n_given, earlier.n_withdrawn, earlier._start
        indexes = (self._find(earlier.questions[index]) for index in earlier._skipped)
        self._skipped = {index for index in indexes if index is not None and index not in self._answered}
        if self._again:
            again = (self._find(earlier.questions[index]) for index in earlier._answered)
            self._answered = {index for index in again if index is not None}
        self._move((self._find(earlier.current) or 0) if earlier.current else 0)

    def _find(self, question: Question) -> int | None:
        """Returns the index of a question of another session."""
        return (self._repeat_of if question.is_repeat else self._index_of).get(question.place)

    def answer_of(self, question: Question) -> Annotation | None:
        """Returns the answer to a question that stands; to one that is asked again, the second answer only."""
        return (self.log.repeats if question.is_repeat else self.log.standing).get(question.place)

    def flag_of(self, question: Question) -> Annotation | None:
        """Returns the flag on a question; none where it is asked again, which would tell the annotator so."""
        return None if question.is_repeat else self.log.flags.get(question.place)

    def _is_outdated(self, question: Question) -> bool:
        answer = self.answer_of(question)
        return answer is not None and not question.is_repeat and answer.guideline != question.scheme.version

    @property
    def suggestion(self) -> Suggestion | None:
        """What is suggested for the question that is shown; stored in the log when the question is left."""
        question = self.current
        return None if question is None or question.is_repeat else self._suggestions.get(question.place)

    def _suggestion_to_store(self, question: Question) -> Answer | None:
        stored, version = self.log.suggestions.get(question.place), question.scheme.version
        return self.suggestion.to_store(question.place, version, stored) if self.suggestion else None

    def replace_claim(self, claim_id: str, new_id: str) -> None:
        """Goes on with another claim in place of one: takes the labels on it back, and skips its questions."""
        answers = [*self.log.standing.items(), *self.log.repeats.items()]
        marks = [mark for place, mark in answers if place[0] == claim_id]
        if marks:
            self.log.withdraw(marks, f"span corrected: {new_id}")
            self.n_withdrawn += len(marks)
        places = (*self._index_of.items(), *self._repeat_of.items())
        indexes = [index for place, index in places if place[0] == claim_id]
        self._answered.difference_update(indexes)
        self._skipped.update(indexes)
        # A session about some claims only does not ask about the new one.
        if instead := [index for place, index in self._index_of.items() if place[0] == new_id]:
            self._go(instead, new_id)
        else:
            self._move(self._position)

    def choose(self, number: int) -> bool:
        """Answers the question with a label, by its number from 1; whether there is such a label."""
        question = self.current
        if question is None or not 1 <= number <= len(question.axis.label_names):
            return False
        label = question.axis.label_names[number - 1]
        standing = self.answer_of(question)
        is_same = standing is not None and (standing.label, standing.guideline) == (label, question.scheme.version)
        is_same = is_same and self.note is None and self.confidence is None
        annotation = None
        if is_same:
            self.message = f"unchanged: {question.axis.name} = {label}"
        else:
            annotation = self.log.answer(
                Answer(question.place, label, question.scheme.version, note=self.note, confidence=self.confidence),
                is_repeat=question.is_repeat,
                suggestion=self._suggestion_to_store(question),
            )
            self.n_given += 1
            self.message = f"saved: {question.axis.name} = {label}{self._extras}"
        flag = self.log.flags.get(question.place) if self._again else None
        if annotation is not None or flag is not None:
            self._steps.append(_Step(self._position, annotation, flag))
        if flag is not None:
            self.log.withdraw([flag])
        self._answered.add(self._position)
        self._skipped.discard(self._position)
        self._move(self._position + 1)
        return True

    @property
    def _extras(self) -> str:
        """What is stored with an answer, in words."""
        sure = next((name for name, value in CONFIDENCES.items() if value == self.confidence), None)
        extras = [*(["a note"] if self.note else []), *([f"confidence: {sure}"] if sure else [])]
        return f" (with {', '.join(extras)})" if extras else ""

    def mark(self, feature: Question, value: str | None = None) -> None:
        """Marks a feature of a claim, or takes the mark back if it stands; either way by a line of the log."""
        standing = self.log.standing.get(feature.place)
        if standing is not None:
            self.log.withdraw([standing])
            self.n_withdrawn += 1
            self.message = f"taken back: {feature.axis.name}"
        else:
            self.log.answer(Answer(feature.place, FEATURE_LABEL, feature.scheme.version, value=value))
            self.n_given += 1
            self.message = f"marked: {feature.axis.name}"

    def flag(self) -> None:
        """Flags the question as one to look at again, with the note; or takes its flag back."""
        question = self.current
        if question is None:
            return
        flag = self.flag_of(question)
        if flag is not None:
            self.log.withdraw([flag])
            self.message = "the flag is taken back"
        else:
            self.log.flag(question.place, question.scheme.version, self.note)
            self.message = "flagged: look again"
            self.note = None

    @property
    def has_passages(self) -> bool:
        """Whether passages can be judged for the claim of the question: it is about a verdict, and there are some."""
        return self._evidence is not None and self.current is not None and "verdict" in self.current.scheme.tasks

    def passages(self, words: str | None = None) -> list[JudgedPassage]:
        """Returns the passages to judge for the claim of the question; see `EvidenceDesk.passages`."""
        if self._evidence is None or self.current is None or not self.has_passages:
            return []
        return self._evidence.passages(self.current.claim, words)

    def judge(self, passage: Passage, stance: str | None) -> None:
        """Stores what a passage says of the claim of the question; see `EvidenceDesk.judge`."""
        if self._evidence is not None and self.current is not None:
            self._evidence.judge(self.current.claim, passage, stance)
            self.message = f"saved: {stance}" if stance else "taken back: the passage has no stance"

    def skip(self) -> None:
        """Leaves the question for a later session."""
        if self.current is not None:
            if (suggestion := self._suggestion_to_store(self.current)) is not None:
                self.log.note_suggestion(suggestion)
            self._steps.append(_Step(self._position, None))
            self._skipped.add(self._position)
            self.message = "skipped; it comes again when you start again"
            self._move(self._position + 1)

    def undo(self) -> None:
        """Takes back the last answer by a new line of the log, or returns to the question that was skipped last.

        The first undo of a session takes back the last answer of an earlier one.
        """
        step = self._steps[-1] if self._steps else self._last_of_earlier_sessions()
        if step is None:
            self.message = "there is no answer to take back"
            return
        if step.annotation is not None:
            self.log.withdraw([step.annotation])
            self.n_withdrawn += 1
            self.message = f"taken back: {step.annotation.axis} = {step.annotation.label}"
        else:
            self.message = "the flag is back" if step.flag else "back at the question that you skipped"
        del self._steps[-1:]  # not before the line is on disk
        if step.flag is not None:
            question = self.questions[step.position]
            self.log.flag(question.place, question.scheme.version, step.flag.note)
        self._answered.discard(step.position)
        self._skipped.discard(step.position)
        self._position = step.position
        self.note = self.confidence = None

    def jump(self, number: int) -> None:
        """Goes to a sentence by its number: to its first open question, or else to its first one."""
        start = bisect_left(self.questions, number, key=_number)
        end = bisect_right(self.questions, number, key=_number)
        self._go(range(start, end), str(number))

    def search(self, text: str) -> None:
        """Goes to the next sentence that contains a text, in any case; after the last one, from the start."""
        folded = " ".join(text.split()).casefold()
        claims = numbered_claims(self.questions)
        here = self.current.number if self.current else 0
        start = bisect_right(claims, here, key=_first)
        others = (*claims[start:], *claims[:start]) if folded else ()
        for number, claim in others:
            if number != here and folded in " ".join((claim.text or "").split()).casefold():
                self.jump(number)
                return
        self.message = f"no other sentence contains '{visible(text.strip())}'"

    def _go(self, indexes: Sequence[int], name: str) -> None:
        if not indexes:
            last = self.questions[-1].number if self.questions else 0
            self.message = f"there is no sentence {name}; the last one is {last}"
            return
        self._position = next((index for index in indexes if index not in self._answered), indexes[0])
        self.note = self.confidence = None
        self.message = ""

    def _last_of_earlier_sessions(self) -> _Step | None:
        for annotation in self.log.latest_answers():
            place = annotation.claim_id, annotation.scheme, annotation.axis
            index = (self._repeat_of if annotation.role == "repeat" else self._index_of).get(place)
            if index is not None:
                return _Step(index, annotation)
        return None

    def _move(self, start: int) -> None:
        """Goes to the next open question from a place on, else to the first open one before it."""
        self.note = self.confidence = None
        after, before = range(start, len(self.questions)), range(min(start, len(self.questions)))
        for indexes in (after, before):
            for index in indexes:
                if index not in self._answered and index not in self._skipped and self._is_due(index):
                    self._position = index
                    return
        self._position = len(self.questions)

    def _is_due(self, index: int) -> bool:
        """Whether a question may be asked: a second time only after the first answer."""
        return index not in self._first_of or self._first_of[index] in self._answered


def _number(question: Question) -> int:
    return question.number


def _first(pair: tuple[int, Claim]) -> int:
    return pair[0]
