"""Settings of the fine-tuning of an encoder."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from harness.features.encoders import EncoderSettings


class FineTuningSettings(EncoderSettings):
    """Settings of an encoder and its fine-tuning."""

    epochs: int = Field(default=3, ge=1)
    """Maximum number of passes over the training claims."""
    batch_size: int = Field(default=32, ge=1)
    """Number of training claims per optimizer step."""
    learning_rate: float = Field(default=5e-5, gt=0)
    """Peak learning rate, reached after the warm-up."""
    weight_decay: float = Field(default=0.01, ge=0)
    """Weight decay of AdamW."""
    warmup_share: float = Field(default=0.1, ge=0, le=1)
    """Share of the steps during which the learning rate rises; it falls to 0 during the rest."""
    patience: int | None = Field(default=None, ge=1)
    """Early stopping: number of epochs without a lower log loss on held-out training articles after which training
    stops; the best epoch is used. null: run all epochs and hold out nothing."""
    held_out: float = Field(default=0.1, gt=0, le=0.5)
    """Share of the training claims held out (in whole articles) with `patience`."""
    class_weight: Literal["balanced"] | None = None
    """Weight of the training claims: "balanced" is the inverse share of the claim's label; null is 1 for all."""
    precision: Literal["auto", "mixed", "single"] = "auto"
    """Floating-point precision of fitting. "mixed": multiplications in bfloat16, weights in 32 bits (Micikevicius et
    al. 2018); "single": 32 bits; "auto": mixed on a GPU and on a CPU with AVX512-BF16 or AMX, which is two to three
    times as fast with it, otherwise single. Scoring always uses 32 bits."""
    threads: int = Field(default=2, ge=1)
    """CPU threads for fitting and scoring. A setting, because the last digits of the scores may depend on it."""
