"""Frozen and fine-tuned transformers."""
