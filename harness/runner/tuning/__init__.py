"""Choices made inside the training data: settings, calibration, and thresholds."""
