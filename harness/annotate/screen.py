"""Draws a labeling session as lines of text that fit a terminal. Text of others is shown, never interpreted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.text import Text

from harness.annotate.evidence import JudgedPassage
from harness.annotate.guideline import unwrapped
from harness.annotate.questions import Question
from harness.annotate.session import Session
from harness.text_tables import visible

CLAIM = "bold reverse"
"""Style of the sentence in its article."""
MARKS = ("»", "«")
"""Marks of the sentence, also where there are no styles."""
CONTEXT = 3000
"""Number of characters of the article that are considered on each side of the sentence."""
MIN_CONTEXT = 3
"""Number of lines of the article that are shown even if the screen is too low."""
MAX_SOURCE = 30
"""Number of characters of the source of a passage, for each line that the passage has."""
HANGING = " " * 5
"""What the further lines of a label begin with."""
KEYS = (
    "{digits} label  u undo  s skip  n note  c how sure  ! look again",
    "{more}j jump  / find  ? guide  q leave",
)
"""The keys of a question, in two lines that fit 80 columns."""


def question_screen(console: Console, session: Session, title: str, height: int) -> list[Text]:
    """Returns the lines of the current question: progress, the sentence in its article, the labels and the keys."""
    question = session.current
    if question is None:
        return _end_screen(session, title)
    head = [_header(session, title, question), _source_line(question)]
    above = [
        Text(),
        *_wrapped(console, Text(visible(f"{question.axis.name}: {question.axis.question}"), style="bold")),
        *_given(console, question),
    ]
    below = [
        *_own_label(session, question),
        Text(_one_line(session.message), style="green"),
        *_keys(session, question),
    ]
    labels = label_lines(question)
    spare = height - len(head) - len(above) - len(labels) - len(below) - 1 - MIN_CONTEXT
    read = _passages_read(console, session, spare)
    above, spare = [*read, *above], spare - len(read)
    labels = _as_room_allows(console, labels, spare)
    return _with_passage(console, question, head, [*above, *labels, *below], height=height)


def _passages_read(console: Console, session: Session, spare: int) -> list[Text]:
    """Returns the passages that a suggestion rests on, in the spare lines, or one each if there are fewer."""
    passages = session.suggestion.passages if session.suggestion else ()
    if not passages:
        return []
    room, rows = max(1, (spare - 1) // len(passages)), [Text("The suggestion rests on", style="dim")]
    for passage in passages:
        source = ", ".join(part for part in (passage.source, passage.published) if part)
        if len(source) > MAX_SOURCE * room:
            source = f"{source[: MAX_SOURCE * room - 1].rstrip()}…"
        row = f"{source}: {passage.text}" if source else passage.text
        rows += _cut(_wrapped(console, Text(f"- {_one_line(row)}")), room)
    return rows


def _cut(lines: list[Text], room: int) -> list[Text]:
    """Returns as many lines as there is room for, the last with a mark if there are more."""
    return lines if len(lines) <= room else [*lines[: room - 1], Text(lines[room - 1].plain.rstrip() + " …")]


def _as_room_allows(console: Console, labels: Sequence[Text], spare: int) -> list[Text]:
    """Returns the lines of labels, wrapped instead of cut where there are spare lines for all of them."""
    wrapped = [line for label in labels for line in _hanging(console, label)]
    return wrapped if len(wrapped) - len(labels) <= spare else list(labels)


def _hanging(console: Console, label: Text) -> list[Text]:
    """Returns a line in as many as the width asks for, each after the first one indented."""
    first, *rest = label.wrap(console, console.width)
    if not rest:
        return [first]
    following = label[len(first) :]
    following = following[len(following.plain) - len(following.plain.lstrip()) :]
    return [first, *(Text(HANGING) + line for line in following.wrap(console, console.width - len(HANGING)))]


def _keys(session: Session, question: Question) -> list[Text]:
    more = "f marks  " if question.features and session.log.role == "label" else ""
    more += "e evidence  " if session.has_passages else ""
    digits = digits_of(len(question.axis.label_names))
    return [Text(line.format(digits=digits, more=more), style="dim") for line in KEYS]


def choice_screen(console: Console, prompt: str, choices: Sequence[str], height: int) -> list[Text]:
    """Returns the lines of a choice by one digit, as many as fit into a height."""
    rows = [
        Text(f"  {number}  {_one_line(choice)}", style="bold cyan") for number, choice in enumerate(choices, start=1)
    ]
    asked = _wrapped(console, Text(visible(prompt), style="bold"))
    room = max(MIN_CONTEXT, height - len(rows) - 2)
    cut = [Text("…", style="dim")] if len(asked) > room else []
    return [*asked[: room - len(cut)], *cut, *rows, Text("Esc: back", style="dim")]


def evidence_screen(
    console: Console, session: Session, title: str, passages: Sequence[JudgedPassage], height: int
) -> list[Text]:
    """Returns the lines of the passages that can be judged for the sentence, each cut so that all fit."""
    question = session.current
    if question is None:
        return _end_screen(session, title)
    sentence = _wrapped(console, Text(f"{MARKS[0]}{visible(question.claim.text or '')}{MARKS[1]}", style=CLAIM))
    head = [_header(session, title, question), *sentence[:MIN_CONTEXT], Text()]
    words = f"1-{len(passages)} judge a passage  " if passages else ""
    tail = [
        Text(_one_line(session.message), style="green"),
        Text(f"{words}/ find other words  Enter go on  q leave", style="dim"),
    ]
    room = max(1, (height - len(head) - len(tail) - 1) // max(1, len(passages)))
    rows = [Text("No passage matches; / looks for words of your own")] if not passages else []
    for number, (passage, is_cited, stance) in enumerate(passages, start=1):
        row = Text(f"{number}  ", style="bold cyan")
        row.append(f"[{stance or 'cited'}] " if is_cited else "", style="yellow")
        source = passage.title or passage.publisher or passage.document_id
        row.append(_one_line(f"{source}: {passage.text}"), style="not bold default")
        rows += _cut(_wrapped(console, row), room)
    return [*head, *rows, *tail]


def feature_screen(console: Console, session: Session, title: str, question: Question, height: int) -> list[Text]:
    """Returns the lines of the features of a sentence, of which any number can be marked."""
    head = [_header(session, title, question), _source_line(question)]
    rows = [Text("Which of these features does it have?", style="bold")]
    width = len(str(len(question.features)))
    for number, feature in enumerate(question.features, start=1):
        mark = session.answer_of(feature)
        row = Text(f"  {number:0{width}} [{'x' if mark else ' '}] ", style="bold cyan")
        row.append(visible(feature.axis.name), style="bold")
        if mark is not None and mark.value:
            row.append(f" = {_one_line(mark.value)}", style="yellow")
        row.append(f"  {_one_line(feature.axis.question)}", style="dim")
        rows.append(row)
    keys = f"{digits_of(len(question.features))} mark, or take the mark back  Enter go on  q leave"
    tail = [Text(), *rows, Text(_one_line(session.message), style="green"), Text(keys, style="dim")]
    return _with_passage(console, question, head, tail, height=height)


def _with_passage(
    console: Console, question: Question, head: list[Text], tail: list[Text], *, height: int
) -> list[Text]:
    """Returns lines with the sentence in its article between them, as many as fit into a height."""
    passage = _passage(console, question, max(MIN_CONTEXT, height - len(head) - len(tail) - 1))
    return [*head, *passage, *tail]


def guideline_screen(console: Console, question: Question) -> list[Text]:
    """Returns the guideline: the question, each label with its definition and examples, and the whole text."""
    axis, scheme = question.axis, question.scheme
    lines = [Text(visible(f"{scheme.title}, version {scheme.version}"), style="dim"), Text()]
    lines += _wrapped(console, Text(visible(f"{axis.name}: {axis.question}"), style="bold"))
    lines += _wrapped(console, Text(visible(axis.definition or "")))
    for number, label in enumerate(axis.labels, start=1):
        lines += [Text(), *_wrapped(console, Text(visible(f"{number}  {label.name}: {label.definition}")))]
        lines += [line for example in label.examples for line in _wrapped(console, Text(visible(f"   - {example}")))]
    lines += [Text(), Text("The guideline", style="bold")]
    return lines + _wrapped(console, Text(visible(unwrapped(scheme.guideline))))


def label_lines(question: Question) -> list[Text]:
    """Returns one line for each label: its number, its name and its definition."""
    width = len(str(len(question.axis.label_names)))
    definitions = {label.name: label.definition for label in question.axis.labels}
    lines = []
    for number, name in enumerate(question.axis.label_names, start=1):
        line = Text(f"  {number:>{width}}  ", style="bold cyan")
        line.append(_one_line(name), style="bold")
        if definitions.get(name):
            line.append(f"  {_one_line(definitions[name])}", style="dim")
        lines.append(line)
    return lines


def show(console: Console, lines: Iterable[Text]) -> None:
    """Prints lines, each cut to the width of the screen."""
    for line in lines:
        console.print(line, no_wrap=True, overflow="ellipsis", crop=True)


def digits_of(n: int) -> str:
    """Returns the numbers that choose among things: `1-3`, `01-11`."""
    return f"1-{n}" if n <= 9 else f"{1:0{len(str(n))}}-{n}"


def _header(session: Session, title: str, question: Question | None) -> Text:
    last = session.questions[-1].number if session.questions else 0
    where = f"sentence {question.number:,} of {last:,}, " if question else ""
    progress = f"{where}{session.n_answered:,} of {len(session.questions):,} answered"
    minutes = session.minutes_left
    left = "" if minutes is None else f", about {max(1, round(minutes)):,} min left"
    return Text(f"{visible(title)}: {progress}{left}", style="dim")


def _source_line(question: Question) -> Text:
    article = question.article
    parts = (article.title or article.article_id, question.claim.speaker, article.publisher, article.published)
    return Text(_one_line(" | ".join(part for part in parts if part)), style="bold")


def _passage(console: Console, question: Question, height: int) -> list[Text]:
    """Returns the sentence with as much of its article around it as fits."""
    claim, text = question.claim, question.article.text or ""
    # Wrapping costs more than all else of a screen: no more than can be seen.
    reach = min(CONTEXT, console.width * height)
    before = text[max(0, claim.start - reach) : claim.start]
    if claim.start > reach:
        before = before.partition(" ")[2]
    passage = Text(visible(before))
    start = len(passage)
    passage.append(f"{MARKS[0]}{visible(text[claim.start : claim.end])}{MARKS[1]}", style=CLAIM)
    end = len(passage)
    passage.append(visible(text[claim.end : claim.end + reach]))
    lines = [line for line in _wrapped(console, passage) if line.plain.strip()]
    marked = [index for index, line in enumerate(lines) if any(span.style == CLAIM for span in line.spans)]
    if start == end or not marked:
        return lines[:height]
    first, last = marked[0], marked[-1] + 1
    spare = max(0, height - (last - first))
    above = min(first, max(spare // 2, spare - (len(lines) - last)))
    return lines[first - above : last + spare - above]


def _given(console: Console, question: Question) -> list[Text]:
    """Returns what the annotators said, for an adjudicator: the label, who gave it, and their notes."""
    by_label: dict[str, list[str]] = {}
    for mark in question.marks:
        remarks = ["decided"] if mark.role == "adjudicate" else []
        if mark.guideline != question.scheme.version:
            remarks.append(f"guideline {mark.guideline}, now {question.scheme.version}")
        remark = f" ({', '.join(remarks)})" if remarks else ""
        by_label.setdefault(mark.label, []).append(f"{mark.annotator}{remark}")
    lines = [Text(visible(f"  {label}: {', '.join(names)}"), style="yellow") for label, names in by_label.items()]
    for mark in question.marks:
        if mark.note:
            lines += _wrapped(console, Text(visible(f"  {mark.annotator} notes: {mark.note}"), style="dim"))
    return lines


def _own_label(session: Session, question: Question) -> list[Text]:
    own, flag, suggestion = session.answer_of(question), session.flag_of(question), session.suggestion
    lines = []
    if suggestion is not None:
        score = "" if suggestion.score is None else f" ({suggestion.score:.2f})"
        lines.append(f"suggested by {suggestion.source}: {suggestion.label}{score}")
    if own is not None:
        version, now = own.guideline, question.scheme.version
        outdated = f" (guideline {version}, now {now})" if version != now else ""
        lines.append(f"yours: {own.label}{outdated}; another label replaces it")
    drafted = session.drafts.of(question).parts
    lines += [f"with your next answer: {' and '.join(drafted)}"] if drafted else []
    lines += [f"flagged: look again{f' ({flag.note})' if flag.note else ''}"] if flag is not None else []
    return [Text(f"  {_one_line(line)}", style="yellow") for line in lines]


def _end_screen(session: Session, title: str) -> list[Text]:
    skipped = f"; {session.n_skipped:,} skipped" if session.n_skipped else ""
    again = "s show skipped  " if session.n_skipped else ""
    return [
        _header(session, title, None),
        Text(f"No question is left{skipped}."),
        Text(_one_line(session.message), style="green"),
        Text(f"{again}u undo  j jump  q leave", style="dim"),
    ]


def _wrapped(console: Console, text: Text) -> list[Text]:
    return list(text.wrap(console, console.width)) if text.plain else []


def _one_line(text: str) -> str:
    return " ".join(visible(text).split())
