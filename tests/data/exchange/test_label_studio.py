"""A project for Label Studio, and what people do there."""

from __future__ import annotations

import csv
import json
from xml.etree import ElementTree

import pytest
from dataset_folders import made

from harness import HarnessError, add_claims, export, open_dataset
from harness.data.labels.gold import active_annotations

AT = "2026-05-10T10:00:00Z"
HOSTILE = "<script>alert(1)</script> cost 5 & more."


@pytest.fixture
def dataset(tmp_path):
    opened = made(tmp_path / "ferries")
    rows = [
        {"claim_id": opened.claims[0].claim_id, "checkable": "yes", "attribution": "a guest", "note": "two\nlines"},
        {"claim_id": opened.claims[1].claim_id, "checkable": "no", "confidence": 0.7},
    ]
    add_claims(opened.folder, rows, "ann", at=AT)
    add_claims(opened.folder, [{"text": HOSTILE, "checkable": "yes"}], "bob", at=AT)
    return open_dataset(opened.folder)


def project(dataset, path, **arguments):
    """Tasks and labeling interface of an export."""
    export(dataset, "label-studio", path, **arguments)
    return json.loads(path.read_text()), ElementTree.fromstring(path.with_suffix(".xml").read_text())


def labels_of(folder, annotator):
    own = [a for a in active_annotations(open_dataset(folder).annotations) if a.annotator == annotator]
    return {(a.claim_id, a.axis, a.label, a.value, a.note, a.confidence, a.at) for a in own}


def test_a_screen_has_the_claim_in_its_article_with_hints_and_fields(dataset, tmp_path):
    tasks, config = project(dataset, tmp_path / "tasks.json", labels=False)
    assert len(tasks) == len(dataset.current)
    for task in tasks:
        claim = next(c for c in dataset.claims if c.claim_id == task["data"]["claim_id"])
        article = ElementTree.fromstring(f"<a>{task['data']['article'].replace('<br>', '<br/>')}</a>")
        assert article.findtext("mark") == claim.text
        text = next(a.text for a in dataset.articles if a.article_id == claim.article_id)
        assert "".join(article.itertext()) == text.replace("\n", "")
    assert not any("<script" in task["data"]["article"] for task in tasks)
    objects = {tag.get("name"): (tag.tag, tag.get("value")) for tag in config.iter() if tag.get("value", "")[:1] == "$"}
    assert objects["text"] == ("Text", "$text")
    assert objects["article"] == ("HyperText", "$article")
    controls = {tag.get("name"): tag for tag in config.iter() if tag.get("toName")}
    assert {tag.get("toName") for tag in controls.values()} == {"text"}
    choices = controls["three-axes.checkable"]
    assert [choice.get("value") for choice in choices] == ["yes", "no", "cannot tell"]
    assert "Evidence that settles it exists" in choices[0].get("hint")
    assert controls["three-axes.attribution.value"].tag == controls["note"].tag == "TextArea"
    assert controls["confidence"].tag == "Number"


def test_labels_of_people_it_does_not_know_are_pre_annotations(dataset, tmp_path, harness):
    done = harness(
        "export", dataset.folder, "--to", "label-studio", "-o", "tasks.json", "--labeler", "bob=b@desk.example"
    )
    assert done.returncode == 0, done.stderr
    assert "the labels of ann come in as pre-annotations" in done.stdout
    tasks = json.loads((tmp_path / "tasks.json").read_text())
    assert sum(len(task["predictions"]) for task in tasks) == 2
    (annotation,) = [annotation for task in tasks for annotation in task["annotations"]]
    assert (annotation["completed_by"], annotation["updated_at"]) == ({"email": "b@desk.example"}, AT)
    with pytest.raises(HarnessError, match=r"no annotator is called 'anne'. Did you mean 'ann'"):
        export(dataset, "label-studio", tmp_path / "a.json", addresses={"anne": "a@desk.example"})
    with pytest.raises(HarnessError, match="addresses of annotators are for label-studio with labels"):
        export(dataset, "csv", tmp_path / "a.csv", addresses={"ann": "a@desk.example"})


def test_pre_annotations_become_labels_only_where_somebody_asks(dataset, tmp_path):
    project(dataset, tmp_path / "tasks.json")
    with pytest.raises(HarnessError, match=r"no labels but those of pre-annotations, by ann \(3\), bob \(1\); take"):
        add_claims(dataset.folder, tmp_path / "tasks.json", "eve")
    result = add_claims(dataset.folder, tmp_path / "tasks.json", "eve", labeler="ann", at=AT)
    assert "labels by 'ann' are pre-annotations of the export" in "\n".join(result.notes)
    assert labels_of(dataset.folder, "eve") == labels_of(dataset.folder, "ann")


def as_exported(tasks, layout, path):
    """Writes the annotations of tasks as Label Studio exports them, with its own ids and times."""
    rows = []
    for number, task in enumerate(tasks, start=1):
        task["id"] = number
        for annotation in task["annotations"]:
            annotation |= {"id": 100 + number, "was_cancelled": False, "lead_time": 4.2}
            row = {**task["data"], "id": number, "annotator": annotation["completed_by"]["email"]}
            for result in annotation["result"]:
                (value,) = result["value"].values()
                row[result["from_name"]] = value[0] if isinstance(value, list) else value
            rows.append(row | {"annotation_id": 100 + number, "lead_time": 4.2, "updated_at": annotation["updated_at"]})
    if layout == "json":
        path = path.with_suffix(".json")
        path.write_text(json.dumps(tasks))
    elif layout == "min":
        path = path.with_suffix(".json")
        path.write_text(json.dumps(rows))
    else:
        path = path.with_suffix(".csv")
        with path.open("w", newline="") as stream:
            writer = csv.DictWriter(stream, list(dict.fromkeys(name for row in rows for name in row)))
            writer.writeheader()
            writer.writerows(rows)
    return path


@pytest.mark.parametrize("layout", ["json", "min", "csv"])
def test_labels_come_back_with_times_notes_and_values(dataset, tmp_path, layout):
    tasks, _ = project(dataset, tmp_path / "tasks.json", addresses={"ann": "ann@desk.example"})
    path = as_exported(tasks, layout, tmp_path / "export")
    result = add_claims(dataset.folder, path, "eve", labeler="ann@desk.example")
    assert result.claims_added == 0
    assert not any("passed over" in note and "article" in note for note in result.notes)
    assert labels_of(dataset.folder, "eve") == labels_of(dataset.folder, "ann")


def test_a_foreign_project_with_a_column_of_text(tmp_path):
    result = {"from_name": "is_claim", "to_name": "t", "type": "choices", "value": {"choices": ["yes"]}}
    note = {"from_name": "note", "to_name": "t", "type": "textarea", "value": {"text": ["so", "it is"]}}
    annotation = {"completed_by": 7, "result": [result, note], "created_at": AT, "updated_at": AT}
    task = {"id": 3, "data": {"sentence": "It cost 5.", "source": "x"}, "annotations": [annotation]}
    (tmp_path / "a.json").write_text(json.dumps([task]))
    with pytest.raises(HarnessError, match="name the field that holds the text: --column text=FIELD"):
        add_claims(tmp_path / "desk", tmp_path / "a.json", "me")
    add_claims(tmp_path / "desk", tmp_path / "a.json", "me", columns={"text": "sentence"}, task="claim_type")
    dataset = open_dataset(tmp_path / "desk")
    assert [claim.text for claim in dataset.claims] == ["It cost 5."]
    assert [(a.axis, a.label, a.note, a.at) for a in dataset.annotations] == [("is_claim", "yes", "so\nit is", AT)]
