"""What the columns of a table mean is found or said, and never guessed in silence."""

from __future__ import annotations

import pytest
from added_tables import labels_of, write
from dataset_folders import made

from harness import HarnessError, add_claims, open_dataset


@pytest.fixture
def folder(tmp_path):
    made(tmp_path / "d")
    return tmp_path / "d"


def refusal(folder, rows, **options):
    with pytest.raises(HarnessError) as refused:
        add_claims(folder, rows, "me", **options)
    return str(refused.value)


def test_columns_that_are_no_axis_are_one_fault_with_the_remedy(folder, tmp_path):
    rows = "".join(f"{number},A sentence {number}.,x,yes\n" for number in range(50))
    table = write(tmp_path / "x.csv", f"tweet_id,text,claim,factual\n{rows}")
    message = refusal(folder, table)
    expected = f"{table}: columns 'tweet_id', 'claim' are neither an axis of the scheme 'three-axes' (factual, "
    assert message.startswith(expected)
    assert "--column FIELD=COLUMN, and pass over the others with --ignore-other-columns" in message
    assert message.count("\n") == 0
    result = add_claims(folder, table, "me", ignore_other_columns=True)
    assert (result.claims_added, result.notes) == (50, ("columns passed over: tweet_id, claim",))
    assert add_claims(folder, table, "you", ignore_columns=["tweet_id", "claim"]).annotations_added == 50


def test_names_match_regardless_of_case_and_blanks(folder, tmp_path):
    table = write(tmp_path / "x.csv", " Text , Factual\nA new one., YES \n")
    add_claims(folder, table, "me")
    assert list(labels_of(open_dataset(folder)).values()) == ["yes"]


def test_an_option_that_names_what_is_not_there(folder):
    rows = [{"sentence": "A.", "factual": "yes"}]
    assert "--column text=sentense: no column is called 'sentense'. Did you mean 'sentence'?" in refusal(
        folder, rows, columns={"text": "sentense"}
    )
    assert "--column txt=sentence: no field or axis is called 'txt'. Did you mean 'text'?" in refusal(
        folder, rows, columns={"txt": "sentence"}
    )
    assert "column 'sentence' is given for two fields" in refusal(
        folder, rows, columns={"text": "sentence", "note": "sentence"}
    )
    assert "--ignore-column: no column is called 'x'" in refusal(folder, rows, ignore_columns=["x"])


def test_an_axis_may_have_its_scheme_in_the_name_but_only_one_column(folder):
    add_claims(folder, [{"text": "A new one.", "three-axes.factual": "no"}], "me")
    assert list(labels_of(open_dataset(folder)).values()) == ["no"]
    rows = [{"text": "A new one.", "three-axes.factual": "no", "factual": "yes"}]
    assert "factual: has two columns, 'three-axes.factual' and 'factual'" in refusal(folder, rows)


def test_labels_of_two_schemes_in_one_table(folder):
    add_claims(folder, [{"text": "A.", "label": "NFS"}], "me", scheme="claimbuster")
    add_claims(folder, [{"text": "B.", "factual": "yes", "claimbuster.label": "CFS"}], "me")
    dataset = open_dataset(folder)
    claim = next(claim.claim_id for claim in dataset.claims if claim.text == "B.")
    by_scheme = {a.scheme: (a.axis, a.label) for a in dataset.annotations if a.claim_id == claim}
    assert by_scheme == {"three-axes": ("factual", "yes"), "claimbuster": ("label", "CFS")}


def test_rows_without_a_label_are_counted(folder):
    rows = [{"text": "A.", "factual": "yes"}, {"text": "B.", "factual": " "}, {"text": "C.", "factual": float("nan")}]
    result = add_claims(folder, rows, "me")
    assert (result.claims_added, result.annotations_added) == (3, 1)
    assert result.notes == ("rows without a label: 2",)


def test_the_time_of_a_label_is_its_row_s_else_the_one_given(folder):
    rows = [{"text": "A.", "factual": "yes", "at": "2024-05-01T10:00:00Z"}, {"text": "B.", "factual": "yes"}]
    add_claims(folder, rows, "me", at="2025-01-01")
    assert [a.at for a in open_dataset(folder).annotations] == ["2024-05-01T10:00:00Z", "2025-01-01"]
    assert "row:1: at: expected a date or time such as 2026-05-10" in refusal(
        folder, [{"text": "C.", "factual": "yes", "at": "1.5.2024"}]
    )
    assert refusal(folder, rows, at="May").startswith("--at: expected a date or time such as 2026-05-10")
