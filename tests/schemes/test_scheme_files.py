"""Scheme packs: the shipped ones are sound, and a pack of the user's own is checked."""

from __future__ import annotations

import pytest

from harness.errors import FaultsError, HarnessError
from harness.schemes import load_scheme, read_scheme, scheme_names

PACK = """\
name: mine
version: "1"
title: Mine
source: me
license: CC BY 4.0
language: en
axes:
  - name: sure
    question: Is it?
    labels:
      - {name: "yes", definition: It is.}
      - {name: "no", code: "0", definition: It is not.}
      - {name: cannot tell, definition: Who knows.}
    abstain_label: cannot tell
  - {name: odd, question: "Is it odd?", feature: true}
tasks:
  checkability: {axis: sure, positive: ["yes"], negative: ["no"]}
guideline: Read it.
"""


VERDICTS = {
    "averitec",
    "checkthat-factuality",
    "claimreview",
    "climate-fever",
    "covid-fact",
    "fever",
    "feverous",
    "fool-me-twice",
    "healthver",
    "hover",
    "liar",
    "quantemp",
    "scifact",
    "verdict",
}
NO_TASK = {"subjectivity"}
"""Schemes that ask none of the questions that a task asks."""


@pytest.mark.parametrize("name", scheme_names())
def test_a_shipped_pack_is_sound(name):
    scheme = load_scheme(name)
    assert scheme.name == name
    assert scheme.guideline.strip()
    assert scheme.title
    assert "not stated" not in (scheme.source, scheme.license)
    assert scheme.language != "und"
    assert bool(scheme.tasks) == (name not in NO_TASK)
    for axis in scheme.axes:
        assert all(isinstance(label, str) and label for label in axis.label_names)
        codes = [label.code for label in axis.labels if label.code is not None]
        assert len(set(codes)) == len(codes)
    for mapping in scheme.tasks.values():
        assert not set(mapping.positive) & set(mapping.negative)


def test_yes_and_no_are_texts():
    assert load_scheme("three-axes").axis("factual").label_names == ("yes", "no", "cannot tell")
    assert load_scheme("three-axes").axis("quantity").label_names == ("yes",)


def test_codes_are_the_publishers():
    axis = load_scheme("claimbuster").axis("label")
    assert [axis.coded(code) for code in ("-1", "0", "1", "2")] == ["NFS", "UFS", "CFS", None]


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(HarnessError, match=r"no scheme is called 'three-axis'\. Did you mean 'three-axes'"):
        load_scheme("three-axis")
    with pytest.raises(HarnessError, match=r"scheme 'checkthat': no axis is called 'lable'\. Did you mean 'label'"):
        load_scheme("checkthat").axis("lable")


def test_a_pack_of_ones_own_is_read(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(PACK)
    assert read_scheme(path).axis("sure").label_names == ("yes", "no", "cannot tell")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            *('{name: "yes", def', "{name: yes, def"),
            ":11: axes.0.labels.0.name: expected a text, got true; YAML reads unquoted yes and no as true and false: "
            "add quotes",
        ),
        ('version: "1"', "version: 1", ":2: version: expected a text, got 1"),
        ("question: Is it?\n", "definition: A.\n", "axes.0.question: is required, and missing; write what"),
        ("source: me", "source: me\ncolour: red", ":5: colour: is not a known field"),
        ("name: mine", "name: ../mine", ":1: name: expected "),
        (
            "abstain_label: cannot tell",
            "abstain_label: perhaps",
            ":8: axes.0: abstain_label: no label is called 'perhaps'",
        ),
        ("name: odd, ", "name: sure, ", ": axes: duplicate name"),
        (
            "feature: true",
            "feature: false",
            ":15: axes.1: expected labels, such as labels: [claim, other], or else feature: true",
        ),
        ("name: cannot tell", 'name: "no"', ":8: axes.0: labels: duplicate name"),
        ("{axis: sure,", "{axis: shure,", ": tasks.checkability.axis: no axis is called 'shure'. Did you mean 'sure'"),
        ('positive: ["yes"]', "positive: [maybe]", ": tasks.checkability: no label is called 'maybe'"),
        ("axes:\n", "axes: [\n", ": is not YAML: "),
    ],
)
def test_a_wrong_pack_says_what_is_wrong(tmp_path, old, new, message):
    path = tmp_path / "mine.yaml"
    assert PACK.count(old) == 1
    path.write_text(PACK.replace(old, new))
    with pytest.raises(FaultsError) as refused:
        read_scheme(path)
    said = [str(fault).removeprefix(str(path)) for fault in refused.value.faults]
    assert any(message in fault for fault in said), said


