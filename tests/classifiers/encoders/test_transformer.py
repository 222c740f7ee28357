"""Encoders on disk: loaded, trained, stopped early, saved and scored with, for real."""

from __future__ import annotations

import io
import json
import shutil
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from claim_tables import OPINIONS, STATISTICS, STRANGE, claims_of, gold_of, three_labels, yes_no
from tiny_encoder import make_encoder, skip_without_torch

from harness.classifiers import build
from harness.errors import HarnessError

skip_without_torch()

LEARN = {"epochs": 12, "learning_rate": 5e-3, "batch_size": 4}
NEW = claims_of([*STRANGE, "Prices rose by 5 percent in 2020.", "\ud800 lone", "Lovely!"], "new")


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(make_encoder(tmp_path_factory.mktemp("encoder")))


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_a_transformer_learns_and_says_probabilities(encoder, pooling):
    for claims, gold in (yes_no(), three_labels()):
        scorer = build("transformer", {"model": encoder, "pooling": pooling} | LEARN).fit(claims, gold, 13)
        scores = scorer.score(claims)
        assert (scores.argmax(axis=1) == gold.codes).mean() > 0.9
        np.testing.assert_allclose(scores.sum(axis=1), 1.0)


def test_fine_tuning_changes_the_encoder_and_not_only_the_head(encoder):
    from harness.features.network import load

    claims, gold = yes_no()
    before = load(Path(encoder), "mean", 128).encoder.state_dict()
    after = build("transformer", {"model": encoder} | LEARN).fit(claims, gold, 13).network.encoder.state_dict()
    name = "encoder.layer.0.attention.self.query.weight"
    assert not np.array_equal(before[name].numpy(), after[name].numpy())


def test_the_same_seed_gives_the_same_bits_and_another_others(encoder):
    import torch

    claims, gold = yes_no()
    classifier = build("transformer", {"model": encoder, "epochs": 2})
    first = classifier.fit(claims, gold, 7).score(NEW)
    torch.rand(5)
    assert np.array_equal(classifier.fit(claims, gold, 7).score(NEW), first)
    assert not np.array_equal(classifier.fit(claims, gold, 8).score(NEW), first)


def test_mixed_precision_learns_too_and_auto_follows_the_processor(encoder, monkeypatch, tmp_path):
    from harness.features import network

    claims, gold = yes_no()
    single, mixed = (
        build("transformer", {"model": encoder, "precision": kind} | LEARN) for kind in ("single", "mixed")
    )
    scores = {kind: one.fit(claims, gold, 13).score(claims) for kind, one in (("single", single), ("mixed", mixed))}
    assert (scores["mixed"].argmax(axis=1) == gold.codes).mean() > 0.9
    assert not np.array_equal(scores["single"], scores["mixed"])
    for flags, kind in (("fma avx512f avx512_bf16", "mixed"), ("fma avx2", "single")):
        (tmp_path / "cpuinfo").write_text(f"processor : 0\nflags : {flags}\n")
        monkeypatch.setattr(network, "CPU_INFO", tmp_path / "cpuinfo")
        monkeypatch.setattr(network, "torch_device", lambda: "cpu")
        auto = build("transformer", {"model": encoder} | LEARN).fit(claims, gold, 13)
        assert np.array_equal(auto.score(claims), scores[kind])
    monkeypatch.setattr(network, "CPU_INFO", tmp_path / "no such file")
    assert not network.fast_bfloat16()


def test_fitting_disturbs_no_random_numbers_and_no_threads_outside(encoder):
    import torch

    torch.manual_seed(3)
    expected, threads = torch.rand(3), torch.get_num_threads()
    torch.manual_seed(3)
    build("transformer", {"model": encoder, "epochs": 1, "threads": 3}).fit(*yes_no(), 13)
    assert torch.equal(torch.rand(3), expected)
    assert torch.get_num_threads() == threads


@pytest.mark.parametrize("name", ["transformer", "embedding_logreg"])
def test_scores_do_not_depend_on_the_other_claims_to_the_last_bit(encoder, name, monkeypatch, tmp_path):
    scorer = build(name, {"model": encoder}).fit(*yes_no(), 13)
    texts = [" ".join(["prices rose by 5 percent"] * n) for n in range(40)]
    many = claims_of(texts + list(NEW.text), "many")
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "one"))
    scores = scorer.score(many)
    for number, rows in enumerate([np.arange(len(many))[::-1], np.arange(0, len(many), 3), np.array([17])]):
        monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / str(number)))  # nothing is remembered
        assert np.array_equal(scorer.score(many.take(rows)), scores[rows])


