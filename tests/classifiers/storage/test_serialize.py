"""Saved scorers: the same numbers after a round trip, and nothing made of a file but what is listed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pytest
from claim_tables import THREE, YES_NO, claims_of, three_labels, yes_no
from every_classifier import NAMES, NEW, make
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from harness.classifiers import CLASSIFIERS, build
from harness.classifiers.base import ScoreMatrix, Scorer, two_columns
from harness.classifiers.ngram_models.sklearn_estimator import SklearnEstimator
from harness.classifiers.storage.scorer_types import scorer_types
from harness.classifiers.storage.serialize import ARRAYS, FILES, CannotSave, ModelFileError, deserialize, serialize
from harness.data.claims import Claims, Gold
from harness.errors import HarnessError
from harness.registry import Registry

UNTRUSTED = ("sklearn.ensemble:RandomForestClassifier",)
"""Made of trees, whose arrays skops does not trust."""


def round_trip(scorer: Scorer, folder: Path, kinds: Registry[type] | None = None) -> Scorer:
    folder.mkdir()
    return deserialize(json.loads(json.dumps(serialize(scorer, folder, kinds), allow_nan=False)), folder, kinds)


@pytest.mark.parametrize("labels", [YES_NO, THREE], ids=len)
@pytest.mark.parametrize("name", NAMES)
def test_every_classifier_scores_explains_and_predicts_the_same_when_loaded_again(
    name, labels, tmp_path, request, monkeypatch
):
    if name == "language_model":
        monkeypatch.setenv("MODEL_SERVER", request.getfixturevalue("model_server").url)
    classifier = make(name, tmp_path, labels)
    claims, gold = yes_no() if labels == YES_NO else three_labels()
    if classifier.yes_or_no_only and labels != YES_NO:
        pytest.skip(f"{name} is made for yes-or-no tasks")
    one_label = Gold(gold.labels, np.zeros(len(claims), dtype=np.int64))
    for number, scorer in enumerate((classifier.fit(claims, gold, 13), classifier.fit(claims, one_label, 13))):
        if scorer.unsavable_reason is not None:
            assert name in ("from_file", "language_model") or classifier.reads_evidence
            continue
        if name in UNTRUSTED and number == 0:
            with pytest.raises(HarnessError, match=r"skops would not load its types sklearn\.tree"):
                round_trip(scorer, tmp_path / str(number))
            continue
        loaded = round_trip(scorer, tmp_path / str(number))
        assert type(loaded) is type(scorer)
        scores = scorer.score(NEW)
        assert loaded.score(NEW).tobytes() == scores.tobytes()
        assert loaded.predict(NEW, scores).tolist() == scorer.predict(NEW, scores).tolist()
        assert loaded.explain(NEW) == scorer.explain(NEW)
        assert (loaded.cutoff, loaded.probabilities, loaded.gives_labels, loaded.gives_scores) == (
            scorer.cutoff,
            scorer.probabilities,
            scorer.gives_labels,
            scorer.gives_scores,
        )


class Pair(NamedTuple):
    left: Any
    right: Any


@dataclass(frozen=True)
class Box(Scorer):
    """Holds anything; scores nothing."""

    content: Any

    def score(self, claims: Claims) -> ScoreMatrix:
        return two_columns(np.zeros(len(claims)))


BOXES: Registry[type] = Registry("type", {"Box": Box, "Pair": Pair}, "harness.scorers.none")
leaves = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False)
    | st.text(st.characters(codec=None), max_size=5)
)
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text(st.characters(codec=None), max_size=3), inner, max_size=4)
        | st.builds(Pair, inner, inner)
    ),
    max_leaves=20,
)


def typed(value: Any) -> Any:
    """A value with its types, so that 1, 1.0 and True differ, and a list is no tuple."""
    if isinstance(value, dict):
        return [(key, typed(part)) for key, part in value.items()]
    if isinstance(value, list | tuple):
        return type(value), [typed(part) for part in value]
    return type(value), repr(value)


@settings(max_examples=40, deadline=None)
@given(content=values)
def test_whatever_a_scorer_holds_comes_back_with_its_types(content, tmp_path_factory):
    loaded = round_trip(Box(content), tmp_path_factory.mktemp("box") / "saved", BOXES)
    assert typed(loaded.content) == typed(content)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "array",
    [
        np.array([0.1, np.nan, np.inf, -0.0]),
        np.array([[1, 2], [3, 4]], dtype=np.int8),
        np.zeros((0, 3), dtype=np.float32),
        np.array([True, False]),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.float32(0.1),
        np.int64(7),
    ],
)
def test_arrays_come_back_bit_for_bit(array, tmp_path):
    loaded = round_trip(Box(array), tmp_path / "saved", BOXES).content  # type: ignore[attr-defined]
    assert (loaded.dtype, loaded.shape, loaded.tobytes()) == (array.dtype, array.shape, array.tobytes())


def test_sparse_rows_come_back(tmp_path):
    rows = csr_matrix(np.array([[0, 1.5, 0], [2, 0, 0]]))
    loaded = round_trip(Box(rows), tmp_path / "saved", BOXES).content  # type: ignore[attr-defined]
    assert (loaded != rows).nnz == 0


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (np.array([object()]), "Box.content: cannot save an array of object"),
        (np.array(["a"]), "Box.content: cannot save an array of <U1"),
        ({1: "a"}, "Box.content: cannot save a key of type int"),
        ([{"a": Path()}], r"Box.content\[0\]\[...\]: cannot save a value of type pathlib"),
        (print, "Box.content: cannot save a value of type builtins.builtin_function_or_method"),
    ],
)
def test_what_cannot_be_saved_is_named(content, message, tmp_path):
    with pytest.raises(CannotSave, match=message):
        serialize(Box(content), tmp_path, BOXES)


def test_a_scorer_of_a_type_that_is_not_listed_is_not_saved(tmp_path):
    with pytest.raises(CannotSave, match=rf"type '{__name__}:Box' is not listed.*group harness\.scorers"):
        serialize(Box(1), tmp_path)


def saved_logreg(folder: Path) -> Any:
    folder.mkdir(exist_ok=True)
    return json.loads(json.dumps(serialize(build("tfidf_logreg", {"min_df": 1}).fit(*yes_no(), 13), folder)))


@pytest.mark.parametrize(
    "name",
    [
        *("os:system", "subprocess.Popen", "Path", "builtins:eval", "Box", None, ["Tfidf"]),
        *("harness.classifiers.baselines.rules:RulesScorer", "FileScorer", "LanguageModelScorer"),
    ],
)
def test_a_file_that_asks_for_a_type_that_is_not_listed_is_refused(name, tmp_path):
    structure = saved_logreg(tmp_path)
    structure["fields"]["features"]["type"] = name
    message = r"refused: type .* is not listed\. Listed types: .*SummedProbabilityScorer.* group harness\.scorers"
    with pytest.raises(ModelFileError, match=message):
        deserialize(structure, tmp_path)


def places(node: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) of a structure."""
    keys = list(node) if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()
    return [place for key in keys for place in [(node, key), *places(node[key])]]


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_changed_structure_is_refused_with_a_message_or_loads(data, tmp_path_factory):
    folder = tmp_path_factory.getbasetemp() / "fuzz"
    structure = saved_logreg(folder)
    holder, key = data.draw(st.sampled_from(places(structure)))
    scraps = [None, 0, -1, 2**70, 0.5, "x", [], {}, {"is": "object"}, {"is": "list", "of": [1]}, holder[key]]
    if data.draw(st.booleans()):
        holder[key] = data.draw(st.sampled_from(scraps))
    elif isinstance(holder, dict):
        del holder[key]
    try:
        scorer = deserialize(structure, folder)
    except HarnessError as error:
        message = str(error)
    else:
        assert isinstance(scorer, Scorer)
        return
    assert str(folder) in message


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_damaged_file_of_arrays_is_a_message(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("damaged")
    structure = saved_logreg(folder)
    whole = bytearray((folder / ARRAYS).read_bytes())
    if data.draw(st.booleans()):
        whole = whole[: data.draw(st.integers(0, len(whole) - 1))]
    else:
        whole[data.draw(st.integers(0, len(whole) - 1))] ^= data.draw(st.integers(1, 255))
    (folder / ARRAYS).write_bytes(whole)
    try:
        deserialize(structure, folder)
    except HarnessError as error:
        message = str(error)
    else:
        return
    assert ARRAYS in message


@pytest.mark.parametrize(("offset", "value"), [(8, 1), (10, 99)], ids=["encrypted", "unknown compression"])
def test_arrays_that_claim_another_zip_format_are_a_message(offset, value, tmp_path):
    structure = saved_logreg(tmp_path)
    content = bytearray((tmp_path / ARRAYS).read_bytes())
    content[content.find(b"PK\x01\x02") + offset] = value  # the flags or the method of the first directory entry
    (tmp_path / ARRAYS).write_bytes(content)
    with pytest.raises(ModelFileError, match=r"arrays\.npz: is not a readable \.npz file"):
        deserialize(structure, tmp_path)


class RunsCode:
    def __reduce__(self):
        return (pytest.fail, ("a pickle was loaded",))


def test_no_pickle_is_loaded(tmp_path):
    structure = saved_logreg(tmp_path)
    with np.load(tmp_path / ARRAYS) as archive:
        arrays = dict(archive)
    arrays["a0"] = np.array([RunsCode()], dtype=object)
    np.savez(tmp_path / ARRAYS, **arrays)
    with pytest.raises(ModelFileError, match=r"arrays\.npz: is not a readable \.npz file of numbers"):
        deserialize(structure, tmp_path)


def test_arrays_that_unpack_to_more_than_is_allowed_are_not_unpacked(tmp_path, monkeypatch):
    structure = saved_logreg(tmp_path)
    with np.load(tmp_path / ARRAYS) as archive:
        np.savez_compressed(tmp_path / ARRAYS, allow_pickle=False, big=np.zeros(2_000_000), **archive)
    assert (tmp_path / ARRAYS).stat().st_size < 100_000
    assert deserialize(structure, tmp_path)
    monkeypatch.setattr("harness.classifiers.storage.arrays.MAX_BYTES", 10_000_000)
    with pytest.raises(ModelFileError, match=r"uncompressed size is 16,\d+,\d+ bytes; the limit is 10,000,000"):
        deserialize(structure, tmp_path)


def test_an_estimator_of_types_that_are_not_trusted_is_refused_by_name(tmp_path):
    import skops.io

    structure = serialize(build("sklearn.linear_model:RidgeClassifier", {}).fit(*yes_no(), 13), tmp_path)
    skops.io.dump([Path()], tmp_path / FILES / "0" / "estimator.skops")
    with pytest.raises(HarnessError, match="refused: the file contains untrusted types: pathlib"):
        deserialize(structure, tmp_path)
    (tmp_path / FILES / "0" / "estimator.skops").write_bytes(b"PK\x03\x04")
    with pytest.raises(HarnessError, match=r"estimator\.skops: cannot be loaded"):
        deserialize(structure, tmp_path)
    (tmp_path / FILES / "0" / "estimator.skops").unlink()
    with pytest.raises(HarnessError, match=r"estimator\.skops: cannot be loaded"):
        deserialize(structure, tmp_path)


@pytest.mark.parametrize("name", ["tree:DecisionTreeClassifier", "svm:SVC", "neighbors:KNeighborsClassifier"])
def test_estimators_of_types_that_are_not_trusted_are_not_saved(name, tmp_path):
    with pytest.raises(HarnessError, match=r"cannot save a .*: skops would not load its types"):
        serialize(build(f"sklearn.{name}", {}).fit(*yes_no(), 13), tmp_path)


def test_without_skops_the_message_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "skops.io", None)
    scorer = build("sklearn.linear_model:RidgeClassifier", {}).fit(*yes_no(), 13)
    with pytest.raises(HarnessError, match=r"install skops: pip install 'claim-harness\[share\]'"):
        serialize(scorer, tmp_path)


