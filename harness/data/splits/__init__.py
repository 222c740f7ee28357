"""Splits of the claims of a dataset into folds and parts."""
