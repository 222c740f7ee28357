"""Classifiers that contain other classifiers."""
