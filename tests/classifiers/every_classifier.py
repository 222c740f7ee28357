"""Every classifier, with settings that work for the tables of `claim_tables`."""

from __future__ import annotations

import os
from pathlib import Path

from claim_tables import STRANGE, claims_of, three_labels, yes_no
from tiny_encoder import make_encoder, make_sequence_classifier, skip_without_torch

from harness.classifiers import CLASSIFIERS, build
from harness.classifiers.base import Classifier

ENCODERS = ("embedding_logreg", "pair_embedding", "pair_transformer", "transformer")
NEED_MORE_THAN_SETTINGS = ("from_file", "language_model", "nli", *ENCODERS)
SETTINGS = {
    "boosted_features": {"trees": 5, "leaves": 4, "min_claims": 1, "min_df": 1},
    "context_logreg": {"min_df": 1},
    "ensemble": {"members": ["tfidf_logreg", {"name": "nb_logreg", "min_df": 1}], "folds": 2},
    "transfer": {"dataset": "public-matters", "task": "checkability", "classifier": {"name": "tfidf_svm", "C": 0.1}},
    "sklearn.ensemble:RandomForestClassifier": {"n_estimators": 5},
    "sklearn.linear_model:RidgeClassifier": {},
    "sklearn.neighbors:NearestCentroid": {},
    "sklearn.naive_bayes:GaussianNB": {"features": {"svd": 4}},
}
NAMES = list(dict.fromkeys([*CLASSIFIERS.names(), *SETTINGS]))
NEW = claims_of([*STRANGE, "Prices rose by 5 percent in 2020.", "Lovely!"], "new")


def make(name: str, folder: Path, labels: tuple[str, ...]) -> Classifier:
    """A classifier with settings that work for the tables here."""
    if name in ENCODERS:
        skip_without_torch()
        return build(name, {"model": str(make_encoder(folder / "encoder"))})
    if name == "nli":
        skip_without_torch()
        model = make_sequence_classifier(folder / "nli", ("entailment", "neutral", "contradiction"))
        return build(name, {"model": str(model), "meaning": {labels[0]: "contradiction", labels[-1]: "entailment"}})
    if name == "language_model":
        guide = {"question": "Is it one?", "answers": [{"label": label} for label in labels]}
        return build(name, {"endpoint": os.environ["MODEL_SERVER"], "model": "tiny", "guide": guide, "n_examples": 4})
    if name != "from_file":
        return build(name, SETTINGS.get(name, {}))
    path = folder / "predictions.csv"
    ids = [*yes_no()[0].claim_id, *three_labels()[0].claim_id, *NEW.claim_id[:-1]]
    column, values = ("score", range(len(ids))) if len(labels) == 2 else ("label", [labels[1]] * len(ids))
    rows = dict(zip(ids, values, strict=True))
    path.write_text(f"claim_id,{column}\n" + "".join(f"{key},{value}\n" for key, value in rows.items()))
    return build(name, {"path": str(path), "threshold": 3.0} if column == "score" else {"path": str(path)})
