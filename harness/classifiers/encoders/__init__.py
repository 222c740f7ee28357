"""Classifiers on frozen and fine-tuned transformer encoders."""
