"""Statements: the claim's text stands wherever what was written cannot be used, and a file of them is read back."""

from __future__ import annotations

import pytest

from harness.data.jsonl import to_json_lines
from harness.errors import FaultsError
from harness.statements.statements import (
    ClaimInContext,
    Identity,
    Normalizer,
    Written,
    read_statements,
    reasons_of,
    write_statements,
)

ARTICLE = "Oslo has 900 trams. It sold 40 of them."
CLAIMS = [
    ClaimInContext("a", "Oslo has 900 trams.", 0, ARTICLE),
    ClaimInContext("b", "It sold 40 of them.", 20, ARTICLE),
]


class Says(Normalizer):
    """Writes what the test says."""

    def __init__(self, *answers):
        self.answers = answers

    def write(self, claims):
        return list(self.answers)


def test_the_identity_writes_the_claims():
    written = write_statements(Identity(), CLAIMS)
    assert [(one.claim_id, one.statement, one.reason) for one in written] == [
        ("a", "Oslo has 900 trams.", None),
        ("b", "It sold 40 of them.", None),
    ]


def test_a_statement_is_used_and_what_is_none_is_kept_with_its_reason():
    first, second = write_statements(Says(Written(None, "refused"), Written("Oslo sold 50 trams to Bergen.")), CLAIMS)
    assert (first.statement, first.reason, first.written) == ("Oslo has 900 trams.", "refused", None)
    assert (second.statement, second.reason) == ("It sold 40 of them.", "invented")
    assert (second.written, second.invented) == ("Oslo sold 50 trams to Bergen.", ("50", "Bergen"))
    assert reasons_of([first, second, second]) == {"invented": 2, "refused": 1}
    (used,) = write_statements(Says(Written(" Oslo sold 40 trams. ")), CLAIMS[1:])
    assert (used.statement, used.reason) == ("Oslo sold 40 trams.", None)


def test_a_file_is_read_back_and_its_faults_come_at_once(tmp_path):
    path = tmp_path / "statements.jsonl"
    written = write_statements(Says(Written("Oslo has trams."), Written("Oslo sold 50 trams.")), CLAIMS)
    path.write_text("".join(to_json_lines(written)), encoding="utf-8")
    assert read_statements(path) == {"a": "Oslo has trams.", "b": "It sold 40 of them."}
    path.write_text(
        '{"claim_id": "a", "statement": "x"}\n{"claim_id": "a", "statement": " "}\n{"claim_id": "b"}\n',
        encoding="utf-8",
    )
    with pytest.raises(FaultsError) as error:
        read_statements(path)
    messages = [str(fault).removeprefix(f"{path}:") for fault in error.value.faults]
    assert messages == [
        "3: statement: is required, and missing",
        "2: claim_id: 'a' occurs twice (first on line 1); keep one",
        "2: statement: is empty; remove the line",
    ]