@pytest.mark.parametrize("name", ["transformer", "embedding_logreg"])
def test_reasons_are_what_the_score_loses_without_a_word(encoder, name, own_cache, tmp_path):
    claims, gold = yes_no()
    more = LEARN if name == "transformer" else {"C": 100.0}
    scorer = build(name, {"model": encoder} | more).fit(claims, gold, 13)
    text = "Rents rose by 14 percent; we think rents fell."
    (reasons,) = scorer.explain(claims_of([text]))
    weights = {reason.name: reason.weight for reason in reasons}
    assert next(reason.text for reason in reasons if reason.name == "word:rents") == "Rents"  # as first written
    shorter = {
        "word:percent": "Rents rose by 14 ; we think rents fell.",
        "word:rents": " rose by 14 percent; we think  fell.",
    }
    whole, *parts = scorer.score(claims_of([text, *shorter.values()]))[:, 1]
    for word, part in zip(shorter, parts, strict=True):
        assert weights[word] == pytest.approx(np.log(whole / (1 - whole)) - np.log(part / (1 - part)), rel=1e-6)
    assert len(reasons) <= 10
    assert [abs(reason.weight) for reason in reasons] == sorted(
        (abs(reason.weight) for reason in reasons), reverse=True
    )
    strange = scorer.explain(NEW)
    assert len(strange) == len(NEW)
    assert strange[2] == strange[3] == ()  # no word
    kept = own_cache / "encodings.sqlite"
    size = kept.stat().st_size
    scorer.explain(claims_of(["Nobody saw these buses; they ran on time."] * 3))
    assert kept.stat().st_size == size  # texts without a word are not kept


def test_reasons_of_added_labels_and_of_ensembles(encoder, tmp_path):
    from harness.classifiers.composite.transfer import SummedProbabilityScorer

    claims, gold = three_labels()
    inner = build("transformer", {"model": encoder} | LEARN).fit(claims, gold, 13)
    some = claims.take(np.array([0, 7, 15]))
    added = SummedProbabilityScorer(inner, (1, 2), 3)
    whole = added.score(some)[:, 1]
    for row, reasons in enumerate(added.explain(some)):
        written = str(some.text[row])
        first = reasons[0]
        if written.lower().count(first.text.lower()) == 1:
            part = added.score(claims_of([written.replace(first.text, "")]))[0, 1]
            assert first.weight == pytest.approx(
                np.log(whole[row] / (1 - whole[row])) - np.log(part / (1 - part)), rel=1e-5
            )
    assert SummedProbabilityScorer(inner, (2,), 3).explain(some) == inner.explain(some)
    twice = build("ensemble", {"members": [{"name": "transformer", "model": encoder}, "rules"]}).fit(*yes_no(), 13)
    names = {reason.name for reasons in twice.explain(some) for reason in reasons}
    assert any(name.startswith("word:") for name in names)
    assert any(not name.startswith("word:") for name in names)


def test_early_stopping_keeps_the_best_epoch_and_stops(encoder, monkeypatch):
    from harness.classifiers.encoders import fine_tuning

    classifier = build("transformer", {"model": encoder, "epochs": 30, "patience": 2, "learning_rate": 5e-3})
    claims = claims_of([text for pair in zip(OPINIONS, STATISTICS, strict=True) for text in pair] * 3)
    codes = np.tile([0, 1], 18)
    _, held_out = fine_tuning._split_rows(classifier, claims, gold_of(codes), 13)
    codes[held_out] = 1 - codes[held_out]  # so that what is learned from the others only makes it worse
    losses: list[float] = []
    update = fine_tuning._BestEpoch.update
    monkeypatch.setattr(
        fine_tuning._BestEpoch,
        "update",
        lambda self, epoch, loss, network: losses.append(loss) or update(self, epoch, loss, network),
    )
    scorer = classifier.fit(claims, gold_of(codes), 13)
    best = int(np.argmin(losses)) + 1
    assert len(losses) == best + 2 < 30
    assert scorer.chosen == f"epoch {best} of 30 by log loss {min(losses):.4f} on 1 held-out articles"
    scores = scorer.score(claims.take(held_out))
    loss_of_the_scorer = -np.log(scores[np.arange(len(held_out)), codes[held_out]]).mean()
    assert loss_of_the_scorer == pytest.approx(min(losses), rel=1e-5)


