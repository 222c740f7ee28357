"""What is chosen inside the training data: settings, calibration, thresholds."""
