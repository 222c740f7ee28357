"""Records that all packages share: frozen, strict models that define file formats, their docs and their errors."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

from harness.arguments import as_list
from harness.display import html_of, short_repr
from harness.errors import HarnessError, did_you_mean

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=120)]
"""Name that is safe as a file name: letters, digits, dot, underscore, hyphen; at most 120 characters."""
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""SHA-256 digest in lowercase hex."""


def _as_tuple(value: object) -> object:
    """Converts one value or a list to the tuple that strict validation expects."""
    return tuple(as_list(value)) if isinstance(value, str | dict | list) else value


Texts = Annotated[tuple[str, ...], BeforeValidator(_as_tuple, json_schema_input_type=str | list[str])]
"""Texts; one text counts as a list of one."""
Entries = Annotated[
    tuple[str | dict[str, Any], ...],
    BeforeValidator(_as_tuple, json_schema_input_type=str | dict[str, Any] | list[str | dict[str, Any]]),
]
"""Names, or mappings with a name and settings; one of them counts as a list of one."""
Role = Literal["label", "adjudicate", "suggest", "flag", "withdraw", "repeat"]
"""Purpose of an annotation: an annotator's own label, a deciding label, a proposal that is not gold, a flag on a
question that is to be looked at again, a line that takes an earlier one back, or an annotator's second answer to a
claim that was asked again, which counts for their consistency alone."""
Part = Literal["caption", "list item", "table cell", "heading"]
"""Kind of a claim that is no running text: a caption of a picture or table, an item of a list, a row of a table (one of
its cells, if that holds sentences), a heading."""
FLAG_LABEL = "look again"
"""Label of all flags: a flag answers nothing."""


class Record(BaseModel):
    """Base of all records: frozen, strict, without unknown fields."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False, defer_build=True)

    def __repr__(self) -> str:
        return short_repr(self)

    def __str__(self) -> str:
        return repr(self)

    def _repr_html_(self) -> str:
        return html_of(self)


class Article(Record):
    """A source document, with its text or (in a stand-off dataset) the hash of its text."""

    article_id: Name
    title: str | None = None
    text: str | None = None
    """Text that claim offsets refer to; None in a stand-off dataset until the text is restored."""
    text_sha256: Sha256 | None = None
    """SHA-256 of the UTF-8 bytes of the text; replaces the text in a stand-off dataset."""
    published: str | None = None
    """ISO 8601 date or time."""
    publisher: str | None = None
    url: str | None = None
    language: str | None = None
    """BCP 47 code; default: the language of the dataset."""
    license: str | None = None
    replaces: Name | None = None
    """Id of the article version that this one replaces."""


class Claim(Record):
    """One span of an article, as annotators and classifiers see it.

    Has no label: gold labels are stored separately, so that code that reads claims cannot see them.
    """

    claim_id: str
    """Permanent id, never reused; see `make_claim_id`."""
    article_id: Name
    start: int = Field(ge=0)
    """Offset of the first character, in Unicode code points."""
    end: int = Field(ge=0)
    """Offset one past the last character."""
    text: str | None = None
    """Exact characters ``article.text[start:end]``; None in a stand-off dataset until the text is restored."""
    text_sha256: Sha256 | None = None
    """SHA-256 of the UTF-8 bytes of the text; replaces the text in a stand-off dataset."""
    speaker: str | None = None
    date: str | None = None
    topic: str | None = None
    """Topic, as the source names it; a split can keep the claims of a topic together."""
    statement: str | None = None
    """Claim reworded to be understood without context; the verbatim text stays in `text`."""
    part: Part | None = None
    """What the claim is in its page: `caption`, `list item`, `table cell` or `heading`; None for running text."""
    replaces: str | None = None
    """Id of the same claim in the previous version of the article."""


class ShownPassage(Record):
    """A passage that an annotator was shown with a suggestion."""

    passage_id: str
    text: str
    source: str | None = None
    """Title, publisher or document of the passage."""
    published: str | None = None


class Annotation(Record):
    """One label by one annotator; never edited, only superseded by a later annotation."""

    annotation_id: str
    claim_id: str
    scheme: Name
    axis: Name
    label: str
    annotator: Name
    """Role or handle of the annotator (`author-pass-1`, `publisher`)."""
    role: Role = "label"
    guideline: str
    """Version of the guideline that the annotator followed."""
    at: str | None = None
    """Time of the annotation in ISO 8601; None if the source does not state it."""
    value: str | None = None
    confidence: float | None = Field(default=None, ge=0, le=1)
    note: str | None = None
    author: str | None = None
    """Organization or person whose judgment the label is, where an annotator took it over (a fact-checker)."""
    url: str | None = None
    """Address of the page on which that judgment was published."""
    supersedes: str | None = None
    """Id of the annotation that this one replaces."""
    withdraws: str | None = None
    """Role withdraw: id of the earlier annotation by the same annotator that this line takes back."""
    shown: tuple[ShownPassage, ...] | None = None
    """Role suggest: passages that the suggestion rests on, whole; None: there are none."""


class GoldLabel(Record):
    """The label of a claim that metrics use, derived from annotations by a gold rule."""

    claim_id: str
    label: str
    annotators: int = Field(ge=1)
    """Number of annotators behind the label."""


NEUTRAL = "neutral"
"""Stance of a passage that annotators judged and that does not settle the claim: shown as gold evidence, but not what
a search for evidence has to find."""
STANCES = ("supports", "refutes", "qualifies", NEUTRAL)
"""What a passage can say of a claim."""


class Evidence(Record):
    """A passage that supports, refutes or informs a claim."""

    evidence_id: str
    claim_id: str
    group: int = Field(ge=0)
    """Number of the evidence group, from 0: the passages of a group belong together, groups are alternatives."""
    text: str
    passage_id: str | None = None
    """Id of the passage that is cited; if the dataset has a corpus, it has this passage."""
    start: int | None = None
    """Offset of the text, as `start` of its passage: in the document; in the passage if that has no offsets."""
    end: int | None = None
    """Offset one past the last character."""
    question: str | None = None
    source: str | None = None
    url: str | None = None
    published: str | None = None
    retrieved: str | None = None
    stance: str | None = None
    """What the passage says of the claim: supports, refutes, qualifies or neutral."""
    sentences: str | None = None
    """Numbers of the sentences that annotators marked in a passage of several, from 0, as in `2,5`."""


def make_claim_id(article_id: str, start: int, end: int, text_sha256: str) -> str:
    """Returns the id of a claim: the article id, a hyphen, and 10 hex digits of a hash of start, end and text.

    Args:
        article_id: id of the article.
        start: offset of the first character, in Unicode code points.
        end: offset one past the last character.
        text_sha256: SHA-256 of the text of the claim, in hex.
    """
    # Hashing the digest of the text instead of the text lets a stand-off dataset check its ids without the text.
    digest = hashlib.sha256(f"{start}\n{end}\n{text_sha256}".encode()).hexdigest()
    return f"{article_id}-{digest[:10]}"


class Explanation(NamedTuple):
    """One validation error, in words."""

    place: tuple[str | int, ...]
    """Key path in the document: keys and list indices."""
    message: str
    """Expected and actual value, in words."""
    code: str
    """Kind of error: a value of `CODES`, or pydantic's own type with hyphens (`string-type`)."""
    value: Any
    """Value that was rejected."""


