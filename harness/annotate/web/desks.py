"""The annotators that a server serves: what each one does, one action at a time, and what happens to all of them."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from harness.annotate.questions import Question
from harness.annotate.session import Session
from harness.annotate.web.article_text import ArticleText
from harness.data.dataset import Dataset
from harness.data.labels.label_log import ChangedMeanwhile, LabelLog, LogRole, read_logs
from harness.errors import HarnessError

Begin = Callable[[LabelLog], Session]
"""Begins the session of an annotator."""
Action = Callable[[Session], None]


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
        self.next_turn()

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
        with self._lock:
            if not secrets.compare_digest(turn.encode(), desk.turn.encode()):
                raise Stale(
                    "This page was behind: another window or tab of yours went on. Nothing was stored by your last key. "
                    "Here is where you are now."
                )
            try:
                action(desk.session)
            except ChangedMeanwhile:
                desk.changed = True
                raise ChangedMeanwhile(
                    "Another command changed the dataset, or your labels in it. Your last answer was not saved, all "
                    "others are. Read the dataset again to go on."
                ) from None
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
                session.resume(desk.session)
                desk.session, desk.changed = session, False
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