@dataclass(frozen=True)
class Phrase(Scorer):
    """Scores 1 where a phrase stands, which it keeps in a text file."""

    phrase: str
    weight: float
    in_files: ClassVar[tuple[str, ...]] = ("phrase",)

    def score(self, claims: Claims) -> ScoreMatrix:
        return two_columns(np.array([self.weight * (self.phrase in text) for text in claims.text]))

    def save_files(self, folder: Path) -> None:
        (folder / "phrase.txt").write_text(self.phrase, encoding="utf-8")

    @classmethod
    def load_files(cls, folder: Path) -> dict[str, Any]:
        return {"phrase": (folder / "phrase.txt").read_text(encoding="utf-8")}


def test_two_scorers_with_files_of_their_own_do_not_meet(tmp_path):
    kinds: Registry[type] = Registry("type", {"Phrase": Phrase, "Box": Box}, "harness.scorers.none")
    loaded = round_trip(Box((Phrase("a b", 0.5), Phrase("ü", 1.0))), tmp_path / "saved", kinds).content  # type: ignore
    assert loaded == (Phrase("a b", 0.5), Phrase("ü", 1.0))
    assert loaded[0].score(claims_of(["x a b", "ab"]))[:, 1].tolist() == [0.5, 0.0]


def test_a_saved_scorer_is_made_of_what_classifiers_declare_and_of_nothing_else():
    table = {name: scorer_types().get(name) for name in scorer_types().table}
    classifiers = [*map(CLASSIFIERS.get, CLASSIFIERS.table), SklearnEstimator]
    declared = [kind for classifier in classifiers for kind in classifier.saved_types]
    assert set(table.values()) == set(declared)
    assert len(table) == len(set(declared)), "two types of saved scorers have one name"
    assert all(kind.__name__ == name and kind.__module__.startswith("harness.") for name, kind in table.items())
    # What would read any file or ask any host is not among them.
    assert not {"FileScorer", "FileProbabilityScorer", "LanguageModelScorer"} & set(table)


def test_a_type_with_the_name_of_a_listed_one_is_refused(tmp_path):
    namesake = type("Box", (Scorer,), {"score": Box.score})
    with pytest.raises(CannotSave, match="Box' is not listed"):
        serialize(namesake(), tmp_path, BOXES)
