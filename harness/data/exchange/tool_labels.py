"""Labels as other labeling tools export them, and how they become rows of labeled claims."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from harness.errors import Fault
from harness.records import preview
from harness.schemes import Scheme

IDENTITY = ("claim_id", "article_id", "text", "start", "speaker", "date")
"""Fields of a task that identify or describe its claim."""
LABEL = "label"
"""Name of the question of a tool that asks one question without a name."""


NOTE, CONFIDENCE = "note", "confidence"
"""Names of the questions of a tool about all labels that a worker gives a claim."""
FLAT = ": "
"""What stands between the axis and the label in a tool with one flat list of labels."""
VALUE_END = ".value"
"""End of the name of the question for the free-text value of an axis."""


class ToolRequest(NamedTuple):
    """What to take from an export."""

    path: Path
    scheme: Scheme | None
    """Scheme whose axes the labels are of; None: each question becomes a column under its own name."""
    labeler: str | None = None
    """Worker whose labels to take; required if the export has several."""
    on_conflict: str | None = None
    """`newest`, or another rule by which the caller settles rows that disagree; None: they are a fault."""
    columns: Mapping[str, str] = {}
    """Field or question of the export by field of a claim or axis of the scheme, where their names differ."""

    def fault(self, line: int, field: str, message: str, code: str = Fault.code) -> Fault:
        """Returns a fault of a line, or of a task of a JSON document, whose message names the task."""
        return Fault(str(self.path), None if self.path.suffix.lower() == ".json" else line, field, message, code)

    @property
    def axes(self) -> set[str]:
        """Names of the axes of the scheme."""
        return {axis.name for axis in self.scheme.axes} if self.scheme else set()

    @property
    def valued(self) -> dict[str, str]:
        """Axis by the name of the question for its free-text value."""
        if self.scheme is None:
            return {}
        names = {axis.name for axis in self.scheme.axes if axis.value}
        return {f"{prefix}{name}{VALUE_END}": name for name in names for prefix in ("", f"{self.scheme.name}.")}


@dataclass(frozen=True)
class ToolLabel:
    """The answer of one worker to one question about one claim."""

    line: int
    """Line of the file, or number of the task in a file of one JSON document."""
    place: str
    """Line or task, as messages name it."""
    claim: Mapping[str, Any]
    """Fields of `IDENTITY` by name."""
    question: str
    """Name of the question: of a control, a column, or `LABEL`."""
    choices: tuple[str, ...]
    worker: str | None = None
    time: datetime.datetime | None = None
    document: str | None = None
    """Text in which the claim is a span, where the worker marked spans."""
    details: Mapping[str, Any] = field(default_factory=dict)
    """Note, confidence, and values by `AXIS.value`, that the worker gave with the label."""

    @property
    def key(self) -> tuple[str, ...]:
        """What makes two labels answers to the same question about the same claim."""
        if self.document is None and self.claim.get("claim_id"):
            return (self.question, str(self.claim["claim_id"]))
        identity = (self.claim.get(name) for name in ("article_id", "start", "text"))
        return (self.question, self.document or "", *(str(value or "") for value in identity))


@dataclass
class ToolContent:
    """Everything that a reader takes from an export."""

    labels: list[ToolLabel] = field(default_factory=list)
    predicted: list[ToolLabel] = field(default_factory=list)
    """Labels of pre-annotations, which nobody confirmed; the worker is the model, or who gave them elsewhere."""
    faults: list[Fault] = field(default_factory=list)
    passed_over: dict[str, None] = field(default_factory=dict)
    """Names of the fields that are no label and do not describe a claim, in order."""
    without_label: dict[str, int] = field(default_factory=dict)
    """Number of tasks without a label, by reason."""

    def skip(self, reason: str) -> None:
        """Counts a task without a label."""
        self.without_label[reason] = self.without_label.get(reason, 0) + 1

    def pass_over(self, names: Iterable[str]) -> None:
        """Notes fields that are passed over."""
        self.passed_over |= dict.fromkeys(names)


def iso_time(time: datetime.datetime) -> str:
    """Returns a time as annotations record it: UTC, to the second."""
    return time.astimezone(datetime.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def parse_time(value: Any) -> datetime.datetime | None:
    """Returns the time of an ISO 8601 text or of seconds since 1970; None if there is none that can be read."""
    try:
        if isinstance(value, str):
            time = datetime.datetime.fromisoformat(value.strip())
            return (time if time.tzinfo else time.replace(tzinfo=datetime.UTC)).astimezone(datetime.UTC)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.datetime.fromtimestamp(value, datetime.UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return None


def identity_of(
    fields: Mapping[str, Any], content: ToolContent, request: ToolRequest, text_fields: Sequence[str] = ("text",)
) -> dict[str, Any]:
    """Returns the fields of a task that identify its claim: the claim's id alone, or text, article and start.

    Fields that are neither are noted as passed over.

    Args:
        fields: fields of the task.
        content: where the fields that are passed over are noted.
        request: names of the fields, where they differ.
        text_fields: names of the field of the text, in order of precedence.
    """
    field_names = {name: request.columns.get(name, name) for name in IDENTITY if name != "text"}
    known = {name: fields[own] for name, own in field_names.items() if fields.get(own) not in (None, "")}
    text = text_of(fields, request, text_fields)
    own_names = {*field_names.values(), *text_fields, *request.columns.values()}
    content.pass_over(name for name in fields if name not in own_names)
    if isinstance(known.get("claim_id"), str):
        return {"claim_id": known["claim_id"]}
    return known | ({"text": text} if text is not None else {})


def text_of(fields: Mapping[str, Any], request: ToolRequest, text_fields: Sequence[str] = ("text",)) -> str | None:
    """Returns the text of a task; None if it has none."""
    names = [request.columns["text"]] if "text" in request.columns else text_fields
    return next((fields[name] for name in names if isinstance(fields.get(name), str)), None)


class Span(NamedTuple):
    """A part of a text that a worker marked."""

    start: Any
    end: Any
    label: Any


def read_details(fields: Mapping[str, Any], request: ToolRequest) -> dict[str, Any]:
    """Returns the note, the confidence, and the values by `AXIS.value`, among fields of a task or a span."""
    details: dict[str, Any] = {}
    valued = request.valued
    for name, value in fields.items():
        if isinstance(value, str | int | float) and not isinstance(value, bool) and str(value).strip():
            if name in valued:
                details[f"{valued[name]}{VALUE_END}"] = str(value)
            elif name == CONFIDENCE or (name == NOTE and isinstance(value, str)):
                details[name] = value
    return details


def span_labels(spans: Iterable[Span], base: ToolLabel, fault: Callable[[str], None]) -> list[ToolLabel]:
    """Returns a label per span of a text.

    Args:
        spans: marked parts; offsets in characters.
        base: label without choices, whose document is the text.
        fault: called with the message of each span that is invalid.
    """
    labels = []
    document = base.document or ""
    if "claim_id" in base.claim:
        fault(f"{base.place}: marks a span of a claim with a claim_id; label the claim, or mark spans of an article")
        return []
    article_id, first = base.claim.get("article_id"), base.claim.get("start")
    # The text may itself be a part of an article, which begins at the start that the task states.
    offset = first if article_id is not None and isinstance(first, int) else 0
    for start, end, name in spans:
        if not all(isinstance(end_point, int) and not isinstance(end_point, bool) for end_point in (start, end)):
            fault(f"{base.place}: a span needs integers as start and end, got {preview([start, end])}")
        elif not (0 <= start < end <= len(document) and document[start:end].strip()):
            fault(f"{base.place}: span {start} to {end} is not within the text of {len(document):,} characters")
        elif not isinstance(name, str) or not name.strip():
            fault(f"{base.place}: span {start} to {end} needs a label as text, got {preview(name)}")
        else:
            text = document[start:end]
            claim = {"text": text.strip(), "start": offset + start + len(text) - len(text.lstrip())}
            if article_id is None:
                labels.append(replace(base, claim=claim, choices=(name,)))
            else:
                claim["article_id"] = article_id
                labels.append(replace(base, claim=claim, choices=(name,), document=None))
    return labels
