"""The settings that the fine-tuning of an encoder reads."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from harness.features.encoders import EncoderSettings


class FineTuningSettings(EncoderSettings):
    """How an encoder is fine-tuned to claims."""

    epochs: int = Field(default=3, ge=1)
    """Times that the training claims are gone through, at most."""
    batch_size: int = Field(default=32, ge=1)
    learning_rate: float = Field(default=5e-5, gt=0)
    """At its highest, after the warm-up."""
    weight_decay: float = Field(default=0.01, ge=0)
    warmup_share: float = Field(default=0.1, ge=0, le=1)
    """The share of the steps over which the learning rate rises; then it falls to 0."""
    patience: int | None = Field(default=None, ge=1)
    """Early stopping: epochs without a lower log loss on held-out training articles before it stops; the best epoch
    is kept. null: all epochs, and nothing is held out."""
    held_out: float = Field(default=0.1, gt=0, le=0.5)
    """With `patience`, the share of the training claims held out, whole articles."""
    class_weight: Literal["balanced"] | None = None
    """"balanced" weighs each training claim by the inverse share of its label; null counts all alike."""
    precision: Literal["auto", "mixed", "single"] = "auto"
    """Of the numbers in fitting: "mixed" multiplies in bfloat16 and keeps weights in 32 bits (Micikevicius et al.
    2018); "auto" does so on a GPU, and on a processor that is faster with it (AVX512-BF16 or AMX: two to three times).
    Scoring is in 32 bits."""
    threads: int = Field(default=2, ge=1)
    """Of the processor, in fitting and in scoring. A setting, because the last digits may depend on it."""
