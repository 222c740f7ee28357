"""The annotators that a server serves: what each one does, one action at a time, and what happens to all of them."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from harness.annotate.evidence import JudgedPassage
from harness.annotate.questions import ClaimQuestions, Question
from harness.annotate.session import Session
from harness.annotate.spans import BadSpan, add_corrected, corrected
from harness.annotate.web.article_text import ArticleText
from harness.data.dataset import Dataset
from harness.data.labels.label_log import ChangedMeanwhile, LabelLog, LogRole, read_logs
from harness.errors import HarnessError

Begin = Callable[[LabelLog], Session]
"""Begins the session of an annotator."""
Action = Callable[["Desk"], None]
CHANGED = (
    "Another command changed the dataset, or your labels in it. Your last answer was not saved, all others are. Read "
    "the dataset again to go on."
)


class Stale(HarnessError):
    """The page shows an earlier state than the server has: another window went on. Nothing was stored."""

    code = "stale"


class Desk:
    """One annotator at work.

    Args:
        annotator: name of the annotator.
        session: where the annotator stands.
    """

    def __init__(self, annotator: str, session: Session) -> None:
        self.annotator = annotator
        self.session = session
        self.changed = False
        """Whether the files changed under the session, so that it can store nothing until they are read again."""
        self.turn = ""
        """Changes with every action, so that a page that shows an earlier state is told so."""
        self._starts: tuple[Session, Sequence[int]] | None = None
        self._passages: tuple[Question, list[JudgedPassage]] | None = None
        self.next_turn()

    @property
    def passages(self) -> list[JudgedPassage] | None:
        """The passages that are shown to be judged; None: none are, as nobody asked for them on this claim."""
        question = self.session.current
        if self._passages is None or question is None or self._passages[0].claim.claim_id != question.claim.claim_id:
            return None
        return self._passages[1]

    def find_passages(self, words: str | None) -> None:
        """Shows the passages for the claim; with words, those that match the words."""
        question = self.session.current
        if question is None or not self.session.has_passages:
            self.session.message = "there are no passages to judge here"
            return
        self._passages = question, self.session.passages(words)
        self.session.message = f"passages with: {words}" if words else "passages for the sentence"

    def judge(self, number: int, stance: str | None) -> None:
        """Stores what a passage that is shown says of the claim, by its number from 1."""
        passages = self.passages or []
        if not 1 <= number <= len(passages):
            self.session.message = f"there is no passage {number} here"
            return
        passage = passages[number - 1].passage
        self.session.judge(passage, stance)
        passages[number - 1] = JudgedPassage(passage, stance is not None, stance)

    @property
    def starts(self) -> Sequence[int]:
        """Index of the first question about each claim."""
        questions = self.session.questions
        if isinstance(questions, ClaimQuestions):
            return range(0, len(questions), len(questions) // max(1, len(questions.claims)) or 1)
        if self._starts is None or self._starts[0] is not self.session:
            numbers = [question.number for question in questions]
            starts = [i for i, number in enumerate(numbers) if i == 0 or number != numbers[i - 1]]
            self._starts = self.session, starts
        return self._starts[1]

    def next_turn(self) -> None:
        """Makes what the pages of this annotator show old."""
        self.turn = secrets.token_hex(8)


class Desks:
    """All annotators of a server. They share the texts, and see nothing of each other.

    Args:
        folder: dataset folder, whose logs the caller holds.
        annotators: names.
        role: role of their answers.
        begin: begins the sessions of a dataset.
    """

    def __init__(
        self, folder: Path, annotators: Sequence[str], role: LogRole, begin: Callable[[Dataset], Begin]
    ) -> None:
        self.folder = folder
        self.role = role
        self._annotators = annotators
        self._begin = begin
        self._lock = threading.RLock()
        self._texts: dict[str, ArticleText] = {}
        self.dataset, sessions = self._read()
        self.by_name = {name: Desk(name, session) for name, session in sessions.items()}

    def act(self, desk: Desk, turn: str, action: Action) -> None:
        """Does what an annotator asks; an answer is on disk when this returns.

        Raises: Stale: the page shows an earlier state. ChangedMeanwhile: the files changed; nothing was stored.
            HarnessError: the files cannot be written; nothing was stored.
        """
        with self._lock, self._one_turn(desk, turn):
            action(desk)

    def correct_span(self, desk: Desk, turn: str, start: int, end: int) -> None:
        """Goes on with a claim of another span in place of the one that is shown; see `act` for the errors.

        All annotators get the new claim. The old one stays for the labels of others; those of the annotator are taken
        back.
        """
        with self._lock, self._one_turn(desk, turn):
            question = desk.session.current
            if question is None or self.role != "label":
                raise BadSpan("there is no claim to correct here")
            claim = corrected(question.article, question.claim, start, end)
            add_corrected(self.dataset, claim, desk.session.log)
            self.read_again()
            desk.session.replace_claim(question.claim.claim_id, claim.claim_id)
            desk.session.message = "the span is corrected; your labels on the old one are taken back, and it is skipped"

    @contextmanager
    def _one_turn(self, desk: Desk, turn: str) -> Iterator[None]:
        """Lets one action happen, and only from a page that shows the present state."""
        if not secrets.compare_digest(turn.encode(), desk.turn.encode()):
            raise Stale(
                "This page was behind: another window or tab of yours went on, or the dataset was read again. Nothing "
                "was stored by your last key. Here is where you are now."
            )
        try:
            yield
        except ChangedMeanwhile:
            desk.changed = True
            raise ChangedMeanwhile(CHANGED) from None
        desk.next_turn()

    def read_again(self) -> None:
        """Reads the dataset again, and brings every annotator back to where they were.

        Raises: HarnessError: the dataset has faults now; everything stays as it was.
        """
        with self._lock:
            self.dataset, sessions = self._read()
            self._texts.clear()
            for name, session in sessions.items():
                desk = self.by_name[name]
                earlier, was_changed = desk.session, desk.changed
                session.resume(earlier)
                desk.session, desk.changed = session, False
                same = session.current and earlier.current and session.current.place == earlier.current.place
                # Whoever still has the same question may answer it on the page that they see.
                if was_changed or not same:
                    desk.next_turn()

    def text_of(self, question: Question) -> ArticleText:
        """Returns the text of the article of a question, in pieces."""
        article = question.article
        if article.article_id not in self._texts:
            self._texts[article.article_id] = ArticleText(article)
        return self._texts[article.article_id]

    def _read(self) -> tuple[Dataset, dict[str, Session]]:
        dataset, logs = read_logs(self.folder, self._annotators, self.role, blind=self.role == "label")
        begin = self._begin(dataset)
        return dataset, {log.annotator: begin(log) for log in logs}
