"""Verdicts of a model of textual entailment, without training."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal, Self

import numpy as np
from pydantic import Field

from harness.arrays import Floats, Vectors
from harness.classifiers.base import Reason, ScoreMatrix, Scorer, TaskPrompt
from harness.classifiers.encoders.embedding import PretrainedClassifier
from harness.data.claims import Claims, Gold
from harness.errors import FaultsError, HarnessError
from harness.features.encoder_files import encoder_fingerprint, find_encoder, hub_host
from harness.features.vector_cache import compute_or_load
from harness.files import read_bytes

if TYPE_CHECKING:
    from harness.features.pair_network import SequenceClassifier

Relation = Literal["entailment", "neutral", "contradiction"]
RELATIONS: tuple[Relation, ...] = ("entailment", "neutral", "contradiction")
WORDS: dict[Relation, frozenset[str]] = {
    "entailment": frozenset(("entailment", "entails", "supported", "supports", "support", "true")),
    "neutral": frozenset(
        ("neutral", "nei", "not enough info", "not enough information", "not enough evidence", "unverifiable")
    ),
    "contradiction": frozenset(("contradiction", "contradicts", "contradict", "refuted", "refutes", "refute", "false")),
}
"""Names that labels of models and of schemes have, by what they say of a passage and a claim."""


class Nli(PretrainedClassifier):
    """A model of textual entailment by folder or name: does a passage entail the claim, or contradict it?

    Nothing is fitted to the training claims. Of several passages, the one decides that the model finds least neutral; a
    claim without a passage is neutral. Entailment stands for the label that means supported, contradiction for refuted
    and neutral for not enough evidence; any other label gets 0. It sees the claim with one passage at a time. It cannot
    see what only several passages say together, nor the scheme's definitions. Cost: one pass of the model for each
    claim and passage, cached. Source: Bowman et al. 2015, "A large annotated corpus for learning natural language
    inference", for the question.
    """

    reads_evidence: ClassVar[bool] = True
    uses_seed: ClassVar[bool] = False
    packages = ("torch", "transformers", "tokenizers")

    model: str
    """Folder of a model that labels pairs of texts as entailment, neutral or contradiction, or its name on the Hub."""
    max_length: int = Field(default=512, ge=8)
    """Maximum number of tokens of passage and claim together; of the longer one, the rest is truncated. The model's own
    limit applies if it is lower."""
    model_labels: tuple[Relation, ...] | None = None
    """Meaning of each label of the model, in its order; null: by the names that the model gives them."""
    meaning: dict[str, Relation] = Field(default_factory=dict)
    """Meaning of labels of the scheme whose names do not say it, such as `{half-true: neutral}`."""
    threads: int = Field(default=2, ge=1)
    """CPU threads. A setting, because the last digits of the scores may depend on it."""

    def check(self) -> None:
        """Raises: HarnessError: the model, or a required package, is missing, or its labels are unknown."""
        super().check()
        if hub_host(self.model) is None:
            self._columns(find_encoder(self.model))

    def with_task(self, question: TaskPrompt) -> Self:
        """The same classifier.

        Raises: HarnessError: no label of the task means entailment, or none means contradiction.
        """
        self._label_of_relation(question.labels)
        return self

    def fit(self, claims: Claims, gold: Gold, seed: int) -> Scorer:
        """Maps the labels of the model to those of the task; nothing is fitted."""
        self.check()
        folder = find_encoder(self.model)
        label_of = self._label_of_relation(gold.labels)
        return NliScorer(
            folder=folder,
            files_fingerprint=encoder_fingerprint(folder),
            max_length=self.max_length,
            columns=self._columns(folder),
            codes=tuple(label_of.get(relation, -1) for relation in RELATIONS),
            n_labels=len(gold.labels),
            threads=self.threads,
        )

    def _columns(self, folder: Path) -> tuple[int, ...]:
        """The column of the model's output for each relation."""
        path = folder / "config.json"
        try:
            names = {
                int(number): str(name) for number, name in json.loads(read_bytes(path)).get("id2label", {}).items()
            }
        except (ValueError, AttributeError):
            raise FaultsError.single(path, "is not a valid config of a model") from None
        in_order = [names[number] for number in sorted(names)]
        relations = [relation_of(name) for name in in_order] if self.model_labels is None else [*self.model_labels]
        if sorted(map(str, relations)) != sorted(RELATIONS) or (names and len(in_order) != len(RELATIONS)):
            described = f"its labels are {', '.join(in_order)}" if names else "its config names no labels"
            if self.model_labels is not None:
                described += f", and model_labels is {', '.join(self.model_labels)}"
            raise HarnessError(
                f"model '{self.model}': {described}; expected one label each for entailment, neutral and "
                "contradiction. If its labels mean these under other names, set model_labels to the three in the "
                "order of the model"
            )
        return tuple(relations.index(relation) for relation in RELATIONS)

    def _label_of_relation(self, labels: Sequence[str]) -> dict[Relation, int]:
        """The index of the label with each meaning."""
        unknown = sorted(set(self.meaning) - set(labels))
        if unknown:
            raise HarnessError(f"nli: meaning: no label is called '{unknown[0]}'; the labels are {', '.join(labels)}")
        label_of: dict[Relation, int] = {}
        for number, label in enumerate(labels):
            relation = self.meaning.get(label) or relation_of(label)
            if relation in label_of:
                both = f"'{labels[label_of[relation]]}' and '{label}'"
                raise HarnessError(f"nli: {both} both mean {relation}; a meaning can have one label only")
            if relation is not None:
                label_of[relation] = number
        missing = [relation for relation in ("entailment", "contradiction") if relation not in label_of]
        if missing:
            raise HarnessError(
                f"nli: no label means {' or '.join(missing)} (labels: {', '.join(labels)}); set meaning, for example "
                f"{{{labels[-1]}: entailment, {labels[0]}: contradiction}}"
            )
        return label_of