def explain_validation(error: ValidationError) -> list[Explanation]:
    """Returns each error of a failed validation, with the expected and the actual value in words."""
    explanations = []
    problems = error.errors(include_url=False)
    for problem in problems:
        kind, place = problem["type"], problem["loc"]
        # A list whose items are all invalid counts as too short as well.
        if kind == "too_short" and any(other["loc"][: len(place)] == place != other["loc"] for other in problems):
            continue
        actual = preview(problem["input"])
        context = problem.get("ctx", {})
        # pydantic adds the branch of a union or a wrapping validator to the path, such as "function-after[...]"; a key
        # of a document has no bracket, unless it is an unknown one, which stands last.
        unknown = place[-1:] if kind == "extra_forbidden" else ()
        known = place[: len(place) - len(unknown)]
        key_path = (*(part for part in known if not (isinstance(part, str) and "[" in part)), *unknown)
        if kind == "missing":
            message = "is required, and missing"
        elif kind == "extra_forbidden":
            message = "is not a known field"
        elif kind in EXPECTED:
            message = f"expected {EXPECTED[kind]}, got {actual}"
        elif kind == "setting":
            message = problem["msg"]
        elif kind == "value_error":
            message = str(context.get("error", problem["msg"]))
        elif kind == "json_invalid":
            # The text is one line of a JSONL file; the fault gives its line number, and "line 1" would mislead.
            reason = str(context.get("error", problem["msg"]))
            message = f"is not JSON: {reason.replace(' at line 1 column ', ' at column ')}"
        else:
            # Removing pydantic's own "should be" avoids "expected Input should be ..."; this affects the message only.
            expectation = problem["msg"].removeprefix("Input should be ").removeprefix("String should ")
            message = f"expected {expectation}, got {actual}"
            message += _closest_choice(problem["input"], context)
        code = CODES.get(kind, kind.replace("_", "-"))
        explanations.append(Explanation(key_path, message, code, problem["input"]))
    return explanations


def _closest_choice(value: Any, context: Mapping[str, Any]) -> str:
    """The hint for a value that is none of the allowed ones, from the context of a literal's or a union's error."""
    choices = str(context.get("expected") or context.get("expected_tags") or "")
    value = context.get("tag", value)
    hint = did_you_mean(value, re.findall(r"'([^']*)'", choices)) if isinstance(value, str) else ""
    return f".{hint}" if hint else ""


CODES = {
    "missing": "missing-field",
    "extra_forbidden": "unknown-field",
    "setting": "invalid-setting",
    "value_error": "invalid",
    "json_invalid": "not-json",
}
"""Codes that replace pydantic's error types where these are unclear."""
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
"""Expected value by pydantic's error type."""


def check_name(option: str, name: str) -> None:
    """Checks a name that becomes a file name; see `Name`.

    Raises: HarnessError: it has other characters, or is empty or too long.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}", name):
        allowed = "letters, digits, dot, underscore and hyphen, as it names a file"
        raise HarnessError(f"{option}: expected {allowed}, got {preview(name)}")


def is_unicode(text: str) -> bool:
    """Returns whether a text can be encoded as UTF-8: it has no lone surrogate."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def preview(value: object) -> str:
    """Returns a value as messages show it: JSON if possible, at most 60 characters."""
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
