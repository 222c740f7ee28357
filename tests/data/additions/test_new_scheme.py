"""A scheme is made from the labels of a table, where there is none."""

from __future__ import annotations

import pytest
from added_tables import COLUMNS, NEWS, write
from dataset_folders import content, made

from harness import HarnessError, add_claims, check, open_dataset
from harness.data.load import find_scheme


def scheme_of(folder, name):
    return find_scheme(folder, name)


def test_yes_and_no_become_a_yes_or_no_question(tmp_path):
    table = write(tmp_path / "news.csv", NEWS)
    result = add_claims(tmp_path / "set", table, "me", columns=COLUMNS, labels={"1": "yes", "0": "no"})
    default = "language: en (default; set another with --language)"
    assert result.notes == ("new dataset 'set'", default, "new scheme 'set' from the labels (label: yes, no)")
    scheme = scheme_of(tmp_path / "set", "set")
    mapping = scheme.tasks["claim_detection"]
    assert (mapping.axis, mapping.positive, mapping.negative) == ("label", ("yes",), ("no",))
    assert check([tmp_path / "set", tmp_path / "set" / "experiment.yaml"]) == []
    assert result.steps[-1] == f"harness run {tmp_path / 'set' / 'experiment.yaml'}"


def test_the_language_is_said_where_none_was_given(tmp_path):
    rows = [{"text": "Die Miete stieg.", "label": "yes"}, {"text": "Guten Abend.", "label": "no"}]
    given = add_claims(tmp_path / "given", rows, "me", new_scheme="s", language="de")
    assert open_dataset(tmp_path / "given").info.language == "de"
    assert not [note for note in given.notes if "language" in note]
    default = add_claims(tmp_path / "default", rows, "me", new_scheme="s")
    assert "language: en (default; set another with --language)" in default.notes
    assert open_dataset(tmp_path / "default").info.language == "en"
    assert not [note for note in add_claims(tmp_path / "default", rows, "you").notes if "language" in note]


def test_labels_in_other_words_are_types_until_the_user_says_which_mean_yes(tmp_path):
    rows = [{"text": f"{number}.", "label": label} for number, label in enumerate(("Claim", "other", " claim"))]
    result = add_claims(tmp_path / "a", rows, "me", new_scheme="kinds")
    assert scheme_of(tmp_path / "a", "kinds").axis("label").label_names == ("Claim", "other")
    assert list(scheme_of(tmp_path / "a", "kinds").tasks) == ["claim_type"]
    assert "for a yes-or-no question say which labels mean yes: --positive LABEL (Claim, other)" in result.notes
    add_claims(tmp_path / "b", rows, "me", new_scheme="kinds", positive=["claim"], task="check_worthiness")
    assert scheme_of(tmp_path / "b", "kinds").tasks["check_worthiness"].positive == ("Claim",)


def test_a_dataset_that_is_there_gets_the_scheme_once(tmp_path):
    made(tmp_path / "d")
    table = write(tmp_path / "x.csv", "text,vote\nA.,for\nB.,against\n")
    options = {"columns": {"label": "vote"}, "new_scheme": "votes"}
    add_claims(tmp_path / "d", table, "me", **options)
    assert open_dataset(tmp_path / "d").info.schemes == ("three-axes", "votes")
    before = content(tmp_path / "d")
    assert add_claims(tmp_path / "d", table, "me", **options)[:4] == (0, 0, 0, 2)
    assert content(tmp_path / "d") == before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"new_scheme": "checkthat"}, "scheme 'checkthat' is shipped: --scheme checkthat uses it"),
        ({"new_scheme": "a b"}, "--new-scheme: expected letters, digits"),
        ({"new_scheme": "x", "scheme": "y"}, "give --scheme for a scheme that exists, or --new-scheme to make one"),
        ({"new_scheme": "x", "positive": ["Yes", "no"]}, "--positive: leave at least one label that means no"),
        ({"new_scheme": "x", "positive": ["maybe"]}, "--positive: no label is called 'maybe'"),
        ({"new_scheme": "x", "task": "checkabilty"}, "no task is called 'checkabilty'"),
        ({"new_scheme": "x", "language": "english"}, "language: expected a BCP 47 code"),
        ({"new_scheme": "x", "columns": {"label": "text2"}}, "no column is called 'text2'"),
    ],
)
def test_what_cannot_be(tmp_path, options, message):
    rows = [{"text": "A.", "label": "yes"}, {"text": "B.", "label": "no"}]
    with pytest.raises(HarnessError, match=message):
        add_claims(tmp_path / "set", rows, "me", **options)
    assert not (tmp_path / "set").exists()


def test_a_column_that_holds_no_labels(tmp_path):
    rows = [{"text": f"{number}.", "vote": f"v{number}"} for number in range(40)]
    with pytest.raises(HarnessError, match="vote: has 40 different values, too many for labels"):
        add_claims(tmp_path / "set", rows, "me", new_scheme="x", columns={"label": "vote"})
    with pytest.raises(HarnessError, match=r"holds the labels: --column label=COLUMN\. Columns: text"):
        add_claims(tmp_path / "set", rows, "me", new_scheme="x")
    with pytest.raises(HarnessError, match="vote: has no label in any row"):
        add_claims(tmp_path / "set", [{"text": "A.", "vote": ""}], "me", new_scheme="x", columns={"label": "vote"})


def test_rows_with_one_label_only_are_told(tmp_path):
    rows = [{"text": f"It rose by {number}.", "label": "yes"} for number in range(2)]
    notes = add_claims(tmp_path / "a", rows, "me", new_scheme="kinds").notes
    assert [note for note in notes if note.startswith("all rows have the label 'yes'")]
    assert not [note for note in notes if "--positive" in note]
    with pytest.raises(HarnessError, match="all rows have the label 'yes'"):
        add_claims(tmp_path / "b", rows, "me", new_scheme="kinds", positive=["yes"])
