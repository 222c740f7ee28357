"""Splits: the `split` section of a config, applied to one or several datasets."""
