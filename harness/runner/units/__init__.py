"""Files of units: predictions with their fingerprint, and the lock of each."""
