"""Scorers of pairs for a re-ranker: how well a passage fits a text, one pair at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
from pydantic import Field, ValidationError

from harness.arrays import Floats
from harness.errors import HarnessError
from harness.features.encoder_files import find_encoder, require_torch
from harness.features.encoders import Encoder, EncoderSettings
from harness.records import Record, explain_validation
from harness.registry import UnknownComponent, import_named


@runtime_checkable
class PairScorer(Protocol):
    """Any object that scores pairs of a text and a passage."""

    def score_pairs(self, pairs: Sequence[tuple[str, str]]) -> Floats:
        """Returns the score of each pair, higher for a passage that fits better; shape (n_pairs,)."""


class Cosine(EncoderSettings):
    """Cosine of the vectors of text and passage from a frozen encoder."""

    max_length: int = Field(default=256, ge=8)
    """Maximum number of tokens; the rest is truncated. The encoder's own limit applies if it is lower."""

    def score_pairs(self, pairs: Sequence[tuple[str, str]]) -> Floats:
        """Returns the cosine of each pair; vectors are cached."""
        vectors = Encoder.of(self).encode([text for pair in pairs for text in pair]).astype(np.float64)
        cosines: Floats = (vectors[0::2] * vectors[1::2]).sum(axis=1)
        return cosines


class CrossEncoder(Record):
    """A model that reads text and passage in one input and was fine-tuned to give one number: how well they fit."""

    model: str
    """Folder of the model, or its name on the Hub."""
    max_length: int = Field(default=512, ge=8)
    """Maximum number of tokens of a pair; the rest is truncated. The model's own limit applies if it is lower."""

    def score_pairs(self, pairs: Sequence[tuple[str, str]]) -> Floats:
        """Returns the model's number for each pair."""
        require_torch()
        from harness.features.pair_network import load_sequence_classifier

        network = load_sequence_classifier(find_encoder(self.model), self.max_length)
        if network.width != 1:
            raise HarnessError(f"model '{self.model}': gives {network.width} numbers for a pair; expected one")
        scores: Floats = network.apply(pairs)[:, 0].astype(np.float64)
        return scores


PAIR_SCORERS: dict[str, type[Cosine | CrossEncoder]] = {"cosine": Cosine, "cross_encoder": CrossEncoder}
"""Scorers of this package, by name."""


def build_pair_scorer(name: str, settings: dict[str, Any]) -> PairScorer:
    """Builds a scorer of pairs from its name and settings.

    Args:
        name: a name of `PAIR_SCORERS`, or `module:Class` of a class whose objects have `score_pairs`.
        settings: settings by name.
    Raises: HarnessError: the name is unknown, it is no scorer of pairs, or a setting is invalid.
    """
    if name in PAIR_SCORERS:
        try:
            return PAIR_SCORERS[name].model_validate(settings)
        except ValidationError as error:
            problems = "; ".join(f"{'.'.join(map(str, e.place))}: {e.message}" for e in explain_validation(error))
            raise HarnessError(f"scorer '{name}': {problems}") from None
    if ":" not in name:
        known = ", ".join(sorted(PAIR_SCORERS))
        raise UnknownComponent(f"no scorer of pairs is called '{name}'. Known: {known}, or module:Class of your own")
    component: Any = import_named(name, "scorer")
    try:
        scorer = component(**settings)
    except Exception as error:  # the user's class can raise anything
        raise HarnessError(f"scorer '{name}': cannot be made: {type(error).__name__}: {error}") from error
    if not isinstance(scorer, PairScorer):
        raise UnknownComponent(f"scorer '{name}': has no method score_pairs(pairs)")
    return scorer
