"""Encoders run by onnxruntime: exported once to the cache folder, then computed one text at a time on all cores."""

from __future__ import annotations

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
from harness.features.threads import available_cores
from harness.files import make_folder, write_bytes
from harness.folders import cache_folder


def encode(
    folder: Path, texts: Sequence[str], pooling: Literal["mean", "cls"], max_length: int, *, int8: bool
) -> Vectors:
    """Returns the pooled vectors of texts, shape (n_texts, n_dimensions).

    Args:
        folder: the encoder's folder.
        texts: texts to encode.
        pooling: rule that combines the token vectors.
        max_length: maximum number of tokens; the encoder's own limit applies if it is lower.
        int8: whether to use 8-bit weights.
    Raises: MissingExtra: a package is missing; HarnessError: the encoder cannot be loaded.
    """
    require_extra("onnx", "onnx", "onnxruntime")
    require_torch()
    from harness.features.network import load_tokenizer, tokens_of

    session = _session(str(_export_or_find(folder, int8)))
    tokens = tokens_of(load_tokenizer(folder), texts, min(max_length, most_tokens(folder)))

    # One text at a time, so that a vector depends on its own text only: dynamic 8-bit quantization scales activations
    # to the range of the whole batch. Threads divide the texts, not the computation for one text, so the number of
    # threads does not change the numbers either.
    def encode_text(ids: list[int]) -> Vectors:
        row = np.array([ids], dtype=np.int64)
        hidden: Vectors = session.run(None, {"input_ids": row, "attention_mask": np.ones_like(row)})[0][0]
        pooled: Vectors = hidden[0] if pooling == "cls" else hidden.mean(axis=0)
        return pooled

    with ThreadPoolExecutor(available_cores()) as executor:
        return np.array(list(executor.map(encode_text, tokens)), dtype=np.float32)


@lru_cache(maxsize=2)
def _session(path: str) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def _export_or_find(folder: Path, int8: bool) -> Path:
    """The encoder's ONNX file in the cache folder; the first call exports it."""
    name = encoder_fingerprint(folder)[:20]
    float_path = cache_folder() / "onnx" / f"{name}.onnx"
    path = float_path.with_suffix(".int8.onnx") if int8 else float_path
    if path.exists():
        return path
    make_folder(float_path.parent)
    # The exporter writes to a temporary file first: another process must never see a partial file in the cache.
    with tempfile.TemporaryDirectory(dir=float_path.parent) as temporary:
        if not float_path.exists():
            _export(folder, Path(temporary) / "float.onnx")
            write_bytes(float_path, (Path(temporary) / "float.onnx").read_bytes())
        if int8:
            _quantize(float_path, Path(temporary) / "int8.onnx")
            write_bytes(path, (Path(temporary) / "int8.onnx").read_bytes())
    return path


def _export(folder: Path, path: Path) -> None:
    import torch

    from harness.features.network import exportable

    encoder = exportable(folder)
    ids = torch.ones(2, 8, dtype=torch.long)
    names = ["input_ids", "attention_mask"]
    axes = {name: {0: "rows", 1: "tokens"} for name in [*names, "hidden"]}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter warns that it is deprecated
        torch.onnx.export(
            encoder, (ids, ids), str(path), input_names=names, output_names=["hidden"], dynamic_axes=axes, dynamo=False
        )


def _quantize(float_path: Path, path: Path) -> None:
    """Writes the model with 8-bit weights and one scale per column."""
    import logging

    from onnxruntime.quantization import QuantType, quantize_dynamic

    logging.disable(logging.WARNING)  # it recommends a preprocessing step that has no effect here
    try:
        # `reduce_range` uses 7 of the 8 bits: CPUs without VNNI instructions add pairs of products in 16 bits, which
        # overflow otherwise.
        quantize_dynamic(str(float_path), str(path), weight_type=QuantType.QInt8, per_channel=True, reduce_range=True)
    finally:
        logging.disable(logging.NOTSET)
