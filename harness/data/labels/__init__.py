"""Annotations become gold labels and task gold; agreement between annotators."""