def test_held_out_articles_are_whole_and_not_trained_on(encoder):
    from harness.classifiers.encoders.fine_tuning import _split_rows

    claims, gold = claims_of([f"claim {n}" for n in range(40)]), gold_of([0, 1] * 20)
    train, held_out = _split_rows(build("transformer", {"model": encoder, "patience": 1}), claims, gold, 13)
    assert len(held_out) == 4
    assert len(train) == 36
    assert not set(claims.article_id[train]) & set(claims.article_id[held_out])
    none = _split_rows(build("transformer", {"model": encoder}), claims, gold, 13)
    assert (len(none[0]), len(none[1])) == (40, 0)


def test_one_article_or_one_label_leaves_nothing_to_hold_out(encoder):
    claims, gold = yes_no()
    one = claims_of(list(claims.text), per_article=12)
    settings = {"model": encoder, "patience": 1, "epochs": 2}
    assert build("transformer", settings).fit(one, gold, 13).chosen is None
    scorer = build("transformer", settings).fit(claims, gold_of([1] * 12), 13)
    assert scorer.score(NEW)[:, 1].tolist() == [1.0] * len(NEW)


@pytest.mark.parametrize("name", ["transformer", "embedding_logreg"])
def test_a_kept_encoder_scores_the_same_and_holds_no_pickle(name, encoder, tmp_path):
    from harness.classifiers.storage.serialize import deserialize, serialize

    claims, gold = yes_no()
    more = {"epochs": 2, "patience": 1} if name == "transformer" else {}
    scorer = build(name, {"model": encoder, "pooling": "cls", **more}).fit(claims, gold, 13)
    structure = json.loads(json.dumps(serialize(scorer, tmp_path)))
    again = deserialize(structure, tmp_path)
    assert np.array_equal(again.score(NEW), scorer.score(NEW))
    assert again.chosen == scorer.chosen
    suffixes = {path.suffix for path in tmp_path.rglob("*") if path.is_file() and "cache" not in path.parts}
    assert suffixes <= {".json", ".npz", ".safetensors", ".txt", ".jinja"}
    for weights in tmp_path.rglob("files/**/model.safetensors"):
        weights.write_bytes(b"damaged")
        with pytest.raises(HarnessError, match=r"cannot be loaded|files changed"):
            deserialize(structure, tmp_path).score(NEW)


def test_a_fine_tuned_encoder_is_a_model_that_says_what_it_was_trained_on(encoder, tmp_path):
    claims, gold = yes_no()
    scorer = build("transformer", {"model": encoder, "epochs": 1}).fit(claims, gold, 13)
    scorer.save_files(tmp_path / "kept")
    folder = str(tmp_path / "kept" / "encoder")
    texts = ["rents in the OLD town rose by 14 percent, between 2019 and 2023", "Something else that nobody ever saw."]
    for name in ("transformer", "embedding_logreg"):
        seen, _ = build(name, {"model": folder}).seen_in_pretraining(texts)
        assert seen.tolist() == [True, False]
    assert build("transformer", {"model": encoder}).seen_in_pretraining(texts)[0].tolist() == [False, False]
    further = build("transformer", {"model": folder, "epochs": 1}).fit(
        claims_of([texts[1]] * 4), gold_of([0, 1] * 2), 13
    )
    assert further.trained_on.has(texts).tolist() == [True, True]


def test_an_embedding_is_computed_once_per_text(encoder, own_cache, monkeypatch):
    from harness.features.encoders import Encoder

    counted: list[int] = []
    compute = Encoder._compute
    monkeypatch.setattr(
        Encoder, "_compute", lambda self, folder, texts: counted.append(len(texts)) or compute(self, folder, texts)
    )
    claims, gold = yes_no()
    first = build("embedding_logreg", {"model": encoder}).fit(claims, gold, 13).score(claims)
    second = build("embedding_logreg", {"model": encoder, "C": 1.0}).fit(claims, gold, 13).score(claims)
    assert counted == [12]
    assert np.array_equal(first, second)
    (own_cache / "encodings.sqlite").write_bytes(b"this is no database" * 100)
    assert np.array_equal(build("embedding_logreg", {"model": encoder}).fit(claims, gold, 13).score(claims), first)
    build("embedding_logreg", {"model": encoder, "pooling": "cls"}).fit(claims, gold, 13)
    assert len(counted) == 4  # the damaged file: at the fit and at the score; another pooling: other vectors


