"""Notes and confidences that an annotator stated for questions that have no answer with them yet."""

from __future__ import annotations

from typing import NamedTuple

from harness.annotate.questions import Question
from harness.data.labels.label_log import Place
from harness.text_tables import visible

CONFIDENCES = {"a guess": 0.25, "unsure": 0.5, "fairly sure": 0.75, "certain": 1.0}
"""How sure an annotator can be, and the confidence that is stored."""


def confidence_name(confidence: float | None) -> str | None:
    """Returns how sure a stored confidence is, in words; None if it is none of `CONFIDENCES`."""
    return next((name for name, value in CONFIDENCES.items() if value == confidence), None)


class Draft(NamedTuple):
    """What goes with the next answer to a question."""

    question: Question
    note: str | None = None
    confidence: float | None = None

    @property
    def parts(self) -> list[str]:
        """What is stored with the answer, in words."""
        sure = confidence_name(self.confidence)
        return [*([f"the note '{visible(self.note)}'"] if self.note else []), *([f"'{sure}'"] if sure else [])]

    def __str__(self) -> str:
        """Returns what waits, and at which sentence."""
        return f"{' and '.join(self.parts)} (sentence {self.question.number:,})"

    @property
    def with_parts(self) -> str:
        """What is stored with the answer, as the end of a message that the answer is saved."""
        sure = confidence_name(self.confidence)
        parts = [*(["a note"] if self.note else []), *([f"confidence: {sure}"] if sure else [])]
        return f" (with {', '.join(parts)})" if parts else ""


class Drafts:
    """The drafts of a session. Each waits at its question, also while the annotator is elsewhere."""

    def __init__(self) -> None:
        self._drafts: dict[tuple[Place, bool], Draft] = {}

    def of(self, question: Question) -> Draft:
        """Returns the draft of a question; an empty one if there is none."""
        return self._drafts.get((question.place, question.is_repeat), Draft(question))

    def put(self, draft: Draft) -> None:
        """Keeps a draft in place of the earlier one of its question; an empty one is none."""
        place = draft.question.place, draft.question.is_repeat
        self._drafts.pop(place, None)
        if draft.parts:
            self._drafts[place] = draft

    @property
    def pending(self) -> list[Draft]:
        """All drafts that are not empty."""
        return list(self._drafts.values())
