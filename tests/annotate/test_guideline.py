"""The guideline as a text and as a page: what annotators follow, from the file of the scheme alone."""

from __future__ import annotations

import pytest

from harness import guideline
from harness.annotate.guideline import find_guideline, text_blocks, to_html, to_markdown
from harness.errors import HarnessError, UnknownName
from harness.schemes import load_scheme

HOSTILE = "labels: [{name: a, definition: '<script>x</script> *b*', examples: ['[c](d)']}, b]\nguideline: <img src=x>\n"


def test_our_own_schemes_have_tests_of_twelve_sentences_about_every_axis_and_label():
    for name in ("three-axes", "verdict"):
        scheme = load_scheme(name)
        assert len(scheme.test) == 12
        answered = {(axis, label) for exercise in scheme.test for axis, label in exercise.answers.items()}
        asked = [axis for axis in scheme.axes if not axis.feature]
        assert all({axis.name for axis in asked} <= set(exercise.answers) for exercise in scheme.test)
        assert {
            (axis.name, label.name) for axis in asked for label in axis.labels if label.name != "cannot tell"
        } <= answered


def test_answers_stand_after_all_sentences_in_markdown_and_closed_in_the_page(tmp_path):
    done = guideline("three-axes", tmp_path / "g.md")
    assert (done.scheme, done.exercises, done.undefined) == ("three-axes", 12, ())
    text = done.path.read_text()
    scheme = load_scheme("three-axes")
    test, answers = text.split("## Answers")
    assert all(exercise.text in test.replace("\\", "") for exercise in scheme.test)
    assert all(exercise.reason in answers.replace("\\", "") for exercise in scheme.test)
    assert all(label.definition.strip() in text for axis in scheme.axes for label in axis.labels)
    page = to_html(scheme)
    assert page.count("<details>") == 12
    assert "<details open" not in page
    assert "http" not in page.replace("http-equiv", "")


def test_text_of_a_scheme_is_no_markup(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(HOSTILE)
    scheme = find_guideline(path)
    page, text = to_html(scheme), to_markdown(scheme)
    assert "<script>" not in page
    assert "<img" not in page
    assert "\\<script\\>x\\</script\\> \\*b\\*" in text
    assert "\\[c\\](d)" in text
    assert text.endswith("under `test:` in its file.\n")


def test_paragraphs_and_lists_of_a_guideline_fit_any_width():
    text = "Read\nit all.\n\nEdge cases\n- One\n  more.\n- Two.\n"
    assert text_blocks(text) == ["Read it all.", "Edge cases", ["One more.", "Two."]]


def test_a_scheme_is_found_by_name_file_or_dataset_or_the_error_says_how(harness, small):
    assert find_guideline(small).name == "three-axes"
    with pytest.raises(UnknownName, match=r"Did you mean 'three-axes'.*or give a file, or a dataset"):
        find_guideline("three-axis")
    with pytest.raises(HarnessError, match=r"ends in \.md or \.html"):
        guideline("verdict", "g.pdf")
    printed = harness("guideline", "verdict")
    assert printed.returncode == 0, printed.stderr
    assert printed.stdout == to_markdown(load_scheme("verdict"))