@pytest.mark.parametrize("runtime", ["onnx", "onnx_int8"])
def test_onnx_gives_nearly_the_same(encoder, runtime):
    pytest.importorskip("onnxruntime", reason="onnxruntime is absent: pip install 'claim-harness[onnx]'")
    pytest.importorskip("onnx", reason="onnx is absent: pip install 'claim-harness[onnx]'")
    claims, gold = yes_no()
    plain, fast = (build("embedding_logreg", {"model": encoder, "runtime": kind}) for kind in ("torch", runtime))
    scores, others = plain.fit(claims, gold, 13).score(NEW), fast.fit(claims, gold, 13).score(NEW)
    np.testing.assert_allclose(others, scores, atol=1e-5 if runtime == "onnx" else 0.1)
    assert np.array_equal(fast.fit(claims, gold, 13).score(NEW.take(np.array([7]))), others[[7]])


def test_an_encoder_whose_files_changed_is_refused(encoder, tmp_path):
    folder = make_encoder(tmp_path / "encoder")
    scorer = build("embedding_logreg", {"model": str(folder)}).fit(*yes_no(), 13)
    make_encoder(folder, seed=1)
    with pytest.raises(HarnessError, match="files changed since the classifier was fitted"):
        scorer.score(NEW)


def test_pickled_weights_and_other_folders_are_refused(encoder, tmp_path):
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80\x04.")
    with pytest.raises(HarnessError, match="Pickled weights"):
        build("transformer", {"model": str(tmp_path)}).check()
    with pytest.raises(HarnessError, match=r"no config\.json"):
        build("transformer", {"model": str(tmp_path.parent)}).check()
    with pytest.raises(HarnessError, match="is not a folder"):
        build("transformer", {"model": str(tmp_path / "nowhere")}).check()


@pytest.mark.parametrize("holder", ["config.json", "tokenizer_config.json"])
def test_code_that_an_encoder_brings_is_not_run_and_nobody_is_asked_to(encoder, tmp_path, monkeypatch, holder):
    from harness.features.network import load

    folder, ran = tmp_path / "encoder", tmp_path / "ran"
    shutil.copytree(encoder, folder)
    (folder / "brought.py").write_text(f"open({str(ran)!r}, 'w').close()\nclass C: pass\n", encoding="utf-8")
    said = json.loads((folder / holder).read_text(encoding="utf-8"))
    said |= {"auto_map": {"AutoConfig": "brought.C", "AutoModel": "brought.C", "AutoTokenizer": ["brought.C"] * 2}}
    said |= {"model_type": "brought", "tokenizer_class": "Brought"}
    (folder / holder).write_text(json.dumps(said), encoding="utf-8")
    monkeypatch.setattr("builtins.input", lambda *_: "y")
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n" * 9))
    with suppress(HarnessError):
        load(folder, "mean", 16)
    assert not ran.exists()


def test_the_run_warns_of_test_claims_that_the_encoder_saw(encoder, tmp_path, root):
    import harness

    dataset = harness.open_dataset("public-matters")
    table = dataset.table().take(np.arange(40))
    trained = build("transformer", {"model": encoder, "epochs": 1}).fit(table, gold_of([0, 1] * 20), 13)
    trained.save_files(tmp_path / "kept")
    config = tmp_path / "e.yaml"
    config.write_text(
        "{name: e, task: checkability, dataset: public-matters, metrics: [f1], intervals: {resamples: 100}, "
        "classifiers: [{name: embedding_logreg, model: kept/encoder}]}"
    )
    result = harness.run(config, out=tmp_path / "runs", limit=200).results[0]
    assert any("was fine-tuned on" in warning for warning in result.warnings)
    assert result.deduplicated is not None
    assert result.deduplicated.n_duplicates >= 25
    document = json.loads((Path(result.path) / "result.json").read_text())
    assert document["deduplicated"]["values"]["f1"]["value"] != document["values"]["f1"]["value"]
