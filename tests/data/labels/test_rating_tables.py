"""Agreement of a table of ratings: one rating or one item a row, with what people's tables have."""

from __future__ import annotations

import json
import shlex

import pytest

from harness import agreement
from harness.data.labels.rating_tables import RatingOptions, read_ratings
from harness.errors import FaultsError, HarnessError

# Three annotators, four items: aab, aaa, bbb, abb; as in the agreement by hand, where Fleiss' kappa is 1/3.
WIDE = "id,x,y,z\n1,a,a,b\n2,a,a,a\n3,b,b,b\n4,a,b,b\n"
LONG = "label;worker;task\n" + "".join(
    f"{label};{who};{item}\n"
    for item, labels in enumerate(("aab", "aaa", "bbb", "abb"))
    for who, label in zip("xyz", labels, strict=True)
)


def write(folder, text, name="labels.csv"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("text", [WIDE, LONG])
def test_one_item_or_one_rating_a_row(tmp_path, text):
    axis = agreement(write(tmp_path, text)).axes[0]
    assert axis.measures["fleiss_kappa"].value == pytest.approx(1 / 3)
    assert axis.annotators == ("x", "y", "z")
    assert [round(pair.measures["cohen_kappa"].value, 9) for pair in axis.details.pairs] == [0.5, 0.2, 0.5]
    assert [dict(split.labels) for split in axis.details.splits] == [
        {"x": "a", "y": "a", "z": "b"},
        {"x": "a", "y": "b", "z": "b"},
    ]


def test_without_names_in_the_first_row(tmp_path):
    path = write(tmp_path, LONG.partition("\n")[2].replace(";", "\t"), "labels.txt")
    columns = {"label": "1", "annotator": "2", "item": "3"}
    assert agreement(path, columns=columns, header=False).axes[0].measures["fleiss_kappa"].value == pytest.approx(1 / 3)
    with pytest.raises(FaultsError, match=r"labels.txt:3: has 4 cells, the header has 3"):
        read_ratings(
            write(tmp_path, "a\tx\t1\nb\ty\t1\na\tx\t2\tmore\n", "labels.txt"),
            RatingOptions(columns=columns, header=False),
        )


def test_cells_without_a_label_are_counted_and_left_out(tmp_path):
    table = read_ratings(write(tmp_path, "item,x,y\n1,1.0,1\n2,,0\n3,NaN,1\n4,0.0,NA\n"))
    assert table.ratings == [("1", "x", "1"), ("1", "y", "1"), ("2", "y", "0"), ("3", "y", "1"), ("4", "x", "0")]
    assert table.notes[1].endswith("cells without a label: empty 1, 'NaN' 1, 'NA' 1")


def test_an_item_that_one_annotator_rated_twice_is_a_repeat(tmp_path):
    rows = [*(("i1", "x", label) for label in "ab"), *((f"i{n}", "x", "a") for n in (2, 2, 3, 3, 4)), ("i2", "y", "a")]
    result = agreement(write(tmp_path, "item,rater,label\n" + "".join(f"{','.join(row)}\n" for row in rows)))
    (repeats,) = result.axes[0].details.consistency
    assert (repeats.annotator, repeats.measures["raw_agreement"].n) == ("x", 3)
    assert repeats.measures["raw_agreement"].value == pytest.approx(2 / 3)
    assert result.axes[0].twice == 3


def test_articles_are_resampled_where_a_column_names_them(tmp_path):
    path = write(tmp_path, "item,article,x,y\n1,p,a,a\n2,p,a,b\n3,q,b,b\n4,q,a,a\n")
    assert "resamples of articles" in agreement(path).interval_line()
    path = write(tmp_path, WIDE)
    assert "resamples of items" in agreement(path).interval_line()


def test_one_annotator_and_no_overlap(tmp_path):
    alone = agreement(write(tmp_path, "item,annotator,label\n1,x,a\n2,x,b\n"))
    assert (alone.axes, alone.alone) == ((), {"label": "x"})
    apart = agreement(write(tmp_path, "item,annotator,label\n1,x,a\n2,y,b\n")).axes[0]
    assert {value.reason for value in apart.measures.values()} == {"no item has labels by two annotators"}
    assert apart.details.pairs[0].measures["raw_agreement"].reason == "no item in common"


@pytest.mark.parametrize(
    ("text", "settings", "message"),
    [
        (WIDE, {"labels": ("a", "c")}, r"labels.csv:2: z: no label is called 'b'. Known: a, c"),
        (WIDE, {"columns": {"itm": "id"}}, r"--column: no field is called 'itm'. Did you mean 'item'\?"),
        (WIDE, {"columns": {"item": "idd"}}, r"--column: no column is called 'idd'"),
        (WIDE, {"annotators": ("w",)}, r"--annotator: no column is called 'w'"),
        ("annotator,label\nx,a\n", {}, "needs a column of items"),
        ("item,annotator,label\n1,,a\n,x,b\n", {}, r"csv:2: has no annotator(.|\n)*csv:3: has no item"),
        ("item\n1\n2\n", {}, "has no column of an annotator"),
        ("item,x,y\n1,,\n", {}, "has no label; every cell is empty"),
        ("item,x,y\n", {}, "has no rows"),
        ("item,x,y,speaker\n1,a,b,Ann\n2,b,b,Bo\n", {}, "the column 'speaker' has no label in common"),
        ("item,x,text\n" + "".join(f"{n},a,Text {n}\n" for n in range(60)), {}, "'text' has 60 different labels"),
    ],
)
def test_a_table_that_is_none_says_what_to_give(tmp_path, text, settings, message):
    with pytest.raises(FaultsError, match=message):
        agreement(write(tmp_path, text), **settings)


def test_options_of_a_file_are_refused_for_a_dataset(tmp_path):
    with pytest.raises(HarnessError, match="is no file: columns, labels and delimiter are options of a file"):
        agreement(tmp_path, annotators=["x"])
    with pytest.raises(HarnessError, match=r"nowhere.csv: does not exist"):
        agreement(tmp_path / "nowhere.csv")


def test_the_command(tmp_path, harness):
    path = write(tmp_path, WIDE)
    shown = harness("agreement", path, "--annotator", "x", "--annotator", "y")
    assert shown.returncode == 0, shown.stderr
    assert "label: x (rows), y (columns)" in shown.stdout
    assert "one item a row; annotators: x, y" in shown.stdout
    document = json.loads(harness("agreement", path, "--json").stdout)
    assert document["axes"]["label"]["fleiss_kappa"]["value"] == pytest.approx(1 / 3)
    assert document["pairs"]["label"][0]["annotators"] == ["x", "y"]
    assert document["splits"]["label"][0] == {
        "claim_id": "1", "agreement": pytest.approx(1 / 3), "labels": {"x": "a", "y": "a", "z": "b"},
    }  # fmt: skip
    assert document["repeats"] == {"label": []}


def test_a_file_has_items_and_no_claims_or_articles(tmp_path, harness):
    path = write(tmp_path, WIDE)
    for command in (["agreement"], ["agreement", "--json"], ["gold", "--rule", "majority"], ["gold", "--rule", "mace"]):
        printed = harness(command[0], path, *command[1:]).stdout.replace("claim_id", "")
        assert "item" in printed
        assert "claim" not in printed
        assert "article" not in printed
    with_articles = agreement(write(tmp_path, "item,article,x,y\n1,p,a,a\n2,p,a,b\n3,q,b,b\n4,q,a,a\n"))
    notes = {value.note for value in with_articles.axes[0].measures.values()}
    assert any("only 2 articles, so the interval is rough" in (note or "") for note in notes)


@pytest.mark.parametrize(
    ("header", "more", "options"),
    [
        ("sentence", "It sank in {n}.", "--column item=sentence"),
        ("sentence,comment", "It sank in {n}.,unsure {n}", "--column item=sentence"),
        ("the text,comment", "It sank in {n}.,", "--column 'item=the text'"),
        ("sentence,topic", "It sank in {n}.,ships", "--column item=sentence --annotator ann --annotator bob"),
        ("id,sentence", "{n},It sank in {n}.", "--annotator ann --annotator bob"),
        ("topic", "ships", "--annotator ann --annotator bob"),
    ],
)
@pytest.mark.parametrize("n_rows", [8, 60])
def test_the_message_has_the_shortest_options_that_read_the_table(tmp_path, header, more, options, n_rows):
    rows = [f"{more.format(n=n)},{'yn'[n % 2]},{'yyn'[n % 3]}" for n in range(n_rows)]
    path = write(tmp_path, "\n".join([f"{header},ann,bob", *rows, ""]))
    with pytest.raises(FaultsError) as error:
        agreement(path)
    assert str(error.value).endswith(f"; give {options}")
    arguments = shlex.split(options)
    given = {"columns": {}, "annotators": []}
    for option, value in zip(arguments[::2], arguments[1::2], strict=True):
        if option == "--column":
            given["columns"] = dict([value.split("=")])
        else:
            given["annotators"].append(value)
    result = agreement(path, **given)
    assert result.axes[0].annotators == ("ann", "bob")
    is_passed_over = "comment" in header
    assert any("passed over: comment" in note for note in result.notes) == is_passed_over


def test_the_item_column_of_one_rating_a_row_is_named(tmp_path):
    path = write(tmp_path, "sentence,annotator,label,comment\nIt sank.,x,a,\nIt sank.,y,a,why\n")
    with pytest.raises(FaultsError, match="name it with --column item=sentence"):
        agreement(path)
    assert agreement(path, columns={"item": "sentence"}).axes[0].measures["raw_agreement"].value == 1
