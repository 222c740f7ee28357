"""The nouns that cross rooms. Each is frozen and strict: the file's schema, its doc and its errors are one thing."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=120)]
"""A name that is safe as a file name: letters, digits, dot, underscore, hyphen."""
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Role = Literal["label", "adjudicate", "suggest"]


class Record(BaseModel):
    """Base of every record: frozen, strict, no unknown fields."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)


class Article(Record):
    """A source document: its text, or in a stand-off dataset the hash of its text."""

    article_id: Name
    title: str | None = None
    text: str | None = None
    """The text that claim offsets refer to; None while a stand-off article is not brought to life."""
    text_sha256: Sha256 | None = None
    """SHA-256 of the UTF-8 bytes of the text; given instead of the text in a stand-off dataset."""
    published: str | None = None
    """ISO 8601 date or time."""
    publisher: str | None = None
    url: str | None = None
    language: str | None = None
    """BCP 47 code; None: the dataset's."""
    license: str | None = None
    replaces: Name | None = None
    """The article_id of the version that this one replaces."""


class Claim(Record):
    """One span of an article, as put before annotators and classifiers.

    Carries no label: gold travels apart, so that nothing that reads claims can see it.
    """

    claim_id: str
    """Stable for ever, never reused; see `make_claim_id`."""
    article_id: Name
    start: int = Field(ge=0)
    """Offset of the first character, in Unicode code points."""
    end: int = Field(ge=0)
    """Offset one past the last character."""
    text: str | None = None
    """The exact characters ``article.text[start:end]``; None in a stand-off dataset not brought to life."""
    text_sha256: Sha256 | None = None
    speaker: str | None = None
    date: str | None = None
    topic: str | None = None
    """What it is about, in the source's own words; a split can keep topics whole."""
    statement: str | None = None
    """The claim reworded to stand alone; never replaces the verbatim text."""
    replaces: str | None = None


class Annotation(Record):
    """One label by one annotator; never edited, only superseded."""

    annotation_id: str
    claim_id: str
    scheme: Name
    axis: Name
    label: str
    annotator: Name
    """A role or a handle (`author-pass-1`, `publisher`)."""
    role: Role = "label"
    guideline: str
    """Version of the guideline it was made under."""
    at: str | None = None
    """When, in ISO 8601; None where the source does not say."""
    value: str | None = None
    confidence: float | None = Field(default=None, ge=0, le=1)
    note: str | None = None
    supersedes: str | None = None
    """The annotation_id that this one takes the place of."""


class GoldLabel(Record):
    """The label of a claim used for scoring, as made by a named rule."""

    claim_id: str
    label: str
    annotators: int = Field(ge=1)
    """How many annotators it rests on."""


class Evidence(Record):
    """A passage that bears on a claim."""

    evidence_id: str
    claim_id: str
    group: int = Field(ge=0)
    """Passages of one group settle the claim together; groups are alternatives."""
    text: str
    passage_id: str | None = None
    start: int | None = None
    end: int | None = None
    question: str | None = None
    source: str | None = None
    url: str | None = None
    published: str | None = None
    retrieved: str | None = None
    stance: str | None = None


def make_claim_id(article_id: str, start: int, end: int, text_sha256: str) -> str:
    """The id of a claim: the article's, a hyphen, and 10 hex digits over start, end and text.

    The digest is over the text's own SHA-256, so that a stand-off dataset can check its ids without the text.
    """
    digest = hashlib.sha256(f"{start}\n{end}\n{text_sha256}".encode()).hexdigest()
    return f"{article_id}-{digest[:10]}"


class Explanation(NamedTuple):
    """One fault of a validation, explained."""

    place: tuple[str | int, ...]
    message: str
    """What was expected and what was found, in words."""
    code: str
    """What kind of fault it is: one of `CODES`, else pydantic's own name for it (`string-type`)."""
    value: Any
    """What was found."""


def explain_validation(error: ValidationError) -> list[Explanation]:
    """Each fault of a validation, in words that say what was expected and what was found."""
    explained = []
    for fault in error.errors(include_url=False):
        kind, found = fault["type"], preview(fault["input"])
        allowed = fault.get("ctx", {})
        place = tuple(part for part in fault["loc"] if not (isinstance(part, str) and "[" in part))
        if kind == "missing":
            message = "is missing; it is required"
        elif kind == "extra_forbidden":
            message = "is not a known field"
        elif kind in EXPECTED:
            message = f"expected {EXPECTED[kind]}, got {found}"
        elif kind == "setting":
            message = fault["msg"]
        elif kind == "value_error":
            message = str(allowed.get("error", fault["msg"]))
        elif kind == "json_invalid":
            message = f"is not JSON: {allowed.get('error', fault['msg'])}".replace(" at line 1 column ", " at column ")
        else:
            # pydantic's words, so that "expected" does not stand twice; only what is shown depends on them
            said = fault["msg"].removeprefix("Input should be ").removeprefix("String should ")
            message = f"expected {said}, got {found}"
        explained.append(Explanation(place, message, CODES.get(kind, kind.replace("_", "-")), fault["input"]))
    return explained


CODES = {
    "missing": "missing-field",
    "extra_forbidden": "unknown-field",
    "setting": "invalid-setting",
    "value_error": "invalid",
    "json_invalid": "not-json",
}
"""Our codes for what pydantic finds, where its own names say little."""
EXPECTED = {
    "int_type": "an integer",
    "int_from_float": "an integer",
    "int_parsing": "an integer",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "string_type": "a text",
    "bool_type": "true or false",
    "dict_type": "a mapping",
    "tuple_type": "a list",
    "list_type": "a list",
    "model_type": "a JSON object",
    "model_attributes_type": "a mapping",
}


def is_unicode(text: str) -> bool:
    """Whether a text can be written as UTF-8: it has no lone surrogate."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def preview(value: object) -> str:
    """A value as a message shows it: as JSON where possible, cut to 60 characters."""
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
