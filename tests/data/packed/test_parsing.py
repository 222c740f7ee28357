"""Lines parsed to columns are the records that they are one by one."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from harness.data.dataset import ClaimPart
from harness.data.packed.parsing import parse_lines
from harness.records import Annotation, Article, Claim, Evidence, Record

KINDS = (Annotation, Article, Claim, ClaimPart, Evidence)
VALUES = st.sampled_from(
    ["a-1", "", "a b", "withdraw", "label", "f" * 64, 0, 1, -1, 2.5, True, None, [], [{"passage_id": "p", "text": "t"}]]
)
SOUND = {
    "annotation_id": "1", "claim_id": "a-1", "scheme": "s", "axis": "x", "label": "yes", "annotator": "ann",
    "guideline": "1", "article_id": "a", "start": 0, "end": 4, "part": "train", "evidence_id": "e", "group": 0,
    "text": "Text",
}  # fmt: skip
"""A sound value of each field that a record must have."""


@st.composite
def lines_of(draw, kind):
    required = {name: SOUND[name] for name, field in kind.model_fields.items() if field.is_required()}
    names = st.sampled_from([*kind.model_fields, "other"])
    changes = st.dictionaries(names, VALUES, max_size=2)
    return [required | draw(changes) for _ in range(draw(st.integers(1, 3)))]


def one_by_one(lines: list[bytes], kind: type[Record]) -> tuple[Record, ...] | None:
    try:
        return tuple(kind.model_validate_json(line) for line in lines)
    except ValidationError:
        return None


@given(st.sampled_from(KINDS).flatmap(lambda kind: st.tuples(st.just(kind), lines_of(kind))), st.booleans())
def test_lines_are_what_they_are_one_by_one(kind_and_lines, end):
    kind, objects = kind_and_lines
    lines = [json.dumps(fields).encode() for fields in objects]
    records = parse_lines(b"\n".join(lines) + b"\n" * end, kind)
    assert (records if records is None else tuple(records)) == one_by_one(lines, kind)


PART = b'{"claim_id": "c", "part": "p"}'


@pytest.mark.parametrize(
    "data",
    [
        b"", b"\n", PART + b"\n\n" + PART, b"\xef\xbb\xbf" + PART, PART + b"," + PART, b" " + PART, b"[" + PART + b"]",
        PART + b"\n" + PART[:-1], PART[:13] + b"\xff" + PART[13:], PART[:13] + b"\0" + PART[13:],
        PART.replace(b", ", b",\n"), PART[:-1] + b"},{" + PART[1:], b'{"claim_id": "}\n{", "part": "p"}',
    ],
)  # fmt: skip
def test_what_is_no_sound_line_after_another_is_read_one_by_one(data):
    assert parse_lines(data, ClaimPart) is None


def test_line_ends_of_windows_and_absent_fields():
    records = parse_lines(PART + b"\r\n" + PART.replace(b'"p"', b'"q"') + b"\r\n", ClaimPart)
    assert records == (ClaimPart(claim_id="c", part="p"), ClaimPart(claim_id="c", part="q"))
