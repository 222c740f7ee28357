"""Runs a labeling session in a terminal, or from keys of a pipe: draws a screen, reads a key, does what it says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from rich.console import Console
from rich.text import Text

from harness.annotate.drafts import CONFIDENCES, Draft
from harness.annotate.evidence import JudgedPassage
from harness.annotate.keys import BACKSPACE, ENTER, ESCAPE
from harness.annotate.questions import Question
from harness.annotate.screen import (
    choice_screen,
    digits_of,
    evidence_screen,
    feature_screen,
    guideline_screen,
    question_screen,
    show,
)
from harness.annotate.session import Session
from harness.records import STANCES
from harness.text_tables import visible

PLAIN_HEIGHT = 24
"""Number of lines of a screen that is printed to no terminal."""


class Terminal:
    """Shows a session and turns keys into its actions.

    Args:
        session: session to run.
        console: where screens are drawn.
        title: first words of each screen.
        interactive: whether a person sits at the keys, who may still undo when no question is left.
        features: whether the features of a sentence are asked for after its last axis.
    """

    def __init__(
        self, session: Session, console: Console, title: str, *, interactive: bool, features: bool = False
    ) -> None:
        self.session = session
        self.console = console
        self.title = title
        self.interactive = interactive
        self.features = features
        self._featured: Question | None = None
        """Question whose claim's features are shown; None: the question is."""
        self._passages: list[JudgedPassage] | None = None
        """Passages that are shown to be judged; None: the question is."""
        self._digits = ""
        self._is_leaving = False
        """Whether a first q was answered by what is not stored."""
        self._page: int | None = None
        """Page of the guideline that is shown; None: the question is."""
        self._line: tuple[str, str, Callable[[str], None]] | None = None
        """Prompt, text so far and action of a line that is being typed."""
        self._choice: tuple[str, Sequence[str], Callable[[int], None]] | None = None
        """Prompt, choices and action of a choice by one digit; the first choice has index 0."""

    def run(self, keys: Iterator[str]) -> None:
        """Handles keys until one leaves or they end."""
        self._draw()
        for key in keys:
            # Line ends between the keys of a file mean nothing.
            is_idle = (
                key in (ENTER, " ")
                and not (self._featured or self._line or self._choice or self._passages is not None)
                and self._page is None
            )
            if not self._handle(key):
                if self._leaves():
                    return
            elif self._is_leaving:
                self._is_leaving = False
            if self.interactive or not is_idle:
                self._draw()

    def _leaves(self) -> bool:
        """Whether the session ends; a note that no answer has stored is told first, and a person asked once more."""
        unsaved = [str(draft) for draft in self.session.drafts.pending if not self._is_in_flag(draft)]
        if not unsaved:
            return True
        if self.interactive and not self._is_leaving:
            self._is_leaving = True
            self.session.message = f"not stored without an answer: {'; '.join(unsaved)}; q again leaves"
            return False
        show(self.console, [Text(f"not stored, as no answer followed: {one}") for one in unsaved])
        return True

    def _is_in_flag(self, draft: Draft) -> bool:
        """Whether a flag has stored all that waits for an answer."""
        flag = self.session.flag_of(draft.question)
        return flag is not None and flag.note == draft.note and draft.confidence is None

    def _handle(self, key: str) -> bool:
        """Does what a key says; whether the session goes on."""
        if self._line is not None:
            self._type(key)
            return True
        if self._choice is not None:
            self._choose(key)
            return True
        key = key.lower()
        if self._featured is not None:
            return self._handle_feature(key, self._featured)
        if self._passages is not None:
            return self._handle_passage(key, self._passages)
        if key == ENTER and self._digits:
            return self._digit("")
        if key in (ENTER, " ", ESCAPE):
            self._digits = ""
            return self._turn_page(key)
        self._page = None if key != "?" else self._page
        if key == "q":
            return False
        if _is_digit(key):
            return self._digit(key)
        self._digits = ""
        actions: dict[str, Callable[[], None]] = {
            "u": self.session.undo,
            "s": self.session.skip,
            "f": self._show_features,
            "e": self._show_passages,
            "?": self._show_guideline,
            "!": self.session.flag,
            "c": lambda: self._offer("How sure is your next answer?", list(CONFIDENCES), self._take_confidence),
            "n": lambda: self._ask("note of your next answer", self._take_note),
            "j": lambda: self._ask("number of the sentence", self._jump),
            "/": lambda: self._ask("text of the sentence", self.session.search),
        }
        action = actions.get(key)
        if action is None:
            self.session.message = f"the key {visible(key)} does nothing here"
        else:
            action()
        return True

    def _digit(self, key: str) -> bool:
        question = self.session.current
        if question is None:
            # A file of keys can have more answers than there are questions.
            return self.interactive
        number = self._number(key, len(question.axis.label_names))
        if number is None:
            return True
        if self.interactive and self.session.log.role == "adjudicate" and not self.session.note:
            label = question.axis.label_names[number - 1]
            self._ask(f"reason for '{label}', stored with the decision", lambda reason: self._decide(number, reason))
        elif self.session.choose(number):
            current = self.session.current
            if (
                self.features
                and (current is None or current.claim.claim_id != question.claim.claim_id)
                and question.features
            ):
                self._featured = question
        return True

    def _decide(self, number: int, reason: str) -> None:
        if not reason.strip():
            self.session.message = "not decided: give the reason of your decision, too"
            return
        self.session.note = reason.strip()
        self.session.choose(number)

    def _number(self, key: str, n: int) -> int | None:
        """Returns the number that digits amount to; None if one is missing, or there are fewer things.

        No further digit (the Enter key) ends the number: `3`, Enter is 03.
        """
        self._digits += key
        if key and len(self._digits) < len(str(n)):
            self.session.message = f"{self._digits}_"
            return None
        number, self._digits = int(self._digits), ""
        if 1 <= number <= n:
            return number
        self.session.message = f"there is no number {number} here; give {digits_of(n)}"
        return None

    def _show_features(self) -> None:
        question = self.session.current
        if question is not None and question.features and self.session.log.role == "label":
            self._featured = question
            self.session.message = ""
        else:
            self.session.message = "there are no features to mark here"

    def _handle_feature(self, key: str, question: Question) -> bool:
        ends_number = key == ENTER and bool(self._digits)
        if not ends_number and not _is_digit(key):
            self._digits = ""
        if key in (ENTER, ESCAPE, " ") and not ends_number:
            self._featured = None
            self.session.message = ""
        elif ends_number or _is_digit(key):
            number = self._number("" if ends_number else key, len(question.features))
            if number is not None:
                self._mark(question.features[number - 1])
        elif key != "q":
            self.session.message = f"the key {visible(key)} does nothing here; Enter goes on"
        return key != "q"

    def _show_passages(self, words: str = "") -> None:
        if not self.session.has_passages:
            self.session.message = "there are no passages to judge here"
            return
        self.session.message = f"passages with: {visible(words)}" if words.strip() else ""
        self._passages = self.session.passages(words.strip() or None)

    def _handle_passage(self, key: str, passages: Sequence[JudgedPassage]) -> bool:
        if key in (ENTER, ESCAPE, " "):
            self._passages = None
        elif key == "/":
            self._ask("words to look for in the corpus", self._show_passages)
        elif _is_digit(key) and 1 <= int(key) <= len(passages):
            index = int(key) - 1
            passage = passages[index].passage
            choices = [*STANCES, "no evidence for the sentence"]

            def judge(choice: int) -> None:
                stance = STANCES[choice] if choice < len(STANCES) else None
                self.session.judge(passage, stance)
                judged = JudgedPassage(passage, stance is not None, stance)
                self._passages = [*passages[:index], judged, *passages[index + 1 :]]

            self._offer(f"What does it say of the sentence? {passage.text}", choices, judge)
        elif key != "q":
            self.session.message = f"the key {visible(key)} does nothing here; Enter goes on"
        return key != "q"

    def _mark(self, feature: Question) -> None:
        if feature.axis.value and self.session.answer_of(feature) is None:
            prompt = f"{feature.axis.name}, {feature.axis.value}; Enter alone for none"
            self._ask(prompt, lambda text: self.session.mark(feature, text.strip() or None))
        else:
            self.session.mark(feature)

    def _turn_page(self, key: str) -> bool:
        if self._page is not None and self.session.current is not None:
            n_lines = len(guideline_screen(self.console, self.session.current))
            next_page = self._page + 1
            self._page = next_page if key != ESCAPE and next_page * self._page_height < n_lines else None
        return self.session.current is not None or not self.interactive or key != ENTER

    def _show_guideline(self) -> None:
        self._page = 0 if self._page is None else None

    @property
    def _page_height(self) -> int:
        # A pipe shows the whole guideline at once.
        return max(4, self.console.height - 2) if self.console.is_terminal else 1_000_000

    def _ask(self, prompt: str, action: Callable[[str], None]) -> None:
        self._line = (prompt, "", action)

    def _type(self, key: str) -> None:
        if self._line is None:
            return
        prompt, text, action = self._line
        if key == ENTER:
            self._line = None
            action(text)
        elif key == ESCAPE:
            self._line = None
        else:
            self._line = (prompt, text[:-1] if key == BACKSPACE else text + key, action)

    def _offer(self, prompt: str, choices: Sequence[str], action: Callable[[int], None]) -> None:
        self._choice = (prompt, choices, action)

    def _choose(self, key: str) -> None:
        if self._choice is None:
            return
        _, choices, action = self._choice
        self._choice = None
        if _is_digit(key) and 1 <= int(key) <= len(choices):
            action(int(key) - 1)
        elif key != ESCAPE:
            self.session.message = f"{visible(key)} is none of {digits_of(len(choices))}; nothing is chosen"

    def _take_confidence(self, index: int) -> None:
        name, self.session.confidence = list(CONFIDENCES.items())[index]
        self.session.message = f"'{name}' goes with your next answer"

    def _take_note(self, text: str) -> None:
        self.session.note = text.strip() or None
        if self.session.current is None:
            self.session.message = "there is no question that a note could go with"
        else:
            self.session.message = "the note goes with your next answer" if text.strip() else "no note"

    def _jump(self, text: str) -> None:
        if text.strip().isascii() and text.strip().isdigit():
            self.session.jump(int(text))
        else:
            self.session.message = f"expected a number, got {visible(text)}"

    def _draw(self) -> None:
        height = self.console.height if self.console.is_terminal else PLAIN_HEIGHT
        if self._line is not None and not self.interactive:
            return  # a pipe gives the rest of the line at once
        if self._page is not None and self.session.current is not None:
            lines = guideline_screen(self.console, self.session.current)
            start = self._page * self._page_height
            more = "Enter: next page, " if start + self._page_height < len(lines) else "Enter: back, "
            lines = [*lines[start : start + self._page_height], Text(f"{more}Esc: back, digits choose a label", "dim")]
        elif self._featured is not None:
            lines = feature_screen(self.console, self.session, self.title, self._featured, height)
        elif self._passages is not None:
            lines = evidence_screen(self.console, self.session, self.title, self._passages, height)
        else:
            lines = question_screen(self.console, self.session, self.title, height)
        if self._choice is not None:
            choice = choice_screen(self.console, self._choice[0], self._choice[1], height)
            lines = [*lines[: max(0, min(len(lines), height - 1) - len(choice))], *choice]
        if self._line is not None:
            lines[-1] = Text(f"{visible(self._line[0])} (Enter, Esc): {visible(self._line[1])}", style="bold")
        if self.console.is_terminal:
            self.console.clear()
        show(self.console, lines)
        if not self.console.is_terminal:
            self.console.print()


def _is_digit(key: str) -> bool:
    # A pasted text is one key of several characters.
    return len(key) == 1 and key.isascii() and key.isdigit()
