"""The verdicts that label schemes share, so that their datasets can be joined."""

from __future__ import annotations

import pytest

from harness.data.labels.tasks import YES_NO, answers_of, find_task
from harness.errors import FaultsError, HarnessError
from harness.schemes import COMMON_VERDICTS, load_scheme, read_scheme, scheme_names

VERDICT = find_task("verdict")


def test_one_scheme_keeps_its_own_labels():
    liar = load_scheme("liar")
    answers = answers_of(VERDICT, [liar, liar])
    assert answers.labels == liar.axis("label").label_names
    assert answers.codes[0] == answers.codes[1] == {name: code for code, name in enumerate(answers.labels)}


def test_several_schemes_share_the_verdicts_that_all_of_them_have():
    answers = answers_of(VERDICT, [load_scheme("averitec"), load_scheme("fever"), load_scheme("liar")])
    assert answers.labels == ("refuted", "supported")
    assert answers.codes[1] == {"refuted": 0, "supported": 1}
    assert answers.codes[2] == {"pants-fire": 0, "false": 0, "mostly-true": 1, "true": 1}
    assert answers_of(VERDICT, [load_scheme("averitec"), load_scheme("verdict")]).labels == COMMON_VERDICTS


def test_schemes_with_fewer_than_two_verdicts_in_common_are_refused():
    with pytest.raises(HarnessError, match=r"hover, fever have fewer than two verdicts in common"):
        answers_of(VERDICT, [load_scheme("hover"), load_scheme("fever")])


def test_yes_and_no_are_shared_by_all():
    task = find_task("checkability")
    answers = answers_of(task, [load_scheme("three-axes"), load_scheme("claimbuster")])
    assert answers.labels == YES_NO


def test_every_verdict_scheme_says_what_its_labels_mean():
    for name in scheme_names():
        mapping = load_scheme(name).tasks.get("verdict")
        assert mapping is None or mapping.common, name


def test_an_unknown_verdict_or_label_is_a_fault_of_the_scheme(tmp_path):
    text = (
        "name: own\nversion: '1'\ntitle: t\nsource: s\nlicense: l\nlanguage: en\n"
        "axes: [{name: label, question: q, labels: [{name: a, definition: d}, {name: b, definition: d}]}]\n"
        "tasks: {verdict: {axis: label, common: {a: refutd}}}\nguideline: g\n"
    )
    (tmp_path / "own.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(FaultsError, match=r"no verdict is called 'refutd'\. Did you mean 'refuted'"):
        read_scheme(tmp_path / "own.yaml")
    (tmp_path / "own.yaml").write_text(text.replace("a: refutd", "c: refuted"), encoding="utf-8")
    with pytest.raises(FaultsError, match="no label is called 'c'"):
        read_scheme(tmp_path / "own.yaml")
