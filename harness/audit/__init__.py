"""Audits: numbered checks of datasets and splits, and the atlas of overlaps between public datasets."""
