"""An encoder run by onnxruntime: exported once into the cache folder, then computed a text at a time on every core."""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np

from harness.arrays import Vectors
from harness.features.encoder_files import encoder_fingerprint, most_tokens, require_extra, require_torch
from harness.files import make_folder, write_bytes
from harness.folders import cache_folder


def encode(
    folder: Path, texts: Sequence[str], pooling: Literal["mean", "cls"], max_length: int, *, int8: bool
) -> Vectors:
    """The pooled vectors of texts, shape (n_texts, n_dimensions).

    A text at a time: so nothing depends on the texts beside it, and weights of eight bits, which scale to what is in a
    batch, do not either. The threads share texts out, not the numbers of one, so their number changes nothing.
    """
    require_extra("onnx", "onnx", "onnxruntime")
    require_torch()
    from harness.features.network import load_tokenizer, tokens_of

    session = _session(str(_exported(folder, int8)))
    tokens = tokens_of(load_tokenizer(folder), texts, min(max_length, most_tokens(folder)))

    def one(ids: list[int]) -> Vectors:
        row = np.array([ids], dtype=np.int64)
        hidden: Vectors = session.run(None, {"input_ids": row, "attention_mask": np.ones_like(row)})[0][0]
        pooled: Vectors = hidden[0] if pooling == "cls" else hidden.mean(axis=0)
        return pooled

    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        return np.array(list(pool.map(one, tokens)), dtype=np.float32)


@lru_cache(maxsize=2)
def _session(path: str) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def _exported(folder: Path, int8: bool) -> Path:
    """The encoder as an ONNX file in the cache folder, made at the first call."""
    name = encoder_fingerprint(folder)[:20]
    whole = cache_folder() / "onnx" / f"{name}.onnx"
    wanted = whole.with_suffix(".int8.onnx") if int8 else whole
    if wanted.exists():
        return wanted
    make_folder(whole.parent)
    with tempfile.TemporaryDirectory(dir=whole.parent) as temporary:
        if not whole.exists():
            _export(folder, Path(temporary) / "whole.onnx")
            write_bytes(whole, (Path(temporary) / "whole.onnx").read_bytes())
        if int8:
            _quantize(whole, Path(temporary) / "int8.onnx")
            write_bytes(wanted, (Path(temporary) / "int8.onnx").read_bytes())
    return wanted


def _export(folder: Path, path: Path) -> None:
    import torch

    from harness.features.network import exportable

    encoder, ids = exportable(folder), torch.ones(2, 8, dtype=torch.long)
    names = ["input_ids", "attention_mask"]
    axes = {name: {0: "rows", 1: "tokens"} for name in [*names, "hidden"]}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the exporter, about itself
        torch.onnx.export(
            encoder, (ids, ids), str(path), input_names=names, output_names=["hidden"], dynamic_axes=axes, dynamo=False
        )


def _quantize(whole: Path, path: Path) -> None:
    """Weights of eight bits, a scale for each column, and one bit less, so that older processors do not overflow."""
    import logging

    from onnxruntime.quantization import QuantType, quantize_dynamic

    logging.disable(logging.WARNING)  # it advises a preprocessing that changes nothing here
    try:
        quantize_dynamic(str(whole), str(path), weight_type=QuantType.QInt8, per_channel=True, reduce_range=True)
    finally:
        logging.disable(logging.NOTSET)