def relation_of(name: str) -> Relation | None:
    """The meaning of a label's name; None if the name does not say it."""
    words = " ".join(re.findall(r"[a-z]+", name.casefold()))
    return next((relation for relation, names in WORDS.items() if words in names), None)


@dataclass(frozen=True)
class NliScorer(Scorer):
    """Probabilities of the relation between a claim and the passage that decides."""

    folder: Path
    files_fingerprint: str
    max_length: int
    columns: tuple[int, ...]
    """Column of the model's output for each of `RELATIONS`."""
    codes: tuple[int, ...]
    """Index of the label for each of `RELATIONS`; -1: no label."""
    n_labels: int
    threads: int
    probabilities = True
    unsavable_reason = "nothing is fitted, and it reads the passages of an experiment; keep the config instead"

    def score(self, claims: Claims) -> ScoreMatrix:
        """Probabilities by the passage that the model finds least neutral; 0 for a label without a relation."""
        scores = np.zeros((len(claims), self.n_labels))
        for row, relations in enumerate(self._relations(claims)):
            probabilities = relations[relations[:, 1].argmin()] if len(relations) else np.array([0.0, 1.0, 0.0])
            if self.codes[1] < 0:  # the scheme has no such label, so the other two share its probability
                probabilities = np.array([probabilities[0] + probabilities[1] / 2, 0.0, 1.0])
                probabilities[2] -= probabilities[0]
            for code, probability in zip(self.codes, probabilities, strict=True):
                if code >= 0:
                    scores[row, code] = probability
        return scores

    def explain(self, claims: Claims) -> list[tuple[Reason, ...]] | None:
        """The passage that decides, with its probability of entailment minus that of contradiction."""
        reasons = list[tuple[Reason, ...]]()
        for shown, relations in zip(claims.evidence, self._relations(claims), strict=True):
            if not len(relations):
                reasons.append(())
                continue
            best = int(relations[:, 1].argmin())
            entailed, _, contradicted = relations[best].tolist()
            reasons.append((Reason(f"passage {shown[best].passage_id}", "", entailed - contradicted),))
        return reasons

    def _relations(self, claims: Claims) -> list[Floats]:
        """The probabilities of `RELATIONS` for each passage of each claim, shape (n_passages, 3)."""
        from scipy.special import softmax

        from harness.features.network import deterministic

        # As JSON, because vectors are cached by text.
        keys = [
            json.dumps([passage.text, str(text)])
            for text, shown in zip(claims.text, claims.evidence, strict=True)
            for passage in shown
        ]
        ends = np.cumsum([len(shown) for shown in claims.evidence], dtype=np.int64)
        if not keys:
            return [np.zeros((0, len(RELATIONS)))] * len(claims)
        with deterministic(0, self.threads):
            logits = compute_or_load(self._cache_space, keys, self._logits)
        probabilities: Floats = softmax(logits.astype(np.float64)[:, self.columns], axis=1)
        return np.split(probabilities, ends[:-1])

    def _logits(self, keys: list[str]) -> Vectors:
        return self._network.apply([tuple(json.loads(key)) for key in keys])

    @property
    def _network(self) -> SequenceClassifier:
        return _load(self.folder, self.max_length, self.files_fingerprint)

    @cached_property
    def _cache_space(self) -> str:
        """The key of all that the logits of a pair depend on besides the pair."""
        return f"pairs {self._network.fingerprint()} {self.threads}"


@lru_cache(maxsize=1)
def _load(folder: Path, max_length: int, files_fingerprint: str) -> SequenceClassifier:  # noqa: ARG001
    """The model in memory; `files_fingerprint` only keeps the cache from returning an older state of the folder."""
    from harness.features.pair_network import load_sequence_classifier

    return load_sequence_classifier(folder, max_length)
