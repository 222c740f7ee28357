"""Classifiers that read a claim together with the passages it is shown."""
