"""Counts of n-grams, once for all fits of an experiment."""
