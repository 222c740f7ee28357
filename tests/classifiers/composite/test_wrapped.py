"""Every class that wraps classifiers answers every hook for what is inside it, those added later among them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from claim_tables import OPINIONS, STATISTICS, claims_of, gold_of, yes_no
from model_server import says

from harness import HarnessError
from harness.classifiers import CLASSIFIERS, build
from harness.classifiers.base import Classifier, Scorer, TaskPrompt
from harness.classifiers.baselines.trivial import Length
from harness.classifiers.composite.wrapped import NO_COMMON_LANGUAGE, WrappedScorer, WrappingClassifier
from harness.endpoints.trusted_hosts import KeyUse
from harness.metrics import METRICS
from harness.runner.tuning.calibrate import CalibratedClassifier
from harness.runner.tuning.inner_folds import InnerFolds
from harness.runner.tuning.tune import SettingsSearch
from harness.schemes import load_scheme

QUESTION = TaskPrompt("checkability", "could public evidence settle this?", ("no", "yes"), (load_scheme("three-axes"),))


class Probe(Length):
    """Scores by length, and answers every hook in a way that shows through whatever wraps it."""

    context_scope = "article"
    languages = ("fr",)
    reads_evidence = True
    yes_or_no_only = True
    uses_seed = False
    slow_to_fit = False
    unsavable_reason = "a probe cannot be saved"
    packages = ("probe-package",)
    tag: str = "a"
    told: tuple[str, ...] = ()

    def untrained_scorer(self) -> Scorer | None:
        return self.fit(*yes_no(), 0)

    def check(self) -> None:
        raise HarnessError("the probe was checked")

    def input_fingerprint(self) -> str:
        return f"file {self.tag}"

    def code_modules(self) -> tuple[str, ...]:
        return ("probe_module",)

    def renew(self) -> None:
        raise HarnessError("the probe was renewed")

    def with_experiment(self, texts, root):
        return self.model_copy(update={"told": (*self.told, "placed")})

    def with_task(self, question):
        return self.model_copy(update={"told": (*self.told, question.task)})

    def downloads(self) -> tuple[str, ...]:
        return ("hub.example.org",)

    def hosts(self) -> tuple[str, ...]:
        return ("api.example.org",)

    def sent_keys(self) -> tuple[KeyUse, ...]:
        return (KeyUse("MY_KEY", "api.example.org"),)

    def seen_in_pretraining(self, texts):
        return np.array([text == "seen" for text in texts]), "the probe saw it"

    def planned_requests(self, claims, gold, test, seed):
        return {f"{self.tag}: {len(claims)} then {len(test)}, seed {seed}": 7}

    def result_files(self):
        return {"log.txt": self.tag.encode()}


PROBE = f"{__name__}:Probe"

WRAPPERS: dict[str, Callable[[], WrappingClassifier]] = {
    "CalibratedClassifier": lambda: CalibratedClassifier(classifier=Probe(), calibration="platt"),
    "SettingsSearch": lambda: SettingsSearch(
        candidates=(Probe(), Probe(cap=20)), titles=("cap=40", "cap=20"), metric=METRICS.get("f1")(), folds=InnerFolds()
    ),
    "Ensemble": lambda: build("ensemble", {"members": ["rules", PROBE], "repeats": 2}),
    "Transfer": lambda: build(
        "transfer",
        {"dataset": "public-matters", "task": "check_worthiness", "overlap": "exclude", "classifier": PROBE},
    ),
}
"""A maker for each wrapping class: a class that is not listed fails the first test."""

HOOKS = {
    "reads_evidence",
    "context_scope",
    "languages",
    "yes_or_no_only",
    "uses_seed",
    "slow_to_fit",
    "unsavable_reason",
    "packages",
    "untrained_scorer",
    "check",
    "input_fingerprint",
    "code_modules",
    "renew",
    "with_experiment",
    "with_task",
    "downloads",
    "hosts",
    "sent_keys",
    "seen_in_pretraining",
    "planned_requests",
    "result_files",
}
"""Every hook of `Classifier` but `fit`: one that is not listed fails the second test, and needs a check below."""


def public(owner: type) -> set[str]:
    """The members that a class itself declares, without what pydantic puts there."""
    return {name for name in vars(owner) if not name.startswith(("_", "model_"))}


def subclasses(owner: type) -> set[type]:
    return {kind for child in owner.__subclasses__() for kind in (child, *subclasses(child))}


def told(classifier: WrappingClassifier) -> list[tuple[str, ...]]:
    return [each.told for each in classifier.inner() if isinstance(each, Probe)]


def test_every_wrapping_class_is_tested_here():
    for name in CLASSIFIERS.names():
        CLASSIFIERS.get(name)
    shipped = {kind.__name__ for kind in subclasses(WrappingClassifier) if kind.__module__.startswith("harness.")}
    assert shipped == set(WRAPPERS)


def test_every_hook_has_a_rule():
    hooks = public(Classifier) - {"fit", "saved_types"}  # the latter: only the scorers of the class itself
    assert hooks == HOOKS
    assert hooks <= public(WrappingClassifier)
    assert hooks <= public(Probe)


def test_every_attribute_of_a_scorer_is_the_inner_ones():
    files = {"in_files", "save_files", "load_files"}
    assert public(Scorer) - files <= public(WrappedScorer)


@pytest.fixture(params=WRAPPERS)
def wrapping(request) -> WrappingClassifier:
    return WRAPPERS[request.param]()


def test_what_is_inside_shows_through(wrapping):
    assert wrapping.context_scope == "article"
    assert wrapping.languages in (("fr",), (NO_COMMON_LANGUAGE,))  # `rules` of the ensemble is made for English
    assert wrapping.reads_evidence
    assert wrapping.yes_or_no_only
    assert wrapping.uses_seed == wrapping.draws_by_seed == (type(wrapping).__name__ != "Transfer")
    assert not wrapping.slow_to_fit
    assert wrapping.unsavable_reason == "a probe cannot be saved"
    assert "probe-package" in wrapping.packages
    assert "probe_module" in wrapping.code_modules()
    with pytest.raises(HarnessError, match="the probe was renewed"):
        wrapping.renew()
    assert wrapping.untrained_scorer() is None
    assert wrapping.downloads() == ("hub.example.org",)
    assert wrapping.hosts() == ("api.example.org",)
    assert wrapping.sent_keys() == (KeyUse("MY_KEY", "api.example.org"),)
    seen, clause = wrapping.seen_in_pretraining(["new", "seen"])
    assert (seen.tolist(), clause) == ([False, True], "the probe saw it")
    assert wrapping.result_files() == {"log.txt": b"a"}
    with pytest.raises(HarnessError, match="the probe was checked"):
        wrapping.check()


def test_what_an_experiment_says_reaches_what_is_inside(wrapping):
    ready = wrapping.with_experiment([], None).with_task(QUESTION)
    task = "check_worthiness" if type(wrapping).__name__ == "Transfer" else "checkability"
    assert set(told(ready)) == {("placed", task)}
    assert set(told(wrapping)) == {()}
    assert ready.input_fingerprint() != wrapping.input_fingerprint()  # so that a unit's id says what was told


def test_what_is_inside_can_use_the_seed(wrapping, monkeypatch):
    monkeypatch.setattr(Probe, "uses_seed", True)
    assert wrapping.uses_seed


def test_inputs_change_with_the_settings_inside():
    settings = {"members": ["rules", {"name": PROBE, "tag": "a"}]}
    changed = {"members": ["rules", {"name": PROBE, "tag": "b"}]}
    assert build("ensemble", settings).input_fingerprint() != build("ensemble", changed).input_fingerprint()
    assert build("ensemble", settings).input_fingerprint() == build("ensemble", settings).input_fingerprint()


def test_calls_are_forecast_for_every_fit(wrapping):
    claims, gold = yes_no()
    test = claims_of(["One more."])
    calls = {key.partition(": ")[2] for key in wrapping.planned_requests(claims, gold, test, 5)}
    name = type(wrapping).__name__
    if name == "Transfer":
        source = wrapping.training_set()
        assert calls == {f"{len(source.claims)} then 1, seed 5"}
        return
    seeds = {key.rpartition(" ")[2] for key in calls}
    assert len(seeds) == (2 if name == "Ensemble" else 1)
    assert {key.rpartition(",")[0] for key in calls} == {"12 then 1", "8 then 4"}  # three articles of four claims


def test_files_of_one_name_are_all_kept():
    members = [{"name": PROBE, "tag": tag} for tag in ("a", "b", "a", "c")]
    files = build("ensemble", {"members": members}).result_files()
    assert files == {"log.txt": b"a", "log-2.txt": b"b", "log-3.txt": b"c"}


def test_a_wrapper_inside_a_wrapper_shows_through():
    inner = {"name": "ensemble", "members": ["length", PROBE]}
    outer = build("ensemble", {"members": ["length", inner]}).with_experiment([], None).with_task(QUESTION)
    assert outer.hosts() == ("api.example.org",)
    assert outer.unsavable_reason == "a probe cannot be saved"
    assert told(outer.inner()[1]) == [("placed", "checkability")]


def test_no_common_language_is_a_warning_for_every_language():
    members = ["rules", {"name": "ensemble", "members": ["length", PROBE]}]
    assert build("ensemble", {"members": members}).languages == (NO_COMMON_LANGUAGE,)
    assert build("ensemble", {"members": ["rules", "length"]}).languages == ("en",)
    assert build("ensemble", {"members": ["length", "position"]}).languages == ()


def member(server, **settings) -> dict:
    return {"name": "language_model", "endpoint": server.url, "model": "tiny", "retries": 0, **settings}


def test_claims_that_no_member_answers_have_no_answer(model_server):
    guide = {"question": "Is it a statistic?", "answers": [{"label": "no"}, {"label": "yes"}]}
    settings = member(model_server, guide=guide, backoff_s=0.01)
    claims, gold = yes_no()
    silent = claims_of(["Nobody knows."], "silent")
    several = build("ensemble", {"members": [settings], "repeats": 2, "method": "log_odds"}).fit(claims, gold, 13)
    mixed = build("ensemble", {"members": [settings, "length"]}).fit(claims, gold, 13)
    model_server.answer = says("perhaps")
    assert several.n_unanswered(silent) == 1
    assert several.predict(silent, several.score(silent)).tolist() == [-1]
    assert several.api_usage(silent).calls >= 1
    assert mixed.n_unanswered(silent) == 0
    assert mixed.predict(silent, mixed.score(silent))[0] >= 0


def test_a_language_model_elsewhere_is_asked_the_question_of_the_other_dataset(model_server):
    settings = {"dataset": "public-matters", "task": "check_worthiness", "classifier": member(model_server)}
    transfer = build("transfer", settings).with_experiment([], None).with_task(QUESTION)
    scorer = transfer.fit(*yes_no(), 13)
    scorer.score(claims_of(["Rents rose by 14 percent."]))
    system = model_server.asked[-1]["messages"][0]["content"]
    assert "should a fact-checker with limited time look at this one?" in system
    assert scorer.api_usage(claims_of(["Rents rose by 14 percent."])).calls == 1


def test_gold_of_one_label_asks_nothing():
    forecast = build("ensemble", {"members": ["length", PROBE]}).planned_requests
    claims, _ = yes_no()
    assert forecast(claims, gold_of([1] * 12), claims, 5) == {}


def test_labels_are_refused_as_the_target_of_a_classifier_for_yes_or_no():
    settings = {"dataset": "public-matters", "task": "checkability", "classifier": "rules", "target": "labels"}
    with pytest.raises(HarnessError, match="'rules' supports yes-or-no tasks only; set target: task"):
        build("transfer", settings).check()


def test_repeats_of_an_ensemble_plan_the_folds_that_they_are_fitted_on(monkeypatch):
    fitted = set()

    def fit(self, claims, gold, seed):
        fitted.add((*claims.claim_id, seed))
        return Length.fit(self, claims, gold, seed)

    def planned(self, claims, gold, test, seed):
        return {(*claims.claim_id, seed): 1}

    monkeypatch.setattr(Probe, "fit", fit)
    monkeypatch.setattr(Probe, "planned_requests", planned)
    ensemble = build("ensemble", {"members": [PROBE], "repeats": 3})
    claims, gold = claims_of(OPINIONS + STATISTICS, per_article=1), yes_no()[1]  # so that folds depend on the seed
    ensemble.fit(claims, gold, 5)
    assert set(ensemble.planned_requests(claims, gold, claims, 5)) == fitted


def test_each_run_of_a_language_model_elsewhere_has_caps_of_its_own(model_server):
    asked = member(model_server, max_calls=4)
    settings = {"dataset": "public-matters", "task": "check_worthiness", "classifier": asked}
    for text in ("Rents rose by 14 percent.", "Rents rose by 15 percent."):
        transfer = build("transfer", settings).with_experiment([], None).with_task(QUESTION)
        scorer = transfer.fit(*yes_no(), 13)
        assert scorer.score(claims_of([text, f"{text} Again.", f"{text} And again."])).shape == (3, 2)
