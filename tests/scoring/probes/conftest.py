"""Models for probes: saved ones of the planted errors, and made-up ones with known scores."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import harness


def _made_up(score: Callable[[str, tuple[str, ...]], Sequence[float]], **card: Any) -> Any:
    settings = {
        "labels": ("no", "yes"),
        "positive": "yes",
        "task": None,
        "system": "made-up",
        "probabilities": True,
        "evidence": None,
        "schemes": (),
        "languages": (),
        "made_for": (),
        "provenance": None,
        "trained_on": None,
    }
    of_card = SimpleNamespace(**settings | card)

    def scores(claims: Any) -> Any:
        rows = [
            score(text, tuple(passage.text for passage in passages))
            for text, passages in zip(claims.text, claims.evidence, strict=True)
        ]
        return np.array(rows, dtype=np.float64).reshape(len(claims), len(of_card.labels))

    def predict(claims: Any, of_claims: Any) -> list[str]:
        return [of_card.labels[code] for code in of_claims.argmax(axis=1)]

    return SimpleNamespace(card=of_card, score=scores, predict=predict, folder=None, warnings=())


@pytest.fixture(scope="session")
def made_up() -> Callable[..., Any]:
    """Makes a model whose scores are a function of a claim's text and the texts of its passages."""
    return _made_up


@pytest.fixture(scope="session")
def judges(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Two saved judges of the planted errors, by name, fitted to all articles but the first ten."""
    folder = tmp_path_factory.mktemp("judges")
    claims = harness.open_dataset("planted-errors").claims
    tested = list(dict.fromkeys(claim.article_id for claim in claims))[:10]
    parts = [{"claim_id": c.claim_id, "part": "test" if c.article_id in tested else "train"} for c in claims]
    (folder / "parts.jsonl").write_text("".join(json.dumps(part) + "\n" for part in parts), encoding="utf-8")
    config = {
        "name": "judges",
        "task": "verdict",
        "dataset": "planted-errors",
        "gold": "single:author-pass-1",
        "split": {"file": str(folder / "parts.jsonl"), "train": ["train"], "test": ["test"]},
        "classifiers": [{"name": "evidence_rules", "evidence": "gold"}, {"name": "majority", "evidence": "none"}],
        "probes": False,
        "metrics": ["accuracy"],
        "intervals": {"resamples": 100},
    }
    outcome = harness.run(config, out=folder / "runs", save_models=True)
    return {model.system.partition(" ")[0]: model.folder for model in outcome.models}
