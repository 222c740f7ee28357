"""Labels from the files of other labeling tools."""

from __future__ import annotations

import csv
import json
import string
from contextlib import suppress

import pytest
from dataset_folders import content, made
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness import FaultsError, HarnessError, add_claims, new, open_dataset
from harness.errors import UnknownName

BUS = "The bus carried 900 people in June."
LOVE = "I love the bus."


@pytest.fixture
def folder(tmp_path):
    new(tmp_path / "desk")
    return tmp_path / "desk"


def write_lines(path, *rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def write_json(path, document):
    path.write_text(json.dumps(document))
    return path


def write_table(path, *rows):
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def labels_of(folder):
    """Text, axis and label of each label, in the order of the claims."""
    dataset = open_dataset(folder)
    texts = {claim.claim_id: claim.text for claim in dataset.claims}
    return sorted((texts[a.claim_id], a.axis, a.label) for a in dataset.annotations)


def refusal(folder, path, annotator="me", **arguments):
    before = content(folder)
    with pytest.raises(HarnessError) as refused:
        add_claims(folder, path, annotator, **arguments)
    assert content(folder) == before
    faults = getattr(refused.value, "faults", ())
    return "\n".join(map(str, faults)) or str(refused.value)


def studio_task(number, text, *annotations):
    return {"id": number, "data": {"text": text}, "annotations": list(annotations)}


def studio_annotation(*choices, by=7, at="2026-03-01T10:00:00.000000Z", control="checkable", **fields):
    result = {"from_name": control, "to_name": "text", "type": "choices", "value": {"choices": list(choices)}}
    return {"completed_by": by, "result": [result], "created_at": "2026-01-01T00:00:00Z", "updated_at": at, **fields}


EXPECTED = [(LOVE, "checkable", "no"), (BUS, "checkable", "yes")]


def test_doccano_text_classification(folder, tmp_path):
    path = write_lines(
        tmp_path / "a.jsonl",
        {"id": 1, "text": BUS, "label": ["yes"], "Comments": []},
        {"id": 2, "text": LOVE, "label": ["no"], "Comments": []},
        {"id": 3, "text": "Nobody looked.", "label": [], "Comments": []},
    )
    result = add_claims(folder, path, "me")
    assert labels_of(folder) == EXPECTED
    notes = "\n".join(result.notes)
    assert "read as a doccano export (JSONL)" in notes
    assert "passed over the fields id, Comments" in notes
    assert "tasks that nobody labeled: 1, left out" in notes
    assert "read 'label' as 'checkable', the only axis" in notes


def test_doccano_csv(folder, tmp_path):
    path = write_table(
        tmp_path / "a.csv",
        {"id": 1, "text": BUS, "label": "checkable", "Comments": ""},
        {"id": 2, "text": LOVE, "label": "not checkable", "Comments": ""},
    )
    result = add_claims(folder, path, "me")
    assert labels_of(folder) == EXPECTED
    assert any("'not checkable' as no" in note for note in result.notes)
    two = write_table(tmp_path / "b.csv", {"id": 1, "text": BUS, "label": "yes#no"})
    assert "b.csv:2: checkable: line 2 has 2 choices ('yes', 'no')" in refusal(folder, two)


@pytest.mark.parametrize(
    "marks",
    [
        {"label": [[10, 28, "yes"]]},
        {"labels": [[10, 28, "yes"]]},
        {"entities": [{"id": 4, "label": "yes", "start_offset": 10, "end_offset": 28}], "relations": []},
        {"annotations": [{"label": "yes", "start_offset": 10, "end_offset": 28, "user": 3}]},
    ],
)
def test_doccano_spans_become_claims_of_their_document(folder, tmp_path, marks):
    document = "Good day. It fell by a third. Thanks."
    add_claims(folder, write_lines(tmp_path / "a.jsonl", {"id": 1, "text": document, **marks}), "me")
    dataset = open_dataset(folder)
    (article,), (claim,) = dataset.articles, dataset.claims
    assert article.text == document
    assert (claim.start, claim.text) == (10, "It fell by a third")


def test_a_span_of_an_article_that_the_dataset_has(tmp_path):
    dataset = made(tmp_path / "ferries")
    article = dataset.articles[1]
    start = article.text.index("late")
    row = {"text": article.text, "label": [[start, start + 4, "yes"]]}
    add_claims(dataset.folder, write_lines(tmp_path / "a.jsonl", row), "me", columns={"checkable": "label"})
    changed = open_dataset(dataset.folder)
    assert changed.articles == dataset.articles
    (claim,) = set(changed.claims) - set(dataset.claims)
    assert (claim.article_id, claim.start, claim.text) == (article.article_id, start, "late")


def test_a_table_is_no_export_without_the_column_that_the_user_passes_over(folder, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("id,text,label\n1,The tram is 9 m longer.,yes\n2,The tram is new.,yes#no\n")
    with pytest.raises(HarnessError, match="no label is called 'yes#no'"):
        add_claims(folder, path, "ann", columns={"checkable": "label"}, ignore_columns=["id"])
    path.write_text("id,text,label\n1,The tram is 9 m longer.,yes\n")
    notes = "\n".join(add_claims(folder, path, "ann", columns={"checkable": "label"}, ignore_columns=["id"]).notes)
    assert "columns passed over: id" in notes
    assert "doccano" not in notes


def test_prodigy_choices_and_binary_labels(folder, tmp_path):
    own = {"_input_hash": 1, "_task_hash": 2, "_annotator_id": "desk-1", "_timestamp": 1_700_000_000}
    options = [{"id": "yes", "text": "Yes"}, {"id": "no", "text": "No"}]
    path = write_lines(
        tmp_path / "a.jsonl",
        {"text": BUS, "options": options, "accept": ["yes"], "answer": "accept", **own},
        {"text": LOVE, "label": "checkable", "answer": "reject", **own},
        {"text": "Skip this.", "options": options, "accept": ["no"], "answer": "ignore", **own},
        {"text": "None of them.", "options": options, "accept": ["no"], "answer": "reject", **own},
        {"text": "No choice.", "options": options, "accept": [], "answer": "accept", **own},
    )
    result = add_claims(folder, path, "me")
    assert labels_of(folder) == EXPECTED
    assert {a.at for a in open_dataset(folder).annotations} == {"2023-11-14T22:13:20Z"}
    notes = "\n".join(result.notes)
    for part in (
        "a Prodigy export",
        "ignored tasks: 1",
        "rejected tasks: 1",
        "without a choice or a span: 1",
        "desk-1",
    ):
        assert part in notes


def test_prodigy_spans_and_numbered_options(folder, tmp_path):
    path = write_lines(
        tmp_path / "a.jsonl",
        {"text": "Well. It fell.", "spans": [{"start": 6, "end": 14, "label": "yes"}], "answer": "accept"},
        {"text": LOVE, "options": [{"id": 0, "text": "no"}], "accept": [0], "answer": "accept"},
    )
    add_claims(folder, path, "me")
    assert labels_of(folder) == [(LOVE, "checkable", "no"), ("It fell.", "checkable", "yes")]


def test_several_annotators_are_never_merged(folder, tmp_path):
    rows = [
        {"text": BUS, "label": "checkable", "answer": answer, "_task_hash": 1, "_annotator_id": name}
        for name, answer in (("ann", "accept"), ("bob", "reject"))
    ]
    path = write_lines(tmp_path / "a.jsonl", *rows)
    assert "labels by several labelers (ann, bob); add them one by one: --labeler NAME" in refusal(folder, path)
    result = add_claims(folder, path, "bob-pass-1", labeler="bob")
    assert labels_of(folder) == [(BUS, "checkable", "no")]
    assert "labels by 'bob' of the export, recorded under the name of --as; left out: labels by ann (1)" in "\n".join(
        result.notes
    )
    with pytest.raises(UnknownName, match="Did you mean 'bob'"):
        add_claims(folder, path, "me", labeler="bobb")


def test_label_studio_in_three_layouts_gives_the_same(folder, tmp_path):
    tasks = [studio_task(1, BUS, studio_annotation("yes")), studio_task(2, LOVE, studio_annotation("no"))]
    rows = [
        {
            "text": task["data"]["text"],
            "id": task["id"],
            "checkable": task["annotations"][0]["result"][0]["value"]["choices"][0],
            "annotator": 7,
            "annotation_id": 10 + task["id"],
            "created_at": "2026-01-01T00:00:00Z",
            "updated_at": "2026-03-01T10:00:00Z",
            "lead_time": 2.5,
        }
        for task in tasks
    ]
    files = {
        "JSON": write_json(tmp_path / "a.json", tasks),
        "JSON-MIN": write_json(tmp_path / "min.json", rows),
        "CSV": write_table(tmp_path / "a.csv", *rows),
    }
    for layout, path in files.items():
        result = add_claims(folder, path, f"by-{layout}")
        assert f"read as a Label Studio export ({layout})" in result.notes[0]
    assert labels_of(folder) == sorted(EXPECTED * 3)
    logs = {}
    for a in open_dataset(folder).annotations:
        logs.setdefault(a.annotator, []).append((a.claim_id, a.label, a.at))
    assert logs["by-JSON"] == logs["by-JSON-MIN"] == logs["by-CSV"]
    assert {at for _, _, at in logs["by-CSV"]} == {"2026-03-01T10:00:00Z"}


def test_a_control_of_another_name_and_spans_in_utf_16(folder, tmp_path):
    document = "\N{PARTY POPPER} Hello. It fell."
    value = {"start": 10, "end": 18, "text": "It fell.", "labels": ["yes"]}
    spans = {"completed_by": 7, "result": [{"from_name": "mark", "type": "labels", "value": value}]}
    path = write_json(tmp_path / "a.json", [studio_task(1, document, spans)])
    result = add_claims(folder, path, "me")
    assert "read 'mark' as 'checkable', the only axis" in "\n".join(result.notes)
    (claim,) = open_dataset(folder).claims
    assert (claim.start, claim.text) == (9, "It fell.")
    value["text"] = "It rose."
    path = write_json(tmp_path / "a.json", [studio_task(1, document, spans)])
    assert 'span says "It rose."' in refusal(folder, path, "you")


@pytest.mark.parametrize("layout", ["json", "min", "csv", "doccano", "prodigy"])
def test_two_choices_for_an_axis_are_a_fault_that_names_the_task(folder, tmp_path, layout):
    row = {"id": 41, "text": BUS, "annotation_id": 5, "annotator": 7, "lead_time": 1.0}
    path, place = {
        "json": lambda: (
            write_json(tmp_path / "a.json", [studio_task(41, BUS, studio_annotation("yes", "no"))]),
            "id 41",
        ),
        "min": lambda: (
            write_json(tmp_path / "a.json", [row | {"checkable": {"choices": ["yes", "no"]}}]),
            "annotation 5",
        ),
        "csv": lambda: (
            write_table(tmp_path / "a.csv", row | {"checkable": json.dumps({"choices": ["yes", "no"]})}),
            "annotation 5",
        ),
        "doccano": lambda: (write_lines(tmp_path / "a.jsonl", {"text": BUS, "label": ["yes", "no"]}), "a.jsonl:1"),
        "prodigy": lambda: (
            write_lines(tmp_path / "a.jsonl", {"text": BUS, "accept": ["yes", "no"], "answer": "accept"}),
            "a.jsonl:1",
        ),
    }[layout]()
    message = refusal(folder, path)
    assert place in message
    assert "2 choices ('yes', 'no'), and the axis takes one" in message


def test_two_results_of_one_control_are_two_choices(folder, tmp_path):
    annotation = studio_annotation("yes")
    annotation["result"] += studio_annotation("no")["result"]
    path = write_json(tmp_path / "a.json", [studio_task(3, BUS, annotation)])
    assert "task 1 (id 3) has 2 choices" in refusal(folder, path)


def test_the_newest_of_two_annotations_counts_only_by_a_rule(folder, tmp_path):
    # The newest stands first in the file.
    annotations = [
        studio_annotation("no", at="2026-05-02T08:00:00Z"),
        studio_annotation("yes", at="2026-05-01T08:00:00Z"),
    ]
    path = write_json(tmp_path / "a.json", [studio_task(1, BUS, annotations[0]), studio_task(2, BUS, annotations[1])])
    message = refusal(folder, path)
    assert 'task 1 (id 1) says "no" and task 2 (id 2) "yes"' in message
    assert "--on-conflict newest" in message
    result = add_claims(folder, path, "me", on_conflict="newest")
    assert labels_of(folder) == [(BUS, "checkable", "no")]
    assert open_dataset(folder).annotations[0].at == "2026-05-02T08:00:00Z"
    assert "rule newest: left out 1 older label of" in "\n".join(result.notes)


@pytest.mark.parametrize("times", [("2026-05-01T08:00:00Z",) * 2, (None, "2026-05-01T08:00:00Z"), (None, None)])
def test_equal_or_missing_times_decide_nothing(folder, tmp_path, times):
    annotations = [studio_annotation(label, at=at) for label, at in zip(("no", "yes"), times, strict=True)]
    for annotation in annotations:
        del annotation["created_at"]
    path = write_json(tmp_path / "a.json", [studio_task(1, BUS, *annotations)])
    message = refusal(folder, path, on_conflict="newest")
    assert "their times are equal or missing" in message
    agreeing = write_json(tmp_path / "b.json", [studio_task(1, BUS, annotations[0], annotations[0])])
    add_claims(folder, agreeing, "me")
    assert labels_of(folder) == [(BUS, "checkable", "no")]


def test_several_axes_need_a_name(tmp_path):
    dataset = made(tmp_path / "ferries")
    path = write_lines(tmp_path / "a.jsonl", {"text": BUS, "label": ["yes"]})
    assert "label: is no axis of scheme 'three-axes'" in refusal(dataset.folder, path)
    add_claims(dataset.folder, path, "me", columns={"factual": "label"})
    assert labels_of(dataset.folder) == [(BUS, "factual", "yes")]


def test_a_format_can_be_named(folder, tmp_path, harness):
    path = write_lines(tmp_path / "a.jsonl", {"text": BUS, "label": ["yes"]})
    assert "expected a Prodigy export" in refusal(folder, path, file_format="prodigy")
    assert "no format is called 'docano'. Did you mean 'doccano'" in refusal(folder, path, file_format="docano")
    assert refusal(folder, path, file_format="table")
    outcome = harness("add", folder, "--claims", path, "--as", "me", "--format", "doccano")
    assert outcome.returncode == 0, outcome.stderr
    assert "read as a doccano export (JSONL)" in outcome.stdout + outcome.stderr


def test_all_faults_are_told_those_of_one_kind_in_one_line(folder, tmp_path, harness):
    path = write_lines(tmp_path / "a.jsonl", *({"text": f"{BUS} {n}", "label": ["yes", "no"]} for n in range(30)))
    assert len(refusal(folder, path).splitlines()) == 30
    outcome = harness("add", folder, "--claims", path, "--as", "me")
    first, count = outcome.stderr.splitlines()
    assert "a.jsonl:1: checkable: line 1 has 2 choices ('yes', 'no')" in first
    assert count.startswith("30 faults")


def test_a_dataset_from_an_export(tmp_path):
    path = write_lines(tmp_path / "a.jsonl", {"text": BUS, "label": ["hot"]}, {"text": LOVE, "label": ["cold"]})
    add_claims(tmp_path / "fresh", path, "me")
    assert labels_of(tmp_path / "fresh") == [(LOVE, "label", "cold"), (BUS, "label", "hot")]


WORDS = ["data", "annotations", "result", "value", "choices", "text", "label", "labels", "accept", "answer", "spans"]
WORDS += ["options", "claims", "claimReview", "_task_hash", "completed_by", "from_name", "start", "end", "claim_id"]
WORDS += ["annotation_id", "annotator", "lead_time", "updated_at", "checkable", "entities", "relations", "meta", "user"]
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from([*WORDS, "yes", "accept", "reject"])
VALUES = st.recursive(
    LEAVES | st.text(string.printable, max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=6),
    max_leaves=25,
)
ROWS = st.lists(st.dictionaries(st.sampled_from(WORDS), VALUES, min_size=1, max_size=8), min_size=1, max_size=3)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=ROWS, suffix=st.sampled_from([".json", ".jsonl"]))
def test_a_damaged_export_is_read_or_refused(tmp_path_factory, rows, suffix):
    base = tmp_path_factory.mktemp("damaged")
    new(base / "desk")
    path = base / f"a{suffix}"
    path.write_text(json.dumps(rows) if suffix == ".json" else "".join(json.dumps(row) + "\n" for row in rows))
    with suppress(HarnessError):
        add_claims(base / "desk", path, "me", dry_run=True)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_an_export_with_one_damaged_value_is_read_or_refused(tmp_path_factory, data):
    base = tmp_path_factory.mktemp("damaged")
    new(base / "desk")
    sound = {
        "a.json": [studio_task(1, BUS, studio_annotation("yes"))],
        "min.json": [{"id": 1, "text": BUS, "checkable": "yes", "annotation_id": 1, "annotator": 1, "lead_time": 1.0}],
        "prodigy.json": [{"text": BUS, "spans": [{"start": 0, "end": 3, "label": "yes"}], "answer": "accept"}],
        "doccano.json": [{"text": BUS, "label": [[0, 3, "yes"]], "Comments": []}],
    }
    name = data.draw(st.sampled_from(sorted(sound)))
    document = json.loads(json.dumps(sound[name]))
    places = list(_places(document))
    container, key = data.draw(st.sampled_from(range(len(places))).map(places.__getitem__))
    container[key] = data.draw(VALUES)
    with suppress(HarnessError):
        add_claims(base / "desk", write_json(base / name, document), "me", dry_run=True)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(cells=st.lists(st.text(string.printable, max_size=12) | VALUES.map(json.dumps), min_size=5, max_size=5))
def test_a_damaged_table_of_label_studio_is_read_or_refused(tmp_path_factory, cells):
    base = tmp_path_factory.mktemp("damaged")
    new(base / "desk")
    names = ("text", "checkable", "annotator", "annotation_id", "updated_at")
    path = write_table(base / "a.csv", dict(zip(names, cells, strict=True)))
    with suppress(HarnessError):
        add_claims(base / "desk", path, "me", dry_run=True)


def _places(value):
    keys = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in list(keys):
        yield value, key
        yield from _places(inner)


def test_a_file_that_is_no_export(folder, tmp_path):
    for document, message in (
        ({}, "an answer of the Fact Check Tools API; got {}"),
        ({"claims": []}, "has no ClaimReview (JSON-LD) with a claimReviewed, and no claim with a review"),
        ([], "expected a Label Studio export (JSON)"),
        ([{"a": 1}], "is not in a layout that is known here; expected a Label Studio export (JSON)"),
        ([1, 2], "item 1: expected a JSON object, got 1 (and 1 more items)"),
    ):
        assert message in refusal(folder, write_json(tmp_path / "a.json", document))
    (tmp_path / "a.json").write_text("[" * 100_000)
    with pytest.raises(FaultsError, match="nested too deeply"):
        add_claims(folder, tmp_path / "a.json", "me")