def test_the_former_names_of_two_fields_are_read_in_files_that_people_wrote(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(PACK.replace("license:", "licence:").replace("abstain_label:", "unsettled:"), encoding="utf-8")
    scheme = read_scheme(path)
    assert (scheme.license, scheme.axes[0].abstain_label) == ("CC BY 4.0", "cannot tell")
    path.write_text(PACK.replace("license:", "lisense:"), encoding="utf-8")
    with pytest.raises(FaultsError, match="lisense: is not a known field"):
        read_scheme(path)


def test_a_label_may_be_its_name_alone(tmp_path):
    head = 'name: m\nversion: "1"\ntitle: T\nsource: S\nlicense: L\nlanguage: en\nguideline: G\naxes:\n'
    head += "  - name: kind\n    question: Which?\n"
    (tmp_path / "m.yaml").write_text(f"{head}    labels: [claim, {{name: other}}]\n")
    axis = read_scheme(tmp_path / "m.yaml").axis("kind")
    assert axis.label_names == ("claim", "other")
    assert [label.definition for label in axis.labels] == ["", ""]
    (tmp_path / "m.yaml").write_text(f"{head}    labels: [yes, other]\n")
    with pytest.raises(FaultsError) as refused:
        read_scheme(tmp_path / "m.yaml")
    (fault,) = refused.value.faults
    assert fault.message == "expected a text, got true; YAML reads unquoted yes and no as true and false: add quotes"


def test_a_scheme_of_one_line_asks_one_question(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("labels: [claim, other]\n")
    scheme = read_scheme(path)
    assert (scheme.name, scheme.version) == ("mine", "1")
    assert [(axis.name, axis.label_names) for axis in scheme.axes] == [("label", ("claim", "other"))]
    assert scheme.tasks["claim_type"].axis == "label"
    assert scheme.undefined == (("label", "claim"), ("label", "other"))
    path.write_text("labels: [claim, other, unsure]\npositive: [claim]\nabstain_label: unsure\nquestion: Is it?\n")
    scheme = read_scheme(path)
    assert scheme.axis("label").question == "Is it?"
    detection = scheme.tasks["claim_detection"]
    assert (detection.positive, detection.negative) == (("claim",), ("other",))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("title: x\n", "axes: is required, and missing; write labels: [claim, other]"),
        ("labels: []\n", "expected labels, such as labels: [claim, other]"),
        ("axes: [{name: a}]\n", "axes.0.question: is required, and missing; write what the annotator is asked"),
        ("labels: [yes, no]\n", "YAML reads unquoted yes and no as true and false: add quotes"),
        ("labels: [a, b]\npositive: c\n", "no label is called 'c'. Known: a, b"),
        ("labels: [a, b]\ntest: [{text: T, answers: {label: c}}]\n", "test[1].answers.label: no label is called 'c'"),
        ("labels: [a, b]\ntest: [{text: T, answers: {lable: a}}]\n", "Did you mean 'label'"),
    ],
)
def test_the_errors_of_a_scheme_say_what_to_write(tmp_path, text, message):
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(FaultsError) as caught:
        read_scheme(path)
    assert message in str(caught.value)
